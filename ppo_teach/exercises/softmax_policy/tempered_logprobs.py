"""Write `tempered_logprobs`. Chapter: book/foundations/softmax-policy.md."""

import torch
from torch.distributions import Categorical
from torch.nn.functional import cross_entropy

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.exercises.softmax_policy.action_logprobs import (
    as_a_quotient,
    choice,
    random_choice,
    with_the_largest_taken_out,
)
from ppo_teach.policy import action_logprobs, tempered_logprobs


def at(temperature: float, case: Case) -> Case:
    return Case({**case.inputs, "temperature": temperature}, law=case.law)


def random_temperature(rng: torch.Generator) -> Case:
    """Colder or warmer than 1, and neither 1 nor its own inverse."""
    return at(pick(rng, 0.5, 0.7, 1.5, 2.0), random_choice(rng))


def by_action_logprobs(logits, actions, *, temperature):
    return action_logprobs(logits / temperature, actions)


def by_log_softmax(logits, actions, *, temperature):
    logprobs = (logits / temperature).log_softmax(dim=-1)
    return logprobs.gather(-1, actions[..., None]).squeeze(-1)


def by_powers(logits, actions, *, temperature):
    """π^{1/τ}, normalised again: log π / τ minus its log-sum-exp, in float64."""
    logprobs = logits.double().log_softmax(-1) / temperature
    return torch.take_along_dim(logprobs - logprobs.logsumexp(-1, keepdim=True), actions[..., None], -1).squeeze(-1)


def by_distribution(logits, actions, *, temperature):
    return Categorical(logits=logits / temperature).log_prob(actions)


def by_cross_entropy(logits, actions, *, temperature):
    """The library's loss, one number a token, negated."""
    flat = logits.flatten(0, -2).div(temperature)
    return -cross_entropy(flat, actions.flatten(), reduction="none").view(actions.shape)


def by_inverse_temperature(logits, actions, *, temperature):
    """A loop over tokens, with β = 1/τ."""
    beta = 1 / temperature
    rows = zip(logits.flatten(0, -2), actions.flatten(), strict=True)
    return torch.stack([(beta * z).log_softmax(0)[action] for z, action in rows]).view(actions.shape)


def the_two_likeliest(logits):
    return torch.where(logits >= logits.topk(2).values[..., -1:], logits, -torch.inf)


