"""Write `exact_kl`. Chapter: book/language/kl.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.kl.exact_kl_misconceptions import MISCONCEPTIONS
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


INF = float("inf")
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
    variants=(by_two_entropies, with_the_difference_held_constant, word_by_word),
)
