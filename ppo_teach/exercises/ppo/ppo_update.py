"""Write `ppo_update`. Chapter: book/ppo/ppo.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ppo_teach.config import ControlConfig
from ppo_teach.policy import action_logprobs, entropy
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.values import clipped_value_loss


def ppo_update(
    policy: nn.Module,
    optimizer: torch.optim.Optimizer,
    observations: Float[Tensor, "N D"],
    actions: Int[Tensor, " N"],
    old_logprobs: Float[Tensor, " N"],
    old_values: Float[Tensor, " N"],
    advantages: Float[Tensor, " N"],
    returns: Float[Tensor, " N"],
    config: ControlConfig,
    *,
    rng: torch.Generator,
) -> None:
    """Improves `policy` on one batch: several epochs, each over all N steps once, in shuffled minibatches."""
    real = torch.ones_like(actions, dtype=torch.bool)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(actions), generator=rng).split(config.minibatch_size):
            logits, values = policy(observations[rows])
            logprobs = action_logprobs(logits, actions[rows])
            surrogate = clipped_surrogate(logprobs, old_logprobs[rows], advantages[rows], real[rows], clip=config.clip)
            value_loss = clipped_value_loss(values, old_values[rows], returns[rows], real[rows], clip=config.value_clip)
            loss = -surrogate + config.value_coef * value_loss - config.entropy_coef * entropy(logits).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)
            optimizer.step()
