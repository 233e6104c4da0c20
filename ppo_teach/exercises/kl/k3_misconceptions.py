"""Known wrong ways to write `k3`, as functions of x = log q."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def of_log_q(estimate: Callable) -> Callable:
    """Another function of log π_ref − log π."""
    return lambda logprobs, ref_logprobs: estimate(ref_logprobs - logprobs)


def divided_after_the_exponential(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    q = ref_logprobs.exp() / logprobs.exp()
    return (q - 1) - q.log()


def weighted(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    x = ref_logprobs - logprobs
    return logprobs.exp() * (torch.expm1(x) - x)


def of_log_probabilities(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    q = ref_logprobs / logprobs
    return (q - 1) - q.log()


MISCONCEPTIONS = (
    Misconception(
        "forward and reverse are swapped",
        of_log_q(lambda x: torch.expm1(-x) + x),
        "q was taken as π/π_ref. Over samples of π its mean is not 1, and nothing is unbiased any more",
        "π over π_ref stands inside the logarithm of the definition",
        "Which of the two quotients has the mean 1 under π?",
    ),
    Misconception(
        "the sign",
        of_log_q(lambda x: x - torch.expm1(x)),
        "the estimate is never positive, and should never be negative",
        "the terms stand the other way round: 'log q minus (q − 1)'",
        "The logarithm lies below its tangent. Which of q − 1 and log q is the larger one?",
    ),
    Misconception(
        "the −1 is missing",
        of_log_q(lambda x: torch.exp(x) - x),
        "q has the mean 1, not 0, so the estimate is 1 too large",
        "a constant has no gradient, so nobody misses it there",
        "What is your estimate where both agree?",
    ),
    Misconception(
        "the logarithm's sign",
        of_log_q(lambda x: torch.expm1(x) + x),
        "log q was added, not subtracted: the mean has the wrong sign",
        "k1 is a log-ratio with a plus, but that one is log π − log π_ref",
        "k1 = −log q is in there. With which sign?",
    ),
    Misconception(
        "q upside down beside the right logarithm",
        of_log_q(lambda x: torch.expm1(-x) - x),
        "q − 1 was formed with π/π_ref, and log q with π_ref/π",
        "PPO's ratio has the new policy on top, and one writes it without thinking",
        "Which of the two quotients has the mean 1 under π?",
    ),
    Misconception(
        "q − 1 alone",
        of_log_q(torch.expm1),
        "this has the mean 0 under π, wherever π is",
        "it is the new part of k3",
        "Which term carries the divergence, and which one only calms it?",
    ),
    Misconception(
        "k1",
        of_log_q(lambda x: -x),
        "this is k1, which swings and may be negative",
        "it is the definition, and unbiased",
        "A token that the reference likes better: what is your estimate?",
    ),
    Misconception(
        "log q",
        of_log_q(lambda x: x),
        "this is −k1: its mean is minus the divergence",
        "reference minus policy looks like 'distance from the reference'",
        "Where π is surer than the reference, should the estimate be positive?",
    ),
    Misconception(
        "k2",
        of_log_q(lambda x: 0.5 * x.square()),
        "this is k2, half the square of log q: close by the same, and biased farther away",
        "k3 = x²/2 + x³/6 + …, and the first term is all of k2",
        "For q = ½: what is q − 1 − log q, and what ½ log² q?",
    ),
    Misconception(
        "the square without its ½",
        of_log_q(torch.square),
        "this is twice k2",
        "a squared difference is the first non-negative thing that comes to mind",
        "For q = ½: what is q − 1 − log q, and what log² q?",
    ),
    Misconception(
        "k1, cut off at 0",
        of_log_q(lambda x: (-x).clamp(min=0)),
        "half of the samples of k1 were thrown away, so the mean is too large",
        "a divergence is never negative; a single sample of k1 may be",
        "What becomes of the mean when its negative half is gone?",
    ),
    Misconception(
        "the quotient of the log-probabilities",
        of_log_probabilities,
        "log π_ref was divided by log π",
        "the formula prints a fraction, and the arguments are the two sides of it",
        "q is a quotient of probabilities. What becomes of it under the logarithm?",
    ),
    Misconception(
        "weighted by the probability",
        weighted,
        "the probability of the token was multiplied in",
        "the formula of the divergence has π in front; but sampling from π already weighs by it",
        "How often is a token drawn whose probability is ½?",
    ),
    Misconception(
        "divided after the exponential",
        divided_after_the_exponential,
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition of q, word for word, and right for single tokens",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "one number for the batch",
        of_log_q(lambda x: (torch.expm1(x) - x).mean()),
        "the tokens were averaged, padding and all",
        "an estimate is a mean over samples; but here each sample is asked for",
        "How many tokens came in?",
    ),
    Misconception(
        "large samples are cut off",
        of_log_q(lambda x: (torch.expm1(x) - x).clamp(max=10.0)),
        "what is above 10 was cut off, so the mean is too small",
        "a single enormous q spoils a curve",
        "A mean is made of all of its samples. What becomes of it without the largest?",
    ),
    Misconception(
        "no gradient",
        of_log_q(lambda x: (torch.expm1(x) - x).detach()),
        "the number is right, but no gradient reaches the policy",
        "as a gauge it needs none",
        "Which of the chapter's questions is about the gradient of this number?",
    ),
)
