"""Write `reinforce_loss`. Chapter: book/foundations/policy-gradient.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.policy_gradient.reinforce_loss_misconceptions import MISCONCEPTIONS
from ppo_teach.reinforce import reinforce_loss


def batch(probabilities: list, weights: list, lengths: list[int], *, law: str = "") -> Case:
    """Rows of tokens with these probabilities and weights; what stands behind a row's length is padding."""
    logprobs, weights = torch.tensor(probabilities).log(), torch.tensor(weights, dtype=torch.float32)
    mask = torch.arange(logprobs.shape[1]) < torch.tensor(lengths)[:, None]
    return Case({"logprobs": logprobs, "weights": weights, "mask": mask}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Three rows of different length, weights of both signs, junk at padding."""
    probabilities = torch.randint(10, 91, (3, 4), generator=rng) / 100
    weights = torch.randint(50, 151, (3, 4), generator=rng) / 100 * torch.tensor([1, -1, 1, 1])
    lengths = torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)]
    return batch(probabilities.tolist(), weights.tolist(), lengths.tolist())


def by_selection(logprobs, weights, mask):
    """The real products alone, added up and divided by the number of rows."""
    return -(logprobs[mask] * weights[mask].detach()).sum() / len(mask)


def row_by_row(logprobs, weights, mask):
    """A dot product for each reply."""
    rows = zip(logprobs, weights.detach(), mask, strict=True)
    return torch.stack([-(logprob[real] @ weight[real]) for logprob, weight, real in rows]).mean()


def by_filling(logprobs, weights, mask):
    """Padding filled first, in float64, one einsum."""
    logprobs, weights = logprobs.masked_fill(~mask, 0).double(), weights.masked_fill(~mask, 0).detach().double()
    return torch.einsum("bt,bt->", logprobs, -weights) / logprobs.shape[0]


NAN = float("nan")
EXERCISE = Exercise(
    function=reinforce_loss,
    title="The loss of REINFORCE",
    section="One batch, one loss",
    minutes=10,
    difficulty=2,
    goal="Return a loss to be minimised: minus the sum over a reply's tokens of log π · weight, averaged over the "
    "replies. The weights are held constant. What stands where the mask is False, NaN included, reaches neither the "
    "result nor a gradient.",
    entry="loss",
    worked=batch([[0.5, 0.25], [0.5, 0.9]], [[1, 2], [4, 9]], [2, 1]),
    answer=3.1191623,
    cases=(
        batch([[0.5]], [[1]], [1]),
        batch([[0.5, 0.5]], [[1, -1]], [2]),
        batch([[0.25, 0.5, 0.5], [0.5, 0.25, 0.25]], [[1, 1, 2], [-1, 0.5, 0.5]], [3, 1]),
        batch([[0.5, 0.25]] * 2, [[1, 2]] * 2, [2, 2], law="Every reply twice is the same mean"),
        batch(
            [[0.5, NAN], [0.5, 0.25]],
            [[2, NAN], [1, -1]],
            [1, 2],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_batch,
    gradients=("logprobs", "weights"),
    hints=(
        "Which of the two, log-probabilities or weights, is to be moved by this loss?",
        "Fill padding with 0 before you multiply; sum over the tokens of a reply, then average over replies.",
        "-(torch.where(mask, logprobs, 0) * torch.where(mask, weights.detach(), 0)).sum(dim=1).mean()",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, row_by_row, by_filling),
)
