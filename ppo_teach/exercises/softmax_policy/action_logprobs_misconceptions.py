"""Known wrong ways to write `action_logprobs`."""

import math
from collections.abc import Callable

from torch import Tensor
from torch.distributions import Categorical
from torch.nn.functional import cross_entropy, one_hot

from ppo_teach.exercises.exercise import Misconception


def picked(table: Callable) -> Callable:
    """The action's entry of table(logits)."""
    return lambda logits, actions: table(logits).gather(-1, actions[..., None]).squeeze(-1)


def normalised_by_hand(logits: Tensor) -> Tensor:
    weights = logits.exp()
    return (weights / weights.sum(dim=-1, keepdim=True)).log()


def shifted_by_the_batch(logits: Tensor) -> Tensor:
    shifted = logits - logits.max()
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


def every_action_of_the_batch(logits: Tensor, actions: Tensor) -> Tensor:
    return logits.log_softmax(dim=-1)[..., actions.flatten()]


def next_action(logits: Tensor, actions: Tensor) -> Tensor:
    return picked(lambda z: z.log_softmax(dim=-1))(logits[:, :-1], actions[:, 1:])


MISCONCEPTIONS = (
    Misconception(
        "the logarithm of a probability that rounded to zero",
        picked(lambda z: z.softmax(dim=-1).log()),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 200. What is the smaller probability in float32, and what is its logarithm?",
    ),
    Misconception(
        "overflow at large logits",
        picked(normalised_by_hand),
        "exp(200) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "a small number inside the logarithm",
        picked(lambda z: (z.softmax(dim=-1) + 1e-8).log()),
        "log-probabilities stop at −18.4, and their gradient is gone there",
        "it does prevent −∞",
        "Two logits differ by 200. What is the smaller log-probability?",
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
        picked(lambda z: z - z.flatten().logsumexp(dim=0)),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the sum without its logarithm",
        picked(lambda z: z - z.exp().sum(dim=-1, keepdim=True)),
        "Σ exp(z) was subtracted, not its logarithm",
        "the quotient became a difference, and its lower half was left as it was",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "the largest logit is not added back",
        picked(lambda z: z - (z - z.amax(dim=-1, keepdim=True)).logsumexp(dim=-1, keepdim=True)),
        "the largest logit was subtracted in the sum only",
        "log Σ exp(z) = m + log Σ exp(z − m), and m is easily lost",
        "Add 1 to all logits. Which of your two terms changes?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        picked(lambda z: z.log_softmax(dim=0)),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "with one token, or in a square, the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        picked(lambda z: z.log_softmax(dim=1)),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "raw logits",
        picked(lambda z: z),
        "a logit is a log-probability up to a constant, and the constant is missing",
        "the larger logit is the likelier action, and the gradient looks right at first",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "only the largest logit is subtracted",
        picked(lambda z: z - z.amax(dim=-1, keepdim=True)),
        "this prevents overflow, and normalises nothing",
        "it is the first half of a safe log-softmax",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        picked(lambda z: z.softmax(dim=-1)),
        "this is π(a), not log π(a)",
        "the probability of the action is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "softmax twice",
        picked(lambda z: z.softmax(dim=-1).log_softmax(dim=-1)),
        "the logits had become probabilities before they were normalised again",
        "a function that wants logits takes probabilities without a word",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "the sign of a loss",
        lambda logits, actions: -picked(lambda z: z.log_softmax(dim=-1))(logits, actions),
        "this is −log π, the cross-entropy",
        "cross_entropy computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the average over the batch",
        lambda logits, actions: -cross_entropy(logits.flatten(0, -2), actions.flatten()),
        "one number was returned for the whole batch",
        "losses average unless they are told otherwise",
        "How many actions are there, and how many log-probabilities did you return?",
    ),
    Misconception(
        "the sum over the tokens",
        lambda logits, actions: picked(lambda z: z.log_softmax(dim=-1))(logits, actions).sum(dim=-1),
        "the log-probabilities of a reply were added up",
        "the log-probability of a whole reply is that sum",
        "How many actions are there, and how many log-probabilities did you return?",
    ),
    Misconception(
        "all actions instead of the one taken",
        lambda logits, actions: logits.log_softmax(dim=-1),
        "the whole vocabulary was returned; `actions` was not used",
        "log_softmax does most of the work",
        "How many numbers should there be for each action?",
    ),
    Misconception(
        "zeros for the actions not taken",
        lambda logits, actions: logits.log_softmax(dim=-1) * one_hot(actions, logits.shape[-1]),
        "the last axis is still the vocabulary",
        "a one-hot product is half of a selection",
        "How many numbers should there be for each action?",
    ),
    Misconception(
        "the last axis is left over",
        lambda logits, actions: logits.log_softmax(dim=-1).gather(-1, actions[..., None]),
        "gather keeps the axis, with a single entry",
        "the numbers are right; later a (B, 1) against a (B,) makes a (B, B)",
        "What is the shape of `actions`, and what is the shape of your result?",
    ),
    Misconception(
        "every axis of length 1 is gone",
        lambda logits, actions: picked(lambda z: z.log_softmax(dim=-1))(logits, actions).squeeze(),
        "`squeeze()` without an axis takes away more than the one that gather left",
        "in most batches no other axis has length 1",
        "What is the shape of your result for a batch of one?",
    ),
    Misconception(
        "every action for every row",
        every_action_of_the_batch,
        "each row was asked about the actions of all rows",
        "`logprobs[:, actions]` reads like 'the action of each row'",
        "Print the shape of your result. Which entries of it are the ones you want?",
    ),
    Misconception(
        "the likeliest action instead of the one taken",
        lambda logits, actions: logits.log_softmax(dim=-1).amax(dim=-1),
        "`actions` was not used",
        "a greedy policy takes the likeliest action; a sampled one need not",
        "What happens to your numbers when another action was taken?",
    ),
    Misconception(
        "a newly sampled action",
        lambda logits, actions: (policy := Categorical(logits=logits)).log_prob(policy.sample()),
        "another action was drawn; `actions` was not used",
        "sample and log_prob come as a pair in every example",
        "Which action was taken: the one you were given, or the one you draw?",
    ),
    Misconception(
        "the action of the next token",
        lambda logits, actions: next_action(*(x if x.dim() > d else x[None] for x, d in ((logits, 2), (actions, 1)))),
        "the logits of t were paired with the action of t + 1, and one token was lost",
        "a language model's logits need that shift; here it is already done",
        "Which action was drawn from `logits[:, t]`?",
    ),
    Misconception(
        "bits instead of nats",
        picked(lambda z: z.log_softmax(dim=-1) / math.log(2)),
        "the logarithm was taken to base 2",
        "information is often measured in bits",
        "What is exp of your number?",
    ),
    Misconception(
        "no gradient reaches the logits",
        picked(lambda z: z.detach().log_softmax(dim=-1)),
        "the number is right, but the policy cannot learn from it",
        "`.detach()`, `.item()`, NumPy or `torch.tensor(…)` on the way cuts the gradient without a word",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)
