"""Known wrong ways to write `trunk_gradient`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import zero_padding


def altered(
    *,
    value: Callable = lambda hidden, weights, bias: hidden @ weights + bias,
    error: Callable = lambda values, returns: values - returns,
    average: Callable = lambda errors, mask: errors / mask.sum(),
    direction: Callable = lambda hidden, weights: weights.expand_as(hidden),
) -> Callable:
    """The gradient with one part replaced."""

    def trunk_gradient(hidden, weights, bias, returns, mask):
        hidden = torch.where(mask[..., None], hidden, 0.0)
        errors = zero_padding(error(value(hidden, weights, bias), returns), mask)
        return average(errors, mask)[..., None] * direction(hidden, weights)

    return trunk_gradient


def detached(hidden: Tensor, weights: Tensor, bias: float, returns: Tensor, mask: Tensor) -> Tensor:
    return torch.zeros_like(hidden)


def unmasked(hidden: Tensor, weights: Tensor, bias: float, returns: Tensor, mask: Tensor) -> Tensor:
    return ((hidden @ weights + bias - returns) / mask.sum())[..., None] * weights


MISCONCEPTIONS = (
    Misconception(
        "the trunk is detached",
        detached,
        "the critic would learn with its head alone, and never move what the policy sees",
        "many trainers do give the critic a trunk of its own, or detach a shared one",
        "In `update` one loss goes backward. Which weights lie below the value head?",
    ),
    Misconception(
        "the head's gradient instead of the trunk's",
        altered(direction=lambda hidden, weights: hidden),
        "the error was multiplied by the hidden state: that is how the head's weights move",
        "it is the other factor of the same product",
        "V = w · h. What is the derivative by w, and what by h?",
    ),
    Misconception(
        "a large head is taken for a small one",
        altered(direction=lambda hidden, weights: torch.ones_like(hidden)),
        "the weights are missing, and with them all that depends on how the head begins",
        "the error is what the eye is on",
        "With all weights doubled and the error the same: what happens to the pull on the trunk?",
    ),
    Misconception(
        "the length of the weights is taken out",
        altered(direction=lambda hidden, weights: (weights / weights.norm().clamp(min=1e-8)).expand_as(hidden)),
        "only the direction of the head is left, and a large head pulls no harder than a small one",
        "a direction is often normalised",
        "With all weights doubled and the error the same: what happens to the pull on the trunk?",
    ),
    Misconception(
        "the opposite sign",
        altered(error=lambda values, returns: returns - values),
        "this is the direction that the hidden states move in; the gradient points the other way",
        "an advantage is return less value",
        "A value that is too high, and a positive weight: does the loss grow or fall with the hidden state?",
    ),
    Misconception(
        "the half is missing",
        altered(error=lambda values, returns: 2 * (values - returns)),
        "twice the pull",
        "the derivative of x² is 2x",
        "What is the derivative of ½x²?",
    ),
    Misconception(
        "the values are taken for the errors",
        altered(error=lambda values, returns: values),
        "every value is pulled towards 0",
        "at the beginning of a run the returns are small",
        "A critic that is right: how hard should it pull?",
    ),
    Misconception(
        "the sign of the error instead of the error",
        altered(error=lambda values, returns: (values - returns).sign()),
        "a small error pulls as hard as a large one",
        "that is the gradient of an absolute error",
        "The error doubles. What happens to the gradient of a square?",
    ),
    Misconception(
        "the bias is missing",
        altered(value=lambda hidden, weights, bias: hidden @ weights),
        "the errors are those of another critic",
        "the bias has no part in the last factor",
        "What does the critic say of a hidden state of zeros?",
    ),
    Misconception(
        "a sum instead of a mean",
        altered(average=lambda errors, mask: errors),
        "longer replies would pull harder",
        "each token's error stands alone in its gradient",
        "By what is the loss divided?",
    ),
    Misconception(
        "padding is counted",
        altered(average=lambda errors, mask: errors / mask.numel()),
        "the pull depends on how wide the batch is padded",
        "`.mean()` divides by all that stands in the rectangle",
        "How many errors is the mean over?",
    ),
    Misconception(
        "each reply by its own length",
        altered(average=lambda errors, mask: errors / (len(mask) * mask.sum(dim=-1, keepdim=True).clamp(min=1))),
        "a token of a short reply pulls harder than one of a long reply",
        "'the mean of a batch' is often a mean of the replies' means",
        "How many errors is the mean over?",
    ),
    Misconception(
        "a mean for each reply, and their sum",
        altered(average=lambda errors, mask: errors / mask.sum(dim=-1, keepdim=True).clamp(min=1)),
        "a larger batch would pull harder, and a token of a short reply harder than one of a long reply",
        "`dim=1` is where the tokens are, so one averages there",
        "How many errors is the mean over?",
    ),
    Misconception(
        "padding has a gradient",
        unmasked,
        "errors at positions that are not real reach the trunk",
        "the mean is divided by the right number, and the rest is forgotten",
        "What is the error of a token that does not exist?",
    ),
)
