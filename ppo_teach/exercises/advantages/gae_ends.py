"""Known wrong ways to treat the ends of episodes in `gae`."""

from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.advantages.gae_misconceptions import altered, one_further
from ppo_teach.exercises.exercise import Misconception


def shifted(flags: Tensor, places: int) -> Tensor:
    """Entry t is that of t + places; False beyond the edge."""
    rolled = flags.roll(-places, dims=1)
    rolled[:, -1 if places > 0 else 0] = False
    return rolled


def never(it: SimpleNamespace) -> Tensor:
    return torch.zeros_like(it.terminated)


def next_in_row(it: SimpleNamespace, beyond: Tensor) -> Tensor:
    """V(s_{t+1}) read from `values`, not from `next_values`."""
    return torch.where(it.terminated, 0.0, torch.cat([it.values[:, 1:], beyond], dim=1))


def without_new_rows(it: SimpleNamespace, _advantages: Tensor) -> Tensor:
    """The sum, carried on from the first token of a row to the last token of the next."""
    advantages, running = torch.zeros_like(it.deltas), torch.zeros(())
    for b in range(it.deltas.shape[0]):
        for t in reversed(range(it.deltas.shape[1])):
            running = it.deltas[b, t] + it.decay * torch.where(it.ended[b, t], 0.0, running)
            advantages[b, t] = running
    return advantages


