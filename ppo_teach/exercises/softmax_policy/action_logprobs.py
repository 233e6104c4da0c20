"""Write `action_logprobs`. Chapter: book/foundations/softmax-policy.md."""

import torch
from torch.distributions import Categorical
from torch.nn.functional import cross_entropy, one_hot

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.softmax_policy.action_logprobs_misconceptions import MISCONCEPTIONS
from ppo_teach.policy import action_logprobs


def choice(logits: list, actions: list, *, law: str = "") -> Case:
    return Case({"logits": torch.tensor(logits, dtype=torch.float32), "actions": torch.tensor(actions)}, law=law)


def random_choice(rng: torch.Generator) -> Case:
    """Two rows of three tokens over four words; in each row another action than the likeliest is taken."""
    logits = torch.randint(-300, 301, (2, 3, 4), generator=rng) / 100
    actions = torch.randint(4, (2, 3), generator=rng)
    actions[:, 0] = logits[:, 0].argmin(dim=-1)
    return choice(logits.tolist(), actions.tolist())


def by_cross_entropy(logits, actions):
    """The library's loss, one number a token, negated."""
    losses = cross_entropy(logits.reshape(-1, logits.shape[-1]), actions.reshape(-1), reduction="none")
    return -losses.reshape(actions.shape)


def by_distribution(logits, actions):
    return Categorical(logits=logits).log_prob(actions)


def by_logsumexp(logits, actions):
    """z_a − log Σ exp(z), the largest logit taken out by hand, in float64."""
    logits = logits.double()
    largest = logits.max(dim=-1, keepdim=True).values.detach()
    log_sum = (logits - largest).exp().sum(-1).log() + largest.squeeze(-1)
    return torch.take_along_dim(logits, actions.unsqueeze(-1), dim=-1).squeeze(-1) - log_sum


def by_one_hot(logits, actions):
    return (torch.log_softmax(logits, -1) * one_hot(actions, logits.size(-1))).sum(-1)


def token_by_token(logits, actions):
    """A loop over tokens."""
    rows = zip(logits.flatten(0, -2), actions.flatten(), strict=True)
    return torch.stack([row[action] - torch.logsumexp(row, dim=0) for row, action in rows]).view(actions.shape)


EXERCISE = Exercise(
    function=action_logprobs,
    title="The log-probability of an action",
    section="From logits to log-probabilities",
    minutes=10,
    difficulty=2,
    goal="Return log π(a | s), in nats, for each action taken: one number per action, in the shape of `actions`. The "
    "vocabulary is the last axis of the logits. Logits may be as large as 200.",
    entry="log-probability",
    worked=choice([[0, 0, 0, 0], [1.0986, 0, 0, 0]], [2, 0]),
    answer=[-1.3863, -0.6931],
    cases=(
        choice([[0, 1, 2]], [0]),
        choice([[[0, 1], [2, 0]], [[0, 3], [1, 1]]], [[0, 1], [1, 0]]),
        choice([[100, 101, 102]], [0], law="A constant added to all logits changes nothing"),
        choice([[200, 0], [0, 1]], [0, 1], law="What stands in one row matters to no other"),
        choice([[200, 0, -100]], [0], law="Large logits do not overflow"),
        choice([[200, 0, -100]], [1], law="A log-probability of −200 is a number"),
    ),
    random_case=random_choice,
    gradients=("logits",),
    hints=(
        "Which e-powers stand in π(a) on paper, and what is the logarithm of their quotient?",
        "log π(a) = z_a − log Σ exp(z). torch has a function that computes this for all actions without overflow.",
        "logits.log_softmax(dim=-1), then gather along the last axis with actions.unsqueeze(-1), then squeeze(-1).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_cross_entropy, by_distribution, by_logsumexp, by_one_hot, token_by_token),
)
