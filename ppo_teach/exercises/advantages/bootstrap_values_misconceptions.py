"""Known wrong ways to write `bootstrap_values`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.advantages.gae_ends import shifted
from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    beyond: Callable = lambda it: it.final_values[:, -1:],
    going_on: Callable = lambda it, beyond: torch.cat([it.values[:, 1:], beyond], dim=1),
    cut: Callable = lambda it: torch.where(it.truncated, it.final_values, it.going_on),
    result: Callable = lambda it: torch.where(it.terminated, 0.0, it.cut),
) -> Callable:
    """The right function with one part replaced; `it` holds the arguments and the parts before."""

    def bootstrap_values(values, final_values, terminated, truncated):
        it = SimpleNamespace(values=values, final_values=final_values, terminated=terminated, truncated=truncated)
        it.beyond = beyond(it)
        it.going_on = going_on(it, it.beyond)
        it.cut = cut(it)
        return result(it)

    return bootstrap_values


def multiplied(it: SimpleNamespace) -> Tensor:
    """The choice made by flags that are 0 or 1."""
    truncated = it.truncated.float()
    return (1 - it.terminated.float()) * (truncated * it.final_values + (1 - truncated) * it.going_on)


def ends_before_the_shift(it: SimpleNamespace, beyond: Tensor) -> Tensor:
    corrected = torch.where(it.terminated, 0.0, torch.where(it.truncated, it.final_values, it.values))
    return torch.cat([corrected[:, 1:], beyond], dim=1)


MISCONCEPTIONS = (
    Misconception(
        "the bootstrap of a truncated episode is zeroed",
        altered(result=lambda it: torch.where(it.terminated | it.truncated, 0.0, it.cut)),
        "the rewards we did not wait for were taken to be zero",
        "both flags end the episode, and much published code merges them into one `done`",
        "Somebody stopped the clock. Was nothing to come, or did we not look?",
    ),
    Misconception(
        "the value of the reset state",
        altered(cut=lambda it: it.going_on),
        "the next episode's first value was taken for what followed this one",
        "`values[:, t + 1]` is the next value everywhere else",
        "After a truncation at t, of which episode does `values[:, t + 1]` speak?",
    ),
    Misconception(
        "a terminated episode is bootstrapped",
        altered(result=lambda it: torch.where(it.terminated, it.final_values, it.cut)),
        "a state after which nothing comes was given a value",
        "a final state is there, and a critic has an opinion of every state",
        "The game is over. What is still to be earned?",
    ),
    Misconception(
        "a terminated episode gets the value of the reset state",
        altered(result=lambda it: it.cut),
        "the next episode's first value was taken for what followed the end",
        "the values shifted by one look complete, and `gae` would have removed it",
        "The game is over. What is still to be earned?",
    ),
    Misconception(
        "the ends are ignored",
        altered(cut=lambda it: it.going_on, result=lambda it: it.cut),
        "every token was given the value that stands next in the row",
        "inside an episode it is right, and episodes are long",
        "What happened in the row between this token and the next?",
    ),
    Misconception(
        "terminated and truncated are swapped",
        altered(
            cut=lambda it: torch.where(it.terminated, it.final_values, it.going_on),
            result=lambda it: torch.where(it.truncated, 0.0, it.cut),
        ),
        "the bootstrap went where the episode was over, and is missing where it was only cut off",
        "the two words are near neighbours, in meaning and in every signature",
        "Which of the two says that nothing was to come?",
    ),
    Misconception(
        "truncated wins over terminated",
        altered(
            cut=lambda it: torch.where(it.terminated, 0.0, it.going_on),
            result=lambda it: torch.where(it.truncated, it.final_values, it.cut),
        ),
        "the episode had ended by itself in the very step in which time ran out",
        "the order of two `torch.where` seems to be a matter of taste",
        "The game ends by itself just as the clock stops it. Is anything to come?",
    ),
    Misconception(
        "the row ends with zero",
        altered(beyond=lambda it: 0 * it.values[:, :1]),
        "the episode goes on behind the row, and its value was dropped",
        "for a reply of text 0 is right, because it ends where its row ends",
        "A row may stop where the episode goes on. Which array still knows V(s_{t+1}) there?",
    ),
    Misconception(
        "one `done` for both ends, and zero behind the row",
        altered(
            beyond=lambda it: 0 * it.values[:, :1],
            result=lambda it: torch.where(it.terminated | it.truncated, 0.0, it.cut),
        ),
        "`final_values` were never used: whatever was not waited for was taken to be zero",
        "this is how the values of a reply of text are shifted, and there it is right",
        "Which tokens are followed by something that the row does not show?",
    ),
    Misconception(
        "the last value stands for the state behind the row",
        altered(beyond=lambda it: it.values[:, -1:]),
        "this is V(s_t), the opinion before the last token",
        "after the shift one column is missing, and the nearest number fills it",
        "A row may stop where the episode goes on. Which array still knows V(s_{t+1}) there?",
    ),
    Misconception(
        "the last column always takes the final value",
        altered(result=lambda it: torch.cat([torch.where(it.terminated, 0.0, it.cut)[:, :-1], it.beyond], dim=1)),
        "the end of the row was filled in after the ends of episodes, and hid one",
        "the last column looks like a case of its own, best treated last",
        "The episode ends by itself with the row. Is anything to come?",
    ),
    Misconception(
        "the ends are corrected before the shift",
        altered(going_on=ends_before_the_shift, cut=lambda it: it.going_on, result=lambda it: it.cut),
        "the correction for an end landed one token before it",
        "both steps are right, and their order seems to be a matter of taste",
        "You changed the column t, and then shifted. In which column does your change stand now?",
    ),
    Misconception(
        "the row wraps around",
        altered(beyond=lambda it: it.values[:, :1]),
        "the value behind the last token was that of the first",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `values.roll(-1, dims=1)`, what stands in the last column?",
    ),
    Misconception(
        "values are not shifted",
        altered(going_on=lambda it, beyond: it.values),
        "this is V(s_t), the opinion before the token",
        "`values[:, t]` and token t stand in the same column",
        "Before which token did the critic say `values[:, t]`?",
    ),
    Misconception(
        "the final value is read one token late",
        altered(
            cut=lambda it: torch.where(
                it.truncated, torch.cat([it.final_values[:, 1:], it.final_values[:, -1:]], 1), it.going_on
            )
        ),
        "the value behind the next token's end was taken",
        "the state has the index t + 1, and `values` must be shifted",
        "`final_values[:, t]` speaks of the state after which token?",
    ),
    Misconception(
        "the ends are read one token late",
        altered(
            cut=lambda it: torch.where(shifted(it.truncated, 1), it.final_values, it.going_on),
            result=lambda it: torch.where(shifted(it.terminated, 1), 0.0, it.cut),
        ),
        "the end was put one token before its place",
        "much code stores 'this token begins an episode' and looks at t + 1; here the flag stands at the last token",
        "When `truncated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "the ends are read one token early",
        altered(
            cut=lambda it: torch.where(shifted(it.truncated, -1), it.final_values, it.going_on),
            result=lambda it: torch.where(shifted(it.terminated, -1), 0.0, it.cut),
        ),
        "the end was put one token behind its place",
        "`done` often comes with the state that a step led to, one index further",
        "When `truncated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "final values are multiplied by zero",
        altered(result=multiplied),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
)
