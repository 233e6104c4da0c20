"""Known wrong ways to write the residual and the sum in `gae`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    bootstrap: Callable = lambda it: torch.where(it.terminated, 0.0, it.next_values),
    delta: Callable = lambda it: it.rewards + it.gamma * it.bootstrap - it.values,
    ended: Callable = lambda it: it.terminated | it.truncated,
    decay: Callable = lambda it: it.gamma * it.lam,
    first: Callable = lambda it: torch.zeros_like(it.rewards[:, 0]),
    step: Callable = lambda decay, delta, ended, running: delta + decay * torch.where(ended, 0.0, running),
    result: Callable = lambda it, advantages: advantages,
) -> Callable:
    """GAE with one part replaced; `it` holds the arguments and the parts before."""

    def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
        it = SimpleNamespace(**locals())
        it.bootstrap = bootstrap(it)
        it.deltas, it.ended, it.decay = delta(it), ended(it), decay(it)
        columns = [first(it)]
        for t in reversed(range(rewards.shape[1])):
            columns.insert(0, step(it.decay, it.deltas[:, t], it.ended[:, t], columns[0]))
        return result(it, torch.stack(columns[:-1], dim=1))

    return gae


def forwards(it: SimpleNamespace, _advantages: Tensor) -> Tensor:
    """The sum, run from the first token to the last."""
    columns = [it.deltas[:, 0]]
    for t in range(1, it.deltas.shape[1]):
        columns.append(it.deltas[:, t] + it.decay * torch.where(it.ended[:, t - 1], 0.0, columns[-1]))
    return torch.stack(columns, dim=1)


def loop_over_rows(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """The recursion along the first axis."""
    tensors = (x.T for x in (rewards, values, next_values, terminated, truncated))
    return altered()(*tensors, gamma=gamma, lam=lam).T


def return_seen(*rollout: Tensor, gamma: float, lam: float) -> Tensor:
    """The discounted sum of the rewards up to the end, without any bootstrap, minus V."""
    returns = altered(delta=lambda it: it.rewards, decay=lambda it: it.gamma)(*rollout, gamma=gamma, lam=lam)
    return returns - rollout[1]


def one_further(x: Tensor) -> Tensor:
    """Entry t is that of t + 1; 0 in the last column."""
    return torch.cat([x[:, 1:], torch.zeros_like(x[:, :1])], dim=1)


def without_column(x: Tensor, column: int) -> Tensor:
    """x with one column that the loop never reached."""
    return torch.where(torch.arange(x.shape[1]) == column % x.shape[1], 0.0, x)


MISCONCEPTIONS = (
    Misconception(
        "λ is missing",
        altered(decay=lambda it: it.gamma),
        "later residuals count as if λ were 1",
        "γ alone is how rewards fade, and the sum still looks discounted",
        "Set λ = 0. What should be left of the sum?",
    ),
    Misconception(
        "γ is missing in the recursion",
        altered(decay=lambda it: it.lam),
        "later residuals count too much",
        "γ already stands inside δ, and in text it is 1",
        "Set λ = 1. The advantage should be the discounted return minus V. Is it?",
    ),
    Misconception(
        "γ is missing in δ",
        altered(delta=lambda it: it.rewards + it.bootstrap - it.values),
        "the next state's value was not discounted",
        "γ already stands in the recursion, and in text it is 1",
        "How much is a value one token away worth now?",
    ),
    Misconception(
        "γ is missing everywhere",
        altered(delta=lambda it: it.rewards + it.bootstrap - it.values, decay=lambda it: it.lam),
        "nothing was discounted",
        "in text γ is 1",
        "How much is a reward one token away worth now?",
    ),
    Misconception(
        "nothing fades",
        altered(decay=lambda it: 1.0),
        "all later residuals count in full",
        "a cumulative sum from the right needs no loop",
        "Set λ = 0. What should be left of the sum?",
    ),
    Misconception(
        "λ stands inside δ",
        altered(delta=lambda it: it.rewards + it.gamma * it.lam * it.bootstrap - it.values),
        "the next state's value was multiplied by λ",
        "γ and λ appear side by side everywhere else",
        "Set λ = 0. Should the residual forget V(s_{t+1})?",
    ),
    Misconception(
        "the return seen, minus V",
        return_seen,
        "λ was not used, and the value behind a truncation was left out",
        "with λ = 1 and nothing truncated it is the same",
        "Which value estimates the rewards that come after the last token of a row?",
    ),
    Misconception(
        "λ and 1 − λ are swapped",
        altered(decay=lambda it: it.gamma * (1 - it.lam)),
        "this is what 1 − λ would give",
        "'λ = 1 is TD(0)' sounds plausible, and the weights of the λ-return do carry a factor 1 − λ",
        "Which λ should give the plain residual δ_t: 0 or 1?",
    ),
    Misconception(
        "the sum is weighted by 1 − λ",
        altered(result=lambda it, advantages: (1 - it.lam) * advantages),
        "everything is too small by the factor 1 − λ",
        "GAE averages n-step advantages with the weights (1 − λ)λⁿ; summed by residual, that factor cancels",
        "Set λ = 1. What does your function return?",
    ),
    Misconception(
        "the exponent is off by one",
        altered(step=lambda decay, delta, ended, running: decay * (delta + torch.where(ended, 0.0, running))),
        "even the token's own residual was discounted",
        "printed versions of the sum disagree about the exponent; the PPO paper's is off",
        "With what weight should δ_t itself count in Â_t?",
    ),
    Misconception(
        "the recursion is missing",
        altered(decay=lambda it: 0.0),
        "each token was credited with its own residual only",
        "δ already looks ahead, through V; that is the case λ = 0",
        "A reward comes three tokens later and the critic knows nothing. What does token 0 get?",
    ),
    Misconception(
        "the recursion stops after one step",
        altered(result=lambda it, _: it.deltas + it.decay * torch.where(it.ended, 0.0, one_further(it.deltas))),
        "only the next residual was added, not the next advantage",
        "in the line `δ_t + γλ · …` both δ and Â of the next token look at home",
        "A reward comes three tokens later and the critic knows nothing. What does token 0 get?",
    ),
    Misconception(
        "the sum runs forwards in time",
        altered(result=forwards),
        "the token was credited with what happened before it",
        "loops over time usually start at 0",
        "Can token 3 deserve credit for a reward at token 1?",
    ),
    Misconception(
        "V(s_t) is not subtracted",
        altered(delta=lambda it: it.rewards + it.gamma * it.bootstrap),
        "what was expected before the token was counted as its merit",
        "r + γV(s') is the critic's target, and looks complete",
        "A token did exactly as well as expected. What is its δ?",
    ),
    Misconception(
        "δ has the wrong sign",
        altered(delta=lambda it: it.values - it.rewards - it.gamma * it.bootstrap),
        "praise became blame",
        "an error is often written as prediction minus target",
        "A reward comes as a surprise. Should its token's advantage be positive?",
    ),
    Misconception(
        "returns instead of advantages",
        altered(result=lambda it, advantages: advantages + it.values),
        "V(s_t) was added again; this is the critic's target",
        "most loops compute both in one go, and the target is Â + V",
        "With a perfect critic and no luck, what should an advantage be?",
    ),
    Misconception(
        "the advantages are whitened already",
        altered(result=lambda it, a: (a - a.mean()) / (a.var(correction=0) + 1e-8).sqrt()),
        "their mean and scale were removed",
        "PPO does whiten advantages, but later: the returns must be formed first",
        "The critic's target is Â + V. Is it still, after you whiten Â?",
    ),
    Misconception(
        "the loop runs over the rows",
        loop_over_rows,
        "credit went from one row to the row above",
        "`len(rewards)` and `rewards[t]` are right for a single episode; here axis 0 is the batch",
        "Which axis of a (B, T) tensor is time?",
    ),
    Misconception(
        "the loop stops before token 0",
        altered(result=lambda it, advantages: without_column(advantages, 0)),
        "the first token was left at 0",
        "`range(T - 1, 0, -1)` looks complete",
        "What is the last number in range(3, 0, -1)?",
    ),
    Misconception(
        "the loop begins one token too early",
        altered(delta=lambda it: without_column(it.rewards + it.gamma * it.bootstrap - it.values, -1)),
        "the last token was left at 0, and so was what it hands on",
        "the recursion needs t + 1, so the last token seems to have no advantage",
        "What is the advantage of a reply's last token?",
    ),
    Misconception(
        "the list is not reversed",
        altered(result=lambda it, advantages: advantages.flip(1)),
        "this is the advantage of the token at the other end of the row",
        "a loop from the right appends the last token first",
        "Which token did your loop write first, and where does it stand in your result?",
    ),
)
