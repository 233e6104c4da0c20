"""Write `bootstrap_values`. Chapter: book/foundations/advantages.md."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.exercises.advantages.bootstrap_values_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.exercise import Case, Exercise, pick


def bootstrap_values(
    values: Float[Tensor, "B T"],
    final_values: Float[Tensor, "B T"],
    terminated: Bool[Tensor, "B T"],
    truncated: Bool[Tensor, "B T"],
) -> Float[Tensor, "B T"]:
    """V(s_{t+1}) for the residual of token t, in a row where one episode follows another."""
    going_on = torch.cat([values[:, 1:], final_values[:, -1:]], dim=1)
    return torch.where(terminated, 0.0, torch.where(truncated, final_values, going_on))


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


NAN = float("nan")
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
