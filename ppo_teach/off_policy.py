"""The sampler is not the trainer: other weights, other arithmetic, other tokens. Chapter: book/beyond/off-policy.md.

μ is the policy that wrote a batch, π the one that is trained. On paper they are one. In large systems μ runs in another
program, with fewer bits, or with weights that are some updates old.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor

from ppo_teach.checks import require, same_shape
from ppo_teach.masks import zero_padding
from ppo_teach.models import ActorCritic
from ppo_teach.rollouts import Rollout, score_responses
from ppo_teach.surrogate import importance_ratio
from ppo_teach.trainer import PPOTrainer


def truncated_importance_weights(
    logprobs: Float[Tensor, "*B"], behaviour_logprobs: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"], *, cap: float
) -> Float[Tensor, "*B"]:
    """How much more often π would have drawn each token than μ did, at most `cap` times. Constants; 0 at padding.

        w_t = min( π(a_t | s_t) / μ(a_t | s_t), C )

    The cap bounds what a single token can weigh, and biases the mean towards μ where it acts.
    Source: Ionides (2008), truncated importance sampling; Espeholt et al. (2018), who truncate per step.
    """
    same_shape(logprobs=logprobs, behaviour_logprobs=behaviour_logprobs, mask=mask)
    require(cap > 0, f"cap must be greater than 0; got {cap}")
    ratio = importance_ratio(logprobs.detach(), behaviour_logprobs)
    return zero_padding(ratio.clamp(max=cap), mask)


def quantised(weights: Float[Tensor, "*N"], *, bits: int) -> Float[Tensor, "*N"]:
    """Each weight at the nearest of 2^bits − 1 evenly spaced numbers, 0 in their middle; still a float.

        s = max |w| / (2^(bits − 1) − 1),     w ← s · round(w / s)

    One scale s for the whole tensor, so its largest weight stays what it is.
    """
    require(bits >= 2, f"bits must be at least 2; got {bits}")
    scale = weights.abs().amax() / (2 ** (bits - 1) - 1)
    return torch.where(scale > 0, scale * (weights / scale).round(), weights)


def with_rounded_weights(model: ActorCritic, rounded: Callable[[Tensor], Tensor]) -> ActorCritic:
    """A frozen copy whose weights were rounded. It still computes in the model's own type, so that its numbers, unlike
    those of a real engine, do not depend on the processor."""
    other = copy.deepcopy(model).requires_grad_(False)
    for weights in other.parameters():
        weights.copy_(rounded(weights))
    return other


def in_bfloat16(weights: Float[Tensor, "*N"]) -> Float[Tensor, "*N"]:
    """Each weight at the nearest bfloat16, which has 8 significant bits; in the type it had."""
    return weights.to(torch.bfloat16).to(weights.dtype)


def drifted(
    responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"], again: Int[Tensor, "B U"], again_mask: Bool[Tensor, "B U"]
) -> Bool[Tensor, " B"]:
    """True for each response whose tokens, read as text and encoded `again`, are not the tokens that were drawn.

    What stands at padding does not matter, nor how wide the two are padded.
    """
    same_shape(responses=responses, mask=mask)
    same_shape(again=again, again_mask=again_mask)
    width = min(mask.shape[1], again_mask.shape[1])
    differ = (responses[:, :width] != again[:, :width]) & mask[:, :width]
    return differ.any(dim=1) | (mask.sum(dim=1) != again_mask.sum(dim=1))


def encoded_again(tokenizer: Tokenizer, responses: Sequence[Sequence[int]]) -> list[list[int]]:
    """The tokens that come back when responses travel as text, which is how many a sampler hands them over."""
    return [tokenizer.encode(text).ids for text in tokenizer.decode_batch([list(row) for row in responses])]


class OtherSampler(PPOTrainer):
    """PPO on batches that μ wrote, as if π had written them.

    π scores the batch itself before it learns: the ratio of the first step is 1, and what μ thought is forgotten.
    """

    def sampler(self) -> ActorCritic:
        """μ, for the coming batch."""
        raise NotImplementedError

    def act(self) -> tuple[Rollout, Float[Tensor, "B T"], Float[Tensor, " B"]]:
        """The phase of `PPOTrainer`, with μ in π's place."""
        trained, self.policy = self.policy, self.sampler()
        try:
            rollout, ref_logprobs, scores = super().act()
        finally:
            self.policy = trained
        self.sampled = rollout.logprobs
        return self.as_learned_from(rollout), ref_logprobs, scores

    def as_learned_from(self, rollout: Rollout) -> Rollout:
        """The batch with π's own log-probabilities and values."""
        with torch.no_grad():
            logprobs, values = score_responses(self.policy, rollout.prompts, rollout.responses, rollout.mask)
        return replace(rollout, logprobs=logprobs, values=values)


class RoundedSampler(OtherSampler):
    """μ is π with its weights rounded anew before every batch."""

    rounded: Callable[[Tensor], Tensor] = staticmethod(in_bfloat16)

    def sampler(self) -> ActorCritic:
        """π, rounded."""
        return with_rounded_weights(self.policy, self.rounded)


class StaleSampler(OtherSampler):
    """μ is π as it was: it writes `batches` batches before it gets new weights. 1 is PPO."""

    batches = 1

    def sampler(self) -> ActorCritic:
        """The copy, made anew where it is due."""
        if len(self.history) % self.batches == 0:
            self.copied = copy.deepcopy(self.policy).requires_grad_(False)
        return self.copied


class RatioToSampler:
    """Keeps μ's log-probabilities as the old policy's: the ratio, and the clip, are about μ. Before a trainer."""

    def as_learned_from(self, rollout: Rollout) -> Rollout:
        """The batch with μ's log-probabilities and π's values."""
        return replace(super().as_learned_from(rollout), logprobs=self.sampled)


class TruncatedWeights:
    """Weighs the advantage of each token by how much more often π would have drawn it than μ did. Before a trainer."""

    cap = 2.0

    def assign_credit(self, rollout: Rollout, *rest: Any) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
        """The phase, its advantages weighed."""
        advantages, returns = super().assign_credit(rollout, *rest)
        weights = truncated_importance_weights(rollout.logprobs, self.sampled, rollout.mask, cap=self.cap)
        return weights * advantages, returns
