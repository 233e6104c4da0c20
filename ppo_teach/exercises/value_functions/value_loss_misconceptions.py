"""Known wrong ways to write `value_loss`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import masked_mean, zero_padding


def altered(
    *,
    prediction: Callable = lambda values: values,
    target: Callable = lambda returns: returns.detach(),
    error: Callable = lambda values, returns: (values - returns).square(),
    average: Callable = masked_mean,
    loss: Callable = lambda mean: 0.5 * mean,
) -> Callable:
    """The value loss with one part replaced."""

    def value_loss(values, returns, mask):
        values, returns = prediction(zero_padding(values, mask)), target(zero_padding(returns, mask))
        return loss(average(error(values, returns), mask))

    return value_loss


def unmasked(average: Callable) -> Callable:
    """Half the squared error of every position, averaged afterwards."""
    return lambda values, returns, mask: 0.5 * average((values - returns.detach()).square(), mask)


def all_pairs(values: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    return 0.5 * (values[mask][:, None] - returns.detach()[mask][None, :]).square().mean()


def centred(values: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    return 0.5 * (values - returns.detach())[mask].var(correction=0)


MISCONCEPTIONS = (
    Misconception(
        "the critic is detached",
        altered(prediction=torch.detach),
        "the number is right, but the critic learns nothing",
        "values are held constant everywhere else: in advantages, in returns, in the rollout",
        "Which of the two is to be moved by this loss: the values, or the returns?",
    ),
    Misconception(
        "the returns are not held constant",
        altered(target=lambda returns: returns),
        "the targets are pulled towards the critic",
        "the number is the same, and where returns come from a rollout nothing depends on them",
        "Which of the two is to be moved by this loss: the values, or the returns?",
    ),
    Misconception(
        "values and returns are swapped",
        altered(prediction=torch.detach, target=lambda returns: returns),
        "the targets have the gradient, and the critic has none",
        "the square is the same in both directions",
        "Which of the two is to be moved by this loss: the values, or the returns?",
    ),
    Misconception(
        "every value against every return",
        all_pairs,
        "a column minus a row is a square: each value was compared with the returns of all tokens",
        "a value head gives (B, 1), the returns are (B,), and broadcasting says nothing",
        "Print the shape of values minus returns. How many errors should there be?",
    ),
    Misconception(
        "the half is missing",
        altered(loss=lambda mean: mean),
        "the loss and its gradient are twice as large",
        "mean squared error is what libraries call it",
        "What is the derivative of ½x², and what of x²?",
    ),
    Misconception(
        "the square is missing",
        altered(error=lambda values, returns: values - returns),
        "errors of opposite sign cancelled",
        "the error itself has the right unit",
        "A value too high by 1 and one too low by 1: is this a perfect critic?",
    ),
    Misconception(
        "the absolute error",
        altered(error=lambda values, returns: 2 * (values - returns).abs()),
        "the error was not squared",
        "it measures distance as well; its optimum is the median, not the mean",
        "Which loss has the expected return as its optimum?",
    ),
    Misconception(
        "large errors are flattened",
        altered(error=lambda values, returns: 2 * smooth_l1_loss(values, returns, reduction="none")),
        "an error above 1 counted in proportion, not as its square",
        "the Huber loss is common in Q-learning",
        "An error of 3: what is half its square?",
    ),
    Misconception(
        "the square of the mean error",
        altered(
            error=lambda values, returns: values - returns,
            loss=lambda mean: 0.5 * mean.square(),
        ),
        "errors of opposite sign cancelled before they were squared",
        "'mean squared error' can be read in either order",
        "A value too high by 1 and one too low by 1: is this a perfect critic?",
    ),
    Misconception(
        "the mean error is taken away first",
        centred,
        "a critic that is wrong by the same amount everywhere would have no loss",
        "explained variance does it, with the same arguments",
        "All values are too high by 1. What should the loss be?",
    ),
    Misconception(
        "the root of the mean square",
        altered(loss=torch.sqrt),
        "the square root was taken",
        "it brings the error back to units of reward",
        "In which unit is this loss: reward, or reward squared?",
    ),
    Misconception(
        "the sign of an objective",
        altered(loss=lambda mean: -0.5 * mean),
        "minimising this would make the critic worse",
        "PPO's objective is maximised, and the value term stands in it with a minus",
        "Should a better critic have a smaller loss, or a larger one?",
    ),
    Misconception(
        "a library's mean squared error of everything",
        lambda values, returns, mask: (values - returns.detach()).square().mean(),
        "padding was counted, and the half is missing",
        "`mse_loss(values, returns)` is one call, and named after the loss",
        "What is the derivative of ½x²? And which positions of the batch are tokens?",
    ),
    *wrong_averages(careful=lambda average: altered(average=average), careless=unmasked),
)
