"""Write `exact_kl`. Chapter: book/language/kl.md."""

import math

import torch
from torch.nn.functional import kl_div

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.kl import exact_kl


def distributions(logits: list, ref_logits: list, *, law: str = "") -> Case:
    inputs = {"logits": logits, "ref_logits": ref_logits}
    return Case({name: torch.tensor(z, dtype=torch.float32) for name, z in inputs.items()}, law=law)


def random_distributions(rng: torch.Generator) -> Case:
    """Two rows of three distributions over four words."""
    logits, ref_logits = torch.randint(-200, 201, (2, 2, 3, 4), generator=rng) / 100
    return distributions(logits.tolist(), ref_logits.tolist())


def by_two_entropies(logits, ref_logits):
    """The cross-entropy less the entropy."""
    logprobs, ref_logprobs = logits.log_softmax(-1), ref_logits.log_softmax(-1)
    never = logprobs.isinf()
    surprise, ref_surprise = (-x.masked_fill(never, 0) for x in (logprobs, ref_logprobs))
    return (logprobs.exp() * ref_surprise).sum(-1) - (logprobs.exp() * surprise).sum(-1)


def with_the_difference_held_constant(logits, ref_logits):
    """A right one that looks wrong: Σ p ∇log p = Σ ∇p = 0, so only the weights need a gradient."""
    gap = (logits.log_softmax(-1) - ref_logits.log_softmax(-1)).detach()
    return (logits.softmax(-1) * gap.masked_fill(logits == float("-inf"), 0)).sum(-1)


def word_by_word(logits, ref_logits):
    """A loop over the vocabulary, in float64."""
    new, ref, total = logits.double().log_softmax(-1), ref_logits.double().log_softmax(-1), 0.0
    for a in range(logits.shape[-1]):
        possible = new[..., a].isfinite()
        total = total + new[..., a].exp() * torch.where(possible, new[..., a] - ref[..., a], 0.0)
    return total


def with_filled_gaps(logits, ref_logits):
    """What is infinite is filled with 0 before the product."""
    new, ref = (z.log_softmax(-1) for z in (logits, ref_logits))
    gap = (new - ref).masked_fill(new.isneginf(), 0)
    return (new.exp() * gap).sum(-1)


def by_the_library(logits, ref_logits):
    """Wrong: torch's kl_div guards π log π alone."""
    return kl_div(ref_logits.log_softmax(dim=-1), logits.softmax(dim=-1), reduction="none").sum(dim=-1)


