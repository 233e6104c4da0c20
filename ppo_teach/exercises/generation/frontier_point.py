"""Write `frontier_point`. Chapter: book/applications/generation.md."""

import math

import torch

from ppo_teach.exact import frontier_point
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


def drawn(*scores: float, kl_coef: float, law: str = "") -> Case:
    return Case({"scores": torch.tensor(scores, dtype=torch.float32), "kl_coef": kl_coef}, law=law)


def random_scores(rng: torch.Generator) -> Case:
    """Six scores in [0, 1], two of them the same, and a β at which several of them count."""
    scores = torch.rand(6, generator=rng)
    scores[1] = scores[0]
    return drawn(*scores.tolist(), kl_coef=0.2 + 0.4 * torch.rand((), generator=rng).item())


def by_hand_with_the_largest_taken_out(scores, *, kl_coef):
    """Exponentials of scores less the highest, in float64; the KL as log-weights averaged."""
    shifted = (scores.double() - scores.max()) / kl_coef
    Z = shifted.exp().sum()
    weights = shifted.exp() / Z
    score = (weights * scores).sum()
    kl = (weights * (shifted - Z.log() + math.log(len(scores)))).sum()
    return torch.stack([score, kl])


def from_the_optimal_value(scores, *, kl_coef):
    """β log Z is score − β KL, so the KL follows from the other two."""
    log_z = (scores / kl_coef).logsumexp(dim=0) - math.log(len(scores))
    score = (scores / kl_coef).softmax(dim=0) @ scores
    return torch.stack([score, score / kl_coef - log_z])


def with_torch_distributions(scores, *, kl_coef):
    """Two categorical distributions over the samples, and the library's divergence."""
    best = torch.distributions.Categorical(logits=scores / kl_coef)
    uniform = torch.distributions.Categorical(logits=torch.zeros_like(scores))
    return torch.stack([best.probs @ scores, torch.distributions.kl_divergence(best, uniform)])


def coordinate(index: tuple[int, ...]) -> str:
    return ("expected score", "KL")[index[0]]


