"""Known wrong ways to write `masked_mean`."""

from collections.abc import Callable

from torch import Tensor

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import zero_padding


def refusing(average: Callable) -> Callable:
    """An average that is right about the empty mask."""

    def masked_mean(x, mask):
        if not mask.any():
            raise ValueError("all is padding")
        return average(x, mask)

    return masked_mean


def careful(average: Callable) -> Callable:
    return refusing(lambda x, mask: average(zero_padding(x, mask), mask))


def number_of_others(x: Tensor, mask: Tensor) -> Tensor:
    x = zero_padding(x, mask)
    return x.sum() / (x != 0).sum()


def of_the_columns(x: Tensor, mask: Tensor) -> Tensor:
    count = mask.sum(dim=0)
    return (zero_padding(x, mask).sum(dim=0)[count > 0] / count[count > 0]).mean()


# The last of them, "padding is left out too late", is no mistake where nothing stands before the mean.
MISCONCEPTIONS = (
    *wrong_averages(careful=careful, careless=refusing)[:-1],
    Misconception(
        "a mean of the columns' means",
        refusing(of_the_columns),
        "a token at a place that few replies reach weighs more than one at the beginning",
        "`mean(dim=0)` averages over the batch, and the rest seems to be one more mean",
        "How much does the only token in the last column weigh in your result?",
    ),
    Misconception(
        "real zeros are left out",
        refusing(number_of_others),
        "a real token whose number is 0 was not counted",
        "padding was filled with 0, so what is not 0 looks like what is real",
        "Two real tokens, 0 and 4: what is their mean?",
    ),
    Misconception(
        "the mask is read the other way round",
        refusing(lambda x, mask: zero_padding(x, ~mask).sum() / (~mask).sum()),
        "this is the mean of the padding",
        "several libraries mark what is to be left out, `masked_fill` among them",
        "Is True a token here, or a hole?",
    ),
    Misconception(
        "the result is detached",
        careful(lambda x, mask: x.detach().sum() / mask.sum()),
        "the number is right, but no gradient comes through",
        "`.item()` and `float()` make a number that is easy to print, and metrics are detached",
        "This mean is the last line of every loss. What is its gradient in each real token?",
    ),
    Misconception(
        "padding is multiplied by zero, and nothing is refused",
        lambda x, mask: (x * mask).sum() / mask.sum(),
        "NaN times zero is NaN. And a batch without a real token passes for one, which is to be an error",
        "with finite numbers and at least one real token it is the whole function",
        "What is 0 · NaN? And what do you divide by when no position is real?",
    ),
    Misconception(
        "the mean of nothing is 0/0",
        lambda x, mask: zero_padding(x, mask).sum() / mask.sum(),
        "NaN was returned, and goes on into every weight",
        "with at least one real token it is the whole function",
        "Where would you rather notice an empty batch: here, or three functions later?",
    ),
    Misconception(
        "the mean of nothing is zero",
        lambda x, mask: zero_padding(x, mask).sum() / mask.sum().clamp(min=1),
        "an empty batch passed for one whose mean is 0",
        "`clamp(min=1)`, or a small number added to the count, keeps NaN away",
        "A loss of 0 is perfect. Is an empty batch perfect?",
    ),
)
