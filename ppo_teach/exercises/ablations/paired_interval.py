"""Write `paired_interval`. Chapter: book/ppo/ablations.md."""

import statistics

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.intervals import paired_interval


def scores(ours: list, theirs: list, *, t: float, law: str = "") -> Case:
    """A case from two rows of scores, a seed in each column."""
    inputs = {"ours": ours, "theirs": theirs}
    return Case({**{name: torch.tensor(row, dtype=torch.float32) for name, row in inputs.items()}, "t": t}, law=law)


def random_scores(rng: torch.Generator) -> Case:
    """Five seeds with luck in common, differences of both signs and their median off their mean."""
    luck = torch.randint(0, 50, (5,), generator=rng)
    differences = torch.tensor([-4, 1, 2, 3, 10])[torch.randperm(5, generator=rng)]
    return scores((luck + differences).tolist(), luck.tolist(), t=2.776)


def squares_less_the_square_of_the_mean(ours, theirs, *, t):
    """The spread from two sums, in float64."""
    differences = (ours - theirs).double()
    seeds = len(differences)
    mean = differences.sum() / seeds
    variance = (differences.square().sum() - seeds * mean**2) / (seeds - 1)
    return mean + torch.tensor([-1.0, 1.0], dtype=torch.float64) * t * (variance / seeds).clamp(min=0).sqrt()


def with_python_alone(ours, theirs, *, t):
    """The standard library knows means and deviations."""
    differences = [one - other for one, other in zip(ours.tolist(), theirs.tolist(), strict=True)]
    half = t * statistics.stdev(differences) / len(differences) ** 0.5
    return torch.tensor([statistics.fmean(differences) - half, statistics.fmean(differences) + half])


def by_the_biased_spread(ours, theirs, *, t):
    """Squares divided by S, and a root of S − 1 below: the same."""
    differences = ours - theirs
    mean, half = differences.mean(), t * differences.std(correction=0) / (len(ours) - 1) ** 0.5
    return torch.stack([mean - half, mean + half])


def end(index: tuple[int, ...]) -> str:
    return f"{'lower' if index[0] == 0 else 'upper'} end"


