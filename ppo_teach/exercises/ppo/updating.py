"""Running a reader's update on a policy of a few weights, and reading the weights afterwards.

Minibatches are shuffled, and nobody's shuffle is somebody else's. So the cases are such that their order changes
nothing: there is one minibatch, or all steps are alike, or no two steps share a weight. The optimiser is plain gradient
descent, whose steps then add up in any order.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

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
    """The weights after the update, below a row that says what is wrong with the order of the minibatches."""
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
    rng = torch.Generator().manual_seed(0)
    untouched = rng.get_state()
    function(policy, optimizer, *batch, config, rng=rng)
    found = torch.cat([policy.actor, policy.critic[:, None]], dim=1).detach()
    orders = epochs_seen(policy.seen, observations, minibatch_size)
    unshuffled = sum(torch.equal(epoch, observations) for epoch in orders)
    repeated = sum(torch.equal(epoch, before) for before, epoch in pairwise(orders))
    unused = bool(orders) and torch.equal(rng.get_state(), untouched)
    return torch.cat([torch.tensor([[unshuffled, repeated, unused]]).to(found.dtype), found])


def epochs_seen(
    seen: list[Tensor], observations: Float[Tensor, "N D"], minibatch_size: int
) -> tuple[Float[Tensor, "K D"], ...]:
    """The minibatches in the order in which they came, an epoch each; none where steps are alike or there is one."""
    minibatches = [rows for rows in seen if len(rows) == minibatch_size < len(observations)]
    if not minibatches or len(observations.unique(dim=0)) < len(observations):
        return ()
    return torch.cat(minibatches).split(len(observations))


def entry(index: tuple[int, ...]) -> str:
    row, column = index
    if row == 0:
        return (
            "number of epochs in the batch's own order",
            "number of epochs in the order of the epoch before",
            "number of generators left unused",
        )[column]
    return f"weight of feature {row - 1} in {f'the logit of action {column}' if column < 2 else 'the value'}"
