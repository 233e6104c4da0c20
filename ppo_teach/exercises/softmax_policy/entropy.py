"""Write `entropy`. Chapter: book/foundations/softmax-policy.md."""

import math

import torch
from torch.distributions import Categorical

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.policy import entropy

INF = math.inf


def distributions(logits: list, *, law: str = "") -> Case:
    return Case({"logits": torch.tensor(logits, dtype=torch.float32)}, law=law)


def random_distributions(rng: torch.Generator) -> Case:
    """Two rows of three tokens over four words."""
    return distributions((torch.randint(-300, 301, (2, 3, 4), generator=rng) / 100).tolist())


def by_distribution(logits):
    policy = Categorical(logits=logits)
    return policy.entropy()


def by_filling(logits):
    """p log p with 0 in the place of −∞."""
    logprobs = logits.log_softmax(dim=-1)
    safe = logprobs.masked_fill(logprobs == -INF, 0)
    return -(logprobs.exp() * safe).sum(dim=-1)


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
    weights = (logits - logits.amax(dim=-1, keepdim=True)).exp()
    p = weights / weights.sum(dim=-1, keepdim=True)
    return -(p * (p + 1e-8).log()).sum(dim=-1)


def with_the_logarithm_held_constant(logits):
    """A right one that looks wrong: Σ p ∇log p = Σ ∇p = 0, so only the weights need a gradient."""
    logprobs = logits.detach().log_softmax(-1)
    return (logits.softmax(-1) * -torch.where(logprobs.isfinite(), logprobs, 0.0)).sum(-1)


