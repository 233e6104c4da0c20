"""The value function. Chapter: book/foundations/value-functions.md.

V(s_t) is the return we expect from token t on, before that token is chosen. A critic learns it by regression.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ppo_teach.checks import at_least_0, floats, require, same_shape, share
from ppo_teach.masks import masked_mean, masked_variance, zero_padding


def tree_values(
    probabilities: Float[Tensor, "S V"], rewards: Float[Tensor, "S V"], successors: Int[Tensor, "S V"], *, gamma: float
) -> Float[Tensor, " S"]:
    """V of every state of a tree, from the leaves upward, in units of reward.

        V(s) = Σ_a π(a | s) (r(s, a) + γ V(s')),     V(s') = 0 where the episode has ended

    `successors[s, a]` is the number of s', and −1 where a ends the episode. Raises ValueError unless every s' has
    a larger number than s: going from the last state to the first, we meet each value after those it is made of.
    """
    same_shape(probabilities=probabilities, rewards=rewards, successors=successors)
    floats(probabilities=probabilities, rewards=rewards)
    share(gamma=gamma)
    later, ended = successors > torch.arange(len(successors), device=successors.device)[:, None], successors == -1
    require(bool((later | ended).all()), "successors must have larger numbers than their states, or be -1")
    values = rewards.new_zeros(len(rewards))
    for s in reversed(range(len(rewards))):
        following = torch.where(ended[s], 0.0, values[successors[s]])
        values[s] = probabilities[s] @ (rewards[s] + gamma * following)
    return values


def action_advantages(
    probabilities: Float[Tensor, "*B V"], action_values: Float[Tensor, "*B V"]
) -> Float[Tensor, "*B V"]:
    """How much better each action is than the policy's average action, in units of reward.

        A(s, a) = Q(s, a) − V(s),     V(s) = Σ_a π(a | s) Q(s, a)

    Weighted by π, the advantages of a state sum to 0.
    """
    same_shape(probabilities=probabilities, action_values=action_values)
    return action_values - (probabilities * action_values).sum(dim=-1, keepdim=True)


def value_loss(
    values: Float[Tensor, "*B"], returns: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"]
) -> Float[Tensor, ""]:
    """Half the mean squared error over real tokens, a loss to minimise, in squared units of reward.

        L = ½ · mean_t (V(s_t) − R̂_t)²

    The returns are targets and held constant.
    """
    same_shape(values=values, returns=returns, mask=mask)
    errors = zero_padding(values - returns.detach(), mask)
    return 0.5 * masked_mean(errors.square(), mask)


def trunk_gradient(
    hidden: Float[Tensor, "B T D"],
    weights: Float[Tensor, " D"],
    bias: float,
    returns: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B T D"]:
    """What the value loss asks of the hidden states that a linear head reads: its gradient with respect to each.

        ∂L/∂h_t = (V_t − R̂_t) / N · w,     V_t = w · h_t + b,     L = ½ · mean_t (V_t − R̂_t)²

    N is the number of real tokens. 0 at padding, and 0 everywhere while the head's weights w are 0, as at the start of
    training. Raises ValueError when no token is real.
    """
    same_shape(hidden=hidden[..., 0], returns=returns, mask=mask)
    require(bool(mask.any()), "mask must have a real token; got none")
    errors = zero_padding(hidden @ weights + bias - returns, mask) / mask.sum()
    return errors[..., None] * weights


def clipped_value_loss(
    values: Float[Tensor, "*B"],
    old_values: Float[Tensor, "*B"],
    returns: Float[Tensor, "*B"],
    mask: Bool[Tensor, "*B"],
    *,
    clip: float,
) -> Float[Tensor, ""]:
    """The value loss with the critic's step bounded, a loss to minimise.

        L = ½ · mean_t max( (V − R̂)², (V_clip − R̂)² ),     V_clip = V_old + clamp(V − V_old, −clip, clip)

    The larger of the two errors counts, so moving further than `clip` from the old value towards the return brings no
    gain. `clip` is in units of reward. Source: the code of openai/baselines; not in the PPO paper.
    """
    same_shape(values=values, old_values=old_values, returns=returns, mask=mask)
    at_least_0(clip=clip)
    values, old_values = zero_padding(values, mask), zero_padding(old_values.detach(), mask)
    returns = zero_padding(returns.detach(), mask)
    clipped_values = old_values + (values - old_values).clamp(-clip, clip)
    errors = torch.maximum((values - returns).square(), (clipped_values - returns).square())
    return 0.5 * masked_mean(errors, mask)


def explained_variance(
    values: Float[Tensor, "*B"], returns: Float[Tensor, "*B"], mask: Bool[Tensor, "*B"]
) -> Float[Tensor, ""]:
    """How much of the returns' variance the critic accounts for: 1 is perfect, 0 no better than a constant.

        1 − Var(R̂ − V) / Var(R̂)

    Negative when the critic does harm. NaN when all returns are equal: there is nothing to explain.
    """
    same_shape(values=values, returns=returns, mask=mask)
    variance = masked_variance(returns, mask)
    vary = returns[mask].amax() > returns[mask].amin()  # the variance of equal numbers is 0 but for rounding
    return torch.where(vary & (variance > 0), 1 - masked_variance(returns - values, mask) / variance, torch.nan)
