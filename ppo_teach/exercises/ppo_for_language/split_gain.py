"""Write `split_gain`. Chapter: book/language/ppo-for-language.md."""

from statistics import fmean

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.intervals import split_gain


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


MISCONCEPTIONS = (
    Misconception(
        "the whole gain is credited to the reward",
        edited(steps_of_a_staircase, ("[start, control, trained]", "[start, start, trained]")),
        "what the same run does with scores that say nothing was counted as the reward's work",
        "'before and after' is how most results are told",
        "What is the control for?",
    ),
    Misconception(
        "the reward's part is measured from the start",
        edited(split_gain, ("trained - control", "trained - start")),
        "the control's part was counted twice",
        "each run is compared with the same start",
        "Do your two parts add up to the gain?",
    ),
    Misconception(
        "the two parts are swapped",
        edited(means_first, ("middle - low, high - middle", "high - middle, middle - low")),
        "the control's part stands where the reward's belongs",
        "the reward's part is the one of interest, and comes to mind first",
        "Which of the two could a run have whose scores say nothing?",
    ),
    Misconception(
        "both parts have the opposite sign",
        edited(means_first, ("middle - low, high - middle", "low - middle, middle - high")),
        "a gain came out as a loss",
        "the earlier run stands first in the arguments",
        "PPO has 85 and the control 44. Which sign should the reward's part have?",
    ),
    Misconception(
        "a control that lost is taken for one that stood still",
        edited(means_first, ("middle - low", "(middle - low).clamp(min=0)")),
        "the control fell below its start, and your parts no longer add up",
        "a placebo is expected to do nothing",
        "Do your two parts add up to the gain?",
    ),
    Misconception(
        "losses are counted as gains",
        edited(split_gain, ("(control - start)", "(control - start).abs()")),
        "noise that went up on one seed and down on another was added up",
        "one wants to know how far the control moved",
        "One seed gains 2, another loses 4. What is the mean gain?",
    ),
    Misconception(
        "shares instead of points",
        edited(means_first, ("high - middle))", "high - middle)) / (high - low)")),
        "both parts were divided by the gain",
        "'98 % of the gain' is how it is often told",
        "In which unit should the answer be?",
    ),
    Misconception(
        "relative to the start",
        edited(means_first, ("high - middle))", "high - middle)) / low")),
        "the parts were divided by the start's score",
        "improvements are often told in percent of what was there",
        "Scores that count from 100 instead of from 0: should the parts change?",
    ),
    Misconception(
        "levels instead of gains",
        edited(means_first, ("middle - low, high - middle", "middle, high")),
        "these are the scores themselves",
        "tables print levels",
        "What did the control have before it ran?",
    ),
    Misconception(
        "the best seed of each",
        edited(
            means_first, ("start.mean(), control.mean(), trained.mean()", "start.max(), control.max(), trained.max()")
        ),
        "the best seed of one run was held against the best of another, which is another seed",
        "papers of old printed the best run",
        "What would you report if you ran twice as many seeds?",
    ),
    Misconception(
        "the median instead of the mean",
        edited(steps_of_a_staircase, (".mean(dim=1)", ".median(dim=1).values")),
        "medians do not add up: your parts need not sum to the gain",
        "the median is the safer summary when one seed is odd",
        "Do your two parts add up to the gain?",
    ),
    Misconception(
        "a sum over seeds",
        edited(steps_of_a_staircase, (".mean(dim=1)", ".sum(dim=1)")),
        "more seeds would make a larger gain",
        "`.sum()` and `.mean()` differ by a factor that nobody sees in a sign",
        "With the same seeds run twice: should the gain double?",
    ),
    Misconception(
        "one seed only",
        edited(steps_of_a_staircase, (".mean(dim=1)", "[:, 0]")),
        "the luck of the first seed was reported",
        "one run is what one has first",
        "How many seeds are there?",
    ),
)

EXERCISE = Exercise(
    function=split_gain,
    title="Whose gain is it?",
    section="Whose gain is it?",
    minutes=10,
    difficulty=2,
    goal="Return two numbers, means over seeds: what the control, a run whose scores carry no information (the batch's "
    "own, shuffled), gained over the start, and what the run with the real scores has beyond that one. Both in units "
    "of the score; either may be negative. Entry i of each argument is the same seed.",
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
