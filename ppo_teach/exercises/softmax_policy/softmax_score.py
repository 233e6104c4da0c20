"""Write `softmax_score`. Chapter: book/foundations/softmax-policy.md."""

import torch
from torch.nn.functional import one_hot

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.exercises.softmax_policy.action_logprobs import choice, random_choice
from ppo_teach.policy import softmax_score


def random_actions(rng: torch.Generator) -> Case:
    """Those of `action_logprobs`: rare actions among them, and every axis of another length."""
    return random_choice(rng)


def by_autograd(logits, actions):
    """The gradient of the summed log-probabilities: each depends on its own logits alone."""
    leaf = logits.detach().clone().requires_grad_()
    logprobs = leaf.log_softmax(dim=-1).gather(-1, actions.unsqueeze(-1))
    return torch.autograd.grad(logprobs.sum(), leaf)[0]


def by_marking(logits, actions):
    """−π, with 1 added at the action, in float64."""
    score = -logits.double().softmax(-1)
    rows = score.view(-1, score.shape[-1])
    rows[torch.arange(len(rows)), actions.flatten()] += 1
    return score


def by_comparison(logits, actions):
    taken = torch.arange(logits.shape[-1]) == actions[..., None]
    return torch.where(taken, 1.0, 0.0) - (logits - logits.logsumexp(-1, keepdim=True)).exp()


def by_identity(logits, actions):
    """Row a of the unit matrix, in NumPy."""
    return (torch.eye(logits.shape[-1])[actions] - torch.softmax(logits, -1)).numpy()


def row_by_row(logits, actions):
    """A loop over tokens and words."""
    scores = []
    for z, action in zip(logits.flatten(0, -2), actions.flatten().tolist(), strict=True):
        z = z - z.max()
        scores.append([float(b == action) - (z[b].exp() / z.exp().sum()).item() for b in range(len(z))])
    return torch.tensor(scores).view(logits.shape)


def with_names(logits, actions):
    onehot = one_hot(actions, logits.size(-1)).float()
    pi = logits.log_softmax(-1).exp()
    return onehot - pi