MISCONCEPTIONS = (
    Misconception(
        "the temperature is left out",
        edited(tempered_logprobs, ("logits / temperature", "logits")),
        "this scores at temperature 1 what was drawn at another",
        "the sampler has taken care of the temperature already",
        "From which distribution was the action drawn? Is yours that one?",
    ),
    Misconception(
        "multiplied instead of divided",
        edited(tempered_logprobs, ("logits / temperature", "logits * temperature")),
        "high temperatures make your policy more certain",
        "in the exponent, z · τ looks as good as z / τ",
        "When it grows warm, do the log-odds grow or shrink?",
    ),
    Misconception(
        "divided twice",
        edited(tempered_logprobs, ("logits / temperature", "logits / temperature / temperature")),
        "the policy is that of the temperature squared",
        "the network divides, and the scoring code divides again",
        "How often is your logit divided on its way into the exponential?",
    ),
    Misconception(
        "divided probabilities instead of logits",
        edited(
            by_log_softmax,
            ("(logits / temperature).log_softmax(dim=-1)", "(logits.softmax(dim=-1) / temperature).log()"),
        ),
        "log(π/τ) is log π − log τ: every action was moved by the same number, and probabilities no longer sum to 1",
        "a temperature changes probabilities, so one divides them",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "the softmax of divided probabilities",
        edited(by_log_softmax, ("logits / temperature", "logits.softmax(dim=-1) / temperature")),
        "probabilities took the place of logits",
        "the result sums to 1, and the temperature does something",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "divided after the softmax",
        edited(
            by_log_softmax, ("(logits / temperature).log_softmax(dim=-1)", "logits.log_softmax(dim=-1) / temperature")
        ),
        "log π was divided by τ and not normalised again",
        "log-probabilities are logits too, up to a constant; but as log-probabilities they lack that constant",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "only the numerator is tempered",
        edited(tempered_logprobs, ("tempered.logsumexp", "logits.logsumexp")),
        "the sum over the vocabulary is still that of temperature 1",
        "the action's own logit is the one that one sees",
        "Which exponentials does the temperature change: one, or all?",
    ),
    Misconception(
        "only the sum is tempered",
        edited(tempered_logprobs, ("tempered.gather", "logits.gather")),
        "the action's own logit was not divided",
        "a tempered normaliser looks like the hard part",
        "Which exponentials does the temperature change: one, or all?",
    ),
    Misconception(
        "tempered logits, not normalised",
        edited(tempered_logprobs, (" - tempered.logsumexp(dim=-1)", "")),
        "these are logits: the sum over the vocabulary is missing",
        "the larger logit is the likelier action, and the temperature is in place",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "top-k in the scoring",
        edited(by_action_logprobs, ("logits / temperature", "the_two_likeliest(logits) / temperature")),
        "only the two likeliest actions were kept; the others can be drawn all the same",
        "samplers that know a temperature know top-k as well",
        "Can the policy draw the least likely token? What is its log-probability then?",
    ),
    Misconception(
        "softmax twice",
        edited(by_action_logprobs, ("logits / temperature", "(logits / temperature).softmax(dim=-1)")),
        "the logits had become probabilities before they were normalised again",
        "`action_logprobs` wants logits, and takes probabilities without a word",
        "What does `action_logprobs` expect: logits, or probabilities?",
    ),
    Misconception(
        "the largest logit of the whole batch",
        edited(
            by_action_logprobs,
            action_logprobs=edited(with_the_largest_taken_out, ("logits.amax(dim=-1, keepdim=True)", "logits.max()")),
        ),
        "a row whose logits lie far below the batch's largest one has only zeros left",
        "with a single row `logits.max()` is the right constant; it takes the largest over every axis",
        "Which maximum makes the sum of *this* row contain e⁰ = 1?",
    ),
    Misconception(
        "one sum for the whole batch",
        edited(tempered_logprobs, ("tempered.logsumexp(dim=-1)", "tempered.flatten().logsumexp(dim=0)")),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        edited(by_log_softmax, ("log_softmax(dim=-1)", "log_softmax(dim=0)")),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        edited(by_log_softmax, ("log_softmax(dim=-1)", "log_softmax(dim=1)")),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        edited(by_log_softmax, (".log_softmax", ".softmax")),
        "this is π(a), not log π(a)",
        "the probability of the action is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the sign of a loss",
        edited(by_cross_entropy, ("-cross_entropy", "cross_entropy")),
        "this is −log π, the cross-entropy",
        "cross_entropy computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the logarithm of a probability that rounded to zero",
        edited(by_log_softmax, ("log_softmax(dim=-1)", "softmax(dim=-1).log()")),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 10, at temperature 0.05. What is the smaller probability in float32?",
    ),
    Misconception(
        "overflow at a low temperature",
        edited(
            by_action_logprobs,
            action_logprobs=edited(as_a_quotient, ("logits.double() - logits.amax(dim=-1, keepdim=True)", "logits")),
        ),
        "10 / 0.05 is 200, and exp(200) is infinite in float32",
        "at temperature 1 the same code is fine",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "no gradient reaches the logits",
        edited(tempered_logprobs, ("logits / temperature", "logits.detach() / temperature")),
        "the number is right, but the policy cannot learn from it",
        "a temperature belongs to sampling, and samplers run without gradients",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)

EXERCISE = Exercise(
    function=tempered_logprobs,
    title="Scored at the temperature of the sampler",
    section="Temperature",
    minutes=10,
    difficulty=2,
    goal="Return log π_τ(a | s), in nats, for each action taken: one number per action, in the shape of `actions`. The "
    "temperature divides the logits, before the softmax. The vocabulary is their last axis; divided by the temperature "
    "they may be as large as 200.",
    entry="log-probability",
    worked=at(2.0, choice([[1.3863, 0]], [0])),
    answer=[-0.4055],
    cases=(
        at(0.5, choice([[0, 1, 2]], [0])),
        at(2.0, choice([[[0, 1], [2, 0]], [[0, 3], [1, 1]]], [[0, 1], [1, 0]])),
        at(1.0, choice([[0, 2, 1]], [2], law="At temperature 1 nothing changes")),
        at(0.5, choice([[50, 51, 52]], [0], law="A constant added to all logits changes nothing")),
        at(0.05, choice([[10, 0], [0, 0.05]], [0, 1], law="What stands in one row matters to no other")),
        at(0.05, choice([[10, 0, -5]], [0], law="A low temperature does not overflow")),
        at(0.05, choice([[10, 0, -5]], [1], law="A log-probability of −200 is a number")),
    ),
    random_case=random_temperature,
    gradients=("logits",),
    hints=(
        "Divide the two logits by the temperature on paper. What are the odds now?",
        "The temperature belongs inside every exponential: in the numerator, and in each term of the sum.",
        "Divide all logits first; what is left to do is action_logprobs(logits / temperature, actions).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_action_logprobs, by_log_softmax, by_powers, by_distribution, by_cross_entropy, by_inverse_temperature),
)
