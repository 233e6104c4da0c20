"""Write `AdaptiveKL`. Chapter: book/language/kl.md.

The answer is a class. The grader lets it see one batch after another and writes down its coefficient.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise, Misshapen, pick
from ppo_teach.exercises.kl.adaptive_kl_misconceptions import MISCONCEPTIONS


class AdaptiveKL:
    """β that follows the KL of each batch."""

    def __init__(self, coef: float, target: float, horizon: float) -> None:
        self.coef, self.target, self.horizon = coef, target, horizon

    def update(self, kl: float, *, episodes: int) -> "AdaptiveKL":
        """A new controller, after a batch of so many replies with this mean KL, in nats per sequence."""
        error = min(max(kl / self.target - 1, -0.2), 0.2)
        return AdaptiveKL(self.coef * (1 + error * episodes / self.horizon), self.target, self.horizon)


def follow(
    controller_class: Any, kls: Float[Tensor, " K"], coef: float, target: float, horizon: float, episodes: int
) -> Float[Tensor, " 1+K"]:
    """The β of the controller that we began with, read when all is done; then β after each batch."""
    first = controller = controller_class(coef, target, horizon)
    seen = []
    for kl in kls.tolist():
        controller = controller.update(kl, episodes=episodes)
        seen.append(coefficient(controller))
    return torch.tensor([coefficient(first), *seen], dtype=torch.float64)


def coefficient(controller: Any) -> float:
    if not hasattr(controller, "coef"):
        kind = "nothing" if controller is None else f"one {type(controller).__name__}"
        raise Misshapen(f"its `update` returns {kind}", f"update returned {kind}; it should be a new controller")
    return float(controller.coef)


def place(index: tuple[int, ...]) -> str:
    return f"β after batch {index[0]}" if index[0] else "β of the old controller, afterwards,"


def batches(kls: list, *, coef: float, target: float, horizon: float, episodes: int, law: str = "") -> Case:
    inputs = {"kls": torch.tensor(kls), "coef": coef, "target": target, "horizon": horizon, "episodes": episodes}
    return Case(inputs, law=law)


def random_batches(rng: torch.Generator) -> Case:
    """Far above the target, a little above, a little below, far below, in some order."""
    target = pick(rng, 0.5, 2.0, 6.0)
    kls = target * torch.tensor([2.5, 1.1, 0.93, 0.3])[torch.randperm(4, generator=rng)]
    return batches(kls.tolist(), coef=pick(rng, 0.5, 2.0), target=target, horizon=200.0, episodes=pick(rng, 64, 100))


@dataclass(frozen=True)
class Frozen:
    """As the package has it."""

    coef: float
    target: float
    horizon: float

    def update(self, kl, *, episodes):
        error = torch.tensor(kl / self.target - 1).clamp(-0.2, 0.2).item()
        return replace(self, coef=self.coef + self.coef * error * episodes / self.horizon)


class ClippedQuotient:
    """Clips KL/target to [0.8, 1.2], which is the same; keeps the pace in one number."""

    def __init__(self, coef, target, horizon):
        self.coef, self.target, self.pace = coef, target, 1 / horizon

    def update(self, kl, episodes):
        quotient = sorted((0.8, kl / self.target, 1.2))[1]
        return ClippedQuotient(self.coef * (1 + (quotient - 1) * episodes * self.pace), self.target, 1 / self.pace)


class InThreeCases:
    """By cases, in torch's numbers."""

    def __init__(self, coef, target, horizon):
        self.coef, self.target, self.horizon = torch.tensor(coef).double(), target, horizon

    def update(self, kl, *, episodes):
        if kl > 1.2 * self.target:
            error = 0.2
        elif kl < 0.8 * self.target:
            error = -0.2
        else:
            error = (kl - self.target) / self.target
        return InThreeCases(self.coef.item() * (1 + episodes / self.horizon * error), self.target, self.horizon)


EXERCISE = Exercise(
    function=AdaptiveKL,
    title="A coefficient that follows the KL",
    section="What does one nat cost?",
    minutes=10,
    difficulty=2,
    goal="`update(kl, episodes=…)` returns a *new* controller whose `coef` is β · (1 + e · episodes / horizon), where "
    "e = KL/target − 1, clipped to ±0.2. `kl` is the mean of the batch, in nats per sequence, as is the target; "
    "`episodes` is the number of replies in the batch. The old controller stays as it was.",
    entry=place,
    worked=batches([6.6], coef=0.5, target=6.0, horizon=1000.0, episodes=100),
    answer=[0.5, 0.505],
    answer_in_words="β = 0.505, and the old controller still has 0.5",
    cases=(
        batches([12.0, 5.4], coef=0.5, target=6.0, horizon=200.0, episodes=100),
        batches([0.1, 0.6], coef=2.0, target=0.5, horizon=200.0, episodes=64),
        batches([2.0, 2.0], coef=2.0, target=2.0, horizon=200.0, episodes=64, law="At the target nothing changes"),
        batches(
            [-0.3, -3.0], coef=2.0, target=2.0, horizon=200.0, episodes=64, law="A negative sample is a KL that is low"
        ),
    ),
    random_case=random_batches,
    hints=(
        "The KL is 10 % too high. Should the next nat cost more, or less?",
        "Three numbers: a relative error, the same clipped, and a factor near 1 that it is turned into.",
        "error = min(max(kl / self.target - 1, -0.2), 0.2); the factor is 1 + error * episodes / self.horizon.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(Frozen, ClippedQuotient, InThreeCases),
    play=follow,
)
