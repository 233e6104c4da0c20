"""Known wrong ways to write `whiten`."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import masked_mean, zero_padding


def altered(
    *,
    mean: Callable = masked_mean,
    variance: Callable = lambda centred, mask: masked_mean(centred.square(), mask),
    scale: Callable = lambda variance: torch.sqrt(variance + 1e-8),
    result: Callable = lambda centred, scale, mean: centred / scale,
    padding: Callable = lambda whitened, x, mask: zero_padding(whitened, mask),
) -> Callable:
    """Whitening with one part replaced."""

    def whiten(x, mask):
        middle = mean(x, mask)
        centred = x - middle
        return padding(result(centred, scale(variance(centred, mask)), middle), x, mask)

    return whiten


def everywhere(x: Tensor, mask: Tensor) -> Tensor:
    """Padding treated as if it were real."""
    return (x - x.mean()) / torch.sqrt(x.var(correction=0) + 1e-8)


def of_each_row(x: Tensor, mask: Tensor) -> Tensor:
    """Each row shifted and scaled for itself."""
    count = mask.sum(dim=-1, keepdim=True)
    centred = zero_padding(x - zero_padding(x, mask).sum(dim=-1, keepdim=True) / count, mask)
    return centred / torch.sqrt(centred.square().sum(dim=-1, keepdim=True) / count + 1e-8)


def of_each_column(x: Tensor, mask: Tensor) -> Tensor:
    """Each column shifted and scaled for itself; a flat batch is a single column."""
    return of_each_row(x.T.contiguous(), mask.T).T if x.dim() == 2 else of_each_row(x, mask)


def over_all_positions(x: Tensor, mask: Tensor) -> Tensor:
    """Sums over real tokens, divided by all positions."""
    x = zero_padding(x, mask)
    centred = zero_padding(x - x.mean(), mask)
    return centred / torch.sqrt(centred.square().mean() + 1e-8)


def by_multiplication(x: Tensor, mask: Tensor) -> Tensor:
    mean = (x * mask).sum() / mask.sum()
    centred = (x - mean) * mask
    return centred / torch.sqrt(centred.square().sum() / mask.sum() + 1e-8)


def zeros_shifted(x: Tensor, mask: Tensor) -> Tensor:
    """Padding is 0 before the mean is subtracted, and not afterwards, when the squares are added up."""
    x = zero_padding(x, mask)
    centred = x - x.sum() / mask.sum()
    return zero_padding(centred / torch.sqrt(centred.square().sum() / mask.sum() + 1e-8), mask)


def unbiased(centred: Tensor, mask: Tensor) -> Tensor:
    return zero_padding(centred, mask).square().sum() / (mask.sum() - 1)


MISCONCEPTIONS = (
    Misconception(
        "padding is whitened as well",
        everywhere,
        "padding went into the mean and the variance, and into the result",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
    Misconception(
        "padding is whitened as well, and n − 1 divides",
        lambda x, mask: (x - x.mean()) / (x.std() + 1e-8),
        "padding went into the mean, into the variance, which was divided by n − 1, and into the result",
        "it is the line of most repositories, where nothing is padded",
        "Which positions of the batch are tokens?",
    ),
    Misconception(
        "padding goes into the mean and the variance",
        lambda x, mask: zero_padding(everywhere(x, mask), mask),
        "what stands at padding moved the mean",
        "the result is 0 at padding, so the mask seems to be taken care of",
        "Whose mean did you subtract?",
    ),
    Misconception(
        "divided by all positions",
        over_all_positions,
        "padding was zeroed, and counted in the mean and the variance",
        "`(x * mask).mean()` looks like a masked mean",
        "How many real tokens are there, and by how many did you divide?",
    ),
    Misconception(
        "the variance is divided by all positions",
        altered(variance=lambda centred, mask: zero_padding(centred, mask).square().mean()),
        "the mean is right, but padding counted in the variance",
        "padding was filled with 0, and 0 adds nothing to a sum; to a mean it does",
        "How many real tokens are there, and by how many did you divide?",
    ),
    Misconception(
        "padding is no longer 0 when the squares are added up",
        zeros_shifted,
        "the mean is right, but the variance counts padding's distance from it",
        "padding was filled with 0 once, at the beginning; then the mean was subtracted everywhere",
        "What stands at padding once you have subtracted the mean?",
    ),
    Misconception(
        "padding is shifted, not zero",
        altered(padding=lambda whitened, x, mask: whitened),
        "the mean was subtracted from padding, too",
        "mean and variance are right, and padding is masked again later, one hopes",
        "What should stand at padding afterwards?",
    ),
    Misconception(
        "padding is left as it was",
        altered(padding=lambda whitened, x, mask: torch.where(mask, whitened, x)),
        "the old number still stands at padding",
        "only real tokens are to be whitened",
        "What should stand at padding afterwards?",
    ),
    Misconception(
        "padding is dropped",
        altered(padding=lambda whitened, x, mask: whitened[mask]),
        "a flat list of real tokens was returned",
        "selecting with a mask is the quickest way to the mean",
        "Where in your result is the first token of the second reply?",
    ),
    Misconception(
        "padding is multiplied by zero",
        by_multiplication,
        "NaN times zero is NaN, and the mean takes it everywhere",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "the mean is kept",
        altered(result=lambda centred, scale, mean: (centred + mean) / scale),
        "the numbers were scaled, and not shifted",
        "scaling alone keeps the signs, and rewards are treated so",
        "What is the mean of your result?",
    ),
    Misconception(
        "the mean is added back",
        altered(result=lambda centred, scale, mean: centred / scale + mean),
        "the mean was restored after scaling",
        "published code does this with rewards; advantages lose their mean",
        "What is the mean of your result?",
    ),
    Misconception(
        "nothing is scaled",
        altered(result=lambda centred, scale, mean: centred),
        "the mean is 0, the variance is not 1",
        "subtracting a mean is called centring, or a baseline, and is the half that cannot go wrong",
        "What is the variance of your result?",
    ),
    Misconception(
        "divided by the variance",
        altered(scale=lambda variance: variance + 1e-8),
        "the square root is missing",
        "'scaled to variance 1' sounds like a division by it",
        "x doubles. What happens to its variance, and what should happen to your result?",
    ),
    Misconception(
        "the variance around zero",
        lambda x, mask: zero_padding(x - masked_mean(x, mask), mask) / (masked_mean(x.square(), mask) + 1e-8).sqrt(),
        "the mean square of x was taken for its variance",
        "once the mean is gone they are the same; it was not gone yet",
        "What is the variance of x = (3, 3, 3)?",
    ),
    Misconception(
        "the variance is divided by n − 1",
        altered(variance=unbiased),
        "the numbers are too small, and a single real token gives 0/0",
        "`std()` and `var()` of torch do so unless told otherwise",
        "One real token: what is n − 1?",
    ),
    Misconception(
        "nothing keeps the root away from zero",
        altered(scale=torch.sqrt),
        "equal numbers, or a single one, give 0/0",
        "with different numbers the small addition cannot be seen",
        "What is the variance of a single real token, and what comes after it?",
    ),
    Misconception(
        "scaled to length 1",
        altered(variance=lambda centred, mask: zero_padding(centred, mask).square().sum()),
        "the squares were added up, not averaged",
        "a norm is a root of squares, too",
        "What is the variance of your result?",
    ),
    Misconception(
        "a large number under the root",
        altered(scale=lambda variance: torch.sqrt(variance + 1e-2)),
        "the addition was not small against the variance",
        "it is there to prevent a division by zero, and any number does that",
        "The variance of x is 0.01. What is that of your result?",
    ),
    Misconception(
        "each row for itself",
        of_each_row,
        "every reply was given mean 0 and variance 1",
        "a mean over the last axis is the usual one in a network",
        "A good reply and a bad one: should both have the mean 0?",
    ),
    Misconception(
        "each column for itself",
        of_each_column,
        "every token position was given mean 0 and variance 1",
        "batch normalisation does so",
        "Two replies: how many numbers is each of your means taken over?",
    ),
)
