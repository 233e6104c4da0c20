"""PPO's objective: how far may one batch carry us? Chapter: book/ppo/surrogate.md."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.checks import at_least_0, same_shape
from ppo_teach.masks import masked_mean, zero_padding


def importance_ratio(logprobs: Float[Tensor, "*B"], old_logprobs: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """How much more likely the action is now than when it was drawn: 1 before the first update. Dimensionless.

    ρ_t = π_θ(a_t | s_t) / π_old(a_t | s_t) = exp(log π_θ − log π_old)
    """
    same_shape(logprobs=logprobs, old_logprobs=old_logprobs)
    return torch.exp(logprobs - old_logprobs.detach())


def importance_weighted_mean(
    payoffs: Float[Tensor, " N"], logprobs: Float[Tensor, " N"], old_logprobs: Float[Tensor, " N"]
) -> Float[Tensor, ""]:
    """An unbiased estimate of E_new[f] from N draws of the old distribution, in units of f.

        1/N Σ_i ρ_i f(y_i),     y_i ~ π_old

    `payoffs` are f of each draw, the log-probabilities those of the whole draw. Unbiased if π_old can draw whatever
    π_θ draws, wherever f is not 0. Divided by N, not by Σ ρ_i: the self-normalised mean is another, biased estimate.
    """
    same_shape(payoffs=payoffs, logprobs=logprobs, old_logprobs=old_logprobs)
    return (importance_ratio(logprobs, old_logprobs) * payoffs).mean()


def effective_sample_size(ratio: Float[Tensor, " N"]) -> Float[Tensor, ""]:
    """How many equally weighted draws are worth as much as these: N when all ratios agree, 1 when one outweighs all.

    (Σ_i ρ_i)² / Σ_i ρ_i²
    """
    return ratio.sum().square() / ratio.square().sum()


def clipped_surrogate(
    logprobs: Float[Tensor, "*B"],
    old_logprobs: Float[Tensor, "*B"],
    advantages: Float[Tensor, "*B"],
    mask: Bool[Tensor, "*B"],
    *,
    clip: float,
) -> Float[Tensor, ""]:
    """PPO's clipped objective, to maximise, in units of the advantages.

        mean_t min( ρ_t Â_t, clamp(ρ_t, 1 − ε, 1 + ε) Â_t )

    The advantages are held constant. The minimum makes it a pessimistic bound: a gain beyond the interval is cut off,
    a loss is not. Source: Schulman et al. (2017), equation 7.
    """
    same_shape(logprobs=logprobs, old_logprobs=old_logprobs, advantages=advantages, mask=mask)
    at_least_0(clip=clip)
    ratio = importance_ratio(zero_padding(logprobs, mask), zero_padding(old_logprobs, mask))
    advantages = zero_padding(advantages.detach(), mask)
    return masked_mean(torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages), mask)


def clip_fraction(
    logprobs: Float[Tensor, "*B"],
    old_logprobs: Float[Tensor, "*B"],
    advantages: Float[Tensor, "*B"],
    mask: Bool[Tensor, "*B"],
    *,
    clip: float,
) -> Float[Tensor, ""]:
    """The share of real tokens at which the clip is active: the objective is flat there and the gradient 0.

        Â_t > 0 and ρ_t > 1 + ε,   or   Â_t < 0 and ρ_t < 1 − ε

    Published code often counts every ratio outside the interval, whatever the sign of Â: a larger number. NaN
    where the ratio or the advantage of a real token is.
    """
    same_shape(logprobs=logprobs, old_logprobs=old_logprobs, advantages=advantages, mask=mask)
    at_least_0(clip=clip)
    ratio = importance_ratio(logprobs, old_logprobs)
    active = ((advantages > 0) & (ratio > 1 + clip)) | ((advantages < 0) & (ratio < 1 - clip))
    unknown = torch.maximum(ratio, advantages).isnan()  # of NaN and a number it is NaN
    return masked_mean(torch.where(unknown, torch.nan, active.to(ratio.dtype)), mask)
