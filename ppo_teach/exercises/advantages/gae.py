"""Write `gae`. Chapter: book/foundations/advantages.md."""

from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from ppo_teach.advantages import gae
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick


def rollout(
    ends: list[str], rewards: Tensor, values: Tensor, after: Tensor, *, gamma: float, lam: float, law: str = ""
) -> Case:
    """A case from a picture of its ends: 'T' where an episode terminated, 't' where it was truncated, '.' elsewhere.

    The value of the next state is the next of `values`, but behind an end and in the last column it is that of `after`.
    """
    end = torch.tensor([[symbol != "." for symbol in row] for row in ends])
    terminated = torch.tensor([[symbol == "T" for symbol in row] for row in ends])
    last = torch.arange(end.shape[1]) == end.shape[1] - 1
    next_values = torch.where(end | last, after, values.roll(-1, dims=1))
    inputs = {"rewards": rewards, "values": values, "next_values": next_values}
    flags = {"terminated": terminated, "truncated": end & ~terminated}
    return Case({**inputs, **flags, "gamma": gamma, "lam": lam}, law=law)


def row(*numbers: float | int) -> Tensor:
    return torch.tensor([numbers], dtype=torch.float32)


def random_rollout(rng: torch.Generator, *, lam: float | None = None, law: str = "") -> Case:
    """Six tokens of two rows, each with a terminated and a truncated end inside; the second row stops without one."""
    ends = [pick(rng, "T.t..T", ".T.t.t", "t..T.t", ".t.T.T"), pick(rng, ".T.t..", ".t.T..", "T..t..", "t..T..")]
    rewards, values, after = torch.randint(20, 151, (3, 2, 6), generator=rng) / 100
    gamma, usual = pick(rng, 0.8, 0.9), pick(rng, 0.6, 0.7, 0.9)
    return rollout(ends, rewards, values, after, gamma=gamma, lam=usual if lam is None else lam, law=law)


