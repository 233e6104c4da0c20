"""Write `tempered_logprobs`. Chapter: book/foundations/softmax-policy.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Categorical
from torch.nn.functional import cross_entropy

from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.softmax_policy.action_logprobs import choice, random_choice
from ppo_teach.exercises.softmax_policy.tempered_logprobs_misconceptions import MISCONCEPTIONS
from ppo_teach.policy import action_logprobs


def tempered_logprobs(
    logits: Float[Tensor, "*B V"], actions: Int[Tensor, "*B"], *, temperature: float
) -> Float[Tensor, "*B"]:
    """The log-probability, in nats, of each action, when it was drawn at this temperature.

        log π_τ(a | s) = z_a/τ − log Σ_b exp(z_b/τ)

    In the package the division stands inside the policy (`models`), so that drawing and scoring share it.
    """
    tempered = logits / temperature
    taken = tempered.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    return taken - tempered.logsumexp(dim=-1)


def at(temperature: float, case: Case) -> Case:
    return Case({**case.inputs, "temperature": temperature}, law=case.law)


def random_temperature(rng: torch.Generator) -> Case:
    """Colder or warmer than 1, and neither 1 nor its own inverse."""
    return at(pick(rng, 0.5, 0.7, 1.5, 2.0), random_choice(rng))


def by_action_logprobs(logits, actions, *, temperature):
    return action_logprobs(logits / temperature, actions)


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
    variants=(by_action_logprobs, by_powers, by_distribution, by_cross_entropy, by_inverse_temperature),
)
