"""Write `bootstrap_values`. Chapter: book/foundations/advantages.md."""

import numpy as np
import torch

from ppo_teach.advantages import bootstrap_values
from ppo_teach.exercises.advantages.gae import of_next, of_previous
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick

NAN = float("nan")


def row_of_episodes(ends: list[str], values: list, final_values: list, *, law: str = "") -> Case:
    """A case from a picture of its ends: 'T' terminated, 't' truncated, 'B' both, '.' neither."""
    terminated, truncated = (
        torch.tensor([[symbol in kind for symbol in row] for row in ends]) for kind in ("TB", "tB")
    )
    inputs = {"values": torch.tensor(values), "final_values": torch.tensor(final_values)}
    return Case({**inputs, "terminated": terminated, "truncated": truncated}, law=law)


def random_row(rng: torch.Generator) -> Case:
    """Two rows of six tokens, each with both ends inside; the second stops without one."""
    ends = [pick(rng, "T.t..T", ".T.t.t", "t.BT.t"), pick(rng, ".T.t..", ".t.T..", "T.Bt..")]
    values, final_values = (torch.randint(20, 151, (2, 2, 6), generator=rng) / 100).tolist()
    return row_of_episodes(ends, values, final_values)


def by_steps(values, final_values, terminated, truncated):
    """Shift, then write into the ends."""
    following = values.roll(-1, dims=1)
    following[:, -1] = final_values[:, -1]
    following[truncated] = final_values[truncated]
    following[terminated] = 0
    return following


def token_by_token(values, final_values, terminated, truncated):
    """A loop over all tokens."""
    result = torch.zeros_like(values, dtype=torch.float64)
    for b, t in np.ndindex(*values.shape):
        if not terminated[b, t]:
            stops = bool(truncated[b, t]) or t == values.shape[1] - 1
            result[b, t] = final_values[b, t] if stops else values[b, t + 1]
    return result


def in_numpy(values, final_values, terminated, truncated):
    """The nested choice in NumPy."""
    values, final_values, terminated, truncated = map(np.asarray, (values, final_values, terminated, truncated))
    following = np.concatenate([values[:, 1:], final_values[:, -1:]], axis=1)
    return np.select([terminated, truncated], [np.zeros_like(values), final_values], following)


def ends_before_the_shift(values, final_values, terminated, truncated):
    corrected = torch.where(terminated, 0.0, torch.where(truncated, final_values, values))
    return torch.cat([corrected[:, 1:], final_values[:, -1:]], dim=1)


