"""Write `whiten`. Chapter: book/ppo/ppo.md."""

from functools import partial

import torch
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.masks import masked_mean, whiten, zero_padding


def batch(x: list, mask: list | None = None, *, law: str = "") -> Case:
    x = torch.tensor(x, dtype=torch.float32)
    mask = torch.ones_like(x).bool() if mask is None else torch.tensor(mask).bool()
    return Case({"x": x, "mask": mask}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Three rows of different length, a mean far from zero, and junk at padding."""
    x = (torch.randint(-150, 151, (3, 4), generator=rng) + 100) / 100
    mask = torch.arange(4) < torch.tensor([2, 3, 4])[torch.randperm(3, generator=rng)][:, None]
    return batch(torch.where(mask, x, 7.0).tolist(), mask.tolist())


def step_by_step(x, mask):
    """Every step has a name, and padding is filled with 0 wherever it could come in."""
    mean = masked_mean(x, mask)
    centred = zero_padding(x - mean, mask)
    variance = masked_mean(centred.square(), mask)
    whitened = centred / torch.sqrt(variance + 1e-8)
    return zero_padding(whitened, mask)


def by_selection(x, mask):
    """The real tokens whitened in a list of their own, in float64, and put back."""
    result = torch.zeros_like(x, dtype=torch.float64)
    real = x[mask].double()
    result[mask] = (real - real.mean()) / (real.std(correction=0) + 1e-8)
    return result


def by_moments(x, mask):
    """The variance as the mean square minus the squared mean."""
    x, count = x.masked_fill(~mask, 0), mask.sum()
    mean = x.sum() / count
    variance = (x.square().sum() / count - mean**2).clamp(min=0)
    return torch.where(mask, (x - mean) * (variance + 1e-8).rsqrt(), 0)


def token_by_token(x, mask):
    """A loop, in Python's floats."""
    real = [value for value, keep in zip(x.flatten().tolist(), mask.flatten().tolist(), strict=True) if keep]
    mean = sum(real) / len(real)
    scale = max((sum((value - mean) ** 2 for value in real) / len(real)) ** 0.5, 1e-6)
    result = [(value - mean) / scale if keep else 0.0 for value, keep in zip(x.flatten(), mask.flatten(), strict=True)]
    return torch.tensor(result).view(x.shape)


def mean_along(dim: int, x: Tensor, mask: Tensor) -> Tensor:
    """Each row, or each column, has its own."""
    return zero_padding(x, mask).sum(dim, keepdim=True) / mask.sum(dim, keepdim=True)


MISCONCEPTIONS = (
    Misconception(
        "padding is whitened as well",
        edited(step_by_step, zero_padding=lambda x, mask: x, masked_mean=lambda x, mask: x.mean()),
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
        edited(step_by_step, ("zero_padding(x - mean, mask)", "x - mean"), masked_mean=lambda x, mask: x.mean()),
        "what stands at padding moved the mean",
        "the result is 0 at padding, so the mask seems to be taken care of",
        "Whose mean did you subtract?",
    ),
    Misconception(
        "divided by all positions",
        edited(step_by_step, masked_mean=lambda x, mask: zero_padding(x, mask).mean()),
        "padding was zeroed, and counted in the mean and the variance",
        "`(x * mask).mean()` looks like a masked mean",
        "How many real tokens are there, and by how many did you divide?",
    ),
    Misconception(
        "the variance is divided by all positions",
        edited(step_by_step, ("masked_mean(centred.square(), mask)", "centred.square().mean()")),
        "the mean is right, but padding counted in the variance",
        "padding was filled with 0, and 0 adds nothing to a sum; to a mean it does",
        "How many real tokens are there, and by how many did you divide?",
    ),
    Misconception(
        "padding is no longer 0 when the squares are added up",
        edited(
            step_by_step,
            ("zero_padding(x - mean, mask)", "zero_padding(x, mask) - mean"),
            ("masked_mean(centred.square(), mask)", "centred.square().sum() / mask.sum()"),
        ),
        "the mean is right, but the variance counts padding's distance from it",
        "padding was filled with 0 once, at the beginning; then the mean was subtracted everywhere",
        "What stands at padding once you have subtracted the mean?",
    ),
    Misconception(
        "padding is shifted, not zero",
        edited(step_by_step, zero_padding=lambda x, mask: x),
        "the mean was subtracted from padding, too",
        "mean and variance are right, and padding is masked again later, one hopes",
        "What should stand at padding afterwards?",
    ),
    Misconception(
        "padding is left as it was",
        edited(step_by_step, ("zero_padding(whitened, mask)", "torch.where(mask, whitened, x)")),
        "the old number still stands at padding",
        "only real tokens are to be whitened",
        "What should stand at padding afterwards?",
    ),
    Misconception(
        "padding is dropped",
        edited(step_by_step, ("zero_padding(whitened, mask)", "whitened[mask]")),
        "a flat list of real tokens was returned",
        "selecting with a mask is the quickest way to the mean",
        "Where in your result is the first token of the second reply?",
    ),
    Misconception(
        "padding is multiplied by zero",
        edited(
            step_by_step,
            zero_padding=lambda x, mask: x * mask,
            masked_mean=lambda x, mask: (x * mask).sum() / mask.sum(),
        ),
        "NaN times zero is NaN, and the mean takes it everywhere",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "the mean is kept",
        edited(step_by_step, ("centred / ", "(centred + mean) / ")),
        "the numbers were scaled, and not shifted",
        "scaling alone keeps the signs, and rewards are treated so",
        "What is the mean of your result?",
    ),
    Misconception(
        "the mean is added back",
        edited(step_by_step, ("1e-8)", "1e-8) + mean")),
        "the mean was restored after scaling",
        "published code does this with rewards; advantages lose their mean",
        "What is the mean of your result?",
    ),
    Misconception(
        "nothing is scaled",
        edited(step_by_step, (" / torch.sqrt(variance + 1e-8)", "")),
        "the mean is 0, the variance is not 1",
        "subtracting a mean is called centring, or a baseline, and is the half that cannot go wrong",
        "What is the variance of your result?",
    ),
    Misconception(
        "divided by the variance",
        edited(step_by_step, ("torch.sqrt(", "(")),
        "the square root is missing",
        "'scaled to variance 1' sounds like a division by it",
        "x doubles. What happens to its variance, and what should happen to your result?",
    ),
    Misconception(
        "the variance around zero",
        edited(step_by_step, ("centred.square()", "x.square()")),
        "the mean square of x was taken for its variance",
        "once the mean is gone they are the same; it was not gone yet",
        "What is the variance of x = (3, 3, 3)?",
    ),
    Misconception(
        "the variance is divided by n − 1",
        edited(step_by_step, ("masked_mean(centred.square(), mask)", "centred.square().sum() / (mask.sum() - 1)")),
        "the numbers are too small, and a single real token gives 0/0",
        "`std()` and `var()` of torch do so unless told otherwise",
        "One real token: what is n − 1?",
    ),
    Misconception(
        "nothing keeps the root away from zero",
        edited(step_by_step, (" + 1e-8", "")),
        "equal numbers, or a single one, give 0/0",
        "with different numbers the small addition cannot be seen",
        "What is the variance of a single real token, and what comes after it?",
    ),
    Misconception(
        "scaled to length 1",
        edited(step_by_step, ("masked_mean(centred.square(), mask)", "centred.square().sum()")),
        "the squares were added up, not averaged",
        "a norm is a root of squares, too",
        "What is the variance of your result?",
    ),
    Misconception(
        "a large number under the root",
        edited(step_by_step, ("1e-8", "1e-2")),
        "the addition was not small against the variance",
        "it is there to prevent a division by zero, and any number does that",
        "The variance of x is 0.01. What is that of your result?",
    ),
    Misconception(
        "each row for itself",
        edited(step_by_step, masked_mean=partial(mean_along, -1)),
        "every reply was given mean 0 and variance 1",
        "a mean over the last axis is the usual one in a network",
        "A good reply and a bad one: should both have the mean 0?",
    ),
    Misconception(
        "each column for itself",
        edited(step_by_step, masked_mean=partial(mean_along, 0)),
        "every token position was given mean 0 and variance 1",
        "batch normalisation does so",
        "Two replies: how many numbers is each of your means taken over?",
    ),
)

NAN = float("nan")
EXERCISE = Exercise(
    function=whiten,
    title="Whitening a padded batch",
    section="Whitening",
    minutes=10,
    difficulty=2,
    goal="Return x shifted to mean 0 and scaled to variance 1 over the real tokens of the whole batch, and 0 at "
    "padding, in the shape of x. The variance is divided by the number of real tokens; a single real token gives "
    "0. What stands where the mask is False, NaN included, changes nothing.",
    entry="result",
    worked=batch([[1, 3, 9]], [[1, 1, 0]]),
    answer=[[-1.0, 1.0, 0.0]],
    cases=(
        batch([[0, 2], [4, 6]]),
        batch([[1, 3], [5, 9]], [[1, 1], [1, 0]]),
        batch([[0.5, 1]]),
        batch([1, 3, 5, 9], [1, 1, 1, 0], law="A flat batch is a batch"),
        batch([[3, 9]], [[1, 0]], law="A single real token becomes 0"),
        batch([[2, 2, 2]], law="Equal numbers become 0"),
        batch(
            [[1, 3, NAN], [2, 4, 5]], [[1, 1, 0], [1, 1, 1]], law="What stands at padding changes nothing, NaN included"
        ),
    ),
    random_case=random_batch,
    hints=(
        "What are the mean and the variance of the real tokens on paper?",
        "Mean over real tokens, subtract, fill padding with 0, mean square over real tokens, divide by its root.",
        "masked_mean gives both means. Add 1e-8 to the variance before the root; torch.where keeps padding at 0.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, by_selection, by_moments, token_by_token),
)
