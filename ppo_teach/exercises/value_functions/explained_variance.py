"""Write `explained_variance`. Chapter: book/foundations/value-functions.md."""

from statistics import pvariance

import numpy as np
import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.value_functions.explained_variance_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.value_functions.value_loss import NAN, predictions
from ppo_teach.values import explained_variance


def random_replies(rng: torch.Generator) -> Case:
    """Three replies of different length; values and returns vary, and junk stands at padding."""
    values, returns = torch.randint(-150, 151, (2, 3, 4), generator=rng) / 100
    returns[:, 0] = values[:, 0] + torch.tensor([2.0, -0.5, 0.25])
    lengths = torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)]
    mask = torch.arange(4) < lengths[:, None]
    return predictions(torch.where(mask, values, 7.0).tolist(), returns.tolist(), mask.tolist())


def by_selection(values, returns, mask):
    """Torch's variances of the real tokens; that of a sample will do, since its divisor cancels."""
    values, returns = values[mask], returns[mask]
    variance = returns.var()
    return torch.where(variance > 0, 1 - (returns - values).var() / variance, torch.nan)


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
    random_case=random_replies,
    hints=(
        "What is left of the returns when the predictions are subtracted? How much does that vary?",
        "Select the real tokens; then one variance over another is the share that is not explained.",
        "1 - (returns - values)[mask].var(correction=0) / returns[mask].var(correction=0); NaN when the divisor is 0.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, by_covariance, in_numpy, with_the_library),
)
