"""Known wrong ways to write `frontier_point`: each is the right one with one part replaced."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def right_logweights(scores: Tensor, kl_coef: float) -> Tensor:
    return (scores / kl_coef).log_softmax(dim=0)


def right_score(logw: Tensor, scores: Tensor, kl_coef: float) -> Tensor:
    return logw.exp() @ scores


def right_kl(logw: Tensor) -> Tensor:
    return logw.exp() @ logw + math.log(len(logw))


def altered(
    *, logweights: Callable = right_logweights, score: Callable = right_score, kl: Callable = right_kl
) -> Callable:
    """The point with one part replaced."""

    def frontier_point(scores, *, kl_coef):
        logw = logweights(scores, kl_coef)
        return torch.stack([score(logw, scores, kl_coef), kl(logw)])

    return frontier_point


def without_a_care(scores: Tensor, *, kl_coef: float) -> Tensor:
    weights = (scores / kl_coef).exp()
    weights = weights / weights.sum()
    kl = (weights * (len(scores) * weights).log()).sum()
    return torch.stack([weights @ scores, kl])


def softmax_and_then_log(scores: Tensor, *, kl_coef: float) -> Tensor:
    weights = (scores / kl_coef).softmax(dim=0)
    return torch.stack([weights @ scores, weights @ weights.log() + math.log(len(scores))])


def penalised(logw: Tensor, scores: Tensor, kl_coef: float) -> Tensor:
    return right_score(logw, scores, kl_coef) - kl_coef * right_kl(logw)


MISCONCEPTIONS = (
    Misconception(
        "multiplied by β",
        altered(logweights=lambda scores, kl_coef: (scores * kl_coef).log_softmax(dim=0)),
        "a smaller β should let the policy go further; here it holds it back",
        "a coefficient is something to multiply with",
        "What should become of the weights as β goes to 0?",
    ),
    Misconception(
        "the log N is missing",
        altered(kl=lambda logw: logw.exp() @ logw),
        "this is minus the entropy of the weights, never above 0, and a KL is never below it",
        "Σ w log w looks like a divergence",
        "From what are the weights to be told apart? What is the reference's weight of one sample?",
    ),
    Misconception(
        "the entropy of the weights",
        altered(kl=lambda logw: -(logw.exp() @ logw)),
        "it falls as the policy goes further",
        "it is never below 0, as it should be",
        "All samples score alike. How far has the best policy gone?",
    ),
    Misconception(
        "the other divergence",
        altered(kl=lambda logw: -logw.mean() - math.log(len(logw))),
        "this is KL(reference ‖ policy); the penalty is the other one",
        "both divergences are 0 in the same place",
        "Whose samples does the penalty average over: the policy's or the reference's?",
    ),
    Misconception(
        "a mean over the samples, not over the policy",
        altered(score=lambda logw, scores, kl_coef: scores.mean()),
        "this is what the reference earns, whatever β is",
        "the samples are there, and their mean is at hand",
        "Does your expected score depend on β?",
    ),
    Misconception(
        "the best of the samples",
        altered(score=lambda logw, scores, kl_coef: scores.max()),
        "only at β = 0 is the policy sure to say it",
        "the best policy should say the best thing",
        "At β = 1 and two samples, does the best policy never say the other?",
    ),
    Misconception(
        "the penalty is taken off the score",
        altered(score=penalised),
        "this is β log Z, what the policy is worth after paying for its nats; the axis shows what it earns",
        "it is what the policy maximises",
        "The frontier has two axes. Which of them has the penalty already?",
    ),
    Misconception(
        "weights that do not sum to 1",
        altered(logweights=lambda scores, kl_coef: scores / kl_coef),
        "Z is missing, and no expectation can lie above the highest score",
        "'in proportion to' is quickly read as 'equal to'",
        "What do your weights sum to?",
    ),
    Misconception(
        "overflow at a small β",
        without_a_care,
        "exp(1000) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(1 / 0.001) in float32? Which constant may you subtract from all scores?",
    ),
    Misconception(
        "0 · log 0",
        softmax_and_then_log,
        "at a small β some weights are 0 in float32, their logarithm is −∞, and 0 · −∞ is not a number",
        "softmax does not overflow, so nothing seems left to go wrong",
        "What is torch.tensor(0.0).log() * 0? Which function gives the log of a softmax without the softmax?",
    ),
    Misconception(
        "a mean where a sum should be",
        altered(kl=lambda logw: right_kl(logw) / len(logw)),
        "the weights are probabilities already; a mean divides by N once more. (torch's `kl_div` does so, unless told)",
        "expectations over samples are means",
        "What do the weights sum to? What is Σ w x, if all x are 1?",
    ),
    Misconception(
        "in bits",
        altered(kl=lambda logw: right_kl(logw) / math.log(2)),
        "KL was counted with logarithms to the base 2; this book counts in nats",
        "information is often counted in bits",
        "What is the largest KL that two samples can show, in your unit?",
    ),
    Misconception(
        "the KL before the score",
        lambda scores, *, kl_coef: altered()(scores, kl_coef=kl_coef).flip(0),
        "the two numbers stand in each other's place",
        "the KL is the horizontal axis, and x comes first",
        "Which of the two does the exercise ask for first?",
    ),
)
