"""Write `sequence_mean_loss`. Chapter: book/ppo/ppo.md."""

from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.masks import zero_padding


def sequence_mean_loss(losses: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Each reply's own mean over its real tokens, averaged over replies: every reply weighs the same."""
    return (zero_padding(losses, mask).sum(dim=-1) / mask.sum(dim=-1)).mean()
