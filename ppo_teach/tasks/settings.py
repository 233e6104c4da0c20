"""What a reader may change about a task."""

from dataclasses import dataclass
from math import inf
from typing import Literal

import torch

from ppo_teach.checks import of_its_types, require
from ppo_teach.config import PPOConfig

Device = Literal["cpu", "cuda", "mps", "auto"]


@dataclass(frozen=True)
class Supervision:
    """The settings of the supervised start."""

    # Gradient steps.
    steps: int = 500
    # Examples per step, drawn with replacement.
    batch_size: int = 32
    # The highest learning rate of AdamW.
    learning_rate: float = 5e-3

    def __post_init__(self) -> None:
        of_its_types(self)
        require(self.steps >= 0, f"steps must be at least 0; got {self.steps}")
        require(self.batch_size >= 1, f"batch_size must be at least 1; got {self.batch_size}")
        require(self.learning_rate > 0, f"learning_rate must be greater than 0; got {self.learning_rate}")
        require(self.learning_rate < inf, f"learning_rate must be finite; got {self.learning_rate}")


@dataclass(frozen=True)
class Settings:
    """All settings of a run; its seed is that of `ppo`."""

    ppo: PPOConfig
    supervision: Supervision
    # A checkpoint folder, or the name of a model on a hub, instead of the task's own tiny model.
    model: str | None = None
    # Where to compute; auto takes the fastest that the machine has.
    device: Device = "cpu"


def usable_device(name: Device) -> str:
    """The device of this name. Raises ValueError when the machine does not have it."""
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    names = [device for device, available in has.items() if available]
    require(name == "auto" or has[name], f"device must be one that this machine has, {' or '.join(names)}; got {name}")
    return names[0] if name == "auto" else name
