"""Credit assignment: which token deserves the reward? Chapter: book/foundations/advantages.md.

`next_values[:, t]` is V(s_{t+1}), the critic's opinion of the state that token t led to. `terminated` marks a token
after which there is nothing to come; `truncated` a token after which we stopped looking, though there was.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.checks import flags, same_shape, share


def bootstrap_values(
    values: Float[Tensor, "B T"],
    final_values: Float[Tensor, "B T"],
    terminated: Bool[Tensor, "B T"],
    truncated: Bool[Tensor, "B T"],
) -> Float[Tensor, "B T"]:
    """V(s_{t+1}) of every token, in a row where one episode follows another, in units of reward.

    Where the episode goes on it is the next of `values`. Where it terminated it is 0, even if it was truncated, too.
    Where it was truncated, and at the end of a row that just stops, it is that of `final_values`, which is read nowhere
    else: `final_values[:, t]` is the value of the state that token t led to, before the next episode began.
    """
    same_shape(values=values, final_values=final_values, terminated=terminated, truncated=truncated)
    flags(terminated=terminated, truncated=truncated)
    going_on = torch.cat([values[:, 1:], final_values[:, -1:]], dim=1)
    return torch.where(terminated, 0.0, torch.where(truncated, final_values, going_on))


def td_residuals(
    rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    next_values: Float[Tensor, "B T"],
    terminated: Bool[Tensor, "B T"],
    *,
    gamma: float,
) -> Float[Tensor, "B T"]:
    """How much better than expected token t turned out, in units of reward.

        δ_t = r_t + γ V(s_{t+1}) − V(s_t),     V(s_{t+1}) = 0 where the episode terminated

    A truncated episode keeps its bootstrap: V(s_{t+1}) stands for the rewards we did not wait for.
    """
    same_shape(rewards=rewards, values=values, next_values=next_values, terminated=terminated)
    flags(terminated=terminated)
    share(gamma=gamma)
    return rewards + gamma * torch.where(terminated, 0.0, next_values) - values


def gae(
    rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    next_values: Float[Tensor, "B T"],
    terminated: Bool[Tensor, "B T"],
    truncated: Bool[Tensor, "B T"],
    *,
    gamma: float,
    lam: float,
) -> Float[Tensor, "B T"]:
    """Generalised advantage estimates, in units of reward: the residuals from t on, fading by γλ a token.

        Â_t = δ_t + γλ Â_{t+1},     Â_{t+1} = 0 where the episode ended (terminated or truncated)

    λ = 0 gives δ_t; λ = 1 gives the discounted return minus V(s_t). Nothing crosses the end of an episode, so what
    stands behind it, padding included, does not matter; at padding itself the result means nothing.
    Source: Schulman et al. (2016), equation 16.
    """
    same_shape(rewards=rewards, terminated=terminated, truncated=truncated)
    flags(terminated=terminated, truncated=truncated)
    share(lam=lam)
    deltas = td_residuals(rewards, values, next_values, terminated, gamma=gamma)
    ended = terminated | truncated
    advantages = torch.empty_like(deltas)
    running = deltas.new_zeros(deltas.shape[0])
    for t in reversed(range(deltas.shape[1])):
        running = deltas[:, t] + gamma * lam * torch.where(ended[:, t], 0.0, running)
        advantages[:, t] = running
    return advantages
