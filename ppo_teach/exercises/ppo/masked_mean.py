"""Write `masked_mean`. Chapter: book/ppo/ppo.md."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from ppo_teach.exercises.exercise import Case, Exercise, Misshapen
from ppo_teach.exercises.ppo.masked_mean_misconceptions import MISCONCEPTIONS
from ppo_teach.masks import masked_mean


def batch(x: list, mask: list, *, law: str = "") -> Case:
    return Case({"x": torch.tensor(x, dtype=torch.float32), "mask": torch.tensor(mask).bool()}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Three rows of different length, a mean far from zero, a real zero, and junk at padding."""
    x = (torch.randint(-150, 151, (3, 4), generator=rng) + 100) / 100
    x[:, 0] = torch.tensor([0.0, 1.0, 2.0])[torch.randperm(3, generator=rng)]
    mask = torch.arange(4) < torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)][:, None]
    return batch(torch.where(mask, x, 7.0).tolist(), mask.tolist())


def play(function: Callable, x: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"]) -> object:
    """What the function returns. Of an empty mask: whether it raised ValueError, and otherwise what it returned."""
    if mask.any():
        return function(x, mask)
    try:
        result = function(x, mask)
    except ValueError:
        return torch.tensor([1.0, torch.nan])
    if isinstance(result, Exception):
        raise Misshapen("it returns an error", "an error was returned; `raise` it")
    return torch.tensor([0.0, torch.nan if result is None else torch.as_tensor(result).item()])


def entry(index: tuple[int, ...]) -> str:
    return ("number of ValueErrors", "mean of nothing")[index[0]] if index else "mean"


def by_selection(x, mask):
    """A list of the real tokens."""
    if mask.sum() == 0:
        raise ValueError("nothing is real")
    return x[mask].mean()


def by_weights(x, mask):
    """A weighted sum whose weights add up to 1, in float64."""
    if not mask.any():
        raise ValueError(f"none of {mask.numel()} positions is real")
    weights = normalize(mask.flatten().double(), p=1, dim=0)
    return x.double().masked_fill(~mask, 0).flatten() @ weights


def by_nanmean(x, mask):
    """Padding made NaN, and the library's mean that leaves NaN out."""
    mean = torch.nanmean(torch.where(mask, x, torch.nan))
    if mean.isnan():
        raise ValueError("the mean of nothing")
    return mean


def token_by_token(x, mask):
    """A running mean."""
    mean, count = torch.zeros(()), 0
    for value, real in zip(x.flatten(), mask.flatten(), strict=True):
        if real:
            count += 1
            mean = mean + (value - mean) / count
    if not count:
        raise ValueError("no token")
    return mean


NAN = float("nan")
EXERCISE = Exercise(
    function=masked_mean,
    title="The mean over real tokens",
    section="Only what is real",
    minutes=5,
    difficulty=1,
    goal="Return the mean of x over the positions where the mask is True: each real token of the batch weighs the "
    "same. What stands where the mask is False, NaN included, reaches neither the result nor a gradient. Raise "
    "ValueError when no position is real. Batches may be (B, T) or flat.",
    entry=entry,
    worked=batch([[1, 3, 9]], [[1, 1, 0]]),
    answer=2.0,
    cases=(
        batch([[2, 4], [9, 9]], [[1, 1], [1, 0]]),
        batch([[0, 4]], [[1, 1]]),
        batch([[1, 3, 5], [2, 8, 8], [4, 6, 8]], [[1, 1, 1], [1, 0, 0], [1, 1, 0]]),
        batch([2, 4, 6, 9], [1, 1, 1, 0], law="A flat batch is a batch"),
        batch([[1, 3], [9, 9]], [[1, 1], [0, 0]], law="A row without a real token adds nothing"),
        batch(
            [[1, NAN, NAN], [3, 5, NAN]],
            [[1, 0, 0], [1, 1, 0]],
            law="What stands at padding changes nothing, NaN included",
        ),
        batch([[1, 2]], [[0, 0]], law="The mean of nothing is no number: ValueError"),
    ),
    random_case=random_batch,
    gradients=("x",),
    hints=(
        "How many real tokens are there on paper, and what do they add up to?",
        "Fill padding with 0, add everything up, divide by the number of real tokens; look at that number first.",
        "torch.where(mask, x, 0).sum() / mask.sum(); before that, raise ValueError if not mask.any().",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, by_weights, by_nanmean, token_by_token),
    play=play,
)
