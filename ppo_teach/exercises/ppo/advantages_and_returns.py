"""Write `advantages_and_returns`. Chapter: book/ppo/ppo.md."""

from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.advantages import gae
from ppo_teach.masks import whiten


def advantages_and_returns(
    rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    next_values: Float[Tensor, "B T"],
    terminated: Bool[Tensor, "B T"],
    truncated: Bool[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    gamma: float,
    lam: float,
) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
    """What the policy learns from, and what the critic does: whitened advantages, and returns in units of reward."""
    advantages = gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
    return whiten(advantages, mask), advantages + values
