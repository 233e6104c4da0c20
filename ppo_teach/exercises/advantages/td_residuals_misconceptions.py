"""Known wrong ways to write `td_residuals`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.advantages.gae_ends import shifted
from ppo_teach.exercises.advantages.gae_misconceptions import one_further
from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    flags: Callable = lambda it: it.terminated,
    ahead: Callable = lambda it: torch.where(it.terminated, 0.0, it.next_values),
    delta: Callable = lambda it: it.rewards + it.gamma * it.ahead - it.values,
) -> Callable:
    """The residual with one part replaced; `it` holds the arguments and the parts before."""

    def td_residuals(rewards, values, next_values, terminated, *, gamma):
        it = SimpleNamespace(**locals())
        it.terminated = flags(it)
        it.ahead = ahead(it)
        return delta(it)

    return td_residuals


def unless_terminated(it: SimpleNamespace, x: Tensor) -> Tensor:
    return torch.where(it.terminated, 0.0, x)


MISCONCEPTIONS = (
    Misconception(
        "a terminal state is given a value",
        altered(ahead=lambda it: it.next_values),
        "the critic was asked about a state that does not exist",
        "in the middle of a reply the same line is right",
        "What is there to be expected from a state after which nothing happens?",
    ),
    Misconception(
        "a terminal state's value is multiplied by zero",
        altered(ahead=lambda it: it.next_values * ~it.terminated),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "expectation minus outcome",
        altered(delta=lambda it: it.values - it.rewards - it.gamma * it.ahead),
        "praise became blame",
        "an error is often written as prediction minus target",
        "A reward comes as a surprise. Should its token's residual be positive?",
    ),
    Misconception(
        "γ is missing",
        altered(delta=lambda it: it.rewards + it.ahead - it.values),
        "the next state's value was not discounted",
        "in text γ is 1",
        "How much is a value one token away worth now?",
    ),
    Misconception(
        "γ discounts V(s_t)",
        altered(delta=lambda it: it.rewards + it.ahead - it.gamma * it.values),
        "the value before the token was discounted, and the one after it was not",
        "the formula has two values and one γ, and with γ = 1 both places look alike",
        "Which of the two values lies one token in the future?",
    ),
    Misconception(
        "γ discounts both values",
        altered(delta=lambda it: it.rewards + it.gamma * (it.ahead - it.values)),
        "the value before the token was discounted, too",
        "r + γ · (change in V) reads well",
        "Which of the two values lies one token in the future?",
    ),
    Misconception(
        "γ discounts the reward",
        altered(delta=lambda it: it.gamma * (it.rewards + it.ahead) - it.values),
        "the reward of this token was discounted",
        "in some books the reward of a step carries the index t + 1",
        "When does the reward of token t arrive: with the token, or one later?",
    ),
    Misconception(
        "V(s_t) is not subtracted",
        altered(delta=lambda it: it.rewards + it.gamma * it.ahead),
        "what was expected before the token was counted as its merit",
        "r + γV(s') is the critic's target, and looks complete",
        "A token did exactly as well as expected. What is its residual?",
    ),
    Misconception(
        "the reward is left out",
        altered(delta=lambda it: it.gamma * it.ahead - it.values),
        "only the critic's change of mind was counted",
        "at all tokens of a reply but the last the reward is 0",
        "The last token earned a point. What of it is in your number?",
    ),
    Misconception(
        "the reward of the last token is dropped",
        altered(delta=lambda it: unless_terminated(it, it.rewards + it.gamma * it.next_values) - it.values),
        "the reward at the end of the episode was lost",
        "`(r + γV) · (1 − done)` is one pair of brackets away from the right line",
        "What does `terminated` take away: V(s_{t+1}), or the reward as well?",
    ),
    Misconception(
        "the last residual is masked away",
        altered(delta=lambda it: unless_terminated(it, it.rewards + it.gamma * it.next_values - it.values)),
        "the last token of the episode lost its own residual",
        "nothing comes after the end, so it seems that nothing can be surprising there",
        "The reward of a reply comes at its last token. Where did it go?",
    ),
    Misconception(
        "`terminated` the wrong way round",
        altered(flags=lambda it: ~it.terminated),
        "the next value counted where the episode was over, and nowhere else",
        "a mask is True where something counts, this flag where it does not",
        "Where `terminated` is true, should V(s_{t+1}) count?",
    ),
    Misconception(
        "the end is read one token late",
        altered(flags=lambda it: shifted(it.terminated, 1)),
        "the flag of the token behind this one was used",
        "V(s_{t+1}) is one further on, so it seems that the flag should be, too",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "the end is read one token early",
        altered(flags=lambda it: shifted(it.terminated, -1)),
        "the flag of the token before this one was used",
        "`done` often comes with the state that a step led to, one index further",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "the end is rolled by one token",
        altered(flags=lambda it: it.terminated.roll(1, dims=1)),
        "every flag moved one token on, and the last one to the front",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `terminated.roll(1, dims=1)`, which flag stands at token 0?",
    ),
    Misconception(
        "`next_values` is not used",
        altered(ahead=lambda it: unless_terminated(it, one_further(it.values))),
        "the value of the next state was read from the wrong array",
        "for one reply of text the values shifted by one, with 0 at the end, are the same",
        "A row may stop where the episode goes on. Where does V(s_{t+1}) of its last token stand?",
    ),
    Misconception(
        "`next_values` is shifted once more",
        altered(ahead=lambda it: unless_terminated(it, one_further(it.next_values))),
        "this is V(s_{t+2})",
        "the formula says t + 1, and so does the habit of indexing it",
        "`next_values[:, t]` is V of which state?",
    ),
    Misconception(
        "the last column is taken for an end",
        altered(ahead=lambda it: unless_terminated(it, torch.cat([it.next_values[:, :-1], 0 * it.values[:, :1]], 1))),
        "the episode goes on behind the row, and its value was dropped",
        "a reply of text does end where its row ends",
        "Is `terminated` set at the last token of every row?",
    ),
    Misconception(
        "the row is taken for one reply",
        altered(ahead=lambda it: one_further(it.values)),
        "both `next_values` and `terminated` were left out",
        "for one reply of text that fills its row the result is the same",
        "A row may hold two episodes, or stop in the middle of one. Which arguments say so?",
    ),
    Misconception(
        "V(s_t) is lost where the episode ends",
        altered(delta=lambda it: torch.where(it.terminated, it.rewards, it.rewards + it.gamma * it.ahead - it.values)),
        "what was expected before the last token was counted as its merit",
        "at the end there is no value, so it seems that there is none to subtract",
        "Which of the two values belongs to a state that does not exist?",
    ),
    Misconception(
        "the residual is squared",
        altered(delta=lambda it: (it.rewards + it.gamma * it.ahead - it.values).square()),
        "this is what a critic's loss would hold, and its sign is lost",
        "TD residuals are best known from the loss of a critic",
        "A token did worse than expected. Should its residual be positive?",
    ),
)
