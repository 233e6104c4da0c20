"""Write `explained_variance`. Chapter: book/foundations/value-functions.md."""

from statistics import pvariance

import numpy as np
import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Exercise, Misconception
from ppo_teach.exercises.value_functions.value_loss import NAN, predictions, random_predictions
from ppo_teach.values import explained_variance


def by_selection(values, returns, mask):
    """Torch's variances of the real tokens."""
    values, returns = values[mask], returns[mask]
    left, whole = (returns - values).var(correction=0), returns.var(correction=0)
    return torch.where(whole > 0, 1 - left / whole, torch.nan)


def by_covariance(values, returns, mask):
    """(2 Cov(V, R) − Var(V)) / Var(R), in float64."""
    both = torch.stack([values[mask], returns[mask]]).double()
    (of_values, shared), (_, of_returns) = both.cov(correction=0)
    return torch.where(of_returns > 0, (2 * shared - of_values) / of_returns, torch.nan)


def in_numpy(values, returns, mask):
    """The same line in NumPy, returned as a number."""
    values, returns, mask = map(np.asarray, (values, returns, mask))
    variance = np.var(returns[mask], dtype=np.float64)
    return float("nan") if variance == 0 else 1 - np.var((returns - values)[mask], dtype=np.float64) / variance


def with_the_library(values, returns, mask):
    """The standard library's variance, over lists."""
    errors, targets = (returns - values)[mask].tolist(), returns[mask].tolist()
    return 1 - pvariance(errors) / pvariance(targets) if pvariance(targets) else float("nan")


def row_by_row(values, returns, mask):
    """The mean of each row's own explained variance."""
    rows = zip(*map(torch.atleast_2d, (values, returns, mask)), strict=True)
    return torch.stack([by_selection(*row) for row in rows]).mean()