def with_brackets(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """Masks by multiplication, as most published code does."""
    over, done = terminated, terminated | truncated
    deltas = rewards + gamma * next_values * (1 - over.float()) - values
    advantages, running = torch.zeros_like(rewards), 0
    for t in range(rewards.shape[1] - 1, -1, -1):
        running = deltas[:, t] + gamma * lam * (1 - done[:, t].float()) * running
        advantages[:, t] = running
    return advantages


def row_by_row(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """A loop over the rows, and one over the tokens."""
    advantages = rewards + gamma * torch.where(terminated, 0.0, next_values) - values
    for b in range(len(rewards)):
        running = 0.0
        for t in reversed(range(rewards.shape[1])):
            if not (terminated[b, t] or truncated[b, t]):
                advantages[b, t] += gamma * lam * running
            running = advantages[b, t]
    return advantages


def from_the_lambda_return(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """G_t = r_t + γ((1 − λ)V(s_{t+1}) + λG_{t+1}), minus V(s_t), in float64."""
    rewards, values, next_values = rewards.double(), values.double(), next_values.double()
    following, returns = next_values[:, -1], torch.zeros_like(rewards)
    for t in reversed(range(rewards.shape[1])):
        following = torch.where(terminated[:, t] | truncated[:, t], next_values[:, t], following)
        mixture = (1 - lam) * next_values[:, t] + lam * following
        following = returns[:, t] = rewards[:, t] + gamma * torch.where(terminated[:, t], 0.0, mixture)
    return returns - values


def as_a_matrix(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """One triangular matrix a row: its entry (t, u) is (γλ)^{u−t} when both stand in one episode, else 0."""
    deltas = rewards + gamma * next_values.masked_fill(terminated, 0) - values
    ended = (terminated | truncated).long()
    episode = ended.cumsum(1) - ended
    distance = torch.arange(rewards.shape[1])[None, :] - torch.arange(rewards.shape[1])[:, None]
    together = (episode[:, :, None] == episode[:, None, :]) & (distance >= 0)
    weights = torch.where(together, (gamma * lam) ** distance.clamp(min=0), 0.0)
    return (weights @ deltas[:, :, None]).squeeze(-1)


def in_numpy(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """The recursion in NumPy, returned as an array."""
    rewards, values, next_values, terminated = map(np.asarray, (rewards, values, next_values, terminated))
    ended = terminated | np.asarray(truncated)
    deltas = rewards + gamma * np.where(terminated, 0, next_values) - values
    advantages = deltas.copy()
    for t in reversed(range(rewards.shape[1] - 1)):
        advantages[:, t] += gamma * lam * np.where(ended[:, t], 0, advantages[:, t + 1])
    return advantages


def of_next(x: Tensor) -> Tensor:
    """Entry t is that of t + 1; 0 or False in the last column."""
    return pad(x[:, 1:], (0, 1))


def of_previous(x: Tensor) -> Tensor:
    """Entry t is that of t − 1; 0 or False in the first column."""
    return pad(x[:, :-1], (1, 0))


def loop_over_rows(*rollout, gamma, lam):
    """The recursion along the first axis."""
    return with_brackets(*(x.T for x in rollout), gamma=gamma, lam=lam).T


about_ends = partial(Misconception, section="Ends")

MISCONCEPTIONS = (
    about_ends(
        "the recursion runs through the end of the episode",
        edited(with_brackets, (" * (1 - done[:, t].float())", "")),
        "credit from the second reply leaked into the first",
        "δ is already masked there; but the running sum is not",
        "What should the running sum be just after an episode has ended?",
    ),
    about_ends(
        "the ends are ignored",
        edited(with_brackets, (" * (1 - over.float())", ""), (" * (1 - done[:, t].float())", "")),
        "rewards and values from behind the end were counted",
        "with a single episode that fills the row nearly nothing changes",
        "What can follow a token whose `terminated` is set?",
    ),
    about_ends(
        "a terminal state is given a value",
        edited(with_brackets, (" * (1 - over.float())", "")),
        "the critic's opinion of a state that does not exist was added",
        "a number stands in `next_values` there, and the running sum is cut already",
        "What is V(s_{t+1}) when token t ended the episode?",
    ),
    about_ends(
        "a truncated episode loses its bootstrap",
        edited(with_brackets, ("1 - over", "1 - done")),
        "the rewards we did not wait for were taken to be zero",
        "both flags end the episode, and much published code merges them into one `done`",
        "Somebody stopped the clock. Was nothing to come, or did we not look?",
    ),
    about_ends(
        "terminated and truncated are swapped",
        edited(with_brackets, ("over, done = terminated,", "over, done = truncated,")),
        "the bootstrap stayed where the episode was over, and went where it was only cut off",
        "the two words are near neighbours, in meaning and in every signature",
        "Which of the two says that nothing was to come?",
    ),
    about_ends(
        "the running sum begins with the bootstrap",
        edited(with_brackets, ("torch.zeros_like(rewards), 0", "torch.zeros_like(rewards), next_values[:, -1]")),
        "V of the state behind the row was counted in δ, and again in the sum",
        "a sum of rewards from the right would begin with it",
        "What of the state behind the row does the last δ know already?",
    ),
    about_ends(
        "the recursion runs through a truncation",
        edited(with_brackets, ("1 - done[:, t]", "1 - over[:, t]")),
        "credit from the next episode leaked into this one",
        "the bootstrap survives a truncation, so it seems that the running sum should, too",
        "Which episode does token t + 1 belong to, after a truncation at t?",
    ),
    about_ends(
        "the value of the reset state",
        edited(
            with_brackets, ("gamma * next_values", "gamma * torch.cat([values[:, 1:], next_values[:, -1:]], dim=1)")
        ),
        "the next episode's first value was taken for what followed this one",
        "`values[:, t + 1]` is the next value everywhere else",
        "After a truncation at t, which episode does `values[:, t + 1]` speak of?",
    ),
    about_ends(
        "`next_values` is not used",
        edited(with_brackets, ("gamma * next_values", "gamma * of_next(values)")),
        "the value of the next state was read from the wrong array, and is 0 in the last column",
        "for one reply of text the values shifted by one, with 0 at the end, are the same",
        "A row may stop where the episode goes on. Where does V(s_{t+1}) of its last token stand?",
    ),
    about_ends(
        "the row is taken for one reply",
        edited(
            with_brackets, ("next_values * (1 - over.float())", "of_next(values)"), (" * (1 - done[:, t].float())", "")
        ),
        "`next_values` and both flags were left out",
        "for one reply of text that fills its row the result is the same, and many programs for text stop there",
        "A row may hold two episodes, or stop in the middle of one. Which arguments say so?",
    ),
    about_ends(
        "the ends are read one token late",
        edited(
            with_brackets,
            ("terminated, terminated | truncated", "of_next(terminated), of_next(terminated | truncated)"),
        ),
        "the episode was cut one token before its end",
        "much code stores 'this token begins an episode' and looks at t + 1; here the flag stands at the last token",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
    ),
    about_ends(
        "the ends are read one token early",
        edited(
            with_brackets,
            ("terminated, terminated | truncated", "of_previous(terminated), of_previous(terminated | truncated)"),
        ),
        "the episode was cut one token behind its end",
        "`done` often comes with the state that a step led to, one index further",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
    ),
    about_ends(
        "`terminated` is rolled by one token",
        edited(
            with_brackets,
            ("terminated, terminated |", "terminated.roll(1, dims=1), terminated.roll(1, dims=1) |"),
        ),
        "the end moved one token on, and the last flag of the row to its front",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `terminated.roll(1, dims=1)`, which flag stands at token 0?",
    ),
    about_ends(
        "the ends are rolled by one token",
        edited(
            with_brackets,
            (
                "terminated, terminated | truncated",
                "terminated.roll(1, dims=1), (terminated | truncated).roll(1, dims=1)",
            ),
        ),
        "the ends moved one token on, and the last one of the row to its front",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `terminated.roll(1, dims=1)`, which flag stands at token 0?",
    ),
    about_ends(
        "one `done` for both ends, rolled by one token",
        edited(
            with_brackets,
            ("1 - over", "1 - done"),
            ("terminated | truncated", "(terminated | truncated).roll(1, dims=1)"),
        ),
        "the ends moved one token on, the last of the row to its front, and truncated episodes lost their bootstrap",
        "`roll` is the shortest way to shift, its wrap-around is quiet, and much published code has a single `done`",
        "After `done.roll(1, dims=1)`, which flag stands at token 0? And does `done` say whether more was to come?",
    ),
    about_ends(
        "the recursion reads the ends one token late",
        edited(with_brackets, ("terminated | truncated", "of_next(terminated | truncated)")),
        "δ stopped at the end, the running sum one token before",
        "the running sum comes from t + 1, so it seems that the flag should, too",
        "Which flag says that nothing follows token t: that of t, or that of t + 1?",
    ),
    about_ends(
        "the last residual is masked away too",
        edited(
            with_brackets,
            (
                "deltas[:, t] + gamma * lam * (1 - done[:, t].float()) * running",
                "(deltas[:, t] + gamma * lam * running) * (1 - done[:, t].float())",
            ),
        ),
        "the last token of the episode lost its own residual",
        "`(δ + γλ Â) · (1 − done)` is one pair of brackets away from the right line",
        "The reward of a reply comes at its last token. Where did it go?",
    ),
    about_ends(
        "the reward of the last token is dropped",
        edited(with_brackets, ("rewards + gamma * next_values", "(rewards + gamma * next_values)")),
        "the reward at the end of the episode was lost",
        "`(r + γV) · (1 − done)` is one pair of brackets away from the right line",
        "What does `terminated` take away: V(s_{t+1}), or the reward as well?",
    ),
    about_ends(
        "the running sum goes on into the next row",
        edited(
            row_by_row,
            (
                "for b in range(len(rewards)):\n        running = 0.0",
                "running = 0.0\n    for b in range(len(rewards)):",
            ),
        ),
        "credit from one row leaked into another",
        "the variable is set to 0 once, before both loops; an end at the last token hides it",
        "What should the running sum be when a new row begins?",
    ),
    Misconception(
        "λ is missing",
        edited(with_brackets, ("gamma * lam", "gamma")),
        "later residuals count as if λ were 1",
        "γ alone is how rewards fade, and the sum still looks discounted",
        "Set λ = 0. What should be left of the sum?",
    ),
    Misconception(
        "γ is missing in the recursion",
        edited(with_brackets, ("gamma * lam", "lam")),
        "later residuals count too much",
        "γ already stands inside δ, and in text it is 1",
        "Set λ = 1. The advantage should be the discounted return minus V. Is it?",
    ),
    Misconception(
        "γ is missing in δ",
        edited(with_brackets, ("gamma * next_values", "next_values")),
        "the next state's value was not discounted",
        "γ already stands in the recursion, and in text it is 1",
        "How much is a value one token away worth now?",
    ),
    Misconception(
        "γ is missing everywhere",
        edited(with_brackets, ("gamma * next_values", "next_values"), ("gamma * lam", "lam")),
        "nothing was discounted",
        "in text γ is 1",
        "How much is a reward one token away worth now?",
    ),
    Misconception(
        "nothing fades",
        edited(with_brackets, ("gamma * lam * ", "")),
        "all later residuals count in full",
        "a cumulative sum from the right needs no loop",
        "Set λ = 0. What should be left of the sum?",
    ),
    Misconception(
        "λ stands inside δ",
        edited(with_brackets, ("gamma * next_values", "gamma * lam * next_values")),
        "the next state's value was multiplied by λ",
        "γ and λ appear side by side everywhere else",
        "Set λ = 0. Should the residual forget V(s_{t+1})?",
    ),
    Misconception(
        "the return seen, minus V",
        edited(
            with_brackets,
            ("rewards + gamma * next_values * (1 - over.float()) - values", "rewards"),
            ("gamma * lam", "gamma"),
            ("return advantages", "return advantages - values"),
        ),
        "λ was not used, and the value behind a truncation was left out",
        "with λ = 1 and nothing truncated it is the same",
        "Which value estimates the rewards that come after the last token of a row?",
    ),
    Misconception(
        "λ and 1 − λ are swapped",
        edited(with_brackets, ("gamma * lam", "gamma * (1 - lam)")),
        "this is what 1 − λ would give",
        "'λ = 1 is TD(0)' sounds plausible, and the weights of the λ-return do carry a factor 1 − λ",
        "Which λ should give the plain residual δ_t: 0 or 1?",
    ),
    Misconception(
        "the sum is weighted by 1 − λ",
        edited(with_brackets, ("return advantages", "return (1 - lam) * advantages")),
        "everything is too small by the factor 1 − λ",
        "GAE averages n-step advantages with the weights (1 − λ)λⁿ; summed by residual, that factor cancels",
        "Set λ = 1. What does your function return?",
    ),
    Misconception(
        "the exponent is off by one",
        edited(
            with_brackets,
            (
                "deltas[:, t] + gamma * lam * (1 - done[:, t].float()) * running",
                "gamma * lam * (deltas[:, t] + (1 - done[:, t].float()) * running)",
            ),
        ),
        "even the token's own residual was discounted",
        "printed versions of the sum disagree about the exponent; the PPO paper's is off",
        "With what weight should δ_t itself count in Â_t?",
    ),
    Misconception(
        "the recursion is missing",
        edited(with_brackets, (" + gamma * lam * (1 - done[:, t].float()) * running", "")),
        "each token was credited with its own residual only",
        "δ already looks ahead, through V; that is the case λ = 0",
        "A reward comes three tokens later and the critic knows nothing. What does token 0 get?",
    ),
    Misconception(
        "the recursion stops after one step",
        edited(in_numpy, ("advantages[:, t + 1]", "deltas[:, t + 1]")),
        "only the next residual was added, not the next advantage",
        "in the line `δ_t + γλ · …` both δ and Â of the next token look at home",
        "A reward comes three tokens later and the critic knows nothing. What does token 0 get?",
    ),
    Misconception(
        "the sum runs forwards in time",
        edited(
            in_numpy,
            ("reversed(range(rewards.shape[1] - 1))", "range(1, rewards.shape[1])"),
            ("ended[:, t], 0, advantages[:, t + 1]", "ended[:, t - 1], 0, advantages[:, t - 1]"),
        ),
        "the token was credited with what happened before it",
        "loops over time usually start at 0",
        "Can token 3 deserve credit for a reward at token 1?",
    ),
    Misconception(
        "V(s_t) is not subtracted",
        edited(with_brackets, (" - values", "")),
        "what was expected before the token was counted as its merit",
        "r + γV(s') is the critic's target, and looks complete",
        "A token did exactly as well as expected. What is its δ?",
    ),
    Misconception(
        "δ has the wrong sign",
        edited(
            with_brackets,
            (
                "rewards + gamma * next_values * (1 - over.float()) - values",
                "values - rewards - gamma * next_values * (1 - over.float())",
            ),
        ),
        "praise became blame",
        "an error is often written as prediction minus target",
        "A reward comes as a surprise. Should its token's advantage be positive?",
    ),
    Misconception(
        "returns instead of advantages",
        edited(with_brackets, ("return advantages", "return advantages + values")),
        "V(s_t) was added again; this is the critic's target",
        "most loops compute both in one go, and the target is Â + V",
        "With a perfect critic and no luck, what should an advantage be?",
    ),
    Misconception(
        "the advantages are whitened already",
        edited(
            with_brackets,
            (
                "return advantages",
                "return (advantages - advantages.mean()) / (advantages.var(correction=0) + 1e-8).sqrt()",
            ),
        ),
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
        edited(with_brackets, ("- 1, -1, -1", "- 1, 0, -1")),
        "the first token was left at 0",
        "`range(T - 1, 0, -1)` looks complete",
        "What is the last number in range(3, 0, -1)?",
    ),
    Misconception(
        "the loop begins one token too early",
        edited(with_brackets, ("- 1, -1, -1", "- 2, -1, -1")),
        "the last token was left at 0, and so was what it hands on",
        "the recursion needs t + 1, so the last token seems to have no advantage",
        "What is the advantage of a reply's last token?",
    ),
    Misconception(
        "the list is not reversed",
        edited(with_brackets, ("return advantages", "return advantages.flip(1)")),
        "this is the advantage of the token at the other end of the row",
        "a loop from the right appends the last token first",
        "Which token did your loop write first, and where does it stand in your result?",
    ),
)

EXERCISE = Exercise(
    function=gae,
    title="Generalised advantage estimation",
    section="From residuals to advantages",
    minutes=15,
    difficulty=3,
    goal="Return the advantage of every token, Â_t = δ_t + γλ Â_{t+1}. A row may hold several episodes: nothing "
    "crosses an end. A truncated episode keeps its bootstrap, a terminated one has none.",
    entry="advantage",
    worked=rollout(["..T"], row(0, 0, 1), row(0.2, 0.4, 0.9), row(0, 0, 0), gamma=1.0, lam=0.5),
    answer=[[0.475, 0.55, 0.1]],
    cases=(
        rollout([".T.T"], row(0, 1, 0, 1), row(0, 0, 0, 0), row(0, 0, 0, 0), gamma=1.0, lam=0.95),
        rollout(["T"], row(1), row(0.25), row(0.5), gamma=1.0, lam=0.95),
        rollout([".T"], row(0, 1), row(0, 0), row(0, 0), gamma=0.5, lam=0.5),
        rollout(["T", "."], row(1, 0).T, row(0, 0).T, row(0, 0).T, gamma=1.0, lam=0.95),
        rollout(["t."], row(0, 0), row(0.5, 0.2), row(0.8, 0.6), gamma=0.5, lam=0.9),
        random_rollout(torch.Generator().manual_seed(0), lam=0.0, law="With λ = 0 the advantage is the TD residual"),
        random_rollout(
            torch.Generator().manual_seed(1), lam=1.0, law="With λ = 1 the advantage is the discounted return minus V"
        ),
        rollout(
            ["..T.."],
            row(0, 0, 1, 1000, -1000),
            row(0.2, 0.4, 0.9, 1000, 500),
            row(0, 0, 1000, 0, 1000),
            gamma=1.0,
            lam=0.5,
            law="What stands behind the end of an episode changes nothing before it",
        ),
    ),
    random_case=random_rollout,
    hints=(
        "Which advantage can you write down without knowing any other?",
        "Go from the last token to the first and carry a running sum. An end cuts the sum; termination also cuts V.",
        "running = δ_t + γλ · (0 if token t ended the episode, else running), with δ_t = r_t + γV(s_{t+1}) − V(s_t).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_brackets, row_by_row, from_the_lambda_return, as_a_matrix, in_numpy),
)
