"""Does PPO reach the published return in 500k steps, and what does the bootstrap at a time limit do?"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from experiments.framework import Experiment, Result, rounded
from experiments.methods import relative
from ppo_teach.config import ControlConfig
from ppo_teach.control import ControlTrainer, Experience, MLPActorCritic, vector_env

ENVIRONMENTS = 4
GAUGES = ("explained_variance", "value_loss", "entropy", "kl_to_old", "clip_fraction", "ratio_error", "grad_norm")


@dataclass(frozen=True)
class Variant:
    """What is not as published: the environment, the method, the network, or settings."""

    environment: str = "CartPole-v1"
    method: type = object
    network: Callable[..., nn.Module] = MLPActorCritic
    settings: dict[str, Any] = field(default_factory=dict)


class TimeLimitEnds:
    """Takes the time limit for the end of all reward, as published single-file code does."""

    def assign_credit(self, experience: Experience) -> tuple[torch.Tensor, torch.Tensor]:
        ended = experience.terminated | experience.truncated
        return super().assign_credit(replace(experience, terminated=ended))


VARIANTS = {
    "CartPole-v1": Variant(),
    "CartPole-v1, no bootstrap at the time limit": Variant(method=TimeLimitEnds),
    "Acrobot-v1": Variant("Acrobot-v1"),
}


def build_trainer(variant: Variant, config: ControlConfig, *, environments: int = ENVIRONMENTS) -> ControlTrainer:
    """A trainer; network, environments and actions all follow from the seed."""
    envs = vector_env(variant.environment, number=environments)
    (size,), actions = envs.single_observation_space.shape, int(envs.single_action_space.n)
    policy = variant.network(size, actions, rng=torch.Generator().manual_seed(config.seed))
    return relative(variant.method, ControlTrainer)(policy, envs, replace(config, **variant.settings))


def run(variant: Variant, config: ControlConfig, seed: int) -> Result:
    """One seed of a variant: its last 100 episodes, and curves."""
    started, trainer = time.process_time(), build_trainer(variant, replace(config, seed=seed))
    history = trainer.train()
    return {
        "last 100 episodes": history[-1]["episodic_return"],
        "episodes": len(trainer.episodes),
        "processor seconds": round(time.process_time() - started, 1),
        "curves": curves(trainer, points=50),
    }


def curves(trainer: ControlTrainer, *, points: int) -> dict[str, list[float | None]]:
    """Means over stretches of equally many iterations, and the step at which each stretch ends."""
    width = math.ceil(len(trainer.history) / points)
    windows = [trainer.history[first : first + width] for first in range(0, len(trainer.history), width)]
    ends = [window[-1]["steps"] for window in windows]
    stretches = zip([0, *ends[:-1]], ends, strict=True)
    return {
        "steps": ends,
        "episodic_return": [mean_return(trainer.episodes, after, end) for after, end in stretches],
        **{name: [rounded(metrics[name] for metrics in window) for window in windows] for name in GAUGES},
    }


def mean_return(episodes: Iterable[tuple[int, float]], after: float, end: float) -> float | None:
    """Of the episodes that ended in this stretch of steps; None when none did."""
    ended = [episodic_return for step, episodic_return in episodes if after < step <= end]
    return rounded(ended) if ended else None


EXPERIMENT = Experiment(
    task=ControlConfig,
    short=partial(replace, iterations=5),
    methods=VARIANTS,
    run=run,
    settings={"environments": ENVIRONMENTS, **asdict(ControlConfig())},
    columns=["last 100 episodes"],
)
