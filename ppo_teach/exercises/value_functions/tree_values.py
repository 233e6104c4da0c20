"""Write `tree_values`. Chapter: book/foundations/value-functions.md."""

import numpy as np
import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.value_functions.tree_values_misconceptions import MISCONCEPTIONS
from ppo_teach.values import tree_values


def tree(probabilities: list, rewards: list, successors: list, *, gamma: float, law: str = "") -> Case:
    numbers = {"probabilities": probabilities, "rewards": rewards}
    inputs = {name: torch.tensor(rows, dtype=torch.float32) for name, rows in numbers.items()}
    return Case({**inputs, "successors": torch.tensor(successors), "gamma": gamma}, law=law)


def of_state(index: tuple[int, ...]) -> str:
    """There are no tokens here: one value for each state."""
    return f"value of state {index[0]}"


def random_tree(rng: torch.Generator) -> Case:
    """Five states, three tokens: the start leads to two states and an end, one of these to two more."""
    weights = torch.randint(1, 6, (5, 3), generator=rng).float()
    rewards = torch.randint(-100, 101, (5, 3), generator=rng) / 100
    successors = [[-1, 1, 2], [3, -1, 4], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1]]
    return tree((weights / weights.sum(dim=1, keepdim=True)).tolist(), rewards.tolist(), successors, gamma=0.8)


def with_a_place_for_the_end(probabilities, rewards, successors, *, gamma):
    """One value more than there are states, always 0: the index −1 finds it."""
    values = torch.zeros(len(rewards) + 1)
    for s in range(len(rewards) - 1, -1, -1):
        values[s] = (probabilities[s] * (rewards[s] + gamma * values[successors[s]])).sum()
    return values[:-1]


def swept_until_settled(probabilities, rewards, successors, *, gamma):
    """The equation as an instruction, for all states at once, as often as the tree may be deep."""
    values = torch.zeros(len(rewards), dtype=torch.float64)
    for _ in range(len(rewards)):
        following = torch.where(successors >= 0, values[successors.clamp(min=0)], 0.0)
        values = (probabilities * (rewards + gamma * following)).sum(dim=-1)
    return values


def as_linear_equations(probabilities, rewards, successors, *, gamma):
    """(1 − γP)V = r, where P holds the chances of going from state to state."""
    S, probabilities = len(rewards), probabilities.double()
    transitions = torch.zeros(S, S, dtype=torch.float64)
    for s, a in (successors >= 0).nonzero().tolist():
        transitions[s, successors[s, a]] += probabilities[s, a]
    expected = (probabilities * rewards).sum(dim=-1)
    return torch.linalg.solve(torch.eye(S, dtype=torch.float64) - gamma * transitions, expected)


def recursively(probabilities, rewards, successors, *, gamma):
    """From the root downward: each state asks its successors. Returned as an array."""
    probabilities, rewards, successors = map(np.asarray, (probabilities, rewards, successors))

    def value(s):
        if s < 0:
            return 0.0
        return sum(
            p * (r + gamma * value(after))
            for p, r, after in zip(probabilities[s], rewards[s], successors[s], strict=True)
        )

    return np.array([value(s) for s in range(len(rewards))])


EXERCISE = Exercise(
    function=tree_values,
    title="Backward induction",
    section="The Bellman equation",
    minutes=15,
    difficulty=3,
    goal="Return V of every state, V(s) = Σ_a π(a | s) (r(s, a) + γV(s')). `successors[s, a]` is the number of s', and "
    "−1 where the token ends the reply; nothing comes after an end. Every state has a smaller number than its "
    "successors.",
    entry=of_state,
    worked=tree([[0.25, 0.75], [0.5, 0.5]], [[8, 1], [4, 0]], [[-1, 1], [-1, -1]], gamma=0.5),
    answer=[3.5, 2],
    cases=(
        tree([[0.5, 0.5], [0.25, 0.75]], [[0, 1], [0, 2]], [[1, -1], [-1, -1]], gamma=1.0),
        tree([[0.5, 0.5], [1, 0], [0, 1]], [[0, 0], [1, 3], [5, 2]], [[1, 2], [-1, -1], [-1, -1]], gamma=1.0),
        tree([[0, 1], [0, 1], [0.5, 0.5]], [[0, 0], [0, 0], [2, 6]], [[-1, 1], [-1, 2], [-1, -1]], gamma=0.5),
        tree(
            [[0.25, 0.75], [0.5, 0.5]],
            [[4, -2], [0, 2]],
            [[-1, 1], [-1, -1]],
            gamma=0.0,
            law="With γ = 0 only the next reward counts",
        ),
    ),
    random_case=random_tree,
    hints=(
        "Which state can you value without knowing any other?",
        "Go through the states from the last to the first. `values[-1]` is a number too: that of the last state.",
        "following = torch.where(successors[s] < 0, 0.0, values[successors[s]]); values[s] = probabilities[s] @ "
        "(rewards[s] + gamma * following).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_a_place_for_the_end, swept_until_settled, as_linear_equations, recursively),
)