MISCONCEPTIONS = (
    Misconception(
        "multiplied by β",
        edited(frontier_point, ("scores / kl_coef", "scores * kl_coef")),
        "a smaller β should let the policy go further; here it holds it back",
        "a coefficient is something to multiply with",
        "What should become of the weights as β goes to 0?",
    ),
    Misconception(
        "the log N is missing",
        edited(frontier_point, (" + log(len(scores))", "")),
        "this is minus the entropy of the weights, never above 0, and a KL is never below it",
        "Σ w log w looks like a divergence",
        "From what are the weights to be told apart? What is the reference's weight of one sample?",
    ),
    Misconception(
        "the entropy of the weights",
        edited(frontier_point, ("weights @ logweights + log(len(scores))", "-weights @ logweights")),
        "it falls as the policy goes further",
        "it is never below 0, as it should be",
        "All samples score alike. How far has the best policy gone?",
    ),
    Misconception(
        "the other divergence",
        edited(
            frontier_point,
            ("weights @ logweights + log(len(scores))", "-logweights.mean() - log(len(scores))"),
        ),
        "this is KL(reference ‖ policy); the penalty is the other one",
        "both divergences are 0 in the same place",
        "Whose samples does the penalty average over: the policy's or the reference's?",
    ),
    Misconception(
        "a mean over the samples, not over the policy",
        edited(frontier_point, ("weights @ scores", "scores.mean()")),
        "this is what the reference earns, whatever β is",
        "the samples are there, and their mean is at hand",
        "Does your expected score depend on β?",
    ),
    Misconception(
        "the best of the samples",
        edited(frontier_point, ("weights @ scores", "scores.max()")),
        "only at β = 0 is the policy sure to say it",
        "the best policy should say the best thing",
        "At β = 1 and two samples, does the best policy never say the other?",
    ),
    Misconception(
        "the penalty is taken off the score",
        edited(from_the_optimal_value, ("[score,", "[kl_coef * log_z,")),
        "this is β log Z, what the policy is worth after paying for its nats; the axis shows what it earns",
        "it is what the policy maximises",
        "The frontier has two axes. Which of them has the penalty already?",
    ),
    Misconception(
        "weights that do not sum to 1",
        edited(frontier_point, (".log_softmax(dim=0)", "")),
        "Z is missing, and no expectation can lie above the highest score",
        "'in proportion to' is quickly read as 'equal to'",
        "What do your weights sum to?",
    ),
    Misconception(
        "overflow at a small β",
        edited(by_hand_with_the_largest_taken_out, (" - scores.max()", "")),
        "exp(1000) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(1 / 0.001) in float32? Which constant may you subtract from all scores?",
    ),
    Misconception(
        "0 · log 0",
        edited(frontier_point, ("log_softmax(dim=0)", "softmax(dim=0).log()")),
        "at a small β some weights are 0 in float32, their logarithm is −∞, and 0 · −∞ is not a number",
        "softmax does not overflow, so nothing seems left to go wrong",
        "What is torch.tensor(0.0).log() * 0? Which function gives the log of a softmax without the softmax?",
    ),
    Misconception(
        "a mean where a sum should be",
        edited(by_hand_with_the_largest_taken_out, (")).sum()", ")).mean()")),
        "the weights are probabilities already; a mean divides by N once more. (torch's `kl_div` does so, unless told)",
        "expectations over samples are means",
        "What do the weights sum to? What is Σ w x, if all x are 1?",
    ),
    Misconception(
        "in bits",
        edited(by_hand_with_the_largest_taken_out, ("[score, kl]", "[score, kl / math.log(2)]")),
        "KL was counted with logarithms to the base 2; this book counts in nats",
        "information is often counted in bits",
        "What is the largest KL that two samples can show, in your unit?",
    ),
    Misconception(
        "the KL before the score",
        edited(by_hand_with_the_largest_taken_out, ("[score, kl]", "[kl, score]")),
        "the two numbers stand in each other's place",
        "the KL is the horizontal axis, and x comes first",
        "Which of the two does the exercise ask for first?",
    ),
)

EXERCISE = Exercise(
    function=frontier_point,
    title="What could a nat buy?",
    section="What could be had",
    minutes=15,
    difficulty=3,
    goal="Given the scores of N samples of the reference to one prompt, give two numbers of the policy that maximises "
    "score − β KL, estimated from these samples: its expected score, and its KL from the reference in nats. Each "
    "sample stands for 1/N of the reference; the best policy weighs it in proportion to exp(score / β).",
    entry=coordinate,
    worked=drawn(0.0, math.log(3), kl_coef=1.0),
    answer=[0.75 * math.log(3), 0.75 * math.log(1.5) + 0.25 * math.log(0.5)],
    cases=(
        drawn(0.0, 1.0, 1.0, 0.5, kl_coef=0.5),
        drawn(0.2, 0.9, kl_coef=2.0),
        drawn(0.5, 0.5, 0.5, kl_coef=0.1, law="Where all samples score alike, the best policy stays where it is"),
        drawn(0.0, 0.0, 1.0, 0.0, kl_coef=0.001, law="A tiny β takes the best sample: log N nats, and no overflow"),
        drawn(1.0, 2.0, 2.0, 1.5, kl_coef=0.5, law="A point more for every sample moves the score and not the KL"),
    ),
    random_case=random_scores,
    hints=(
        "On paper the scores are 0 and log 3, β is 1. By what factor does the second sample weigh more? How much is "
        "that of the whole?",
        "Weights that sum to 1, against weights of 1/N each. What is the KL of one row of weights from another?",
        "logw = (scores / kl_coef).log_softmax(0); then logw.exp() @ scores, and logw.exp() @ logw + log N.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_hand_with_the_largest_taken_out, from_the_optimal_value, with_torch_distributions),
)
