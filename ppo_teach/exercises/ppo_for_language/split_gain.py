"""Write `split_gain`. Chapter: book/language/ppo-for-language.md."""

from statistics import fmean

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.checks import same_shape
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.ppo_for_language.split_gain_misconceptions import MISCONCEPTIONS


def split_gain(
    start: Float[Tensor, " S"], control: Float[Tensor, " S"], trained: Float[Tensor, " S"]
) -> Float[Tensor, " 2"]:
    """What the control gained over its start, and what the reward added; both in units of the score.

        [ mean_i (control_i − start_i),  mean_i (trained_i − control_i) ]

    Entry i of each is the same seed. The two add up to the gain of `trained` over `start`. Either may be negative.
    """
    same_shape(start=start, control=control, trained=trained)
    return torch.stack([(control - start).mean(), (trained - control).mean()])


def scores(start: list, control: list, trained: list, *, law: str = "") -> Case:
    rows = {"start": start, "control": control, "trained": trained}
    return Case({name: torch.tensor(row, dtype=torch.float32) for name, row in rows.items()}, law=law)


def random_scores(rng: torch.Generator) -> Case:
    """Five seeds; the control wins on some and loses on others, and its mean lies below the start's."""
    start = torch.randint(20, 40, (5,), generator=rng)
    control = start + torch.tensor([-9, -6, 2, 1, 4])[torch.randperm(5, generator=rng)]
    trained = control + torch.tensor([10, 12, 17, 30, 31])[torch.randperm(5, generator=rng)]
    return scores(start.tolist(), control.tolist(), trained.tolist())


def means_first(start, control, trained):
    """Three means, then their differences."""
    low, middle, high = start.mean(), control.mean(), trained.mean()
    return torch.stack((middle - low, high - middle))


def with_python_alone(start, control, trained):
    """Lists and a mean of the standard library."""
    low, middle, high = (fmean(row.tolist()) for row in (start, control, trained))
    return torch.tensor([middle - low, high - middle])


def steps_of_a_staircase(start, control, trained):
    """Three rows, the difference of each from the one before, in float64."""
    return torch.stack([start, control, trained]).double().diff(dim=0).mean(dim=1)


def part(index: tuple[int, ...]) -> str:
    return ("control's part", "reward's part")[index[0]]


EXERCISE = Exercise(
    function=split_gain,
    title="Whose gain is it?",
    section="Whose gain is it?",
    minutes=10,
    difficulty=2,
    goal="Return two numbers, means over seeds: what a run with a constant reward gained over the start, and what the "
    "run with the real reward gained over that one. Both in units of the score; either may be negative. Entry i of "
    "each argument is the same seed.",
    entry=part,
    worked=scores([40, 50], [42, 46], [90, 80]),
    answer=[-1, 41],
    cases=(
        scores([10], [13], [20]),
        scores([30, 20, 34], [39, 22, 34], [38, 30, 61]),
        scores([5, 6], [5, 6], [5, 6], law="Where nothing moved, nobody gained"),
        scores([130, 120, 134], [139, 122, 134], [138, 130, 161], law="Scores that count from 100 split as from 0"),
        scores([20, 30], [25, 29], [25, 29], law="Where the control does as well, the reward added nothing"),
    ),
    random_case=random_scores,
    hints=(
        "The start has 45 on paper, the control 44, PPO 85. Who brought how much?",
        "Two steps of a staircase: from the start to the control, from the control to PPO. Do yours add up?",
        "torch.stack([(control - start).mean(), (trained - control).mean()]).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(means_first, with_python_alone, steps_of_a_staircase),
)