MISCONCEPTIONS = (
    Misconception(
        "the sign",
        edited(with_names, ("onehot - pi", "pi - onehot")),
        "this is π − onehot, the gradient of −log π",
        "it is the gradient that a cross-entropy loss has",
        "Which way should the logit of the taken action move, to make it likelier?",
    ),
    Misconception(
        "(π − target)/π",
        edited(with_names, ("onehot - pi", "(pi - onehot) / pi")),
        "the gradient of a loss with respect to the logits was divided by π once more, and the sign is the loss's",
        "it is printed in an article, and d log π has a 1/π in it",
        "With two equally likely tokens: what are the two slopes of log π, by hand?",
    ),
    Misconception(
        "(onehot − π)/π",
        edited(with_names, ("onehot - pi", "(onehot - pi) / pi")),
        "each entry was divided by its probability, although the score has no quotient left",
        "the derivative of a logarithm has a 1/π; the π of the softmax's derivative cancels it",
        "What must the entries sum to, when a constant added to all logits changes nothing?",
    ),
    Misconception(
        "the 1/π that has nothing to cancel",
        edited(with_names, ("onehot - pi", "(onehot - pi) / pi.gather(-1, actions[..., None])")),
        "the score was divided by π(a) once more",
        "∇ log π = ∇π/π is right; but ∇π is π(a) times (onehot − π), not that bracket alone",
        "What is ∂π(a)/∂z_a: 1 − π(a), or π(a) times that?",
    ),
    Misconception(
        "the gradient of π, not of log π",
        edited(with_names, ("onehot - pi", "pi.gather(-1, actions[..., None]) * (onehot - pi)")),
        "this is π(a) times the score",
        "the policy is π, so one takes its gradient",
        "Differentiate log π. Which factor of ∇π goes away?",
    ),
    Misconception(
        "the derivative with respect to the probability",
        edited(with_names, ("onehot - pi", "onehot / pi")),
        "this is 1/π(a), d log π / dπ; the step from logits to probabilities is missing",
        "the derivative of a logarithm is the reciprocal",
        "The logits are what moves. How do the probabilities follow?",
    ),
    Misconception(
        "the gradient of a raw logit",
        edited(with_names, ("onehot - pi", "onehot")),
        "the normaliser was not differentiated, so nobody pays for what the action gains",
        "z_a is the term in which the action stands",
        "log π = z_a − log Σ exp(z). What is the derivative of the second term?",
    ),
    Misconception(
        "the normaliser alone",
        edited(with_names, ("onehot - pi", "-pi")),
        "this is the gradient of −log Σ exp(z); the taken action's own logit is missing",
        "it is the harder half of the derivation",
        "log π = z_a − log Σ exp(z). What is the derivative of the first term?",
    ),
    Misconception(
        "1 in the place of 1 − π(a)",
        edited(by_marking, ("+= 1", "= 1")),
        "the entry of the taken action was set to 1, not raised by 1",
        "−π is written first, and then a 1 over one of its entries",
        "Do your entries sum to 0?",
    ),
    Misconception(
        "only the taken action moves",
        edited(with_names, ("onehot - pi", "onehot * (1 - pi)")),
        "the logits of the other actions were left alone, and they share the denominator",
        "1 − π(a) is the entry that one remembers",
        "Raise the logit of another token. What happens to log π(a)?",
    ),
    Misconception(
        "every action as if it were the taken one",
        edited(with_names, ("onehot - pi", "1 - pi")),
        "`actions` was not used: each entry is 1 − π",
        "1 − π(a) is right for the action taken",
        "What happens to your numbers when another action was taken?",
    ),
    Misconception(
        "what was expected is uniform",
        edited(with_names, ("onehot - pi", "onehot - 1 / pi.shape[-1]")),
        "1/V was subtracted from each entry in the place of π",
        "for equal logits it is right, and it does sum to 0",
        "Which tokens did the policy expect before one was drawn?",
    ),
    Misconception(
        "log-probabilities in the place of probabilities",
        edited(softmax_score, ("softmax(dim=-1)", "log_softmax(dim=-1)")),
        "log π was subtracted from the one-hot row",
        "log_softmax is what one calls everywhere else",
        "Do your entries sum to 0?",
    ),
    Misconception(
        "logits in the place of probabilities",
        edited(softmax_score, (".softmax(dim=-1)", "")),
        "the logits were subtracted from the one-hot row",
        "they have the right shape",
        "Do your entries sum to 0?",
    ),
    Misconception(
        "softmax twice",
        edited(softmax_score, ("softmax(dim=-1)", "softmax(dim=-1).softmax(dim=-1)")),
        "the logits had become probabilities before they were normalised again",
        "a function that wants logits takes probabilities without a word",
        "What does softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "the largest logit of the whole batch",
        edited(row_by_row, ("z.max()", "logits.max()")),
        "a row whose logits lie far below the batch's largest one has only zeros left",
        "with a single row `logits.max()` is the right constant; it takes the largest over every axis",
        "Which maximum makes the sum of *this* row contain e⁰ = 1?",
    ),
    Misconception(
        "one sum for the whole batch",
        edited(softmax_score, ("logits.softmax(dim=-1)", "logits.flatten().softmax(dim=0).view_as(logits)")),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        edited(softmax_score, ("softmax(dim=-1)", "softmax(dim=0)")),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        edited(softmax_score, ("softmax(dim=-1)", "softmax(dim=1)")),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "the gradient of a mean over the batch",
        edited(by_autograd, ("logprobs.sum()", "logprobs.mean()")),
        "each score was divided by the number of actions",
        "`.mean().backward()` is how a loss is usually differentiated",
        "Does the score of one action depend on how many others are in the batch?",
    ),
    Misconception(
        "one number for each action",
        edited(with_names, ("onehot - pi", "1 - pi.gather(-1, actions[..., None]).squeeze(-1)")),
        "only the entry of the taken action was returned",
        "1 − π(a) is the entry that one remembers",
        "How many logits are there for each action?",
    ),
    Misconception(
        "every action for every row",
        edited(by_marking, ("rows[torch.arange(len(rows)), actions.flatten()]", "score[..., actions]")),
        "each row got a 1 for the actions of all rows",
        "`score[..., actions] += 1` reads like 'the action of each row'",
        "How many ones should a row contain?",
    ),
    Misconception(
        "the likeliest action instead of the one taken",
        edited(softmax_score, ("one_hot(actions", "one_hot(logits.argmax(dim=-1)")),
        "`actions` was not used",
        "a greedy policy takes the likeliest action; a sampled one need not",
        "What happens to your numbers when another action was taken?",
    ),
    Misconception(
        "the expected score",
        edited(with_names, ("onehot - pi", "pi - pi")),
        "the mean over all actions is 0; the score of one action is not",
        "its expectation under π is 0",
        "Which action was taken?",
    ),
    Misconception(
        "overflow at large logits",
        edited(row_by_row, ("z - z.max()", "z")),
        "exp(200) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
)

EXERCISE = Exercise(
    function=softmax_score,
    title="The score",
    section="Nudging a choice",
    minutes=10,
    difficulty=2,
    goal="Return the gradient of log π(a | s) with respect to the logits, for each action taken: one number for each "
    "logit, in the shape of the logits. The vocabulary is their last axis. Logits may be as large as 200.",
    entry="score",
    worked=choice([[0, 0.6931, 1.0986]], [1]),
    answer=[[-0.1667, 0.6667, -0.5]],
    cases=(
        choice([[0, 0], [1.0986, 0]], [0, 1]),
        choice([[[0, 1], [2, 0]], [[0, 3], [1, 1]]], [[0, 1], [1, 0]]),
        choice([[100, 101, 102]], [0], law="A constant added to all logits changes nothing"),
        choice([[200, 0], [0, 1]], [0, 1], law="What stands in one row matters to no other"),
        choice([[200, 0, -100]], [1], law="Large logits do not overflow"),
        choice([[200, 0, -100]], [0], law="An action that was certain has nothing to teach"),
    ),
    random_case=random_actions,
    hints=(
        "Which entry is positive on paper? What do the entries sum to?",
        "What happened, minus what was expected: a one-hot row minus the probabilities.",
        "one_hot(actions, logits.shape[-1]) − logits.softmax(dim=-1).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_autograd, by_marking, by_comparison, by_identity, row_by_row, with_names),
)
