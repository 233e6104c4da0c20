"""The policy gradient. Chapter: book/foundations/policy-gradient.md.

The reward is not differentiable, the probability of having earned it is:

    ∇J(θ) = E[ Σ_t ∇ log π_θ(a_t | s_t) · G_t ]
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.checks import floats, require, same_shape, share
from ppo_teach.masks import zero_padding


def rewards_to_go(rewards: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], *, gamma: float) -> Float[Tensor, "B T"]:
    """The discounted sum of the rewards from token t on, the return of that token. 0 at padding.

        G_t = r_t + γ G_{t+1},     G = 0 after the last real token

    Discounting counts from t, not from the start of the episode.
    """
    same_shape(rewards=rewards, mask=mask)
    floats(rewards=rewards)
    share(gamma=gamma)
    rewards = zero_padding(rewards, mask)
    returns = torch.empty_like(rewards)
    running = rewards.new_zeros(rewards.shape[0])
    for t in reversed(range(rewards.shape[1])):
        running = rewards[:, t] + gamma * running
        returns[:, t] = running
    return returns


def reinforce_loss(
    logprobs: Float[Tensor, "B T"], weights: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]
) -> Float[Tensor, ""]:
    """A loss to minimise whose gradient is minus an unbiased estimate of ∇J.

        L = −(1/B) Σ_b Σ_t log π(a_t | s_t) · G_t

    `weights` are returns, or returns minus a baseline that does not depend on the action; they are held constant. The
    sum runs over the tokens of an episode and the mean over episodes: a mean over each episode's tokens would weigh
    short episodes more than ∇J does. The value of L says nothing about J. Source: Williams (1992), REINFORCE.
    """
    same_shape(logprobs=logprobs, weights=weights, mask=mask)
    episode_sums = (zero_padding(logprobs, mask) * zero_padding(weights.detach(), mask)).sum(dim=1)
    return -episode_sums.mean()


def leave_one_out_baseline(scores: Float[Tensor, "*B N"]) -> Float[Tensor, "*B N"]:
    """For each of N replies to one prompt, the mean score of the other N − 1: a baseline its own tokens do not move.

        b_i = 1/(N−1) Σ_{j ≠ i} R_j

    The mean of all N would contain the reply itself, and shorten the expected gradient by the factor 1 − 1/N. Raises
    ValueError for a single reply. Source: Kool et al. (2019).
    """
    replies = scores.shape[-1]
    require(replies > 1, f"scores must hold at least 2 replies to each prompt; got {replies}")
    return (scores.sum(dim=-1, keepdim=True) - scores) / (replies - 1)
