"""Staying near the reference. Chapter: book/language/kl.md.

Two policies are in play besides the one we train: π_old, which drew the batch and is one update old, and π_ref, the
supervised start, which never changes. The KL terms here are about π_ref.
"""

from dataclasses import dataclass, replace
from math import inf

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.checks import at_least_0, floats, of_its_types, require, same_shape
from ppo_teach.masks import masked_mean, score_at_last_token, zero_padding


def exact_kl(logits: Float[Tensor, "*B V"], ref_logits: Float[Tensor, "*B V"]) -> Float[Tensor, "*B"]:
    """KL(π ‖ π_ref) of each next-token distribution, in nats; never negative, rounding aside.

        Σ_a π(a | s) (log π(a | s) − log π_ref(a | s))

    A token that π rules out (a logit of −∞) contributes 0; one that π_ref alone rules out makes it infinite.
    """
    same_shape(logits=logits, ref_logits=ref_logits)
    floats(logits=logits, ref_logits=ref_logits)
    logprobs, ref_logprobs = logits.log_softmax(dim=-1), ref_logits.log_softmax(dim=-1)
    differences = torch.where(logprobs.isneginf(), 0.0, logprobs - ref_logprobs)
    return (logprobs.exp() * differences).sum(dim=-1)


def k1(logprobs: Float[Tensor, "*B"], ref_logprobs: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """log π − log π_ref of a sample of π: an unbiased estimate of KL(π ‖ π_ref), in nats. One sample may be negative.

    As a loss it teaches nothing: E[∇k1] = E[∇ log π] = 0. Source: Schulman (2020), "Approximating KL divergence".
    """
    same_shape(logprobs=logprobs, ref_logprobs=ref_logprobs)
    return logprobs - ref_logprobs


def k2(logprobs: Float[Tensor, "*B"], ref_logprobs: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """½ (log π − log π_ref)²: never negative, biased as a value; as a loss its expected gradient is ∇KL(π ‖ π_ref)."""
    return 0.5 * k1(logprobs, ref_logprobs).square()


def k3(logprobs: Float[Tensor, "*B"], ref_logprobs: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """(q − 1) − log q with q = π_ref/π: unbiased, never negative, usually of smaller variance than k1.

    As a loss its expected gradient is that of the other divergence, KL(π_ref ‖ π).
    """
    log_quotient = -k1(logprobs, ref_logprobs)
    return torch.expm1(log_quotient) - log_quotient


def kl_loss(
    logprobs: Float[Tensor, "*B"], ref_logprobs: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"]
) -> Float[Tensor, ""]:
    """A loss to minimise: k2 of the policy's own tokens, averaged over the real ones.

        mean over real t of ½ (log π(a_t | s_t) − log π_ref(a_t | s_t))²

    On average over tokens that π itself drew, its gradient is that of KL(π ‖ π_ref) in each visited state. That π also
    chooses which states it visits is left out. The reference is held constant.
    """
    same_shape(logprobs=logprobs, ref_logprobs=ref_logprobs, mask=mask)
    logprobs, ref_logprobs = zero_padding(logprobs, mask), zero_padding(ref_logprobs.detach(), mask)
    return masked_mean(k2(logprobs, ref_logprobs), mask)


def kl_shaped_rewards(
    scores: Float[Tensor, " B"],
    logprobs: Float[Tensor, "B T"],
    ref_logprobs: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    kl_coef: float,
) -> Float[Tensor, "B T"]:
    """The reward of every token: a KL penalty at each, the score of the whole response at the last real one.

        r_t = −β (log π_old(a_t | s_t) − log π_ref(a_t | s_t)) + 1[t is last] · R(x, y)

    Summed over a response: R − β log(π_old / π_ref). 0 at padding. Formed once per rollout and held constant.
    Source: Ziegler et al. (2019), equation 2.
    """
    same_shape(logprobs=logprobs, ref_logprobs=ref_logprobs, mask=mask)
    require(
        scores.shape == mask.shape[:1],
        f"scores must hold one number per response, shape {tuple(mask.shape[:1])}; got {tuple(scores.shape)}",
    )
    rewards = -kl_coef * zero_padding(k1(logprobs, ref_logprobs).detach(), mask)
    return rewards + score_at_last_token(scores.detach(), mask)


@dataclass(frozen=True)
class FixedKL:
    """β that stays what it is."""

    # β, in units of reward per nat.
    coef: float

    def __post_init__(self) -> None:
        of_its_types(self)
        at_least_0(coef=self.coef)
        require(self.coef < inf, f"coef must be finite; got {self.coef}")

    def update(self, kl: float, *, episodes: int) -> "FixedKL":
        """Itself: the measured KL changes nothing."""
        return self


@dataclass(frozen=True)
class AdaptiveKL:
    """β that rises while KL is above its target and falls while it is below.

        e = clamp(KL / target − 1, −0.2, 0.2),     β ← β · (1 + e · episodes / horizon)

    Source: Ziegler et al. (2019), section 2.2.
    """

    # β at first, in units of reward per nat.
    coef: float
    # The KL to hold, in nats per sequence, not per token.
    target: float
    # Episodes; the larger, the slower β moves.
    horizon: float

    def __post_init__(self) -> None:
        of_its_types(self)
        for name, number in vars(self).items():
            require(number > 0, f"{name} must be greater than 0; got {number}")
            require(number < inf, f"{name} must be finite; got {number}")

    def update(self, kl: float, *, episodes: int) -> "AdaptiveKL":
        """The controller after a batch of `episodes` responses whose mean KL was `kl` nats per sequence.

        Raises ValueError when the batch is so large beside the horizon that one step could take β to 0.
        """
        require(
            episodes < 5 * self.horizon,
            f"horizon must be more than a fifth of a batch of {episodes} episodes; got {self.horizon}",
        )
        error = min(max(kl / self.target - 1, -0.2), 0.2)
        return replace(self, coef=self.coef * (1 + error * episodes / self.horizon))
