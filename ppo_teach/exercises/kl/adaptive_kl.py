"""Write `AdaptiveKL`. Chapter: book/language/kl.md.

The answer is a class. The grader lets it see one batch after another and writes down its coefficient.
The package's own is a frozen dataclass; this one has a constructor, which the reader is given.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, Misshapen, pick


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
        error = torch.tensor(kl / self.target - 1)
        change = error.clamp(-0.2, 0.2) * episodes / self.horizon
        return replace(self, coef=self.coef * (1 + change.item()))


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


MISCONCEPTIONS = (
    Misconception(
        "the controller is inverted",
        edited(AdaptiveKL, ("1 + error", "1 - error")),
        "β fell where the KL was too high, so the policy was let go",
        "'bring it down' is about the KL, and one writes it of β",
        "The KL is above its target. Should a nat cost more, or less?",
    ),
    Misconception(
        "the error is not clipped",
        edited(Frozen, (".clamp(-0.2, 0.2)", "")),
        "one wild batch moves β as far as it likes",
        "near the target nothing is ever clipped",
        "A batch has four times the target. How much may β change?",
    ),
    Misconception(
        "the error is clipped above only",
        edited(Frozen, ("clamp(-0.2, 0.2)", "clamp(max=0.2)")),
        "a low KL moves β further than a high one can move it back",
        "a KL that is too high is what one is afraid of",
        "A batch has a tenth of the target. How much may β change?",
    ),
    Misconception(
        "the error is not relative",
        edited(AdaptiveKL, ("kl / self.target - 1", "kl - self.target")),
        "a difference in nats depends on the unit; divided by the target it does not",
        "an error is a difference",
        "The target is 6 nats, the KL 6.6. By how many percent is it off?",
    ),
    Misconception(
        "relative to the KL, not to the target",
        edited(AdaptiveKL, ("kl / self.target - 1", "1 - self.target / (kl or 1e-8)")),
        "near the target it is nearly the same; farther away, and for a negative sample, it is not",
        "'by how many percent' can be asked of either",
        "Which of the two numbers is fixed, and can be divided by?",
    ),
    Misconception(
        "the quotient is upside down",
        edited(AdaptiveKL, ("kl / self.target", "self.target / (kl or 1e-8)")),
        "target/KL is below 1 where the KL is too high, so β fell there",
        "both quotients are 1 at the target",
        "The KL is above its target. Should a nat cost more, or less?",
    ),
    Misconception(
        "the −1 is missing",
        edited(AdaptiveKL, (" - 1", "")),
        "at the target the quotient is 1, not 0, so β rose there",
        "a quotient already says how far off the KL is",
        "The KL is on its target. What should e be?",
    ),
    Misconception(
        "the step is clipped, not the error",
        edited(
            Frozen,
            ("error.clamp(-0.2, 0.2) * episodes / self.horizon", "(error * episodes / self.horizon).clamp(-0.2, 0.2)"),
        ),
        "the clip came after the multiplication by episodes / horizon, so the limit no longer depends on the pace",
        "it is the step that must not be wild",
        "What is clipped to ±0.2: e, or e · episodes / horizon?",
    ),
    Misconception(
        "only the direction counts",
        edited(Frozen, ("error.clamp(-0.2, 0.2)", "0.2 * error.sign()")),
        "a KL that is off by one percent was corrected as hard as one that is off by a hundred",
        "the clip makes every large error ±0.2",
        "The KL is 10 % too high. What is e?",
    ),
    Misconception(
        "the KL is divided by the number of episodes",
        edited(AdaptiveKL, ("kl / self.target", "kl / episodes / self.target")),
        "`kl` is a mean over the batch already, in nats per sequence",
        "nats per sequence sounds like something to be divided by the number of sequences",
        "In which unit is the target, and in which one is `kl`?",
    ),
    Misconception(
        "the horizon is ignored",
        edited(AdaptiveKL, (" * episodes / self.horizon", "")),
        "β changes by the whole error in every batch",
        "one update a batch, one error a batch",
        "How many batches does it take to fill the horizon?",
    ),
    Misconception(
        "the horizon counts batches",
        edited(AdaptiveKL, (" * episodes", "")),
        "the number of replies in the batch was left out, so β hardly moves",
        "an update is one step",
        "In which unit is the horizon?",
    ),
    Misconception(
        "horizon over episodes",
        edited(AdaptiveKL, ("episodes / self.horizon", "self.horizon / episodes")),
        "a larger horizon made β quicker, and should make it slower",
        "one of the two is divided by the other",
        "The larger the horizon, the slower β. Where does it stand?",
    ),
    Misconception(
        "added instead of multiplied",
        edited(Frozen, ("self.coef * (1 + change.item())", "self.coef + change.item()")),
        "the same step was taken whatever the size of β, and β could become negative",
        "'raise β by 10 %' and 'raise β by 0.1' are the same at β = 1",
        "β = 0.5, and the factor is 1.01. What is the new β?",
    ),
    Misconception(
        "the exponential",
        edited(Frozen, ("(1 + change.item())", "change.exp().item()")),
        "exp(x) is a little more than 1 + x",
        "it keeps β positive, and for small steps it is the same",
        "Is the published factor 1 + x, or exp(x)?",
    ),
    Misconception(
        "the old controller was changed",
        edited(
            AdaptiveKL,
            ("return AdaptiveKL(self.coef * (", "self.coef *= ("),
            ("), self.target, self.horizon)", ")\n        return self"),
        ),
        "the new β is right, but the controller that we began with has it, too",
        "`self.coef *= …` and `return self` need no second object",
        "The controller is frozen. Who else may hold the old one?",
    ),
    Misconception(
        "nothing changes",
        edited(Frozen, ("replace(self, coef=self.coef * (1 + change.item()))", "self")),
        "β stayed what it was: that is FixedKL",
        "a frozen object cannot be changed, so one returns it",
        "Which object has the new β?",
    ),
)

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
