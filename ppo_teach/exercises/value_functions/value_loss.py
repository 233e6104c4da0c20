"""Write `value_loss`. Chapter: book/foundations/value-functions.md."""

import torch
from torch.nn.functional import mse_loss

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.value_functions.value_loss_misconceptions import MISCONCEPTIONS
from ppo_teach.values import value_loss


def predictions(values: list, returns: list, mask: list | None = None, *, law: str = "") -> Case:
    values, returns = torch.tensor(values, dtype=torch.float32), torch.tensor(returns, dtype=torch.float32)
    mask = torch.ones_like(values).bool() if mask is None else torch.tensor(mask).bool()
    return Case({"values": values, "returns": returns, "mask": mask}, law=law)


def random_predictions(rng: torch.Generator) -> Case:
    """Three rows of different length, errors of both signs, small and large, and junk at padding."""
    values, returns = torch.randint(-150, 151, (2, 3, 4), generator=rng) / 100
    returns[:, 0] = values[:, 0] + torch.tensor([2.5, -0.5, 0.25])
    lengths = torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)]
    mask = torch.arange(4) < lengths[:, None]
    values = torch.where(mask, values, 7.0)
    return predictions(values.tolist(), returns.tolist(), mask.tolist())


def by_selection(values, returns, mask):
    """The library's mean squared error of the real tokens."""
    return 0.5 * mse_loss(values[mask], returns[mask].detach())


def by_expansion(values, returns, mask):
    """½(V² − 2VR + R²), each mean for itself, in float64."""
    values, returns = values[mask].double(), returns[mask].detach().double()
    return (values.pow(2).mean() - 2 * (values * returns).mean() + returns.pow(2).mean()) / 2


def by_filling(values, returns, mask):
    """The target takes the value's place at padding, and the value that of 0."""
    values = torch.where(mask, values, 0.0)
    errors = values - torch.where(mask, returns.detach(), 0.0)
    return torch.einsum("i,i->", errors.flatten(), errors.flatten()) / (2 * mask.sum())


def token_by_token(values, returns, mask):
    """A loop, row by row."""
    total, count = 0.0, 0
    for value, target, real in zip(values.flatten(), returns.detach().flatten(), mask.flatten(), strict=True):
        if real:
            total, count = total + (target - value) ** 2 / 2, count + 1
    return total / count


NAN = float("nan")
EXERCISE = Exercise(
    function=value_loss,
    title="The critic's loss",
    section="Regression",
    minutes=10,
    difficulty=2,
    goal="Return half the mean squared error of the values over real tokens, a loss to be minimised. The returns are "
    "targets and held constant. What stands where the mask is False, NaN included, reaches neither the result nor a "
    "gradient. Batches may be (B, T) or flat.",
    entry="loss",
    worked=predictions([[0.5, 1, 9]], [[1, 0, 0]], [[1, 1, 0]]),
    answer=0.3125,
    cases=(
        predictions([[0, 0]], [[1, 3]]),
        predictions([[1, 9], [2, 4]], [[0, 0], [0, 3]], [[1, 0], [1, 1]]),
        predictions([0.5, 1, 0, 9], [1, 0, 2, 0], [1, 1, 1, 0], law="A flat batch is a batch"),
        predictions([[1, 2]], [[1, 2]], law="A perfect critic has no loss and no gradient"),
        predictions(
            [[1, NAN], [2, 4]],
            [[0, NAN], [0, 3]],
            [[1, 0], [1, 1]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_predictions,
    gradients=("values", "returns"),
    hints=(
        "What is the error of each real token on paper, and what its square?",
        "Fill padding with 0 before you square; hold the returns constant; divide by the number of real tokens.",
        "torch.where(mask, values - returns.detach(), 0), squared, summed, over 2 · mask.sum().",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, by_expansion, by_filling, token_by_token),
)
