"""The settings of a run, and the rules they must keep. Chapter: book/ppo/ppo.md."""

from dataclasses import dataclass, field
from math import inf

from ppo_teach.checks import of_its_types, require
from ppo_teach.kl import AdaptiveKL, FixedKL

LARGEST = 3.4e38  # below the largest number of float32, in which models calculate


@dataclass(frozen=True)
class PPOConfig:
    """The settings of a run. Raises ValueError for a setting outside its rule."""

    # Rounds of acting and learning.
    iterations: int = 50
    # Responses per iteration.
    batch_size: int = 64
    # Responses per gradient step; divides the batch size.
    minibatch_size: int = 32
    # Passes over each batch.
    epochs: int = 2
    # Adam's at the first iteration; falls linearly towards 0.
    learning_rate: float = 2e-4
    # ε, how far the ratio may move from 1 before a gain stops counting; inf for any distance.
    clip: float = 0.2
    # The same for the critic, in units of reward; inf for none.
    value_clip: float = 0.2
    # Weight of the critic's loss.
    value_coef: float = 0.5
    # Weight of the entropy bonus, in units of advantage per nat.
    entropy_coef: float = 0.0
    # Discount per token, from 0 to 1.
    gamma: float = 1.0
    # λ, what of later credit reaches back, per token, from 0 to 1.
    lam: float = 0.95
    # The gradient is scaled down to this norm; inf for never.
    max_grad_norm: float = 1.0
    # A response ends after so many tokens, if not at EOS.
    max_tokens: int = 24
    # Logits are divided by it, in acting and in scoring.
    temperature: float = 1.0
    # Of the prompts drawn, the responses sampled and the minibatches shuffled.
    seed: int = 0
    # β, fixed or adaptive.
    kl: FixedKL | AdaptiveKL = field(default_factory=lambda: FixedKL(0.02))

    def __post_init__(self) -> None:
        _keep_the_rules(self, counts=("iterations", "batch_size", "minibatch_size", "epochs", "max_tokens"))
        require(self.temperature > 0, f"temperature must be greater than 0; got {self.temperature}")
        require(self.temperature < inf, f"temperature must be finite; got {self.temperature}")
        require(
            self.batch_size % self.minibatch_size == 0,
            f"minibatch_size must divide batch_size {self.batch_size}; got {self.minibatch_size}",
        )
        if isinstance(self.kl, AdaptiveKL):  # it falls by at most 0.2 · batch_size / horizon of itself
            least = 0.2 * self.batch_size
            require(
                self.kl.horizon > least,
                f"kl.horizon must be greater than {least}, or β could reach 0; got {self.kl.horizon}",
            )

    @property
    def episodes(self) -> int:
        """Responses sampled in the whole run."""
        return self.iterations * self.batch_size

    @property
    def gradient_steps(self) -> int:
        """Optimiser steps in the whole run."""
        return self.iterations * self.epochs * (self.batch_size // self.minibatch_size)


@dataclass(frozen=True)
class ControlConfig:
    """The settings of a run; the defaults are those published for classic control.

    iterations       rounds of acting and learning: 976 rounds of 4 environments × 128 steps are 500k steps
    steps            of each environment in an iteration
    minibatch_size   steps per gradient step; divides the batch, environments × steps

    The others mean what they mean in PPOConfig and keep its rules. Raises ValueError for one outside its rule.
    """

    iterations: int = 976
    steps: int = 128
    minibatch_size: int = 128
    epochs: int = 4
    learning_rate: float = 2.5e-4
    clip: float = 0.2
    value_clip: float = 0.2
    value_coef: float = 0.5
    entropy_coef: float = 0.01
    gamma: float = 0.99
    lam: float = 0.95
    max_grad_norm: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        _keep_the_rules(self, counts=("iterations", "steps", "minibatch_size", "epochs"))


def _keep_the_rules(settings: PPOConfig | ControlConfig, *, counts: tuple[str, ...]) -> None:
    """The rules of what both kinds of settings hold. Raises ValueError."""
    of_its_types(settings)
    for name in counts:
        require(getattr(settings, name) >= 1, f"{name} must be at least 1; got {getattr(settings, name)}")
    for name in ("learning_rate", "clip", "value_clip", "max_grad_norm"):
        require(getattr(settings, name) > 0, f"{name} must be greater than 0; got {getattr(settings, name)}")
    for name in ("value_coef", "entropy_coef", "seed"):
        require(getattr(settings, name) >= 0, f"{name} must be at least 0; got {getattr(settings, name)}")
    for name in ("learning_rate", "value_coef", "entropy_coef"):
        require(getattr(settings, name) < inf, f"{name} must be finite; got {getattr(settings, name)}")
    for name in ("clip", "value_clip", "max_grad_norm"):
        number = getattr(settings, name)
        fits = number <= LARGEST or number == inf
        require(fits, f"{name} must be at most {LARGEST:.3g}, which float32 can hold, or inf; got {number}")
    require(settings.seed < 2**64, f"seed must be less than 2**64; got {settings.seed}")
    for name in ("gamma", "lam"):
        require(0 <= getattr(settings, name) <= 1, f"{name} must lie in [0, 1]; got {getattr(settings, name)}")
