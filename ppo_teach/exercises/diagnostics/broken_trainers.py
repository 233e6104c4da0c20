"""Trainers that are wrong in one respect each, and run without complaint. Chapter: book/ppo/diagnostics.md.

Each replaces one act of the trainer; everything else, the metrics included, is the trainer's own.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ppo_teach.checkpoints import Metrics
from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.rollouts import Rollout, score_responses
from ppo_teach.tasks.ticket_clerk import MAX_TOKENS, novice, question, reward
from ppo_teach.trainer import PPOTrainer

CLERK = PPOConfig(
    iterations=20,
    batch_size=64,
    minibatch_size=64,
    epochs=4,
    learning_rate=0.1,
    max_tokens=MAX_TOKENS,
    kl=FixedKL(0.2),
)


def train_clerk(trainer: type[PPOTrainer], *, seed: int) -> list[Metrics]:
    """What a trainer logs in a run on the ticket clerk, who starts as a novice."""
    run = trainer(novice(seed=seed), reward, question(1), replace(CLERK, seed=seed))
    return [run.step() for _ in range(CLERK.iterations)]


class PaidForLeaving(PPOTrainer):
    """The KL term has the wrong sign: each nat away from the reference earns β."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        mirrored = 2 * rollout.logprobs - ref_logprobs  # log π − this is −(log π − log π_ref)
        return super().assign_credit(rollout, mirrored, scores)


class FrozenCritic(PPOTrainer):
    """The critic never learns: its weights receive no gradient."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.policy.values.requires_grad_(False)


class WhitenedReturns(PPOTrainer):
    """The returns are formed after the advantages have been whitened."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        advantages, _ = super().assign_credit(rollout, ref_logprobs, scores)
        return advantages, advantages + rollout.values


class NegatedAdvantages(PPOTrainer):
    """The advantages have the wrong sign."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        advantages, returns = super().assign_credit(rollout, ref_logprobs, scores)
        return -advantages, returns


class LargeSteps(PPOTrainer):
    """The learning rate is ten times as large."""

    def update(self, rollout: Rollout, advantages: Tensor, returns: Tensor) -> Metrics:
        configured = self.config
        self.config = replace(configured, learning_rate=10 * configured.learning_rate)
        metrics = super().update(rollout, advantages, returns)
        self.config = configured
        return metrics


class ReferenceForOld(PPOTrainer):
    """The ratio is formed with the reference, not with the policy that acted."""

    def update(self, rollout: Rollout, advantages: Tensor, returns: Tensor) -> Metrics:
        with torch.no_grad():
            ref_logprobs, _ = score_responses(self.reference, rollout.prompts, rollout.responses, rollout.mask)
        return super().update(replace(rollout, logprobs=ref_logprobs), advantages, returns)


class RefreshedOld(PPOTrainer):
    """The old log-probabilities are computed anew before every gradient step."""

    def objective(self, logprobs: Tensor, old_logprobs: Tensor, *minibatch: Tensor, clip: float) -> Tensor:
        old_logprobs.copy_(logprobs.detach())
        return super().objective(logprobs, old_logprobs, *minibatch, clip=clip)


class LostScore(PPOTrainer):
    """The score lands one place behind the last token, where nobody reads it."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        return super().assign_credit(rollout, ref_logprobs, torch.zeros_like(scores))


class NeighboursScore(PPOTrainer):
    """Each reply is paid the score of its neighbour in the batch."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        return super().assign_credit(rollout, ref_logprobs, scores.roll(1))
