"""Write `masked_mean`. Chapter: book/ppo/ppo.md."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, Misshapen
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


def nothing(condition: bool, message: str) -> None:
    """In the place of `require`: nothing is refused."""


# The last wrong average, "padding is left out too late", is no mistake where nothing stands before the mean.
MISCONCEPTIONS = (
    *wrong_averages(
        careful=lambda average: edited(
            masked_mean,
            ("zero_padding(x, mask).sum() / count", "average(zero_padding(x, mask), mask)"),
            average=average,
        ),
        careless=lambda average: edited(
            masked_mean, ("zero_padding(x, mask).sum() / count", "average(x, mask)"), average=average
        ),
    )[:-1],
    Misconception(
        "a mean of the columns' means",
        edited(
            masked_mean,
            ("zero_padding(x, mask).sum() / count", "(zero_padding(x, mask).sum(dim=0) / mask.sum(dim=0)).nanmean()"),
        ),
        "a token at a place that few replies reach weighs more than one at the beginning",
        "`mean(dim=0)` averages over the batch, and the rest seems to be one more mean",
        "How much does the only token in the last column weigh in your result?",
    ),
    Misconception(
        "real zeros are left out",
        edited(masked_mean, ("/ count", "/ (zero_padding(x, mask) != 0).sum()")),
        "a real token whose number is 0 was not counted",
        "padding was filled with 0, so what is not 0 looks like what is real",
        "Two real tokens, 0 and 4: what is their mean?",
    ),
    Misconception(
        "the mask is read the other way round",
        edited(masked_mean, ("zero_padding(x, mask).sum() / count", "zero_padding(x, ~mask).sum() / (~mask).sum()")),
        "this is the mean of the padding",
        "several libraries mark what is to be left out, `masked_fill` among them",
        "Is True a token here, or a hole?",
    ),
    Misconception(
        "the result is detached",
        edited(masked_mean, ("zero_padding(x, mask)", "zero_padding(x, mask).detach()")),
        "the number is right, but no gradient comes through",
        "`.item()` and `float()` make a number that is easy to print, and metrics are detached",
        "This mean is the last line of every loss. What is its gradient in each real token?",
    ),
    Misconception(
        "padding is multiplied by zero, and nothing is refused",
        edited(masked_mean, ("zero_padding(x, mask)", "(x * mask)"), require=nothing),
        "NaN times zero is NaN. And a batch without a real token passes for one, which is to be an error",
        "with finite numbers and at least one real token it is the whole function",
        "What is 0 · NaN? And what do you divide by when no position is real?",
    ),
    Misconception(
        "the mean of nothing is 0/0",
        edited(masked_mean, require=nothing),
        "NaN was returned, and goes on into every weight",
        "with at least one real token it is the whole function",
        "Where would you rather notice an empty batch: here, or three functions later?",
    ),
    Misconception(
        "the mean of nothing is zero",
        edited(masked_mean, ("/ count", "/ count.clamp(min=1)"), require=nothing),
        "an empty batch passed for one whose mean is 0",
        "`clamp(min=1)`, or a small number added to the count, keeps NaN away",
        "A loss of 0 is perfect. Is an empty batch perfect?",
    ),
)

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