MISCONCEPTIONS = (
    Misconception(
        "the ratio is inverted",
        edited(by_selection, ("left / whole", "whole / left")),
        "the variance of the returns stood above, that of what is left below",
        "'explained over unexplained' is a quotient one meets, too",
        "A perfect critic leaves nothing. What is divided by nothing?",
    ),
    Misconception(
        "1 minus is missing",
        edited(by_selection, ("1 - ", "")),
        "this is the share that is not explained",
        "the quotient is the interesting part, and is easily taken for the result",
        "What should a perfect critic get: 0 or 1?",
    ),
    Misconception(
        "the sign",
        edited(by_selection, ("1 - left / whole", "left / whole - 1")),
        "this is Var(R − V)/Var(R) − 1, so a perfect critic has −1",
        "the terms of a difference are easily swapped",
        "What should a perfect critic get: −1 or 1?",
    ),
    Misconception(
        "squares instead of the variance of what is left",
        edited(by_selection, ("(returns - values).var(correction=0)", "(returns - values).square().mean()")),
        "an error that is the same everywhere was counted",
        "it is R² of the statistics books, and the same as long as the critic is right on average",
        "All values are too high by 7. Does the error vary?",
    ),
    Misconception(
        "squares, and the variance of a sample below",
        edited(
            by_selection,
            ("(returns - values).var(correction=0)", "(returns - values).square().mean()"),
            ("returns.var(correction=0)", "returns.var()"),
        ),
        "an error that is the same everywhere was counted; and `var` divides by n − 1 where `mean` divides by n",
        "torch's `var` does so unless it is told `correction=0`",
        "All values are too high by 7. Does the error vary?",
    ),
    Misconception(
        "squares in both places",
        edited(by_selection, ("1 - left / whole", "1 - (returns - values).square().mean() / returns.square().mean()")),
        "no mean was subtracted, above or below",
        "for numbers with mean 0 the variance is the mean square",
        "What should a critic get that says the mean return everywhere?",
    ),
    Misconception(
        "divided by the variance of the values",
        edited(by_selection, ("/ whole", "/ values.var(correction=0)")),
        "the variance to be explained is that of the returns",
        "values and returns look alike, and the first argument comes to hand first",
        "Whose variance do you want explained?",
    ),
    Misconception(
        "the variance of the values over that of the returns",
        edited(by_selection, ("1 - left / whole", "values.var(correction=0) / whole")),
        "any critic that varies as much as the returns would be perfect",
        "for the exact V it is the same number",
        "A critic says 3, 2, 1 where 1, 2, 3 was right. How much has it explained?",
    ),
    Misconception(
        "the squared correlation",
        edited(by_selection, ("1 - left / whole", "torch.stack([values, returns]).corrcoef()[0, 1].square()")),
        "scale and sign of the critic were forgiven",
        "it is called R², too, and equals this one for a fitted straight line",
        "A critic says 3, 2, 1 where 1, 2, 3 was right. Is it a perfect critic?",
    ),
    Misconception(
        "standard deviations instead of variances",
        edited(by_selection, ("left / whole", "(left / whole).sqrt()")),
        "the square root was taken",
        "`std` stands next to `var`, and has the unit of the reward",
        "What is left is half as wide as the returns. What share of the variance is that?",
    ),
    Misconception(
        "nothing below 0",
        edited(by_selection, ("1 - left / whole", "(1 - left / whole).clamp(min=0)")),
        "the harm was hidden",
        "a share seems to lie between 0 and 1",
        "What should a critic get that makes the error larger?",
    ),
    Misconception(
        "0 when there is nothing to explain",
        edited(by_selection, ("torch.nan", "0.0")),
        "a batch of equal returns was reported as a bad critic",
        "a NaN in a log looks like a crash",
        "All returns are equal. Is the critic bad, or is there nothing to know?",
    ),
    Misconception(
        "a tiny number below",
        edited(by_selection, ("torch.where(whole > 0, 1 - left / whole, torch.nan)", "1 - left / (whole + 1e-8)")),
        "where all returns are equal a huge negative number stands for 'nothing to explain'",
        "+ 1e-8 is how one divides safely elsewhere",
        "All returns are equal. What is Var(R − V) / 1e-8?",
    ),
    Misconception(
        "a tiny number below, beside the variance of a sample",
        edited(
            by_selection,
            ("values).var(correction=0), returns.var(correction=0)", "values).var(), returns.var()"),
            ("torch.where(whole > 0, 1 - left / whole, torch.nan)", "1 - left / (whole + 1e-8)"),
        ),
        "where all returns are equal a huge negative number stands for 'nothing to explain'",
        "+ 1e-8 is how one divides safely elsewhere",
        "All returns are equal. What is Var(R − V) / 1e-8?",
    ),
    Misconception(
        "minus infinity when there is nothing to explain",
        edited(by_selection, ("torch.where(whole > 0, 1 - left / whole, torch.nan)", "1 - left / whole")),
        "a variance was divided by 0",
        "it is the formula, letter by letter",
        "All returns are equal. What is the divisor?",
    ),
    Misconception(
        "padding is counted",
        edited(by_selection, ("values[mask], returns[mask]", "values, returns")),
        "what stands at padding went into the variances",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
    Misconception(
        "padding is zeroed, and counted",
        edited(
            by_selection,
            ("values[mask], returns[mask]", "torch.where(mask, values, 0.0), torch.where(mask, returns, 0.0)"),
        ),
        "zeros at padding went into the variances, and the critic is always right about them",
        "for a sum zeros do no harm",
        "Of how many numbers did you take the variance, and how many tokens are there?",
    ),
    Misconception(
        "each row for itself",
        row_by_row,
        "each reply was held against its own mean only",
        "one mean after the other comes naturally to a (B, T) tensor",
        "A reply's return is the same at all its tokens. How much does it vary within the row?",
    ),
)

EXERCISE = Exercise(
    function=explained_variance,
    title="Explained variance",
    section="How much of it is luck?",
    minutes=10,
    difficulty=2,
    goal="Return the share of the returns' variance for which the values account, 1 − Var(R − V) / Var(R), over the "
    "real tokens of the batch: 1 is perfect, 0 no better than a constant, negative is harmful. NaN when all returns "
    "are equal. What stands where the mask is False, NaN included, does not matter. Batches may be (B, T) or flat.",
    entry="explained variance",
    worked=predictions([[1, 2, 2, 9]], [[1, 2, 3, 0]], [[1, 1, 1, 0]]),
    answer=2 / 3,
    cases=(
        predictions([[1, 2], [2, 4]], [[0, 4], [1, 2]]),
        predictions([[0, 1, 9], [3, 2, 9]], [[2, 1, 0], [0, 4, 0]], [[1, 1, 0], [1, 1, 0]]),
        predictions([[3, 2, 1]], [[1, 2, 3]], law="A critic that does harm has less than 0"),
        predictions([[8, 9, 10]], [[1, 2, 3]], law="An error that is the same everywhere does not vary"),
        predictions([1, 3, 2, 9], [1, 2, 3, 0], [1, 1, 1, 0], law="A flat batch is a batch"),
        predictions([[1, 2]], [[2, 2]], law="Where all returns are equal there is nothing to explain: NaN"),
        predictions(
            [[1, 3, NAN], [2, 2, 5]],
            [[1, 2, NAN], [3, 1, 4]],
            [[1, 1, 0], [1, 1, 1]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_predictions,
    hints=(
        "What is left of the returns when the predictions are subtracted? How much does that vary?",
        "Select the real tokens; then one variance over another is the share that is not explained.",
        "1 - (returns - values)[mask].var(correction=0) / returns[mask].var(correction=0); NaN when the divisor is 0.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, by_covariance, in_numpy, with_the_library),
)