INF = float("inf")
MISCONCEPTIONS = (
    Misconception(
        "the divergence is reversed",
        edited(exact_kl, ("logprobs, ref_logprobs = ", "ref_logprobs, logprobs = ")),
        "the reference's probabilities were the weights: this is KL(π_ref ‖ π)",
        "both directions are called 'the' KL divergence",
        "Who draws the replies that we average over?",
    ),
    Misconception(
        "raw logits",
        edited(exact_kl, ("logprobs - ref_logprobs", "logits - ref_logits")),
        "logits were subtracted, not log-probabilities",
        "a log-softmax subtracts a constant, and constants seem to cancel; but the two have different ones",
        "What do all your numbers gain when 5 is added to all of the reference's logits?",
    ),
    Misconception(
        "the mean over the vocabulary",
        edited(exact_kl, ("sum(", "mean(")),
        "the sum was divided by the number of tokens",
        "an expectation is a mean; but the probabilities are its weights already",
        "What do the weights π(a) sum to?",
    ),
    Misconception(
        "the sign",
        edited(exact_kl, ("return ", "return -")),
        "a divergence is never negative",
        "entropy has a minus, and the formulas look alike",
        "Where π is surer of a token than the reference, is the difference of the logarithms positive or negative?",
    ),
    Misconception(
        "the cross-entropy",
        edited(exact_kl, ("logprobs - ref_logprobs", "-ref_logprobs")),
        "this is −Σ π log π_ref, which is not 0 when both agree",
        "as a loss for the *reference* it has the same gradient",
        "What should the number be between a policy and itself?",
    ),
    Misconception(
        "the negative entropy",
        edited(exact_kl, ("logprobs - ref_logprobs", "logprobs")),
        "the reference does not occur in it",
        "Σ π log π is the first half of the formula",
        "What should the number be between a policy and itself?",
    ),
    Misconception(
        "no weights",
        edited(exact_kl, ("logprobs.exp() * ", "")),
        "every token counted alike, however rarely it is said",
        "over *samples* of π one adds up plain differences",
        "How often does π say a token of probability 0.01?",
    ),
    Misconception(
        "negative terms are cut off",
        edited(exact_kl, ("* differences", "* differences.clamp(min=0)")),
        "a token that the reference finds likelier should count with the other sign",
        "the divergence is never negative; a single term may be",
        "What is the sum between a policy and itself, and what keeps it so small nearby?",
    ),
    Misconception(
        "absolute differences",
        edited(exact_kl, ("* differences", "* differences.abs()")),
        "a token that the reference finds likelier should count with the other sign",
        "the divergence is never negative; a single term may be",
        "What is the sum between a policy and itself, and what keeps it so small nearby?",
    ),
    Misconception(
        "bits instead of nats",
        edited(exact_kl, ("sum(dim=-1)", "sum(dim=-1) / math.log(2)"), math=math),
        "the logarithm has the base 2",
        "information theory counts in bits",
        "What is the natural logarithm of 2?",
    ),
    Misconception(
        "softmax over the wrong axis",
        edited(with_filled_gaps, ("log_softmax(-1)", "log_softmax(0)")),
        "probabilities of different states were made to sum to 1",
        "`dim=0` works, and for one distribution alone nobody would call it with two axes",
        "Over which axis do the probabilities of one state lie?",
    ),
    Misconception(
        "one number for the batch",
        edited(exact_kl, ("sum(dim=-1)", "sum(dim=-1).mean()")),
        "the states were averaged, too",
        "a loss is one number; but here each state is asked for",
        "How many distributions came in?",
    ),
    Misconception(
        "zero times minus infinity",
        edited(with_filled_gaps, (".masked_fill(new.isneginf(), 0)", "")),
        "a token of probability 0 gives 0 · (−∞), which is NaN",
        "it is the formula, word for word, and right while every token is possible",
        "What does a token add that π never says?",
    ),
    Misconception(
        "zero times minus infinity, hidden afterwards",
        edited(
            with_filled_gaps,
            (".masked_fill(new.isneginf(), 0)", ""),
            ("(new.exp() * gap)", "(new.exp() * gap).masked_fill(new.isneginf(), 0)"),
        ),
        "the number is right, but the gradient of what was hidden is NaN",
        "`torch.where` around the product looks safe",
        "The gradient of a product multiplies by both factors. Is one of them infinite?",
    ),
    Misconception(
        "zero times minus infinity, where both rule it out",
        by_the_library,
        "π log π was guarded and π log π_ref was not: 0 · (−∞) is NaN",
        "`kl_div` and `xlogy` know what 0 · log 0 is, and seem to look after everything",
        "What does a token add that neither of the two ever says?",
    ),
    Misconception(
        "infinity is cut off",
        edited(with_filled_gaps, (".masked_fill(new.isneginf(), 0)", ".nan_to_num(0.0)")),
        "`nan_to_num` replaces infinity, too, by the largest number that there is",
        "it removes NaN, and its name mentions nothing else",
        "How far is a policy that says what the reference cannot say?",
    ),
    Misconception(
        "a small number in the logarithm",
        edited(with_filled_gaps, ("z.log_softmax(-1)", "(z.softmax(-1) + 1e-8).log()")),
        "1e-8 was added to the probabilities, so what the reference rules out costs 18 nats and not infinitely many",
        "a small number keeps NaN away",
        "How far is a policy that says what the reference cannot say?",
    ),
    Misconception(
        "the weights are held constant",
        edited(exact_kl, ("logprobs.exp()", "logprobs.exp().detach()")),
        "the number is right, but its gradient is 0: with the weights held constant it is Σ π ∇log π = ∇1",
        "samples are weights that carry no gradient, and here we have no samples",
        "When the logits change, do the probabilities change with which we average?",
    ),
)

EXERCISE = Exercise(
    function=exact_kl,
    title="The divergence of two next-token distributions",
    section="Two ways to be far",
    minutes=10,
    difficulty=2,
    goal="Return KL(π ‖ π_ref) in nats, averaged over what π says: one number for each distribution, the vocabulary "
    "being the last axis of both tensors of logits. A token that π rules out, with a logit of −∞, adds 0, to the "
    "gradient as well; one that the reference alone rules out makes the divergence infinite.",
    entry="divergence",
    worked=distributions([[-0.6931, -0.6931]], [[-1.3863, -0.2877]]),
    answer=[0.1438],
    cases=(
        distributions([[0, 2]], [[1, 0]]),
        distributions([[[0, 1], [2, 0]], [[0, 3], [1, 1]]], [[[1, 0], [0, 0]], [[0, 1], [0, 2]]]),
        distributions([[0, 1], [2, 0]], [[5, 6], [0, 1]], law="A constant added to all logits changes nothing"),
        distributions([[0, 1, -INF], [2, 0, 1]], [[1, 0, 0], [0, 1, 2]], law="A token that π rules out adds nothing"),
        distributions([[0, 1, -INF], [2, 0, 1]], [[1, 0, -INF], [0, 1, 2]], law="Nor does one that both rule out"),
        distributions([[0, 1, 0], [2, 0, 1]], [[1, 0, -INF], [0, 1, 2]], law="Saying what cannot be said is infinite"),
    ),
    random_case=random_distributions,
    gradients=("logits",),
    hints=(
        "Logits are not log-probabilities. What do you subtract from what, and whose probabilities are the weights?",
        "Two log-softmaxes, a difference, a weighted sum over the vocabulary. 0 · (−∞) is NaN in floating point.",
        "torch.where(logprobs.isneginf(), 0.0, logprobs - ref_logprobs), weighted by logprobs.exp(), summed.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_filled_gaps, by_two_entropies, with_the_difference_held_constant, word_by_word),
)
