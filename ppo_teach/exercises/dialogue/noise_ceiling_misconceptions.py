"""Known wrong ways to write `noise_ceiling`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    logit: Callable = lambda difference, temperature: difference / temperature,
    right: Callable = lambda p: torch.maximum(p, 1 - p),
    summary: Callable = torch.mean,
) -> Callable:
    """The ceiling with one part replaced."""

    def noise_ceiling(first_gold, second_gold, *, temperature):
        return summary(right(torch.sigmoid(logit(first_gold - second_gold, temperature))))

    return noise_ceiling


def by_the_mean_probability(first_gold: Tensor, second_gold: Tensor, *, temperature: float) -> Tensor:
    p = torch.sigmoid((first_gold - second_gold) / temperature).mean()
    return torch.maximum(p, 1 - p)


def of_the_mean_size(first_gold: Tensor, second_gold: Tensor, *, temperature: float) -> Tensor:
    return torch.sigmoid((first_gold - second_gold).abs().mean() / temperature)


def without_ties(first_gold: Tensor, second_gold: Tensor, *, temperature: float) -> Tensor:
    differ = first_gold != second_gold
    p = torch.sigmoid((first_gold - second_gold).abs() / temperature)
    return (p * differ).sum() / differ.sum().clamp(min=1)


def always_right(first_gold: Tensor, second_gold: Tensor, *, temperature: float) -> Tensor:
    return torch.where(first_gold == second_gold, 0.5, 1.0).mean()


MISCONCEPTIONS = (
    Misconception(
        "the first is always foretold",
        altered(right=lambda p: p),
        "where the second reply is better you foretold the first all the same",
        "P(the first is preferred) is the formula of the chapter, and its mean looks like an accuracy",
        "The second reply is worth more, and you know it. Which choice do you foretell?",
    ),
    Misconception(
        "only a coin where the second is better",
        altered(right=lambda p: p.clamp(min=0.5)),
        "pairs whose second reply is better came out at ½, as if nobody could tell",
        "`clamp(min=0.5)` looks like 'never worse than a coin', which the ceiling is too",
        "The same pair the other way round: is its choice harder to foretell?",
    ),
    Misconception(
        "the likelier choice is taken for certain",
        always_right,
        "whoever knows the scores would be right each time; but those who chose saw them through noise",
        "the better reply is known, so it seems that nothing can go wrong",
        "A difference of log 3, at temperature 1: how often is the better reply preferred?",
    ),
    Misconception(
        "how often two people agree",
        altered(right=lambda p: p**2 + (1 - p) ** 2),
        "this is what one person foretells of another by choosing like him, noise and all",
        "agreement among people is measured so, and is often called a ceiling too",
        "Who foretells here: somebody who tosses a coin like the others, or somebody who names the likelier choice?",
    ),
    Misconception(
        "the share that cannot be foretold",
        altered(right=lambda p: torch.minimum(p, 1 - p)),
        "these are the mistakes, and not what is right",
        "min and max are one letter apart in the mind",
        "Can somebody who knows the scores do worse than a coin?",
    ),
    Misconception(
        "the temperature multiplies",
        altered(logit=lambda difference, temperature: difference * temperature),
        "a coarse eye sees differences better than a fine one",
        "both ways it is a factor on the difference",
        "A higher temperature: do people see a difference more easily, or less?",
    ),
    Misconception(
        "the temperature is left out",
        altered(logit=lambda difference, temperature: difference),
        "it is the ceiling for another eye",
        "at temperature 1 it makes no difference",
        "The same two replies, at a temperature of 2: is the choice as easy to foretell?",
    ),
    Misconception(
        "half the difference",
        altered(logit=lambda difference, temperature: difference / temperature / 2),
        "the differences came out half as large as they are",
        "a tanh, of which σ is a shifted half, has a 2 in it",
        "A difference of log 3 at temperature 1: what does σ say?",
    ),
    Misconception(
        "one choice foretold for all pairs",
        by_the_mean_probability,
        "better firsts and better seconds cancelled before the choice was foretold",
        "the mean comes last in the formula, and first in the fingers",
        "May you foretell the first for one pair and the second for the next?",
    ),
    Misconception(
        "the ceiling of the mean difference",
        of_the_mean_size,
        "σ bends: the mean of its values is not its value at the mean",
        "one number to put into one formula",
        "A pair that is certain and a pair of equals: is that the same as two pairs in between?",
    ),
    Misconception(
        "pairs of equals are left out",
        without_ties,
        "the pairs where only a coin decides are not counted, and the ceiling is too high",
        "where both are worth the same there is nothing to foretell",
        "Will the judge be asked about such pairs?",
    ),
    Misconception(
        "a sum over pairs",
        altered(summary=torch.sum),
        "more pairs would make a higher ceiling",
        "`.sum()` and `.mean()` look alike with one pair",
        "Can a share be more than 1?",
    ),
    Misconception(
        "the easiest pair",
        altered(summary=torch.max),
        "the pair that is easiest to foretell stands for all",
        "a ceiling sounds like the highest of something",
        "Highest over what: over pairs, or over judges?",
    ),
)