MISCONCEPTIONS = (
    Misconception(
        "the bootstrap of a truncated episode is zeroed",
        edited(by_steps, ("[terminated]", "[terminated | truncated]")),
        "the rewards we did not wait for were taken to be zero",
        "both flags end the episode, and much published code merges them into one `done`",
        "Somebody stopped the clock. Was nothing to come, or did we not look?",
    ),
    Misconception(
        "the value of the reset state",
        edited(by_steps, ("following[truncated] = final_values[truncated]", "")),
        "the next episode's first value was taken for what followed this one",
        "`values[:, t + 1]` is the next value everywhere else",
        "After a truncation at t, of which episode does `values[:, t + 1]` speak?",
    ),
    Misconception(
        "a terminated episode is bootstrapped",
        edited(by_steps, ("[terminated] = 0", "[terminated] = final_values[terminated]")),
        "a state after which nothing comes was given a value",
        "a final state is there, and a critic has an opinion of every state",
        "The game is over. What is still to be earned?",
    ),
    Misconception(
        "a terminated episode gets the value of the reset state",
        edited(by_steps, ("following[terminated] = 0", "")),
        "the next episode's first value was taken for what followed the end",
        "the values shifted by one look complete, and `gae` would have removed it",
        "The game is over. What is still to be earned?",
    ),
    Misconception(
        "the ends are ignored",
        edited(by_steps, ("following[truncated] = final_values[truncated]", ""), ("following[terminated] = 0", "")),
        "every token was given the value that stands next in the row",
        "inside an episode it is right, and episodes are long",
        "What happened in the row between this token and the next?",
    ),
    Misconception(
        "terminated and truncated are swapped",
        edited(bootstrap_values, ("terminated, 0.0, torch.where(truncated", "truncated, 0.0, torch.where(terminated")),
        "the bootstrap went where the episode was over, and is missing where it was only cut off",
        "the two words are near neighbours, in meaning and in every signature",
        "Which of the two says that nothing was to come?",
    ),
    Misconception(
        "truncated wins over terminated",
        edited(by_steps, ("[terminated]", "[terminated & ~truncated]")),
        "the episode had ended by itself in the very step in which time ran out",
        "the order of two `torch.where` seems to be a matter of taste",
        "The game ends by itself just as the clock stops it. Is anything to come?",
    ),
    Misconception(
        "the row ends with zero",
        edited(by_steps, ("final_values[:, -1]", "0")),
        "the episode goes on behind the row, and its value was dropped",
        "for a reply of text 0 is right, because it ends where its row ends",
        "A row may stop where the episode goes on. Which array still knows V(s_{t+1}) there?",
    ),
    Misconception(
        "one `done` for both ends, and zero behind the row",
        edited(by_steps, ("final_values[:, -1]", "0"), ("[terminated]", "[terminated | truncated]")),
        "`final_values` were never used: whatever was not waited for was taken to be zero",
        "this is how the values of a reply of text are shifted, and there it is right",
        "Which tokens are followed by something that the row does not show?",
    ),
    Misconception(
        "the last value stands for the state behind the row",
        edited(by_steps, ("final_values[:, -1]", "values[:, -1]")),
        "this is V(s_t), the opinion before the last token",
        "after the shift one column is missing, and the nearest number fills it",
        "A row may stop where the episode goes on. Which array still knows V(s_{t+1}) there?",
    ),
    Misconception(
        "the last column always takes the final value",
        edited(by_steps, ("return following", "following[:, -1] = final_values[:, -1]\n    return following")),
        "the end of the row was filled in after the ends of episodes, and hid one",
        "the last column looks like a case of its own, best treated last",
        "The episode ends by itself with the row. Is anything to come?",
    ),
    Misconception(
        "the ends are corrected before the shift",
        ends_before_the_shift,
        "the correction for an end landed one token before it",
        "both steps are right, and their order seems to be a matter of taste",
        "You changed the column t, and then shifted. In which column does your change stand now?",
    ),
    Misconception(
        "the row wraps around",
        edited(by_steps, ("following[:, -1] = final_values[:, -1]", "")),
        "the value behind the last token was that of the first",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `values.roll(-1, dims=1)`, what stands in the last column?",
    ),
    Misconception(
        "values are not shifted",
        edited(bootstrap_values, ("torch.cat([values[:, 1:], final_values[:, -1:]], dim=1)", "values")),
        "this is V(s_t), the opinion before the token",
        "`values[:, t]` and token t stand in the same column",
        "Before which token did the critic say `values[:, t]`?",
    ),
    Misconception(
        "the final value is read one token late",
        edited(
            by_steps,
            ("= final_values[truncated]", "= torch.cat([final_values[:, 1:], final_values[:, -1:]], 1)[truncated]"),
        ),
        "the value behind the next token's end was taken",
        "the state has the index t + 1, and `values` must be shifted",
        "`final_values[:, t]` speaks of the state after which token?",
    ),
    Misconception(
        "the ends are read one token late",
        edited(
            bootstrap_values,
            ("(terminated, 0.0", "(of_next(terminated), 0.0"),
            ("(truncated, final", "(of_next(truncated), final"),
            of_next=of_next,
        ),
        "the end was put one token before its place",
        "much code stores 'this token begins an episode' and looks at t + 1; here the flag stands at the last token",
        "When `truncated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "the ends are read one token early",
        edited(
            bootstrap_values,
            ("(terminated, 0.0", "(of_previous(terminated), 0.0"),
            ("(truncated, final", "(of_previous(truncated), final"),
            of_previous=of_previous,
        ),
        "the end was put one token behind its place",
        "`done` often comes with the state that a step led to, one index further",
        "When `truncated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "final values are multiplied by zero",
        edited(
            bootstrap_values,
            (
                "torch.where(terminated, 0.0, torch.where(truncated, final_values, going_on))",
                "~terminated * (truncated * final_values + ~truncated * going_on)",
            ),
        ),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
)

EXERCISE = Exercise(
    function=bootstrap_values,
    title="What follows an end",
    section="Ends",
    minutes=10,
    difficulty=3,
    goal="Return V(s_{t+1}) for every token of a row in which one episode follows another: the next of `values` where "
    "the episode goes on; 0 where it terminated; where it was truncated, and at the end of a row that just stops, "
    "`final_values`. What stands in `final_values` anywhere else, NaN included, changes nothing. A token with both "
    "flags has terminated.",
    entry="next value",
    worked=row_of_episodes([".t.."], [[0.1, 0.2, 0.3, 0.4]], [[0, 0.7, 0, 0.8]]),
    answer=[[0.2, 0.7, 0.4, 0.8]],
    cases=(
        row_of_episodes([".T.."], [[0.1, 0.2, 0.3, 0.4]], [[0, 0.7, 0, 0.8]]),
        row_of_episodes(["t.T"], [[0.1, 0.2, 0.3]], [[0.7, 0, 0.8]]),
        row_of_episodes(["B."], [[0.1, 0.2]], [[0.7, 0.8]]),
        row_of_episodes(["t", "."], [[0.1], [0.2]], [[0.7], [0.8]]),
        row_of_episodes(
            [".Tt."],
            [[0.1, 0.2, 0.3, 0.4]],
            [[NAN, NAN, 0.7, 0.8]],
            law="Where no episode was cut, nothing stands in final_values, and nothing is read there",
        ),
    ),
    random_case=random_row,
    hints=(
        "After a truncation at t, of which episode does `values[:, t + 1]` speak?",
        "Shift `values` by one first, with `final_values` in the last column. Then correct the two kinds of ends.",
        "torch.where(terminated, 0, torch.where(truncated, final_values, shifted)).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_steps, token_by_token, in_numpy),
)
