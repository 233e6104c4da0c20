"""Known wrong ways to write `exact_kl`: each is the right one with one part replaced."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import kl_div

from ppo_teach.exercises.exercise import Misconception


def safe(logprobs: Tensor, gaps: Tensor) -> Tensor:
    """The gaps, with 0 for a token that π rules out."""
    return torch.where(logprobs.isneginf(), 0.0, gaps)


def altered(
    *,
    normalise: Callable = lambda z: z.log_softmax(dim=-1),
    terms: Callable = lambda new, ref: new.exp() * safe(new, new - ref),
    total: Callable = lambda terms: terms.sum(dim=-1),
) -> Callable:
    """The divergence with one part replaced."""

    def exact_kl(logits, ref_logits):
        return total(terms(normalise(logits), normalise(ref_logits)))

    return exact_kl


def of_raw_logits(logits: Tensor, ref_logits: Tensor) -> Tensor:
    return (logits.softmax(dim=-1) * safe(logits, logits - ref_logits)).sum(dim=-1)


def reversed_terms(new: Tensor, ref: Tensor) -> Tensor:
    return ref.exp() * safe(ref, ref - new)


def with_a_small_number(new: Tensor, ref: Tensor) -> Tensor:
    return new.exp() * ((new.exp() + 1e-8).log() - (ref.exp() + 1e-8).log())


MISCONCEPTIONS = (
    Misconception(
        "the divergence is reversed",
        altered(terms=reversed_terms),
        "the reference's probabilities were the weights: this is KL(π_ref ‖ π)",
        "both directions are called 'the' KL divergence",
        "Who draws the replies that we average over?",
    ),
    Misconception(
        "raw logits",
        of_raw_logits,
        "logits were subtracted, not log-probabilities",
        "a log-softmax subtracts a constant, and constants seem to cancel; but the two have different ones",
        "What do all your numbers gain when 5 is added to all of the reference's logits?",
    ),
    Misconception(
        "the mean over the vocabulary",
        altered(total=lambda terms: terms.mean(dim=-1)),
        "the sum was divided by the number of tokens",
        "an expectation is a mean; but the probabilities are its weights already",
        "What do the weights π(a) sum to?",
    ),
    Misconception(
        "the sign",
        altered(terms=lambda new, ref: -new.exp() * safe(new, new - ref)),
        "a divergence is never negative",
        "entropy has a minus, and the formulas look alike",
        "Where π is surer of a token than the reference, is the difference of the logarithms positive or negative?",
    ),
    Misconception(
        "the cross-entropy",
        altered(terms=lambda new, ref: -new.exp() * safe(new, ref)),
        "this is −Σ π log π_ref, which is not 0 when both agree",
        "as a loss for the *reference* it has the same gradient",
        "What should the number be between a policy and itself?",
    ),
    Misconception(
        "the negative entropy",
        altered(terms=lambda new, ref: new.exp() * safe(new, new)),
        "the reference does not occur in it",
        "Σ π log π is the first half of the formula",
        "What should the number be between a policy and itself?",
    ),
    Misconception(
        "no weights",
        altered(terms=lambda new, ref: safe(new, new - ref)),
        "every token counted alike, however rarely it is said",
        "over *samples* of π one adds up plain differences",
        "How often does π say a token of probability 0.01?",
    ),
    Misconception(
        "negative terms are cut off",
        altered(terms=lambda new, ref: new.exp() * safe(new, new - ref).clamp(min=0)),
        "a token that the reference finds likelier should count with the other sign",
        "the divergence is never negative; a single term may be",
        "What is the sum between a policy and itself, and what keeps it so small nearby?",
    ),
    Misconception(
        "absolute differences",
        altered(terms=lambda new, ref: new.exp() * safe(new, new - ref).abs()),
        "a token that the reference finds likelier should count with the other sign",
        "the divergence is never negative; a single term may be",
        "What is the sum between a policy and itself, and what keeps it so small nearby?",
    ),
    Misconception(
        "bits instead of nats",
        altered(total=lambda terms: terms.sum(dim=-1) / math.log(2)),
        "the logarithm has the base 2",
        "information theory counts in bits",
        "What is the natural logarithm of 2?",
    ),
    Misconception(
        "softmax over the wrong axis",
        altered(normalise=lambda z: z.clamp(min=-1e9).log_softmax(dim=0)),
        "probabilities of different states were made to sum to 1",
        "`dim=0` works, and for one distribution alone nobody would call it with two axes",
        "Over which axis do the probabilities of one state lie?",
    ),
    Misconception(
        "one number for the batch",
        altered(total=lambda terms: terms.sum(dim=-1).mean()),
        "the states were averaged, too",
        "a loss is one number; but here each state is asked for",
        "How many distributions came in?",
    ),
    Misconception(
        "zero times minus infinity",
        altered(terms=lambda new, ref: new.exp() * (new - ref)),
        "a token of probability 0 gives 0 · (−∞), which is NaN",
        "it is the formula, word for word, and right while every token is possible",
        "What does a token add that π never says?",
    ),
    Misconception(
        "zero times minus infinity, hidden afterwards",
        altered(terms=lambda new, ref: torch.where(new.isneginf(), 0.0, new.exp() * (new - ref))),
        "the number is right, but the gradient of what was hidden is NaN",
        "`torch.where` around the product looks safe",
        "The gradient of a product multiplies by both factors. Is one of them infinite?",
    ),
    Misconception(
        "zero times minus infinity, where both rule it out",
        altered(terms=lambda new, ref: kl_div(ref, new.exp(), reduction="none")),
        "π log π was guarded and π log π_ref was not: 0 · (−∞) is NaN",
        "`kl_div` and `xlogy` know what 0 · log 0 is, and seem to look after everything",
        "What does a token add that neither of the two ever says?",
    ),
    Misconception(
        "infinity is cut off",
        altered(terms=lambda new, ref: new.exp() * (new - ref).nan_to_num(0.0)),
        "`nan_to_num` replaces infinity, too, by the largest number that there is",
        "it removes NaN, and its name mentions nothing else",
        "How far is a policy that says what the reference cannot say?",
    ),
    Misconception(
        "a small number in the logarithm",
        altered(terms=with_a_small_number),
        "1e-8 was added to the probabilities, so what the reference rules out costs 18 nats and not infinitely many",
        "a small number keeps NaN away",
        "How far is a policy that says what the reference cannot say?",
    ),
    Misconception(
        "the weights are held constant",
        altered(terms=lambda new, ref: new.exp().detach() * safe(new, new - ref)),
        "the number is right, but its gradient is 0: with the weights held constant it is Σ π ∇log π = ∇1",
        "samples are weights that carry no gradient, and here we have no samples",
        "When the logits change, do the probabilities change with which we average?",
    ),
)
