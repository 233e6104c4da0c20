"""Write `whiten`. Chapter: book/ppo/ppo.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.ppo.whiten_misconceptions import MISCONCEPTIONS
from ppo_teach.masks import whiten


def batch(x: list, mask: list | None = None, *, law: str = "") -> Case:
    x = torch.tensor(x, dtype=torch.float32)
    mask = torch.ones_like(x).bool() if mask is None else torch.tensor(mask).bool()
    return Case({"x": x, "mask": mask}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Three rows of different length, a mean far from zero, and junk at padding."""
    x = (torch.randint(-150, 151, (3, 4), generator=rng) + 100) / 100
    mask = torch.arange(4) < torch.tensor([2, 3, 4])[torch.randperm(3, generator=rng)][:, None]
    return batch(torch.where(mask, x, 7.0).tolist(), mask.tolist())


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
    variants=(by_selection, by_moments, token_by_token),
)
