"""Write `quality_to_report`. Chapter: book/language/reward-models.md."""

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


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


MISCONCEPTIONS = (
    Misconception(
        "the training reward reported as quality",
        lambda learned, validation, test: learned.max(),
        "this is how far PPO got with the judge, and says nothing about what was meant",
        "it is the number in the log, and its curve is the smoothest",
        "Who produced this number, and has anybody who knows better looked at the replies?",
    ),
    Misconception(
        "the last training reward",
        lambda learned, validation, test: learned[-1],
        "this is how far PPO got with the judge, and says nothing about what was meant",
        "it is the last line of the log",
        "Who produced this number, and has anybody who knows better looked at the replies?",
    ),
    Misconception(
        "chosen by the learned score",
        edited(quality_to_report, ("validation.argmax", "learned.argmax")),
        "the checkpoint that pleased the judge most was kept; the number reported for it is honest, and poor",
        "the run maximises this score, so its maximum looks like the goal",
        "At which checkpoint would you have stopped, had you seen the gold scores?",
    ),
    Misconception(
        "the last checkpoint",
        lambda learned, validation, test: test[-1],
        "training went on after the best checkpoint, and what it broke was kept",
        "the last checkpoint has been trained longest",
        "Is the gold score highest where the learned one is?",
    ),
    Misconception(
        "chosen on the test set",
        lambda learned, validation, test: test.max(),
        "the luckiest of K numbers was reported; on fresh prompts it will be lower",
        "the test set is the fairest judge there is, so one would like to ask it",
        "If all K checkpoints were equally good, would this number be right on average?",
    ),
    Misconception(
        "chosen on validation and test together",
        edited(quality_to_report, ("validation.argmax", "(validation + test).argmax")),
        "the test prompts had a part in the choice, so the number is lucky; on fresh prompts it will be lower",
        "twice as many prompts choose better",
        "Which prompts have had no part in the choice?",
    ),
    Misconception(
        "reported on the prompts that chose it",
        lambda learned, validation, test: validation.max(),
        "the number that won the choice was reported; on fresh prompts it will be lower",
        "the choice was made by this number, and it is a gold score",
        "If all K checkpoints were equally good, would this number be right on average?",
    ),
    Misconception(
        "the learned score of the right checkpoint",
        edited(quality_to_report, ("test[", "learned[")),
        "the right checkpoint was kept, and its training reward was reported as quality",
        "it is the run's own metric, and the choice was honest",
        "Which of the three columns is in units of what was meant?",
    ),
    Misconception(
        "validation and test are swapped",
        edited(quality_to_report, ("test[validation", "validation[test")),
        "the test prompts chose, and the validation prompts reported",
        "both are held out, so either may do either job",
        "Which of the two sets is asked again and again while one is still choosing?",
    ),
    Misconception(
        "the latest of equals",
        edited(by_a_loop, (">", ">=")),
        "of two equally good checkpoints the one was kept that has drifted farther",
        "`>=` in a loop, where `>` is meant",
        "Two checkpoints are equally good. Which of them is nearer to the start?",
    ),
    Misconception(
        "the mean over checkpoints",
        lambda learned, validation, test: test.mean(),
        "nobody can use a mean of checkpoints; one of them is kept",
        "a mean is less noisy than any of its terms",
        "Which weights will you hand over?",
    ),
    Misconception(
        "the start",
        lambda learned, validation, test: test[0],
        "this is where the run set out from",
        "index 0 is the first that comes to mind",
        "Which checkpoint would you keep?",
    ),
    Misconception(
        "the gain over the start",
        edited(quality_to_report, ("]", "] - test[0]")),
        "the quality of the start was subtracted",
        "a gain is what a paper is about, and worth a row of its own",
        "What was asked for: how good, or how much better?",
    ),
)

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
