"""The supervised start. Chapter: book/language/language-models.md.

PPO improves a policy that can already speak. Here it learns to, by imitating examples.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from tqdm import trange

from ppo_teach.checks import finite, require
from ppo_teach.masks import masked_mean
from ppo_teach.models import ActorCritic
from ppo_teach.rollouts import score_responses
from ppo_teach.texts import Prompts


def pretrain(
    model: ActorCritic,
    prompts: Prompts,
    responses: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    rng: torch.Generator,
) -> list[float]:
    """The loss of each step, in nats per token, while the model learns to give these responses to these prompts.

        L = −mean_t log π(y_t | x, y_<t)

    AdamW; the learning rate rises over the first twentieth of the steps and falls linearly to 0. Examples are drawn
    with replacement.
    """
    require(
        len(prompts) == len(responses), f"responses must number {len(prompts)}, as prompts do; got {len(responses)}"
    )
    device = next(model.parameters()).device
    prompts, responses, mask = prompts.to(device), responses.to(device), mask.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    warmup = max(1, steps // 20)
    losses = []
    for step in trange(steps, desc="supervised start", leave=False):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min((step + 1) / warmup, 1 - step / steps)
        rows = torch.randint(len(prompts), (batch_size,), generator=rng, device=device)
        logprobs, _ = score_responses(model, prompts[rows], responses[rows], mask[rows])
        loss = -masked_mean(logprobs, mask[rows])
        finite("loss", loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
