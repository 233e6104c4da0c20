"""Known wrong ways to write `clipped_value_loss`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    prediction: Callable = lambda it: it.values,
    old: Callable = lambda it: it.old_values.detach(),
    target: Callable = lambda it: it.returns.detach(),
    clipped: Callable = lambda it: it.old + (it.prediction - it.old).clamp(-it.clip, it.clip),
    error: Callable = lambda it: torch.maximum(it.plain, it.near),
    average: Callable = lambda error, mask: error.sum() / mask.sum(),
    loss: Callable = lambda mean: 0.5 * mean,
) -> Callable:
    """The clipped value loss with one part replaced; `it` holds the arguments and the parts before."""

    def clipped_value_loss(values, old_values, returns, mask, *, clip):
        rows = {"values": values, "old_values": old_values, "returns": returns}
        it = SimpleNamespace(**{name: torch.where(mask, x, 0.0) for name, x in rows.items()}, clip=clip)
        it.prediction, it.old, it.target = prediction(it), old(it), target(it)
        it.clipped = clipped(it)
        it.plain, it.near = (it.prediction - it.target).square(), (it.clipped - it.target).square()
        return loss(average(error(it), mask))

    return clipped_value_loss


def unmasked(average: Callable) -> Callable:
    """The larger squared error of every position, averaged afterwards."""

    def clipped_value_loss(values, old_values, returns, mask, *, clip):
        old_values, returns = old_values.detach(), returns.detach()
        clipped = old_values + (values - old_values).clamp(-clip, clip)
        return 0.5 * average(torch.maximum((values - returns).square(), (clipped - returns).square()), mask)

    return clipped_value_loss


def flat_outside(it: SimpleNamespace) -> Tensor:
    """The right number, with a gradient inside the interval only."""
    x = torch.maximum(it.plain, it.near)
    return torch.where((it.prediction - it.old).abs() <= it.clip, x, x.detach())


def maximum_of_means(values: Tensor, old_values: Tensor, returns: Tensor, mask: Tensor, *, clip: float) -> Tensor:
    means = [
        altered(error=error)(values, old_values, returns, mask, clip=clip)
        for error in (lambda it: it.plain, lambda it: it.near)
    ]
    return torch.maximum(*means)


MISCONCEPTIONS = (
    Misconception(
        "the minimum for the maximum",
        altered(error=lambda it: torch.minimum(it.plain, it.near)),
        "the smaller error counted, so a critic that moved too far is let off",
        "the policy's objective has a minimum at this place; but that one is climbed, and this is a loss",
        "A bound that is pessimistic about a loss: should it report the smaller one, or the larger?",
    ),
    Misconception(
        "only the clipped value counts",
        altered(error=lambda it: it.near),
        "a value that has gone astray beyond the interval has no gradient, so nothing pulls it back",
        "the clip looks as if it did the whole work",
        "The value was 0, is 0.5 and should be −1. What should its gradient be? And what is that of V_clip?",
    ),
    Misconception(
        "the plain value loss",
        altered(error=lambda it: it.plain),
        "no move was bounded. A clip around the return comes to the same: beside its error the plain one is the larger",
        "inside the interval the two losses agree, and before the first step all values are inside",
        "The value was 0, is 0.5 and should be 1. How much may it gain from its last 0.3?",
    ),
    Misconception(
        "the error is clipped",
        altered(error=lambda it: (it.prediction - it.target).clamp(-it.clip, it.clip).square()),
        "V − R̂ was held between −ε and ε, not the move V − V_old",
        "a clipped error bounds the gradient as well, and Q-learning does it",
        "Whose distance is to be bounded: that from the return, or that from the old value?",
    ),
    Misconception(
        "clipped around zero",
        altered(clipped=lambda it: it.prediction.clamp(-it.clip, it.clip)),
        "the value itself was held between −ε and ε",
        "while the critic knows nothing, its old values are all near 0",
        "The old value is 3 and ε is 0.2. In which interval may V_clip lie?",
    ),
    Misconception(
        "the interval of the ratio",
        altered(clipped=lambda it: it.prediction.clamp(1 - it.clip, 1 + it.clip)),
        "the value itself was held between 1 − ε and 1 + ε",
        "the line is copied from the policy's clip, where no change is a 1; here it is a difference of 0",
        "The old value is 3 and ε is 0.2. In which interval may V_clip lie?",
    ),
    Misconception(
        "clipped above only",
        altered(clipped=lambda it: it.old + (it.prediction - it.old).clamp(max=it.clip)),
        "a value that fell by more than ε still gained something",
        "values are thought of as rising with the policy",
        "The value was 0, is −0.5 and should be −1. How much may it gain from its last 0.3?",
    ),
    Misconception(
        "clipped below only",
        altered(clipped=lambda it: it.old + (it.prediction - it.old).clamp(min=-it.clip)),
        "a value that rose by more than ε still gained something",
        "a single bound seems enough, because the maximum is a bound as well",
        "The value was 0, is 0.5 and should be 1. How much may it gain from its last 0.3?",
    ),
    Misconception(
        "ε is fixed at 0.2",
        altered(clipped=lambda it: it.old + (it.prediction - it.old).clamp(-0.2, 0.2)),
        "the argument `clip` was not used",
        "0.2 is the value in every paper",
        "Call your function with clip=0.1 and with clip=0.5. Should the answers differ?",
    ),
    Misconception(
        "the larger value for the larger error",
        altered(error=lambda it: (torch.maximum(it.prediction, it.clipped) - it.target).square()),
        "the maximum was taken before the square",
        "it is one pair of brackets away from the right line",
        "Above the return, which of V and V_clip has the larger error? And below it?",
    ),
    Misconception(
        "the maximum of the two means",
        maximum_of_means,
        "the larger mean was taken, not the mean of the larger ones",
        "with a single token, or when all agree, the order does not matter",
        "Is each token to be bounded, or the batch as a whole?",
    ),
    Misconception(
        "outside the interval the gradient is zero",
        altered(error=flat_outside),
        "the number is right, but nothing pulls a value back that has gone astray",
        "it is true where the value has moved towards its return",
        "The value was 0, is 0.5 and should be −1. Should its gradient be zero?",
    ),
    Misconception(
        "old and new values are swapped",
        altered(prediction=lambda it: it.old_values.detach(), old=lambda it: it.values),
        "the old value is compared with the return, and the new one is where it may move from",
        "both are rows of values, and (old, new) is as good an order as (new, old)",
        "Which of the two came with the rollout, and which is the critic's now?",
    ),
    Misconception(
        "the critic is detached",
        altered(prediction=lambda it: it.values.detach()),
        "the number is right, but the critic learns nothing",
        "values are held constant everywhere else: in advantages, in returns, in the rollout",
        "Which of the three rows is to be moved by this loss?",
    ),
    Misconception(
        "the old values are not held constant",
        altered(old=lambda it: it.old_values),
        "the old value has a gradient",
        "the number is the same, and where old values come from a rollout nothing depends on them",
        "The old value was written down while acting. Can it still change?",
    ),
    Misconception(
        "the returns are not held constant",
        altered(target=lambda it: it.returns),
        "the targets are pulled towards the critic",
        "the number is the same, and where returns come from a rollout nothing depends on them",
        "Which of the three rows is to be moved by this loss?",
    ),
    Misconception(
        "nothing is held constant",
        altered(old=lambda it: it.old_values, target=lambda it: it.returns),
        "the old values and the targets have gradients",
        "the number is the same, and where both come from a rollout nothing depends on them",
        "Which of the three rows is to be moved by this loss?",
    ),
    Misconception(
        "the half is missing",
        altered(loss=lambda mean: mean),
        "the loss and its gradient are twice as large",
        "mean squared error is what libraries call it, and the weight in front of the loss is often a half itself",
        "What is the derivative of ½x², and what of x²?",
    ),
    Misconception(
        "the square is missing",
        altered(error=lambda it: torch.maximum((it.prediction - it.target).abs(), (it.clipped - it.target).abs())),
        "the larger distance was averaged, not the larger square",
        "of two errors the larger one is larger either way",
        "Which loss has the expected return as its optimum?",
    ),
    Misconception(
        "the sign of an objective",
        altered(loss=lambda mean: -0.5 * mean),
        "minimising this would make the critic worse",
        "PPO's objective is maximised, and the value term stands in it with a minus",
        "Should a better critic have a smaller loss, or a larger one?",
    ),
    *wrong_averages(careful=lambda average: altered(average=average), careless=unmasked),
)
