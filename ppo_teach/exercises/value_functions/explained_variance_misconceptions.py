"""Known wrong ways to write `explained_variance`."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def variance(x: Tensor) -> Tensor:
    return x.var(correction=0)


def mean_square(x: Tensor) -> Tensor:
    return x.square().mean()


def unexplained(values: Tensor, returns: Tensor) -> Tensor:
    """Var(R − V) / Var(R), NaN for 0/0 and where the returns do not vary."""
    spread = variance(returns)
    return torch.where(spread > 0, variance(returns - values) / spread, torch.nan)


def selected(share: Callable) -> Callable:
    """A share of real tokens only: a function of their values and returns."""
    return lambda values, returns, mask: share(values[mask], returns[mask])


def where_returns_vary(share: Callable) -> Callable:
    """The same, and NaN where all returns are equal."""
    return selected(lambda v, r: torch.where(variance(r) > 0, share(v, r), torch.nan))


def filled(values: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    """Padding set to 0, and counted."""
    values, returns = (torch.where(mask, x, 0.0) for x in (values, returns))
    return 1 - unexplained(values.flatten(), returns.flatten())


def row_by_row(values: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    """The mean of each row's own explained variance."""
    if values.dim() == 1:
        values, returns, mask = values[None], returns[None], mask[None]
    rows = [1 - unexplained(v[m], r[m]) for v, r, m in zip(values, returns, mask, strict=True)]
    return torch.stack(rows).mean()


MISCONCEPTIONS = (
    Misconception(
        "the ratio is inverted",
        where_returns_vary(lambda v, r: 1 - variance(r) / variance(r - v)),
        "the variance of the returns stood above, that of what is left below",
        "'explained over unexplained' is a quotient one meets, too",
        "A perfect critic leaves nothing. What is divided by nothing?",
    ),
    Misconception(
        "1 minus is missing",
        selected(unexplained),
        "this is the share that is not explained",
        "the quotient is the interesting part, and is easily taken for the result",
        "What should a perfect critic get: 0 or 1?",
    ),
    Misconception(
        "the sign",
        selected(lambda v, r: unexplained(v, r) - 1),
        "this is Var(R − V)/Var(R) − 1, so a perfect critic has −1",
        "the terms of a difference are easily swapped",
        "What should a perfect critic get: −1 or 1?",
    ),
    Misconception(
        "squares instead of the variance of what is left",
        where_returns_vary(lambda v, r: 1 - mean_square(r - v) / variance(r)),
        "an error that is the same everywhere was counted",
        "it is R² of the statistics books, and the same as long as the critic is right on average",
        "All values are too high by 7. Does the error vary?",
    ),
    Misconception(
        "squares, and the variance of a sample below",
        where_returns_vary(lambda v, r: 1 - mean_square(r - v) / r.var()),
        "an error that is the same everywhere was counted; and `var` divides by n − 1 where `mean` divides by n",
        "torch's `var` does so unless it is told `correction=0`",
        "All values are too high by 7. Does the error vary?",
    ),
    Misconception(
        "squares in both places",
        where_returns_vary(lambda v, r: 1 - mean_square(r - v) / mean_square(r)),
        "no mean was subtracted, above or below",
        "for numbers with mean 0 the variance is the mean square",
        "What should a critic get that says the mean return everywhere?",
    ),
    Misconception(
        "divided by the variance of the values",
        where_returns_vary(lambda v, r: 1 - variance(r - v) / variance(v)),
        "the variance to be explained is that of the returns",
        "values and returns look alike, and the first argument comes to hand first",
        "Whose variance do you want explained?",
    ),
    Misconception(
        "the variance of the values over that of the returns",
        where_returns_vary(lambda v, r: variance(v) / variance(r)),
        "any critic that varies as much as the returns would be perfect",
        "for the exact V it is the same number",
        "A critic says 3, 2, 1 where 1, 2, 3 was right. How much has it explained?",
    ),
    Misconception(
        "the squared correlation",
        where_returns_vary(lambda v, r: torch.stack([v, r]).corrcoef()[0, 1].square()),
        "scale and sign of the critic were forgiven",
        "it is called R², too, and equals this one for a fitted straight line",
        "A critic says 3, 2, 1 where 1, 2, 3 was right. Is it a perfect critic?",
    ),
    Misconception(
        "standard deviations instead of variances",
        where_returns_vary(lambda v, r: 1 - (variance(r - v) / variance(r)).sqrt()),
        "the square root was taken",
        "`std` stands next to `var`, and has the unit of the reward",
        "What is left is half as wide as the returns. What share of the variance is that?",
    ),
    Misconception(
        "nothing below 0",
        selected(lambda v, r: (1 - unexplained(v, r)).clamp(min=0)),
        "the harm was hidden",
        "a share seems to lie between 0 and 1",
        "What should a critic get that makes the error larger?",
    ),
    Misconception(
        "0 when there is nothing to explain",
        selected(lambda v, r: (1 - unexplained(v, r)).nan_to_num(0.0)),
        "a batch of equal returns was reported as a bad critic",
        "a NaN in a log looks like a crash",
        "All returns are equal. Is the critic bad, or is there nothing to know?",
    ),
    Misconception(
        "a tiny number below",
        selected(lambda v, r: 1 - variance(r - v) / (variance(r) + 1e-8)),
        "where all returns are equal a huge negative number stands for 'nothing to explain'",
        "+ 1e-8 is how one divides safely elsewhere",
        "All returns are equal. What is Var(R − V) / 1e-8?",
    ),
    Misconception(
        "a tiny number below, beside the variance of a sample",
        selected(lambda v, r: 1 - (r - v).var() / (r.var() + 1e-8)),
        "where all returns are equal a huge negative number stands for 'nothing to explain'",
        "+ 1e-8 is how one divides safely elsewhere",
        "All returns are equal. What is Var(R − V) / 1e-8?",
    ),
    Misconception(
        "minus infinity when there is nothing to explain",
        selected(lambda v, r: 1 - variance(r - v) / variance(r)),
        "a variance was divided by 0",
        "it is the formula, letter by letter",
        "All returns are equal. What is the divisor?",
    ),
    Misconception(
        "padding is counted",
        lambda values, returns, mask: 1 - unexplained(values.flatten(), returns.flatten()),
        "what stands at padding went into the variances",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
    Misconception(
        "padding is zeroed, and counted",
        filled,
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