MISCONCEPTIONS = (
    Misconception(
        "the seeds are not paired",
        edited(paired_interval, ("differences.std() / seeds**0.5", "((ours.var() + theirs.var()) / seeds).sqrt()")),
        "the spreads of both variants were added, and with them all the luck that a seed brings to both alike",
        "it is the formula for two independent groups, which stands first in many books",
        "Seed 3 began with a bad start in both variants. In which of the five differences does that show?",
    ),
    Misconception(
        "the spread of the seeds instead of that of their mean",
        edited(paired_interval, (" / seeds**0.5", "")),
        "this says where the next seed may fall, not where the mean lies",
        "'mean ± standard deviation' is what most tables print",
        "Would four times as many seeds make your interval narrower?",
    ),
    Misconception(
        "divided by the number of seeds, not by its root",
        edited(paired_interval, ("seeds**0.5", "seeds")),
        "variances are divided by the number of seeds, and a spread is the root of a variance",
        "a mean of S numbers divides by S",
        "The variance of a mean of S numbers is s²/S. What is its root?",
    ),
    Misconception(
        "the variance instead of its root",
        edited(paired_interval, ("std()", "var()")),
        "an interval in squared units of reward",
        "s² is what one computes first",
        "If scores were counted in thousandths, how should the interval change?",
    ),
    Misconception(
        "the squares divided by S",
        edited(paired_interval, ("std()", "std(correction=0)")),
        "the spread around the seeds' own mean is too small: they lie nearer to it than to the true one",
        "a variance is a mean of squares",
        "With a single seed, what would your spread be? How much do we know of it?",
    ),
    Misconception(
        "one seed less under both roots",
        edited(paired_interval, ("seeds**0.5", "(seeds - 1) ** 0.5")),
        "S − 1 belongs below the squares, where the mean has used up one of the differences; a mean is of S numbers",
        "a small sample has a correction, and it was made twice",
        "The squares were divided by S − 1 already. How many numbers is the mean a mean of?",
    ),
    Misconception(
        "the upper end first",
        edited(by_the_biased_spread, ("mean - half, mean + half", "mean + half, mean - half")),
        "both ends are right, and stand in each other's place",
        "mean ± half is read from the left, and the plus comes first",
        "Which of your two numbers is smaller?",
    ),
    Misconception(
        "the mean and half of the width",
        edited(by_the_biased_spread, ("mean - half, mean + half", "mean, half")),
        "the interval is right, and told as 'mean ± half' where its two ends were asked for",
        "most tables print it like that",
        "Between which two numbers does the mean lie?",
    ),
    Misconception(
        "theirs − ours",
        edited(paired_interval, ("ours - theirs", "theirs - ours")),
        "the interval is turned over",
        "'the difference from PPO' can be read both ways",
        "Ours is better by 2 on every seed. Which sign should that have?",
    ),
    Misconception(
        "differences without their sign",
        edited(paired_interval, ("ours - theirs", "(ours - theirs).abs()")),
        "a win on one seed and a loss on another were both counted as wins",
        "a difference sounds like a distance",
        "One seed gains 1, another loses 1. What is the mean difference?",
    ),
    Misconception(
        "t is missing",
        edited(paired_interval, ("t * ", "")),
        "one standard error each way holds the truth in fewer than two of three cases",
        "'mean ± standard error' is what many figures draw",
        "Five seeds know their spread badly. By what factor must the interval be wider?",
    ),
    Misconception(
        "the quantile of the normal distribution",
        edited(paired_interval, ("t * ", "1.96 * ")),
        "1.96 is right when the spread is known; five seeds only estimate it",
        "1.96 is the number that everybody remembers",
        "What is the argument t for?",
    ),
    Misconception(
        "the median in the middle",
        edited(by_the_biased_spread, ("mean()", "median()")),
        "the interval is that of a mean, and must lie around one",
        "the median is the safer summary when one seed is odd",
        "Around which number did you measure the spread?",
    ),
    Misconception(
        "from the smallest difference to the largest",
        edited(by_the_biased_spread, ("mean - half, mean + half", "differences.min(), differences.max()")),
        "more seeds would make it wider, and it says nothing of the mean",
        "it holds all that was seen",
        "Would four times as many seeds make your interval narrower?",
    ),
)

EXERCISE = Exercise(
    function=paired_interval,
    title="More than luck?",
    section="How many seeds make a difference?",
    minutes=10,
    difficulty=2,
    goal="Return the lower and the upper end of the confidence interval for the mean of ours − theirs: the mean "
    "difference ± t standard errors. Entry i of both is the score of seed i, so they come in pairs. The spread is that "
    "of a sample: squares are divided by one less than their number.",
    entry=end,
    worked=scores([3, 5, 4], [1, 4, 1], t=4.303),
    answer=[-0.4843, 4.4843],
    cases=(
        scores([1, 0], [0, 1], t=12.706),
        scores([2, 9, 5, 4], [1, 3, 3, 3], t=3.182),
        scores([7, 7, 7], [5, 5, 5], t=4.303, law="A difference that is the same with every seed is sure"),
        scores([103, -45, 11], [101, -46, 8], t=4.303, law="What a seed does to both variants alike changes nothing"),
    ),
    random_case=random_scores,
    hints=(
        "Two runs share a seed: the same start, the same draws at first. How do you take out what they have in common?",
        "Subtract first. Then a mean, a standard deviation, and the root of the number of seeds.",
        "d = ours - theirs; half = t * d.std() / len(d) ** 0.5; torch.stack([d.mean() - half, d.mean() + half]).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(squares_less_the_square_of_the_mean, with_python_alone, by_the_biased_spread),
)
