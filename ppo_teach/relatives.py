"""PPO's relatives: methods that keep its loop and replace its critic, its clip or its samples.

Chapter: book/beyond/relatives.md. N responses to one prompt are a group, and each is judged beside the others; or two
of them are compared, and nobody gives a score at all.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from ppo_teach.checks import require, same_shape
from ppo_teach.config import PPOConfig
from ppo_teach.kl import kl_shaped_rewards
from ppo_teach.masks import zero_padding
from ppo_teach.models import ActorCritic
from ppo_teach.preferences import Preferences
from ppo_teach.pretraining import descend
from ppo_teach.reinforce import leave_one_out_baseline, rewards_to_go
from ppo_teach.reward_model import bradley_terry_loss
from ppo_teach.rewards import Reward
from ppo_teach.rollouts import Rollout, score_responses
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer


def leave_one_out_advantages(scores: Float[Tensor, "*B N"]) -> Float[Tensor, "*B N"]:
    """RLOO: each score less the mean of the other N − 1, in units of score.

        Â_i = R_i − 1/(N−1) Σ_{j ≠ i} R_j

    Its expected gradient is ∇J. Raises ValueError for a single response. Source: Kool et al. (2019); Ahmadian et al.
    (2024).
    """
    return scores - leave_one_out_baseline(scores)


def centred_advantages(scores: Float[Tensor, "*B N"]) -> Float[Tensor, "*B N"]:
    """Dr. GRPO: each score less the mean of all N, its own among them.

        Â_i = R_i − 1/N Σ_j R_j

    (N−1)/N times RLOO's, so its expected gradient is (N−1)/N ∇J. Source: Liu et al. (2025).
    """
    return scores - scores.mean(dim=-1, keepdim=True)


def group_advantages(scores: Float[Tensor, "*B N"]) -> Float[Tensor, "*B N"]:
    """GRPO: the same, in units of the group's own standard deviation. 0 where all N scores are the same.

        Â_i = (R_i − mean) / √(var + 1e-8)

    The variance is the biased one, divided by N, as in `whiten`; published code often divides by N − 1. Its expected
    gradient is another than ∇J, as the chapter shows. Source: Shao et al. (2024).
    """
    centred = scores - scores.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(variance + 1e-8)


def best_of_group(scores: Float[Tensor, "*B N"]) -> Float[Tensor, "*B N"]:
    """1 for the highest of each N scores, the first of equals, and 0 for the others."""
    return one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores)


def sequence_mean_surrogate(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    clip: float,
) -> Float[Tensor, ""]:
    """GRPO's: the clipped objective averaged over each response's tokens first, and then over responses.

        1/B Σ_b 1/|y_b| Σ_t min( ρ_t Â_t, clamp(ρ_t, 1 − ε, 1 + ε) Â_t )

    A token of a long response weighs less than one of a short response. Raises ValueError for an empty response.
    Source: Shao et al. (2024), equation 3.
    """
    lengths = mask.sum(dim=1, keepdim=True)
    require(bool((lengths > 0).all()), f"a response must not be empty; row {int(lengths.argmin())} is")
    return clipped_surrogate(logprobs, old_logprobs, advantages * (lengths.float().mean() / lengths), mask, clip=clip)


def fixed_length_surrogate(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    clip: float,
    tokens: int,
) -> Float[Tensor, ""]:
    """Dr. GRPO's: summed over all tokens, and divided by a number that no response can change.

        1/(B · tokens) Σ_b Σ_t min( ρ_t Â_t, clamp(ρ_t, 1 − ε, 1 + ε) Â_t )

    `tokens` is usually the longest response allowed. Source: Liu et al. (2025).
    """
    lengths = mask.sum(dim=-1).to(advantages)
    return clipped_surrogate(logprobs, old_logprobs, advantages * (lengths.mean() / tokens), mask, clip=clip)


def dpo_loss(
    chosen: Float[Tensor, " B"],
    rejected: Float[Tensor, " B"],
    ref_chosen: Float[Tensor, " B"],
    ref_rejected: Float[Tensor, " B"],
    *,
    beta: float,
) -> Float[Tensor, ""]:
    """Minus the mean log-probability of the choices, if a response is worth β log(π / π_ref): a loss to minimise.

        L = −mean log σ( β log(π/π_ref)(y_chosen) − β log(π/π_ref)(y_rejected) )

    All four are log-probabilities of whole responses, in nats; the reference's are held constant.
    Source: Rafailov et al. (2023), equation 7.
    """
    same_shape(chosen=chosen, rejected=rejected, ref_chosen=ref_chosen, ref_rejected=ref_rejected)
    require(beta > 0, f"beta must be greater than 0; got {beta}")
    return bradley_terry_loss(beta * (chosen - ref_chosen.detach()), beta * (rejected - ref_rejected.detach()))


def train_dpo(
    policy: ActorCritic,
    reference: ActorCritic,
    preferences: Preferences,
    *,
    beta: float,
    steps: int,
    batch_size: int,
    learning_rate: float,
    rng: torch.Generator,
) -> list[float]:
    """The loss of each step, in nats per pair, while the policy learns from choices that somebody made.

    No response is drawn and no score is asked for. Trained as in `pretraining.descend`.
    """
    preferences = preferences.to(next(policy.parameters()).device)

    def loss(rows: Int[Tensor, " K"]) -> Float[Tensor, ""]:
        pairs = preferences[rows]
        with torch.no_grad():
            references = pair_logprobs(reference, pairs)
        return dpo_loss(*pair_logprobs(policy, pairs), *references, beta=beta)

    sizes = {"examples": len(preferences), "steps": steps, "batch_size": batch_size}
    return descend(policy, loss, **sizes, learning_rate=learning_rate, rng=rng, desc="DPO")


def pair_logprobs(model: ActorCritic, pairs: Preferences) -> tuple[Float[Tensor, " B"], Float[Tensor, " B"]]:
    """The log-probabilities of the chosen responses, whole, and of the rejected ones, in nats."""
    chosen, _ = score_responses(model, pairs.prompts, pairs.chosen, pairs.chosen_mask)
    rejected, _ = score_responses(model, pairs.prompts, pairs.rejected, pairs.rejected_mask)
    return (
        zero_padding(chosen, pairs.chosen_mask).sum(dim=-1),
        zero_padding(rejected, pairs.rejected_mask).sum(dim=-1),
    )


class ReinforcePlusPlus(PPOTrainer):
    """PPO without a critic: a token's advantage is what followed it, score less β KL, whitened over the batch.

    Source: Hu (2025).
    """

    def __init__(self, policy: ActorCritic, reward: Reward, prompts: Prompts, config: PPOConfig, **others: Any) -> None:
        super().__init__(policy, reward, prompts, replace(config, value_coef=0.0), **others)

    def assign_credit(
        self, rollout: Rollout, ref_logprobs: Float[Tensor, "B T"], scores: Float[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
        """Advantages, and the returns, which no critic learns."""
        mask, kl_coef = rollout.mask, self.kl.coef
        rewards = kl_shaped_rewards(scores, rollout.logprobs, ref_logprobs, mask, kl_coef=kl_coef)
        returns = rewards_to_go(rewards, mask, gamma=1.0)
        return self.credit(returns, mask), returns

    def credit(self, returns: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T"]:
        """The advantage of each token, from what followed it."""
        return self.whiten(returns, mask)


class GroupTrainer(ReinforcePlusPlus):
    """`group` responses to each prompt, compared with one another: RLOO, with PPO's clip.

    A response is worth its score less β times its log-ratio to the reference, and all of its tokens get its advantage.
    """

    group = 8
    compare = staticmethod(leave_one_out_advantages)

    def credit(self, returns: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T"]:
        """The same for all tokens of a response. What followed its first token is all that it was worth."""
        advantages = self.compare(returns[:, 0].view(-1, self.group))
        return zero_padding(advantages.view(-1, 1).expand_as(returns), mask)

    def _random_rows(self, rows: int, draws: int) -> Int[Tensor, " K"]:
        require(draws % self.group == 0, f"batch_size must be a multiple of group = {self.group}; got {draws}")
        return super()._random_rows(rows, draws // self.group).repeat_interleave(self.group)


class GRPO(GroupTrainer):
    """Group relative policy optimisation. Its paper has the KL penalty (k3) in the loss; here it is in the reward."""

    compare = staticmethod(group_advantages)
    objective = staticmethod(sequence_mean_surrogate)


class DrGRPO(GroupTrainer):
    """GRPO "done right": no standard deviation, and no response's own length."""

    compare = staticmethod(centred_advantages)

    @property
    def objective(self) -> partial:
        """The surrogate, divided by the longest response allowed."""
        return partial(fixed_length_surrogate, tokens=self.config.max_tokens)


class RejectionSampling(GroupTrainer):
    """Imitates the best of each group, as far as the clip lets it in one batch. The others it does not look at."""

    compare = staticmethod(best_of_group)
