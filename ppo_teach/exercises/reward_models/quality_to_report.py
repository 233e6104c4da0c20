"""Write `quality_to_report`. Chapter: book/language/reward-models.md."""

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.reward_models.quality_to_report_misconceptions import MISCONCEPTIONS


def quality_to_report(
    learned: Float[Tensor, " K"], validation: Float[Tensor, " K"], test: Float[Tensor, " K"]
) -> Float[Tensor, ""]:
    """The gold score, on the test set, of the checkpoint that the gold score of the validation set chooses.

    `learned` is what PPO climbed: it neither chooses nor reports. Of equals the earliest is kept, which has drifted
    least. No module of the package needs this: an experiment chooses by hand.
    """
    return test[validation.argmax(dim=0)]


def checkpoints(learned: list, validation: list, test: list, *, law: str = "") -> Case:
    columns = {"learned": learned, "validation": validation, "test": test}
    return Case({name: torch.tensor(column) for name, column in columns.items()}, law=law)


def random_checkpoints(rng: torch.Generator) -> Case:
    """The learned score rises; the gold scores rise and fall, each with luck of its own."""
    hill = torch.tensor([0.2, 0.5, 0.9, 0.6, -0.4])
    learned = torch.linspace(0, 3, 5) + 0.3 * torch.rand(5, generator=rng)
    validation, test = hill + 0.1 * torch.rand(2, 5, generator=rng)
    validation[2], test[1] = validation[2] + 0.2, test[2] + 0.1 + 0.1 * torch.rand((), generator=rng)
    return checkpoints(learned.tolist(), validation.tolist(), test.tolist())


def by_a_loop(learned, validation, test):
    best = 0
    for k in range(len(validation)):
        if validation[k] > validation[best]:
            best = k
    return test[best].item()


def by_sorting(learned, validation, test):
    return test[validation.sort(descending=True, stable=True).indices[0]].double()


def by_the_first_that_is_highest(learned, validation, test):
    return test[(validation == validation.amax()).nonzero()[0, 0]]


EXERCISE = Exercise(
    function=quality_to_report,
    title="Which number goes into the report?",
    section="Which number goes into the report?",
    minutes=10,
    difficulty=2,
    goal="A run has left K checkpoints, in order. Of each you know three means: the learned score, which PPO climbed, "
    "the gold score on the validation prompts, and the gold score on the test prompts. Return the one number that you "
    "may report as the quality of the run: that of the checkpoint you would keep, on prompts that had no part in "
    "keeping it. Of equally good checkpoints keep the earliest.",
    entry="quality",
    worked=checkpoints([0.0, 1.0, 2.0, 3.0], [0.3, 0.9, 0.6, -0.4], [0.35, 0.8, 0.85, -0.5]),
    answer=0.8,
    cases=(
        checkpoints([0.1, 1.2, 0.9], [0.2, 0.4, 0.7], [0.3, 0.65, 0.6]),
        checkpoints([0.0, 2.0, 1.5, 1.0], [0.3, 0.5, 0.8, 0.7], [0.1, 0.75, 0.6, 0.9]),
        checkpoints([0.5, 1.0, 2.0], [0.2, 0.7, 0.7], [0.1, 0.4, 0.5], law="Of equals the earliest is kept"),
        checkpoints([9.0, 1.0, 5.0], [0.3, 0.9, 0.6], [0.35, 0.8, 0.85], law="The learned score changes nothing"),
    ),
    random_case=random_checkpoints,
    hints=(
        "Three columns. Which one trains, which one chooses, which one reports?",
        "The best of K numbers was also the luckiest, so the number that chose is not the one to report.",
        "test[validation.argmax()]",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_a_loop, by_sorting, by_the_first_that_is_highest),
)
