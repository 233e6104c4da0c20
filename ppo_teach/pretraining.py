"""The supervised start. Chapter: book/language/language-models.md.

PPO improves a policy that can already speak. Here it learns to, by imitating examples.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
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

    Trained as in `descend`.
    """
    require(
        len(prompts) == len(responses),
        f"responses must number {len(prompts)}, one for each prompt; got {len(responses)}",
    )
    device = next(model.parameters()).device
    prompts, responses, mask = prompts.to(device), responses.to(device), mask.to(device)

    def loss(rows: Int[Tensor, " K"]) -> Float[Tensor, ""]:
        logprobs, _ = score_responses(model, prompts[rows], responses[rows], mask[rows])
        return -masked_mean(logprobs, mask[rows])

    sizes = {"examples": len(prompts), "steps": steps, "batch_size": batch_size}
    return descend(model, loss, **sizes, learning_rate=learning_rate, rng=rng, desc="supervised start")


def descend(
    model: nn.Module,
    loss_of: Callable[[Int[Tensor, " K"]], Float[Tensor, ""]],
    *,
    examples: int,
    steps: int,
    batch_size: int,
    learning_rate: float,
    rng: torch.Generator,
    desc: str,
) -> list[float]:
    """The loss of each step, while the model learns from examples drawn with replacement.

    `loss_of` takes the rows of a batch. AdamW; the learning rate rises over the first twentieth of the steps and falls
    linearly to 0. Raises ValueError when a loss is not finite.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, fused=True)
    warmup = max(1, steps // 20)
    losses = []
    for step in trange(steps, desc=desc, leave=False):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min((step + 1) / warmup, 1 - step / steps)
        loss = loss_of(torch.randint(examples, (batch_size,), generator=rng, device=device))
        finite("loss", loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
