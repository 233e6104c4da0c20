"""Known wrong ways to write `paired_interval`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    difference: Callable = lambda ours, theirs: ours - theirs,
    centre: Callable = torch.mean,
    spread: Callable = torch.std,
    error: Callable = lambda spread, seeds: spread / seeds**0.5,
    width: Callable = lambda error, t: t * error,
) -> Callable:
    """The interval with one part replaced."""

    def paired_interval(ours, theirs, *, t):
        differences = difference(ours, theirs)
        half = width(error(spread(differences), len(ours)), t)
        return torch.stack([centre(differences) - half, centre(differences) + half])

    return paired_interval


def of_two_means(ours: Tensor, theirs: Tensor, *, t: float) -> Tensor:
    half = t * ((ours.var() + theirs.var()) / len(ours)).sqrt()
    difference = ours.mean() - theirs.mean()
    return torch.stack([difference - half, difference + half])


def from_end_to_end(ours: Tensor, theirs: Tensor, *, t: float) -> Tensor:
    differences = ours - theirs
    return torch.stack([differences.min(), differences.max()])


def middle_and_half_width(ours: Tensor, theirs: Tensor, *, t: float) -> Tensor:
    low, high = altered()(ours, theirs, t=t)
    return torch.stack([(low + high) / 2, (high - low) / 2])


MISCONCEPTIONS = (
    Misconception(
        "the seeds are not paired",
        of_two_means,
        "the spreads of both variants were added, and with them all the luck that a seed brings to both alike",
        "it is the formula for two independent groups, which stands first in many books",
        "Seed 3 began with a bad start in both variants. In which of the five differences does that show?",
    ),
    Misconception(
        "the spread of the seeds instead of that of their mean",
        altered(error=lambda spread, seeds: spread),
        "this says where the next seed may fall, not where the mean lies",
        "'mean ± standard deviation' is what most tables print",
        "Would four times as many seeds make your interval narrower?",
    ),
    Misconception(
        "divided by the number of seeds, not by its root",
        altered(error=lambda spread, seeds: spread / seeds),
        "variances are divided by the number of seeds, and a spread is the root of a variance",
        "a mean of S numbers divides by S",
        "The variance of a mean of S numbers is s²/S. What is its root?",
    ),
    Misconception(
        "the variance instead of its root",
        altered(spread=torch.var),
        "an interval in squared units of reward",
        "s² is what one computes first",
        "If scores were counted in thousandths, how should the interval change?",
    ),
    Misconception(
        "the squares divided by S",
        altered(spread=lambda differences: differences.std(correction=0)),
        "the spread around the seeds' own mean is too small: they lie nearer to it than to the true one",
        "a variance is a mean of squares",
        "With a single seed, what would your spread be? How much do we know of it?",
    ),
    Misconception(
        "one seed less under both roots",
        altered(error=lambda spread, seeds: spread / (seeds - 1) ** 0.5),
        "S − 1 belongs below the squares, where the mean has used up one of the differences; a mean is of S numbers",
        "a small sample has a correction, and it was made twice",
        "The squares were divided by S − 1 already. How many numbers is the mean a mean of?",
    ),
    Misconception(
        "the upper end first",
        altered(width=lambda error, t: -t * error),
        "both ends are right, and stand in each other's place",
        "mean ± half is read from the left, and the plus comes first",
        "Which of your two numbers is smaller?",
    ),
    Misconception(
        "the mean and half of the width",
        middle_and_half_width,
        "the interval is right, and told as 'mean ± half' where its two ends were asked for",
        "most tables print it like that",
        "Between which two numbers does the mean lie?",
    ),
    Misconception(
        "theirs − ours",
        altered(difference=lambda ours, theirs: theirs - ours),
        "the interval is turned over",
        "'the difference from PPO' can be read both ways",
        "Ours is better by 2 on every seed. Which sign should that have?",
    ),
    Misconception(
        "differences without their sign",
        altered(difference=lambda ours, theirs: (ours - theirs).abs()),
        "a win on one seed and a loss on another were both counted as wins",
        "a difference sounds like a distance",
        "One seed gains 1, another loses 1. What is the mean difference?",
    ),
    Misconception(
        "t is missing",
        altered(width=lambda error, t: error),
        "one standard error each way holds the truth in fewer than two of three cases",
        "'mean ± standard error' is what many figures draw",
        "Five seeds know their spread badly. By what factor must the interval be wider?",
    ),
    Misconception(
        "the quantile of the normal distribution",
        altered(width=lambda error, t: 1.96 * error),
        "1.96 is right when the spread is known; five seeds only estimate it",
        "1.96 is the number that everybody remembers",
        "What is the argument t for?",
    ),
    Misconception(
        "the median in the middle",
        altered(centre=torch.median),
        "the interval is that of a mean, and must lie around one",
        "the median is the safer summary when one seed is odd",
        "Around which number did you measure the spread?",
    ),
    Misconception(
        "from the smallest difference to the largest",
        from_end_to_end,
        "more seeds would make it wider, and it says nothing of the mean",
        "it holds all that was seen",
        "Would four times as many seeds make your interval narrower?",
    ),
)
