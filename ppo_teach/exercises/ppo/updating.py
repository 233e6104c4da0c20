"""Running a reader's update on a policy of a few weights, and reading the weights afterwards.

Minibatches are shuffled, and nobody's shuffle is somebody else's. So the cases are such that their order changes
nothing: there is one minibatch, or all steps are alike, or no two steps share a weight. The optimiser is plain gradient
descent, whose steps then add up in any order.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ppo_teach.config import ControlConfig
from ppo_teach.policy import action_logprobs

settings = lru_cache(ControlConfig)  # its rules are checked once for each case


class LinearActorCritic(nn.Module):
    """One weight for each feature and action, one for each feature and the value.

    In training mode the first logit is dropped: what a layer of dropout does at random happens here each time.
    """

    def __init__(self, weights: Float[Tensor, "D W"]) -> None:
        super().__init__()
        self.actor, self.critic = nn.Parameter(weights[:, :-1].clone()), nn.Parameter(weights[:, -1].clone())
        self.seen: list[Tensor] = []

    def forward(self, observations: Float[Tensor, "K D"]) -> tuple[Float[Tensor, "K V"], Float[Tensor, " K"]]:
        self.seen.append(observations)
        logits = observations @ self.actor
        if self.training:
            logits = logits * (torch.arange(logits.shape[-1]) > 0)
        return logits, observations @ self.critic


def play(
    function: Callable,
    weights: Float[Tensor, "D W"],
    observations: Float[Tensor, "N D"],
    actions: Int[Tensor, " N"],
    advantages: Float[Tensor, " N"],
    returns: Float[Tensor, " N"],
    epochs: int,
    minibatch_size: int,
    clip: float,
    value_clip: float,
    value_coef: float,
    entropy_coef: float,
    max_grad_norm: float,
) -> Float[Tensor, "R W"]:
    """The weights after the update, below a row that holds the number of epochs in which nothing was shuffled."""
    policy = LinearActorCritic(weights).eval()
    with torch.no_grad():
        logits, old_values = policy(observations)
    old_logprobs = action_logprobs(logits, actions)
    policy.seen.clear()
    config = settings(
        epochs=epochs,
        minibatch_size=minibatch_size,
        clip=clip,
        value_clip=value_clip,
        value_coef=value_coef,
        entropy_coef=entropy_coef,
        max_grad_norm=max_grad_norm,
    )
    optimizer = torch.optim.SGD(policy.parameters(), lr=1.0)
    batch = observations, actions, old_logprobs, old_values, advantages, returns
    function(policy, optimizer, *batch, config, rng=torch.Generator().manual_seed(0))
    found = torch.cat([policy.actor, policy.critic[:, None]], dim=1).detach()
    first_row = torch.zeros(1, found.shape[1])
    first_row[0, 0] = unshuffled(policy.seen, observations, minibatch_size)
    return torch.cat([first_row, found])


def unshuffled(seen: list[Tensor], observations: Float[Tensor, "N D"], minibatch_size: int) -> int:
    """How often the minibatches, in the order in which they came, were the batch as it stood."""
    minibatches = [rows for rows in seen if len(rows) == minibatch_size < len(observations)]
    if not minibatches or len(observations.unique(dim=0)) < len(observations):
        return 0
    epochs = torch.cat(minibatches).split(len(observations))
    return sum(torch.equal(epoch, observations) for epoch in epochs)


def entry(index: tuple[int, ...]) -> str:
    row, column = index
    if row == 0:
        return "number of epochs in the batch's own order"
    return f"weight of feature {row - 1} in {f'the logit of action {column}' if column < 2 else 'the value'}"
