"""Write `action_advantages`. Chapter: book/foundations/value-functions.md."""

import numpy as np
import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.value_functions.action_advantages_misconceptions import MISCONCEPTIONS
from ppo_teach.values import action_advantages


def choices(probabilities: list, action_values: list, *, law: str = "") -> Case:
    numbers = {"probabilities": probabilities, "action_values": action_values}
    return Case({name: torch.tensor(rows, dtype=torch.float32) for name, rows in numbers.items()}, law=law)


def random_choices(rng: torch.Generator) -> Case:
    """Two rows of three states over four tokens."""
    weights = torch.randint(1, 6, (2, 3, 4), generator=rng).float()
    action_values = torch.randint(-100, 101, (2, 3, 4), generator=rng) / 100
    return choices((weights / weights.sum(dim=-1, keepdim=True)).tolist(), action_values.tolist())


def by_product(probabilities, action_values):
    """V as a product of a row and a column, in float64."""
    values = probabilities.double()[..., None, :] @ action_values.double()[..., :, None]
    return action_values - values[..., 0]


def by_einsum(probabilities, action_values):
    return action_values - torch.einsum("...a,...a->...", probabilities, action_values)[..., None]


def from_differences(probabilities, action_values):
    """Σ_b π(b)(Q(a) − Q(b)): how much better than each other token, on average."""
    differences = action_values[..., :, None] - action_values[..., None, :]
    return (differences * probabilities[..., None, :]).sum(dim=-1)


def in_numpy(probabilities, action_values):
    probabilities, action_values = np.asarray(probabilities), np.asarray(action_values)
    return action_values - np.sum(probabilities * action_values, axis=-1, keepdims=True)


EXERCISE = Exercise(
    function=action_advantages,
    title="Better than usual",
    section="Three names",
    minutes=5,
    difficulty=1,
    goal="Return A(s, a) = Q(s, a) − V(s) for every token of every state, with V(s) = Σ_a π(a | s) Q(s, a). The last "
    "axis holds the tokens; there may be none, one or several axes of states before it.",
    entry="advantage",
    worked=choices([0.25, 0.25, 0.25, 0.25], [0, 4, 8, 0]),
    answer=[-3, 1, 5, -3],
    cases=(
        choices([[0.5, 0.5], [0.25, 0.75]], [[1, 3], [4, 8]]),
        choices([[0.25, 0.75, 0], [0.5, 0.25, 0.25]], [[4, 0, 8], [2, 6, -2]]),
        choices([[1, 0]], [[2, 5]], law="The only token that the policy says is as good as expected"),
    ),
    random_case=random_choices,
    hints=(
        "What is the state worth before the token is drawn?",
        "V is the mean of Q over the last axis, weighted by the probabilities; keep that axis, with size 1.",
        "action_values - (probabilities * action_values).sum(dim=-1, keepdim=True).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_product, by_einsum, from_differences, in_numpy),
)
