"""The settings of a run, and the rules they must keep. Chapter: book/ppo/ppo.md."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from ppo_teach.checks import of_its_types, require
from ppo_teach.kl import AdaptiveKL, FixedKL

LARGEST = 3.4e38  # below the largest number of float32, in which models calculate


# Of both kinds of settings; a name that one kind lacks has no rule there.
RULES: tuple[tuple[tuple[str, ...], str, Callable[[float], bool]], ...] = (
    (("iterations", "batch_size", "minibatch_size", "epochs", "steps", "max_tokens"), "be at least 1", lambda n: n > 0),
    (("learning_rate", "clip", "value_clip", "max_grad_norm", "temperature"), "be greater than 0", lambda n: n > 0),
    (("value_coef", "entropy_coef", "seed"), "be at least 0", lambda n: n >= 0),
    (("learning_rate", "value_coef", "entropy_coef", "temperature"), "be finite", lambda n: n < inf),
    (
        ("clip", "value_clip", "max_grad_norm"),
        f"be at most {LARGEST:.3g}, which float32 can hold, or inf",
        lambda n: n <= LARGEST or n == inf,
    ),
    (("seed",), "be less than 2**64", lambda n: n < 2**64),
    (("gamma", "lam"), "lie in [0, 1]", lambda n: 0 <= n <= 1),
)


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
        _keep_the_rules(self)
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
        _keep_the_rules(self)


def _keep_the_rules(settings: PPOConfig | ControlConfig) -> None:
    """Raises ValueError for a setting that breaks its rule."""
    of_its_types(settings)
    numbers = vars(settings)
    for names, rule, holds in RULES:
        for name in names:
            require(name not in numbers or holds(numbers[name]), f"{name} must {rule}; got {numbers.get(name)}")
