"""Write `entropy`. Chapter: book/foundations/softmax-policy.md."""

import torch
from torch.distributions import Categorical

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.softmax_policy.entropy_misconceptions import MISCONCEPTIONS
from ppo_teach.policy import entropy


def distributions(logits: list, *, law: str = "") -> Case:
    return Case({"logits": torch.tensor(logits, dtype=torch.float32)}, law=law)


def random_distributions(rng: torch.Generator) -> Case:
    """Two rows of three tokens over four words."""
    return distributions((torch.randint(-300, 301, (2, 3, 4), generator=rng) / 100).tolist())


def by_distribution(logits):
    return Categorical(logits=logits).entropy()


def by_filling(logits):
    """p log p with 0 in the place of −∞."""
    logprobs = torch.log_softmax(logits, -1)
    return -(logprobs.exp() * logprobs.masked_fill(logprobs == float("-inf"), 0)).sum(-1)


def by_logsumexp(logits):
    """log Σ exp(z) − Σ p z, in float64."""
    logits = logits.double()
    weighted = torch.softmax(logits, -1) * torch.where(logits.isinf(), 0.0, logits)
    return logits.logsumexp(-1) - weighted.sum(-1)


def word_by_word(logits):
    """A loop over the vocabulary, leaving out what is impossible."""
    logprobs, total = logits.log_softmax(-1), 0.0
    for a in range(logits.shape[-1]):
        possible = logprobs[..., a] > -1e30
        column = torch.where(possible, logprobs[..., a], 0.0)
        total = total - torch.where(possible, column.exp() * column, 0.0)
    return total


def with_a_tiny_number(logits):
    """p log(p + 1e-8): off by less than 1e-7."""
    probabilities = logits.softmax(-1)
    return -(probabilities * (probabilities + 1e-8).log()).sum(-1)


def with_the_logarithm_held_constant(logits):
    """A right one that looks wrong: Σ p ∇log p = Σ ∇p = 0, so only the weights need a gradient."""
    logprobs = logits.detach().log_softmax(-1)
    return (logits.softmax(-1) * -torch.where(logprobs.isfinite(), logprobs, 0.0)).sum(-1)


INF = float("inf")
EXERCISE = Exercise(
    function=entropy,
    title="The entropy of a policy",
    section="How undecided is a policy?",
    minutes=10,
    difficulty=2,
    goal="Return the entropy of each distribution, in nats: one number per distribution, the vocabulary being the last "
    "axis of the logits. Logits may be as large as 200; a logit of −∞ is an impossible token and contributes 0, to the "
    "gradient as well.",
    entry="entropy",
    worked=distributions([[0, 0, 0, 0], [1.0986, 0, 0, 0]]),
    answer=[1.3863, 1.2425],
    cases=(
        distributions([[0, 1]]),
        distributions([[[0, 1], [2, 0]], [[0, 3], [1, 1]]]),
        distributions([[100, 101, 102]], law="A constant added to all logits changes nothing"),
        distributions([[200, 0], [0, 1]], law="What stands in one row matters to no other"),
        distributions([[200, 0, -100]], law="Large logits do not overflow"),
        distributions([[0, 1, -INF], [2, 0, 1]], law="An impossible token contributes nothing"),
    ),
    random_case=random_distributions,
    gradients=("logits",),
    hints=(
        "What are p and −log p of each token on paper?",
        "An expectation: each −log p, weighted by p, summed over the vocabulary. log_softmax gives log p safely.",
        "logprobs = logits.log_softmax(dim=-1); −(logprobs.exp() * logprobs).sum(dim=-1), with −∞ replaced in the "
        "second factor.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(
        by_distribution,
        by_filling,
        by_logsumexp,
        word_by_word,
        with_a_tiny_number,
        with_the_logarithm_held_constant,
    ),
)
