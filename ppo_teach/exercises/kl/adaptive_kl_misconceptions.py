"""Known wrong ways to write `AdaptiveKL`: each is the right one with one part replaced."""

import math
from collections.abc import Callable
from typing import Any

from ppo_teach.exercises.exercise import Misconception


def clipped(error: float) -> float:
    return min(max(error, -0.2), 0.2)


def altered(
    *,
    error: Callable = lambda kl, target, episodes: clipped(kl / target - 1),
    pace: Callable = lambda episodes, horizon: episodes / horizon,
    step: Callable = lambda coef, change: coef * (1 + change),
    give: Callable = lambda old, new: new,
) -> type:
    """The controller with one part replaced."""

    class AdaptiveKL:
        def __init__(self, coef: float, target: float, horizon: float) -> None:
            self.coef, self.target, self.horizon = coef, target, horizon

        def update(self, kl: float, *, episodes: int) -> Any:
            change = error(kl, self.target, episodes) * pace(episodes, self.horizon)
            return give(self, type(self)(step(self.coef, change), self.target, self.horizon))

    return AdaptiveKL


def in_place(old: Any, new: Any) -> Any:
    old.coef = new.coef
    return old


MISCONCEPTIONS = (
    Misconception(
        "the controller is inverted",
        altered(step=lambda coef, change: coef * (1 - change)),
        "β fell where the KL was too high, so the policy was let go",
        "'bring it down' is about the KL, and one writes it of β",
        "The KL is above its target. Should a nat cost more, or less?",
    ),
    Misconception(
        "the error is not clipped",
        altered(error=lambda kl, target, episodes: kl / target - 1),
        "one wild batch moves β as far as it likes",
        "near the target nothing is ever clipped",
        "A batch has four times the target. How much may β change?",
    ),
    Misconception(
        "the error is clipped above only",
        altered(error=lambda kl, target, episodes: min(kl / target - 1, 0.2)),
        "a low KL moves β further than a high one can move it back",
        "a KL that is too high is what one is afraid of",
        "A batch has a tenth of the target. How much may β change?",
    ),
    Misconception(
        "the error is not relative",
        altered(error=lambda kl, target, episodes: clipped(kl - target)),
        "a difference in nats depends on the unit; divided by the target it does not",
        "an error is a difference",
        "The target is 6 nats, the KL 6.6. By how many percent is it off?",
    ),
    Misconception(
        "relative to the KL, not to the target",
        altered(error=lambda kl, target, episodes: clipped(1 - target / kl)),
        "near the target it is nearly the same; farther away, and for a negative sample, it is not",
        "'by how many percent' can be asked of either",
        "Which of the two numbers is fixed, and can be divided by?",
    ),
    Misconception(
        "the quotient is upside down",
        altered(error=lambda kl, target, episodes: clipped(target / kl - 1)),
        "target/KL is below 1 where the KL is too high, so β fell there",
        "both quotients are 1 at the target",
        "The KL is above its target. Should a nat cost more, or less?",
    ),
    Misconception(
        "the −1 is missing",
        altered(error=lambda kl, target, episodes: clipped(kl / target)),
        "at the target the quotient is 1, not 0, so β rose there",
        "a quotient already says how far off the KL is",
        "The KL is on its target. What should e be?",
    ),
    Misconception(
        "the step is clipped, not the error",
        altered(
            error=lambda kl, target, episodes: kl / target - 1,
            step=lambda coef, change: coef * (1 + clipped(change)),
        ),
        "the clip came after the multiplication by episodes / horizon, so the limit no longer depends on the pace",
        "it is the step that must not be wild",
        "What is clipped to ±0.2: e, or e · episodes / horizon?",
    ),
    Misconception(
        "only the direction counts",
        altered(error=lambda kl, target, episodes: math.copysign(0.2, kl - target) if kl != target else 0.0),
        "a KL that is off by one percent was corrected as hard as one that is off by a hundred",
        "the clip makes every large error ±0.2",
        "The KL is 10 % too high. What is e?",
    ),
    Misconception(
        "the KL is divided by the number of episodes",
        altered(error=lambda kl, target, episodes: clipped(kl / episodes / target - 1)),
        "`kl` is a mean over the batch already, in nats per sequence",
        "nats per sequence sounds like something to be divided by the number of sequences",
        "In which unit is the target, and in which one is `kl`?",
    ),
    Misconception(
        "the horizon is ignored",
        altered(pace=lambda episodes, horizon: 1.0),
        "β changes by the whole error in every batch",
        "one update a batch, one error a batch",
        "How many batches does it take to fill the horizon?",
    ),
    Misconception(
        "the horizon counts batches",
        altered(pace=lambda episodes, horizon: 1 / horizon),
        "the number of replies in the batch was left out, so β hardly moves",
        "an update is one step",
        "In which unit is the horizon?",
    ),
    Misconception(
        "horizon over episodes",
        altered(pace=lambda episodes, horizon: horizon / episodes),
        "a larger horizon made β quicker, and should make it slower",
        "one of the two is divided by the other",
        "The larger the horizon, the slower β. Where does it stand?",
    ),
    Misconception(
        "added instead of multiplied",
        altered(step=lambda coef, change: coef + change),
        "the same step was taken whatever the size of β, and β could become negative",
        "'raise β by 10 %' and 'raise β by 0.1' are the same at β = 1",
        "β = 0.5, and the factor is 1.01. What is the new β?",
    ),
    Misconception(
        "the exponential",
        altered(step=lambda coef, change: coef * math.exp(min(change, 50.0))),
        "exp(x) is a little more than 1 + x",
        "it keeps β positive, and for small steps it is the same",
        "Is the published factor 1 + x, or exp(x)?",
    ),
    Misconception(
        "the old controller was changed",
        altered(give=in_place),
        "the new β is right, but the controller that we began with has it, too",
        "`self.coef *= …` and `return self` need no second object",
        "The controller is frozen. Who else may hold the old one?",
    ),
    Misconception(
        "nothing changes",
        altered(give=lambda old, new: old),
        "β stayed what it was: that is FixedKL",
        "a frozen object cannot be changed, so one returns it",
        "Which object has the new β?",
    ),
)
