"""Write `score_at_last_token`. Chapter: book/language/rewards.md."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.rewards.score_at_last_token_misconceptions import MISCONCEPTIONS
from ppo_teach.masks import is_last_token


def score_at_last_token(scores: Float[Tensor, " B"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """The reward of every token: the score of the reply at its last real token, 0 everywhere else.

    The package does this in `kl.kl_shaped_rewards`, which adds the KL penalty.
    """
    return torch.where(is_last_token(mask), scores[:, None], 0.0)


def replies(scores: list, lengths: list, *, width: int, law: str = "") -> Case:
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    return Case({"scores": torch.tensor(scores, dtype=torch.float32), "mask": mask}, law=law)


def random_replies(rng: torch.Generator) -> Case:
    """Three lengths, the full one and a single token among them, in any order; scores of both signs."""
    order = torch.randperm(3, generator=rng)
    scores = torch.randn(3, generator=rng) + torch.tensor([2.0, -2.0, 4.0])[order]
    return replies(scores.tolist(), torch.tensor([1, 3, 5])[order].tolist(), width=5)


def by_scatter(scores, mask):
    """An index for each row, and the score written there, in float64."""
    last = mask.sum(dim=1, keepdim=True) - 1
    return torch.zeros(mask.shape, dtype=torch.float64).scatter(1, last, scores.double()[:, None])


def by_the_next_position(scores, mask):
    """Real here, and not real one place to the right."""
    right = torch.cat([mask[:, 1:], torch.zeros_like(mask[:, :1])], dim=1)
    return scores[:, None] * (mask & ~right)


def row_by_row(scores, mask):
    """A loop."""
    rewards = torch.zeros(mask.shape)
    for b, real in enumerate(mask):
        rewards[b, real.nonzero()[-1]] = scores[b]
    return rewards


EXERCISE = Exercise(
    function=score_at_last_token,
    title="Hand it over",
    section="Where the number goes",
    minutes=10,
    difficulty=1,
    goal="Return the reward of every token: the score of its reply at the last position where the mask is True, and 0 "
    "everywhere else. Replies are padded on the right and have at least one real token.",
    entry="reward",
    worked=replies([3, 5], [2, 3], width=4),
    answer=[[0, 3, 0, 0], [0, 0, 5, 0]],
    cases=(
        replies([2], [3], width=3),
        replies([4], [1], width=3),
        replies([2, -1], [1, 3], width=3),
        replies([2, 6], [3, 2], width=5),
        replies([6, 2], [3, 1], width=3, law="With γ = 1 the rewards of a reply add up to its score, padded or not"),
        replies([-1, -1], [2, 4], width=4, law="A score may be negative, and of a reply that fills the line"),
    ),
    random_case=random_replies,
    hints=(
        "How many real tokens has a row, and at which index is the last of them?",
        "Compare torch.arange(T) with one number for each row; mind the shapes (T,) and (B, 1).",
        "torch.where(torch.arange(T) == mask.sum(dim=1, keepdim=True) - 1, scores[:, None], 0.0).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_scatter, by_the_next_position, row_by_row),
)
