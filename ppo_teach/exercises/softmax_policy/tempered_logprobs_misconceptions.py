"""Known wrong ways to write `tempered_logprobs`."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def picked(table: Callable) -> Callable:
    """The action's entry of table(logits, τ)."""

    def tempered_logprobs(logits: Tensor, actions: Tensor, *, temperature: float) -> Tensor:
        return table(logits, temperature).gather(-1, actions[..., None]).squeeze(-1)

    return tempered_logprobs


def normalised_by_hand(logits: Tensor, temperature: float) -> Tensor:
    weights = (logits / temperature).exp()
    return (weights / weights.sum(dim=-1, keepdim=True)).log()


def shifted_by_the_batch(logits: Tensor, temperature: float) -> Tensor:
    shifted = (logits - logits.max()) / temperature
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


def of_the_two_likeliest(logits: Tensor, temperature: float) -> Tensor:
    kept = logits >= logits.topk(2).values[..., -1:]
    return torch.where(kept, logits / temperature, -torch.inf).log_softmax(dim=-1)


MISCONCEPTIONS = (
    Misconception(
        "the temperature is left out",
        picked(lambda z, tau: z.log_softmax(dim=-1)),
        "this scores at temperature 1 what was drawn at another",
        "the sampler has taken care of the temperature already",
        "From which distribution was the action drawn? Is yours that one?",
    ),
    Misconception(
        "multiplied instead of divided",
        picked(lambda z, tau: (z * tau).log_softmax(dim=-1)),
        "high temperatures make your policy more certain",
        "in the exponent, z · τ looks as good as z / τ",
        "When it grows warm, do the log-odds grow or shrink?",
    ),
    Misconception(
        "divided twice",
        picked(lambda z, tau: (z / tau**2).log_softmax(dim=-1)),
        "the policy is that of the temperature squared",
        "the network divides, and the scoring code divides again",
        "How often is your logit divided on its way into the exponential?",
    ),
    Misconception(
        "divided probabilities instead of logits",
        picked(lambda z, tau: z.log_softmax(dim=-1) - torch.tensor(tau).log()),
        "log(π/τ) is log π − log τ: every action was moved by the same number, and probabilities no longer sum to 1",
        "a temperature changes probabilities, so one divides them",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "the softmax of divided probabilities",
        picked(lambda z, tau: (z.softmax(dim=-1) / tau).log_softmax(dim=-1)),
        "probabilities took the place of logits",
        "the result sums to 1, and the temperature does something",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "divided after the softmax",
        picked(lambda z, tau: z.log_softmax(dim=-1) / tau),
        "log π was divided by τ and not normalised again",
        "log-probabilities are logits too, up to a constant; but as log-probabilities they lack that constant",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "only the numerator is tempered",
        picked(lambda z, tau: z / tau - z.logsumexp(dim=-1, keepdim=True)),
        "the sum over the vocabulary is still that of temperature 1",
        "the action's own logit is the one that one sees",
        "Which exponentials does the temperature change: one, or all?",
    ),
    Misconception(
        "only the sum is tempered",
        picked(lambda z, tau: z - (z / tau).logsumexp(dim=-1, keepdim=True)),
        "the action's own logit was not divided",
        "a tempered normaliser looks like the hard part",
        "Which exponentials does the temperature change: one, or all?",
    ),
    Misconception(
        "tempered logits, not normalised",
        picked(lambda z, tau: z / tau),
        "these are logits: the sum over the vocabulary is missing",
        "the larger logit is the likelier action, and the temperature is in place",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "top-k in the scoring",
        picked(of_the_two_likeliest),
        "only the two likeliest actions were kept; the others can be drawn all the same",
        "samplers that know a temperature know top-k as well",
        "Can the policy draw the least likely token? What is its log-probability then?",
    ),
    Misconception(
        "softmax twice",
        picked(lambda z, tau: (z / tau).softmax(dim=-1).log_softmax(dim=-1)),
        "the logits had become probabilities before they were normalised again",
        "`action_logprobs` wants logits, and takes probabilities without a word",
        "What does `action_logprobs` expect: logits, or probabilities?",
    ),
    Misconception(
        "the largest logit of the whole batch",
        picked(shifted_by_the_batch),
        "a row whose logits lie far below the batch's largest one has only zeros left",
        "with a single row `logits.max()` is the right constant; it takes the largest over every axis",
        "Which maximum makes the sum of *this* row contain e⁰ = 1?",
    ),
    Misconception(
        "one sum for the whole batch",
        picked(lambda z, tau: z / tau - (z / tau).flatten().logsumexp(dim=0)),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        picked(lambda z, tau: (z / tau).log_softmax(dim=0)),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        picked(lambda z, tau: (z / tau).log_softmax(dim=1)),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        picked(lambda z, tau: (z / tau).softmax(dim=-1)),
        "this is π(a), not log π(a)",
        "the probability of the action is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the sign of a loss",
        picked(lambda z, tau: -(z / tau).log_softmax(dim=-1)),
        "this is −log π, the cross-entropy",
        "cross_entropy computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the logarithm of a probability that rounded to zero",
        picked(lambda z, tau: (z / tau).softmax(dim=-1).log()),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 10, at temperature 0.05. What is the smaller probability in float32?",
    ),
    Misconception(
        "overflow at a low temperature",
        picked(normalised_by_hand),
        "10 / 0.05 is 200, and exp(200) is infinite in float32",
        "at temperature 1 the same code is fine",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "no gradient reaches the logits",
        picked(lambda z, tau: (z.detach() / tau).log_softmax(dim=-1)),
        "the number is right, but the policy cannot learn from it",
        "a temperature belongs to sampling, and samplers run without gradients",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)
