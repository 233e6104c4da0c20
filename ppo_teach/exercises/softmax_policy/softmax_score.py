"""Write `softmax_score`. Chapter: book/foundations/softmax-policy.md."""

import torch
from torch.nn.functional import one_hot

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.softmax_policy.action_logprobs import choice, random_choice
from ppo_teach.exercises.softmax_policy.softmax_score_misconceptions import MISCONCEPTIONS
from ppo_teach.policy import softmax_score


def random_actions(rng: torch.Generator) -> Case:
    """Those of `action_logprobs`: rare actions among them, and every axis of another length."""
    return random_choice(rng)


def by_autograd(logits, actions):
    """The gradient of the summed log-probabilities: each depends on its own logits alone."""
    leaf = logits.detach().clone().requires_grad_()
    logprobs = leaf.log_softmax(dim=-1).gather(-1, actions.unsqueeze(-1))
    return torch.autograd.grad(logprobs.sum(), leaf)[0]


def by_scatter(logits, actions):
    """−π, with 1 added at the action, in float64."""
    minus = -logits.double().softmax(-1)
    return minus.scatter_add(-1, actions.unsqueeze(-1), torch.ones_like(minus))


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


def by_one_hot_of_ints(logits, actions):
    return one_hot(actions, logits.size(-1)) - logits.log_softmax(-1).exp()


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
    variants=(by_autograd, by_scatter, by_comparison, by_identity, row_by_row, by_one_hot_of_ints),
)
