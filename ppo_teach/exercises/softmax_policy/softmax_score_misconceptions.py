"""Known wrong ways to write `softmax_score`."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ppo_teach.exercises.exercise import Misconception


def made(formula: Callable, axis: int = -1) -> Callable:
    """formula(onehot, π), with the softmax over `axis`."""
    return lambda logits, actions: formula(one_hot(actions, logits.shape[-1]).float(), logits.softmax(dim=axis))


def altered(alter: Callable) -> Callable:
    """The right score, and one step more: alter(score, onehot, π)."""
    return made(lambda onehot, pi: alter(onehot - pi, onehot, pi))


def normalised_by_hand(logits: Tensor, actions: Tensor) -> Tensor:
    weights = logits.exp()
    return one_hot(actions, logits.shape[-1]) - weights / weights.sum(dim=-1, keepdim=True)


def marked_in_all_rows(logits: Tensor, actions: Tensor) -> Tensor:
    score = -logits.softmax(dim=-1)
    score[..., actions.flatten()] += 1
    return score


def of_taken(x: Tensor, onehot: Tensor) -> Tensor:
    """The entry of the action taken, the axis kept."""
    return (onehot * x).sum(dim=-1, keepdim=True)


MISCONCEPTIONS = (
    Misconception(
        "the sign",
        altered(lambda score, onehot, pi: -score),
        "this is π − onehot, the gradient of −log π",
        "it is the gradient that a cross-entropy loss has",
        "Which way should the logit of the taken action move, to make it likelier?",
    ),
    Misconception(
        "(π − target)/π",
        made(lambda onehot, pi: (pi - onehot) / pi.clamp(min=1e-30)),
        "the gradient of a loss with respect to the logits was divided by π once more, and the sign is the loss's",
        "it is printed in an article, and d log π has a 1/π in it",
        "With two equally likely tokens: what are the two slopes of log π, by hand?",
    ),
    Misconception(
        "(onehot − π)/π",
        made(lambda onehot, pi: (onehot - pi) / pi.clamp(min=1e-30)),
        "each entry was divided by its probability, although the score has no quotient left",
        "the derivative of a logarithm has a 1/π; the π of the softmax's derivative cancels it",
        "What must the entries sum to, when a constant added to all logits changes nothing?",
    ),
    Misconception(
        "the 1/π that has nothing to cancel",
        altered(lambda score, onehot, pi: score / of_taken(pi, onehot).clamp(min=1e-30)),
        "the score was divided by π(a) once more",
        "∇ log π = ∇π/π is right; but ∇π is π(a) times (onehot − π), not that bracket alone",
        "What is ∂π(a)/∂z_a: 1 − π(a), or π(a) times that?",
    ),
    Misconception(
        "the gradient of π, not of log π",
        altered(lambda score, onehot, pi: of_taken(pi, onehot) * score),
        "this is π(a) times the score",
        "the policy is π, so one takes its gradient",
        "Differentiate log π. Which factor of ∇π goes away?",
    ),
    Misconception(
        "the derivative with respect to the probability",
        made(lambda onehot, pi: onehot / pi.clamp(min=1e-30)),
        "this is 1/π(a), d log π / dπ; the step from logits to probabilities is missing",
        "the derivative of a logarithm is the reciprocal",
        "The logits are what moves. How do the probabilities follow?",
    ),
    Misconception(
        "the gradient of a raw logit",
        made(lambda onehot, pi: onehot),
        "the normaliser was not differentiated, so nobody pays for what the action gains",
        "z_a is the term in which the action stands",
        "log π = z_a − log Σ exp(z). What is the derivative of the second term?",
    ),
    Misconception(
        "the normaliser alone",
        made(lambda onehot, pi: -pi),
        "this is the gradient of −log Σ exp(z); the taken action's own logit is missing",
        "it is the harder half of the derivation",
        "log π = z_a − log Σ exp(z). What is the derivative of the first term?",
    ),
    Misconception(
        "1 in the place of 1 − π(a)",
        made(lambda onehot, pi: onehot - (1 - onehot) * pi),
        "the entry of the taken action was set to 1, not raised by 1",
        "−π is written first, and then a 1 over one of its entries",
        "Do your entries sum to 0?",
    ),
    Misconception(
        "only the taken action moves",
        altered(lambda score, onehot, pi: onehot * score),
        "the logits of the other actions were left alone, and they share the denominator",
        "1 − π(a) is the entry that one remembers",
        "Raise the logit of another token. What happens to log π(a)?",
    ),
    Misconception(
        "every action as if it were the taken one",
        made(lambda onehot, pi: 1 - pi),
        "`actions` was not used: each entry is 1 − π",
        "1 − π(a) is right for the action taken",
        "What happens to your numbers when another action was taken?",
    ),
    Misconception(
        "what was expected is uniform",
        made(lambda onehot, pi: onehot - 1 / pi.shape[-1]),
        "1/V was subtracted from each entry in the place of π",
        "for equal logits it is right, and it does sum to 0",
        "Which tokens did the policy expect before one was drawn?",
    ),
    Misconception(
        "log-probabilities in the place of probabilities",
        lambda logits, actions: one_hot(actions, logits.shape[-1]) - logits.log_softmax(dim=-1),
        "log π was subtracted from the one-hot row",
        "log_softmax is what one calls everywhere else",
        "Do your entries sum to 0?",
    ),
    Misconception(
        "logits in the place of probabilities",
        lambda logits, actions: one_hot(actions, logits.shape[-1]) - logits,
        "the logits were subtracted from the one-hot row",
        "they have the right shape",
        "Do your entries sum to 0?",
    ),
    Misconception(
        "softmax twice",
        lambda logits, actions: one_hot(actions, logits.shape[-1]) - logits.softmax(dim=-1).softmax(dim=-1),
        "the logits had become probabilities before they were normalised again",
        "a function that wants logits takes probabilities without a word",
        "What does softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "the largest logit of the whole batch",
        lambda logits, actions: normalised_by_hand(logits - logits.max(), actions),
        "a row whose logits lie far below the batch's largest one has only zeros left",
        "with a single row `logits.max()` is the right constant; it takes the largest over every axis",
        "Which maximum makes the sum of *this* row contain e⁰ = 1?",
    ),
    Misconception(
        "one sum for the whole batch",
        lambda logits, actions: one_hot(actions, logits.shape[-1]) - logits.flatten().softmax(dim=0).view_as(logits),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        made(lambda onehot, pi: onehot - pi, axis=0),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        made(lambda onehot, pi: onehot - pi, axis=1),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "the gradient of a mean over the batch",
        altered(lambda score, onehot, pi: score / onehot.sum()),
        "each score was divided by the number of actions",
        "`.mean().backward()` is how a loss is usually differentiated",
        "Does the score of one action depend on how many others are in the batch?",
    ),
    Misconception(
        "one number for each action",
        altered(lambda score, onehot, pi: of_taken(score, onehot).squeeze(-1)),
        "only the entry of the taken action was returned",
        "1 − π(a) is the entry that one remembers",
        "How many logits are there for each action?",
    ),
    Misconception(
        "every action for every row",
        marked_in_all_rows,
        "each row got a 1 for the actions of all rows",
        "`score[..., actions] += 1` reads like 'the action of each row'",
        "How many ones should a row contain?",
    ),
    Misconception(
        "the likeliest action instead of the one taken",
        lambda logits, actions: one_hot(logits.argmax(dim=-1), logits.shape[-1]) - logits.softmax(dim=-1),
        "`actions` was not used",
        "a greedy policy takes the likeliest action; a sampled one need not",
        "What happens to your numbers when another action was taken?",
    ),
    Misconception(
        "the expected score",
        made(lambda onehot, pi: torch.zeros_like(pi)),
        "the mean over all actions is 0; the score of one action is not",
        "its expectation under π is 0",
        "Which action was taken?",
    ),
    Misconception(
        "overflow at large logits",
        normalised_by_hand,
        "exp(200) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
)
