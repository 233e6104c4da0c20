"""Write `sequence_mean_loss`. Chapter: book/ppo/ppo.md."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.ppo.sequence_mean_loss_misconceptions import MISCONCEPTIONS
from ppo_teach.masks import masked_mean, zero_padding


def sequence_mean_loss(losses: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Each reply's own mean over its real tokens, averaged over replies: every reply weighs the same."""
    return (zero_padding(losses, mask).sum(dim=1) / mask.sum(dim=1)).mean()


def batch(losses: list, mask: list, *, law: str = "") -> Case:
    return Case({"losses": torch.tensor(losses, dtype=torch.float32), "mask": torch.tensor(mask).bool()}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Four replies of different length in a tensor one wider than the longest, and junk at padding."""
    losses = torch.randint(20, 151, (4, 5), generator=rng) / 100
    mask = torch.arange(5) < torch.tensor([1, 2, 3, 4])[torch.randperm(4, generator=rng)][:, None]
    return batch(torch.where(mask, losses, 7.0).tolist(), mask.tolist())


def reply_by_reply(losses, mask):
    """A loop over rows, padding left out of each."""
    return sum(row[real].mean() for row, real in zip(losses, mask, strict=True)) / len(losses)


def as_a_weighted_sum(losses, mask):
    """One weight for each token, 1 / (B · length of its reply), in float64."""
    weights = (mask / mask.sum(dim=1, keepdim=True)).double() / mask.shape[0]
    return torch.einsum("bt,bt->", losses.double().masked_fill(~mask, 0), weights)


def through_masked_mean(losses, mask):
    """The mean over tokens, one row at a time."""
    return torch.stack([masked_mean(losses[b], mask[b]) for b in range(len(mask))]).mean()


def by_nanmean(losses, mask):
    """Padding made NaN, which the library's mean leaves out."""
    return torch.where(mask, losses, torch.nan).nanmean(dim=1).mean()


NAN = float("nan")
EXERCISE = Exercise(
    function=sequence_mean_loss,
    title="Every reply weighs the same",
    section="Whose mean?",
    minutes=10,
    difficulty=2,
    goal="Return the mean over replies of each reply's own mean over its real tokens, so that every reply weighs the "
    "same, however long it is. Every row has a real token. What stands where the mask is False, NaN included, reaches "
    "neither the result nor a gradient.",
    entry="loss",
    worked=batch([[1, 3, 9], [5, 9, 9]], [[1, 1, 0], [1, 0, 0]]),
    answer=3.5,
    cases=(
        batch([[1, 3]], [[1, 1]]),
        batch([[1, 2, 3], [5, 7, 7]], [[1, 1, 1], [1, 0, 0]]),
        batch([[4, 8, 9, 9], [1, 9, 9, 9]], [[1, 1, 0, 0], [1, 0, 0, 0]]),
        batch([[1, 2], [3, 6]], [[1, 1], [1, 1]], law="When all replies are equally long, it is the mean over tokens"),
        batch(
            [[1, 3, 9, 9, 9], [5, 9, 9, 9, 9]],
            [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]],
            law="A wider tensor changes nothing",
        ),
        batch(
            [[1, NAN, NAN], [3, 5, NAN]],
            [[1, 0, 0], [1, 1, 0]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_batch,
    gradients=("losses",),
    hints=(
        "On paper: what is the mean of each reply, and what the mean of those?",
        "Fill padding with 0. Add up along each row, divide by that row's own number of real tokens, and only then "
        "average.",
        "torch.where(mask, losses, 0).sum(dim=1) / mask.sum(dim=1), and its mean.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(reply_by_reply, as_a_weighted_sum, through_masked_mean, by_nanmean),
)