ENDS = (
    Misconception(
        "the recursion runs through the end of the episode",
        altered(ended=never),
        "credit from the second reply leaked into the first",
        "δ is already masked there; but the running sum is not",
        "What should the running sum be just after an episode has ended?",
        section="Ends",
    ),
    Misconception(
        "the ends are ignored",
        altered(bootstrap=lambda it: it.next_values, ended=never),
        "rewards and values from behind the end were counted",
        "with a single episode that fills the row nearly nothing changes",
        "What can follow a token whose `terminated` is set?",
        section="Ends",
    ),
    Misconception(
        "a terminal state is given a value",
        altered(bootstrap=lambda it: it.next_values),
        "the critic's opinion of a state that does not exist was added",
        "a number stands in `next_values` there, and the running sum is cut already",
        "What is V(s_{t+1}) when token t ended the episode?",
        section="Ends",
    ),
    Misconception(
        "a truncated episode loses its bootstrap",
        altered(bootstrap=lambda it: torch.where(it.terminated | it.truncated, 0.0, it.next_values)),
        "the rewards we did not wait for were taken to be zero",
        "both flags end the episode, and much published code merges them into one `done`",
        "Somebody stopped the clock. Was nothing to come, or did we not look?",
        section="Ends",
    ),
    Misconception(
        "terminated and truncated are swapped",
        altered(bootstrap=lambda it: torch.where(it.truncated, 0.0, it.next_values)),
        "the bootstrap stayed where the episode was over, and went where it was only cut off",
        "the two words are near neighbours, in meaning and in every signature",
        "Which of the two says that nothing was to come?",
        section="Ends",
    ),
    Misconception(
        "the running sum begins with the bootstrap",
        altered(first=lambda it: it.next_values[:, -1]),
        "V of the state behind the row was counted in δ, and again in the sum",
        "a sum of rewards from the right would begin with it",
        "What of the state behind the row does the last δ know already?",
        section="Ends",
    ),
    Misconception(
        "the recursion runs through a truncation",
        altered(ended=lambda it: it.terminated),
        "credit from the next episode leaked into this one",
        "the bootstrap survives a truncation, so it seems that the running sum should, too",
        "Which episode does token t + 1 belong to, after a truncation at t?",
        section="Ends",
    ),
    Misconception(
        "the value of the reset state",
        altered(bootstrap=lambda it: next_in_row(it, it.next_values[:, -1:])),
        "the next episode's first value was taken for what followed this one",
        "`values[:, t + 1]` is the next value everywhere else",
        "After a truncation at t, which episode does `values[:, t + 1]` speak of?",
        section="Ends",
    ),
    Misconception(
        "`next_values` is not used",
        altered(bootstrap=lambda it: next_in_row(it, 0 * it.values[:, :1])),
        "the value of the next state was read from the wrong array, and is 0 in the last column",
        "for one reply of text the values shifted by one, with 0 at the end, are the same",
        "A row may stop where the episode goes on. Where does V(s_{t+1}) of its last token stand?",
        section="Ends",
    ),
    Misconception(
        "the row is taken for one reply",
        altered(bootstrap=lambda it: one_further(it.values), ended=never),
        "`next_values` and both flags were left out",
        "for one reply of text that fills its row the result is the same, and many programs for text stop there",
        "A row may hold two episodes, or stop in the middle of one. Which arguments say so?",
        section="Ends",
    ),
    Misconception(
        "the ends are read one token late",
        altered(
            bootstrap=lambda it: torch.where(shifted(it.terminated, 1), 0.0, it.next_values),
            ended=lambda it: shifted(it.terminated | it.truncated, 1),
        ),
        "the episode was cut one token before its end",
        "much code stores 'this token begins an episode' and looks at t + 1; here the flag stands at the last token",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
        section="Ends",
    ),
    Misconception(
        "the ends are read one token early",
        altered(
            bootstrap=lambda it: torch.where(shifted(it.terminated, -1), 0.0, it.next_values),
            ended=lambda it: shifted(it.terminated | it.truncated, -1),
        ),
        "the episode was cut one token behind its end",
        "`done` often comes with the state that a step led to, one index further",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
        section="Ends",
    ),
    Misconception(
        "`terminated` is rolled by one token",
        altered(
            bootstrap=lambda it: torch.where(it.terminated.roll(1, dims=1), 0.0, it.next_values),
            ended=lambda it: it.terminated.roll(1, dims=1) | it.truncated,
        ),
        "the end moved one token on, and the last flag of the row to its front",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `terminated.roll(1, dims=1)`, which flag stands at token 0?",
        section="Ends",
    ),
    Misconception(
        "the ends are rolled by one token",
        altered(
            bootstrap=lambda it: torch.where(it.terminated.roll(1, dims=1), 0.0, it.next_values),
            ended=lambda it: (it.terminated | it.truncated).roll(1, dims=1),
        ),
        "the ends moved one token on, and the last one of the row to its front",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `terminated.roll(1, dims=1)`, which flag stands at token 0?",
        section="Ends",
    ),
    Misconception(
        "one `done` for both ends, rolled by one token",
        altered(
            bootstrap=lambda it: torch.where((it.terminated | it.truncated).roll(1, dims=1), 0.0, it.next_values),
            ended=lambda it: (it.terminated | it.truncated).roll(1, dims=1),
        ),
        "the ends moved one token on, the last of the row to its front, and truncated episodes lost their bootstrap",
        "`roll` is the shortest way to shift, its wrap-around is quiet, and much published code has a single `done`",
        "After `done.roll(1, dims=1)`, which flag stands at token 0? And does `done` say whether more was to come?",
        section="Ends",
    ),
    Misconception(
        "the recursion reads the ends one token late",
        altered(ended=lambda it: shifted(it.terminated | it.truncated, 1)),
        "δ stopped at the end, the running sum one token before",
        "the running sum comes from t + 1, so it seems that the flag should, too",
        "Which flag says that nothing follows token t: that of t, or that of t + 1?",
        section="Ends",
    ),
    Misconception(
        "the last residual is masked away too",
        altered(step=lambda decay, delta, ended, running: torch.where(ended, 0.0, delta + decay * running)),
        "the last token of the episode lost its own residual",
        "`(δ + γλ Â) · (1 − done)` is one pair of brackets away from the right line",
        "The reward of a reply comes at its last token. Where did it go?",
        section="Ends",
    ),
    Misconception(
        "the reward of the last token is dropped",
        altered(delta=lambda it: torch.where(it.terminated, 0.0, it.rewards + it.gamma * it.bootstrap) - it.values),
        "the reward at the end of the episode was lost",
        "`(r + γV) · (1 − done)` is one pair of brackets away from the right line",
        "What does `terminated` take away: V(s_{t+1}), or the reward as well?",
        section="Ends",
    ),
    Misconception(
        "the running sum goes on into the next row",
        altered(result=without_new_rows),
        "credit from one row leaked into another",
        "the variable is set to 0 once, before both loops; an end at the last token hides it",
        "What should the running sum be when a new row begins?",
        section="Ends",
    ),
)
