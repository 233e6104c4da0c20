"""Known wrong ways to write `entropy`."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Categorical

from ppo_teach.exercises.exercise import Misconception


def plogp(logprobs: Tensor) -> Tensor:
    """−p log p, with 0 log 0 = 0."""
    return -(logprobs.exp() * finite(logprobs))


def finite(logits: Tensor) -> Tensor:
    return logits.clamp(min=torch.finfo(logits.dtype).min)


def right(logits: Tensor, axis: int = -1) -> Tensor:
    """The entropy, of a softmax over `axis`."""
    return plogp(logits.log_softmax(dim=axis)).sum(dim=-1)


def after(alter: Callable) -> Callable:
    """The right entropy, and one step more."""
    return lambda logits: alter(right(logits), logits)


def normalised_by_hand(logits: Tensor) -> Tensor:
    weights = logits.exp()
    probabilities = weights / weights.sum(dim=-1, keepdim=True)
    return plogp(probabilities.clamp(min=1e-30).log()).sum(dim=-1)


def of_a_sample(logits: Tensor) -> Tensor:
    policy = Categorical(logits=logits)
    return -policy.log_prob(policy.sample())


def hidden_afterwards(logits: Tensor) -> Tensor:
    probabilities = logits.softmax(dim=-1)
    return -torch.where(probabilities > 0, probabilities * probabilities.log(), 0.0).sum(dim=-1)


MISCONCEPTIONS = (
    Misconception(
        "the sign",
        after(lambda h, z: -h),
        "this is Σ p log p, which is never positive",
        "the minus is easily lost: log p is negative already",
        "Is a logarithm of a probability positive? Is an entropy?",
    ),
    Misconception(
        "−log π of a sampled token",
        of_a_sample,
        "one token was drawn; the entropy is the mean over all of them",
        "its expectation is the entropy, and training code logs it under that name",
        "Call your function twice. Should an entropy change?",
    ),
    Misconception(
        "−log π of the likeliest token",
        lambda logits: -logits.log_softmax(dim=-1).amax(dim=-1),
        "only the likeliest token was asked",
        "it is 0 for a certain choice and log V for a uniform one, as the entropy is",
        "Which tokens contribute to a mean over the vocabulary?",
    ),
    Misconception(
        "the sum over the batch",
        after(lambda h, z: h.sum()),
        "one number was returned for all distributions",
        "a loss needs one number in the end",
        "How many distributions are there, and how many entropies did you return?",
    ),
    Misconception(
        "the mean over the batch",
        after(lambda h, z: h.mean()),
        "one number was returned for all distributions",
        "a loss needs one number in the end",
        "How many distributions are there, and how many entropies did you return?",
    ),
    Misconception(
        "the mean over the vocabulary",
        after(lambda h, z: h / z.shape[-1]),
        "the sum was divided by the size of the vocabulary",
        "an expectation is a mean; but its weights are the probabilities already",
        "With four equally likely tokens: log 4, or a quarter of it?",
    ),
    Misconception(
        "the weights are missing",
        lambda logits: -logits.log_softmax(dim=-1).sum(dim=-1),
        "each −log p counted fully, however unlikely its token",
        "the sum of surprises looks complete",
        "How often does the surprise of an unlikely token come up?",
    ),
    Misconception(
        "every token weighs the same",
        lambda logits: -logits.log_softmax(dim=-1).mean(dim=-1),
        "each −log p counted 1/V, however unlikely its token",
        "a mean is a mean; and for equal logits it is right",
        "How often does the surprise of an unlikely token come up?",
    ),
    Misconception(
        "the logits are taken for log-probabilities",
        lambda logits: -(logits.softmax(dim=-1) * finite(logits)).sum(dim=-1),
        "the logits were not normalised",
        "logits are log-probabilities up to a constant",
        "Add 1 to all logits. Should the entropy change?",
    ),
    Misconception(
        "softmax twice",
        lambda logits: right(logits.softmax(dim=-1)),
        "the logits had become probabilities before they were normalised again",
        "a function that wants logits takes probabilities without a word",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "the largest logit of the whole batch",
        lambda logits: normalised_by_hand(logits - logits.max()),
        "a row whose logits lie far below the batch's largest one has only zeros left",
        "with a single row `logits.max()` is the right constant; it takes the largest over every axis",
        "Which maximum makes the sum of *this* row contain e⁰ = 1?",
    ),
    Misconception(
        "one sum for the whole batch",
        lambda logits: plogp(logits.flatten().log_softmax(dim=0).view_as(logits)).sum(dim=-1),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        lambda logits: right(logits, axis=0),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        lambda logits: right(logits, axis=1),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "the whole table",
        lambda logits: plogp(logits.log_softmax(dim=-1)),
        "−p log p was not summed over the vocabulary",
        "the line looks finished",
        "How many distributions are there, and how many numbers did you return?",
    ),
    Misconception(
        "bits instead of nats",
        after(lambda h, z: h / math.log(2)),
        "the logarithm was taken to base 2",
        "information is often measured in bits",
        "Two equally likely tokens: 1, or log 2?",
    ),
    Misconception(
        "divided by its maximum",
        after(lambda h, z: h / math.log(z.shape[-1])),
        "a share of log V was returned, not nats",
        "a number between 0 and 1 is easier to read",
        "Two equally likely tokens: 1, or log 2?",
    ),
    Misconception(
        "the perplexity",
        after(lambda h, z: h.exp()),
        "this is exp(H), a number of tokens, not nats",
        "both measure how undecided a policy is",
        "Two equally likely tokens: 2, or log 2?",
    ),
    Misconception(
        "the chance that two samples differ",
        lambda logits: 1 - logits.softmax(dim=-1).square().sum(dim=-1),
        "1 − Σ p² is another measure of spread",
        "it is 0 for a certain choice, too, and needs no logarithm",
        "Two equally likely tokens: ½, or log 2?",
    ),
    Misconception(
        "overflow at large logits",
        normalised_by_hand,
        "exp(200) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "0 · log 0",
        lambda logits: -(logits.softmax(dim=-1) * logits.softmax(dim=-1).log()).sum(dim=-1),
        "a probability below 1e-45 is 0 in float32, its logarithm −∞, and 0 · ∞ is not a number",
        "the limit of p log p is 0, but a computer takes no limits",
        "Two logits differ by 200. What are the smaller probability and its logarithm in float32?",
    ),
    Misconception(
        "NaN is hidden, its gradient is not",
        hidden_afterwards,
        "the number is right, but the gradient at a probability of 0 is not a number",
        "`where` and `nan_to_num` mend the number; going backwards, p log p comes after them",
        "What is the derivative of p log p at p = 0? Which form of log p is safe there?",
    ),
    Misconception(
        "an impossible token",
        lambda logits: -(logits.softmax(dim=-1) * logits.log_softmax(dim=-1)).sum(dim=-1),
        "a logit of −∞ makes 0 · ∞, which is not a number",
        "with finite logits this is right",
        "What should a token contribute that can never be drawn?",
    ),
    Misconception(
        "no gradient reaches the logits",
        after(lambda h, z: h.detach()),
        "the number is right, but an entropy bonus would do nothing",
        "weights of a mean are often held constant; with p detached, Σ p ∇log p is 0 whatever the logits",
        "Which factor of p log p carries the gradient? Is anything on its way detached?",
    ),
)
