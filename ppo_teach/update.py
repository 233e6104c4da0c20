"""PPO's update: several epochs of gradient steps on one batch. Chapter: book/ppo/ppo.md.

The same for words and for pushes: `ppo_teach.trainer` and `ppo_teach.control` both call it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ppo_teach.checkpoints import Metrics
from ppo_teach.checks import finite
from ppo_teach.config import ControlConfig, PPOConfig
from ppo_teach.kl import k3
from ppo_teach.masks import blank_padding, masked_mean, zero_padding
from ppo_teach.policy import action_logprobs, entropy
from ppo_teach.surrogate import clip_fraction, clipped_surrogate, importance_ratio
from ppo_teach.values import clipped_value_loss


@dataclass(frozen=True, eq=False)
class Batch:
    """What one update learns from. A row is a response, or a single step; what stands at padding does not matter.

    `inputs` are what the policy is called with; it gives logits (*B V) and values (*B). `logprobs`, in nats, and
    `values` are what the policy that acted thought of `actions` at that moment.
    """

    inputs: tuple[Any, ...]
    actions: Int[Tensor, "*B"]
    mask: Bool[Tensor, "*B"]
    logprobs: Float[Tensor, "*B"]
    values: Float[Tensor, "*B"]
    advantages: Float[Tensor, "*B"]
    returns: Float[Tensor, "*B"]

    def __len__(self) -> int:
        return len(self.actions)

    def __getitem__(self, rows: Int[Tensor, " K"]) -> "Batch":
        tensors = (getattr(self, field.name)[rows] for field in fields(Batch)[1:])
        return Batch(tuple(x[rows] for x in self.inputs), *tensors)


def ppo_update(
    policy: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: PPOConfig | ControlConfig,
    *,
    rng: torch.Generator,
    objective: Callable[..., Float[Tensor, ""]] = clipped_surrogate,
) -> Metrics:
    """Improves `policy` on one batch: several epochs, each over all rows once, in shuffled minibatches.

        L = −surrogate + c_V · value loss − c_H · entropy

    A relative of PPO may climb another `objective` than the clipped surrogate. Metrics are means over the gradient
    steps. Raises ValueError when the loss is not finite. Source: Schulman et al. (2017), equation 9, algorithm 1.
    """
    steps = []
    for _ in range(config.epochs):
        for rows in torch.randperm(len(batch), generator=rng, device=rng.device).split(config.minibatch_size):
            mb = batch[rows]
            logits, values = policy(*mb.inputs)
            logits, actions = blank_padding(logits, mb.actions, mb.mask)
            logprobs = action_logprobs(logits, actions)
            surrogate = objective(logprobs, mb.logprobs, mb.advantages, mb.mask, clip=config.clip)
            value_loss = clipped_value_loss(values, mb.values, mb.returns, mb.mask, clip=config.value_clip)
            with torch.set_grad_enabled(config.entropy_coef > 0):  # a gradient times 0 is not worth its time
                bonus = masked_mean(entropy(logits), mb.mask)
            loss = -surrogate + config.value_coef * value_loss - config.entropy_coef * bonus
            finite("loss", loss)
            optimizer.zero_grad()
            loss.backward()
            grad_norm = nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)
            optimizer.step()
            step = {"surrogate": surrogate, "value_loss": value_loss, "entropy": bonus, "grad_norm": grad_norm}
            steps.append(_numbers({**step, **_gauges(logprobs.detach(), mb, clip=config.clip)}))
    means = {name: sum(step[name] for step in steps) / len(steps) for name in steps[0]}
    return {**means, "first_ratio_error": steps[0]["ratio_error"]}


def _gauges(logprobs: Float[Tensor, "*B"], mb: Batch, *, clip: float) -> dict[str, Float[Tensor, ""]]:
    """How far the policy has moved from the one that acted."""
    ratio = importance_ratio(logprobs, mb.logprobs)
    return {
        "ratio_error": zero_padding(ratio - 1, mb.mask).abs().max(),
        "kl_to_old": masked_mean(k3(mb.logprobs, logprobs), mb.mask),
        "clip_fraction": clip_fraction(logprobs, mb.logprobs, mb.advantages, mb.mask, clip=clip),
    }


def _numbers(metrics: dict[str, Float[Tensor, ""]]) -> Metrics:
    """As floats, fetched from the device all at once."""
    return dict(zip(metrics, torch.stack([value.detach() for value in metrics.values()]).tolist(), strict=True))
