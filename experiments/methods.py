"""PPO's relatives, and PPO without one of its parts: each written once, for words and for pushes.

A class says what is not as in PPO, and is put before a trainer: relative(A2C, ControlTrainer).
"""

import torch
from torch import Tensor

from ppo_teach.advantages import gae
from ppo_teach.masks import masked_mean, zero_padding


def relative(method: type, trainer: type) -> type:
    """The trainer with what the method replaces; the trainer itself for `object`, which replaces nothing."""
    return trainer if method is object else type(method.__name__, (method, trainer), {})


def mean_log_probability(logprobs: Tensor, _old: Tensor, advantages: Tensor, mask: Tensor, *, clip: float) -> Tensor:
    """Plain log π, which knows nothing of the policy that acted: nothing to take a ratio to, nothing to clip."""
    return masked_mean(logprobs * advantages, mask)


def return_to_go(
    rewards: Tensor, _values: Tensor, _next: Tensor, terminated: Tensor, truncated: Tensor, *, gamma: float, lam: float
) -> Tensor:
    """The discounted rewards to the end of the episode: GAE with λ = 1 and a critic that expects nothing."""
    nothing, ended = torch.zeros_like(rewards), terminated | truncated
    return gae(rewards, nothing, nothing, ended, ended & False, gamma=gamma, lam=1.0)


def return_above_value(rewards: Tensor, values: Tensor, *rest: Tensor, gamma: float, lam: float) -> Tensor:
    """The same, less what the critic expected."""
    return return_to_go(rewards, values, *rest, gamma=gamma, lam=lam) - values


class Unwhitened:
    """Takes advantages as they are."""

    whiten = staticmethod(zero_padding)


class Unannealed:
    """Takes as large steps at the end as at the beginning."""

    @property
    def learning_rate(self) -> float:
        return self.config.learning_rate


class LogProbabilities:
    """PPO but for the objective."""

    objective = staticmethod(mean_log_probability)


class Reinforce(LogProbabilities, Unwhitened):
    """No critic: the rewards that followed."""

    estimator = staticmethod(return_to_go)


class WhitenedReinforce(LogProbabilities):
    """The rewards that followed, less what the critic expected, whitened as PPO's advantages are."""

    estimator = staticmethod(return_above_value)


class ReinforceWithBaseline(Unwhitened, WhitenedReinforce):
    """The same as they are."""


class A2C(LogProbabilities, Unwhitened):
    """Advantages of the critic, as they are, and plain log π."""
