"""Which positions are real. Chapter: book/language/language-models.md.

Replies have different lengths, tensors do not: a reply of three tokens in a batch of width five has two positions of
padding. A mask is True where a token is real. What stands at padding, NaN included, reaches no result and no gradient.
"""

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from ppo_teach.checks import flags, require, same_shape


def response_mask(responses: Int[Tensor, "B T"], *, eos: int) -> Bool[Tensor, "B T"]:
    """True through the first EOS of each response, the EOS included; all True where there is none.

    Looks at positions, not at the padding token, so padding may be the EOS token itself.
    """
    is_eos = (responses == eos).long()
    return is_eos.cumsum(dim=-1) - is_eos == 0


def last_token(mask: Bool[Tensor, "B T"]) -> Int[Tensor, " B"]:
    """The index of the last real token of each row. Raises ValueError for a row without any."""
    flags(mask=mask)
    empty = (~mask.any(dim=-1)).nonzero().flatten().tolist()
    require(not empty, f"mask must have a real token in every row; rows {empty[:5]} have none")
    positions = torch.arange(mask.shape[-1], device=mask.device)
    return torch.where(mask, positions, -1).amax(dim=-1)


def is_last_token(mask: Bool[Tensor, "B T"]) -> Bool[Tensor, "B T"]:
    """True at the last real token of each row, where an episode of text terminates."""
    positions = torch.arange(mask.shape[-1], device=mask.device)
    return positions == last_token(mask)[:, None]


def score_at_last_token(scores: Float[Tensor, " B"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """The reward of every token: the score of the reply at its last real token, 0 everywhere else.

        r_t = 1[t is last] · R(x, y)

    So the rewards of a reply sum to its score, in the same units. Raises ValueError for a row without a real token.
    """
    return torch.where(is_last_token(mask), scores[:, None], 0.0)


def position_ids(mask: Bool[Tensor, "B N"]) -> Int[Tensor, "B N"]:
    """The position of each token of a padded text, counted from 0 at its first real one; 0 at padding before it.

        p_j = max(0, Σ_{i ≤ j} m_i − 1)

    What a network with learned positions must be told where a text is padded on the left: left to itself, it counts
    from the padding. Column j is a token of prompt or response.
    """
    return (mask.long().cumsum(dim=1) - 1).clamp(min=0)


def zero_padding(x: Shaped[Tensor, "*B"], mask: Bool[Tensor, "*B"]) -> Shaped[Tensor, "*B"]:
    """x at real positions, 0 at padding, whatever stood there.

    Comes before any exp, log or square: the gradient of where(mask, exp(x), 0) is NaN when x is NaN at padding, the
    gradient of exp(where(mask, x, 0)) is 0 there.
    """
    same_shape(x=x, mask=mask)
    flags(mask=mask)
    return torch.where(mask, x, torch.zeros((), dtype=x.dtype, device=x.device))


def blank_padding(
    logits: Float[Tensor, "*B V"], actions: Int[Tensor, "*B"], mask: Bool[Tensor, "*B"]
) -> tuple[Float[Tensor, "*B V"], Int[Tensor, "*B"]]:
    """Logits and actions as they are at real positions, 0 at padding: a model may say anything there, NaN included.

    The last dimension of the logits is the vocabulary, which the mask lacks.
    """
    return torch.where(mask[..., None], logits, 0.0), zero_padding(actions, mask)


def masked_mean(x: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"]) -> Float[Tensor, ""]:
    """The mean of x over real positions: each real token of the batch weighs the same.

        Σ m_t x_t / Σ m_t

    What x was made of is not seen here: where a square or an exponential stood in between, `zero_padding` comes before
    it, and again here does no harm. Raises ValueError when no position is real: the mean of nothing is not zero. On an
    accelerator it is NaN instead, because asking there would wait for all that has been sent before.
    """
    count = mask.sum()
    if mask.device.type == "cpu":
        require(bool(count > 0), f"mask must have a real position; all {mask.numel()} are padding")
    return zero_padding(x, mask).sum() / count


def masked_variance(x: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"]) -> Float[Tensor, ""]:
    """The variance of x over real positions, the biased one: divided by their number, so that of one token is 0.

        Σ m_t (x_t − mean)² / Σ m_t

    Raises ValueError when no position is real.
    """
    return masked_mean((zero_padding(x, mask) - masked_mean(x, mask)).square(), mask)


def whiten(x: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """x shifted to mean 0 and scaled to variance 1 over real positions; 0 at padding.

        (x_t − mean) / √(var + 1e-8)

    The variance is the biased one, and 1e-8 is added to it, so a single real token gives 0, not NaN.
    """
    centred = zero_padding(x - masked_mean(x, mask), mask)
    return centred * torch.rsqrt(masked_variance(x, mask) + 1e-8)