MISCONCEPTIONS = (
    Misconception(
        "the sign",
        edited(entropy, ("return -(", "return (")),
        "this is Σ p log p, which is never positive",
        "the minus is easily lost: log p is negative already",
        "Is a logarithm of a probability positive? Is an entropy?",
    ),
    Misconception(
        "−log π of a sampled token",
        edited(by_distribution, ("policy.entropy()", "-policy.log_prob(policy.sample())")),
        "one token was drawn; the entropy is the mean over all of them",
        "its expectation is the entropy, and training code logs it under that name",
        "Call your function twice. Should an entropy change?",
    ),
    Misconception(
        "−log π of the likeliest token",
        edited(by_filling, ("(logprobs.exp() * safe).sum(dim=-1)", "logprobs.amax(dim=-1)")),
        "only the likeliest token was asked",
        "it is 0 for a certain choice and log V for a uniform one, as the entropy is",
        "Which tokens contribute to a mean over the vocabulary?",
    ),
    Misconception(
        "the sum over the batch",
        edited(entropy, (".sum(dim=-1)", ".sum()")),
        "one number was returned for all distributions",
        "a loss needs one number in the end",
        "How many distributions are there, and how many entropies did you return?",
    ),
    Misconception(
        "the mean over the batch",
        edited(entropy, (".sum(dim=-1)", ".sum(dim=-1).mean()")),
        "one number was returned for all distributions",
        "a loss needs one number in the end",
        "How many distributions are there, and how many entropies did you return?",
    ),
    Misconception(
        "the mean over the vocabulary",
        edited(entropy, (".sum(dim=-1)", ".mean(dim=-1)")),
        "the sum was divided by the size of the vocabulary",
        "an expectation is a mean; but its weights are the probabilities already",
        "With four equally likely tokens: log 4, or a quarter of it?",
    ),
    Misconception(
        "the weights are missing",
        edited(by_filling, ("(logprobs.exp() * safe)", "logprobs")),
        "each −log p counted fully, however unlikely its token",
        "the sum of surprises looks complete",
        "How often does the surprise of an unlikely token come up?",
    ),
    Misconception(
        "every token weighs the same",
        edited(by_filling, ("(logprobs.exp() * safe).sum", "logprobs.mean")),
        "each −log p counted 1/V, however unlikely its token",
        "a mean is a mean; and for equal logits it is right",
        "How often does the surprise of an unlikely token come up?",
    ),
    Misconception(
        "the logits are taken for log-probabilities",
        edited(entropy, ("* logprobs.clamp", "* logits.clamp")),
        "the logits were not normalised",
        "logits are log-probabilities up to a constant",
        "Add 1 to all logits. Should the entropy change?",
    ),
    Misconception(
        "softmax twice",
        edited(entropy, ("log_softmax", "softmax(dim=-1).log_softmax")),
        "the logits had become probabilities before they were normalised again",
        "a function that wants logits takes probabilities without a word",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "the largest logit of the whole batch",
        edited(with_a_tiny_number, ("logits.amax(dim=-1, keepdim=True)", "logits.max()")),
        "a row whose logits lie far below the batch's largest one has only zeros left",
        "with a single row `logits.max()` is the right constant; it takes the largest over every axis",
        "Which maximum makes the sum of *this* row contain e⁰ = 1?",
    ),
    Misconception(
        "one sum for the whole batch",
        edited(entropy, ("logits.log_softmax(dim=-1)", "logits.flatten().log_softmax(dim=0).view_as(logits)")),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        edited(entropy, ("log_softmax(dim=-1)", "log_softmax(dim=0)")),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        edited(entropy, ("log_softmax(dim=-1)", "log_softmax(dim=1)")),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "the whole table",
        edited(entropy, (".sum(dim=-1)", "")),
        "−p log p was not summed over the vocabulary",
        "the line looks finished",
        "How many distributions are there, and how many numbers did you return?",
    ),
    Misconception(
        "bits instead of nats",
        edited(by_distribution, ("policy.entropy()", "policy.entropy() / math.log(2)")),
        "the logarithm was taken to base 2",
        "information is often measured in bits",
        "Two equally likely tokens: 1, or log 2?",
    ),
    Misconception(
        "divided by its maximum",
        edited(by_distribution, ("policy.entropy()", "policy.entropy() / math.log(logits.shape[-1])")),
        "a share of log V was returned, not nats",
        "a number between 0 and 1 is easier to read",
        "Two equally likely tokens: 1, or log 2?",
    ),
    Misconception(
        "the perplexity",
        edited(by_distribution, ("policy.entropy()", "policy.perplexity()")),
        "this is exp(H), a number of tokens, not nats",
        "both measure how undecided a policy is",
        "Two equally likely tokens: 2, or log 2?",
    ),
    Misconception(
        "the chance that two samples differ",
        edited(with_a_tiny_number, ("-(p * (p + 1e-8).log())", "1 - p.square()")),
        "1 − Σ p² is another measure of spread",
        "it is 0 for a certain choice, too, and needs no logarithm",
        "Two equally likely tokens: ½, or log 2?",
    ),
    Misconception(
        "overflow at large logits",
        edited(with_a_tiny_number, ("(logits - logits.amax(dim=-1, keepdim=True))", "logits")),
        "exp(200) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "0 · log 0",
        edited(with_a_tiny_number, ("(p + 1e-8)", "p")),
        "a probability below 1e-45 is 0 in float32, its logarithm −∞, and 0 · ∞ is not a number",
        "the limit of p log p is 0, but a computer takes no limits",
        "Two logits differ by 200. What are the smaller probability and its logarithm in float32?",
    ),
    Misconception(
        "NaN is hidden, its gradient is not",
        edited(with_a_tiny_number, ("(p * (p + 1e-8).log())", "torch.where(p > 0, p * p.log(), 0.0)")),
        "the number is right, but the gradient at a probability of 0 is not a number",
        "`where` and `nan_to_num` mend the number; going backwards, p log p comes after them",
        "What is the derivative of p log p at p = 0? Which form of log p is safe there?",
    ),
    Misconception(
        "an impossible token",
        edited(by_filling, ("* safe", "* logprobs")),
        "a logit of −∞ makes 0 · ∞, which is not a number",
        "with finite logits this is right",
        "What should a token contribute that can never be drawn?",
    ),
    Misconception(
        "no gradient reaches the logits",
        edited(entropy, ("logits.log", "logits.detach().log")),
        "the number is right, but an entropy bonus would do nothing",
        "weights of a mean are often held constant; with p detached, Σ p ∇log p is 0 whatever the logits",
        "Which factor of p log p carries the gradient? Is anything on its way detached?",
    ),
)

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
