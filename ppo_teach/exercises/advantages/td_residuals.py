"""Write `td_residuals`. Chapter: book/foundations/advantages.md."""

import numpy as np
import torch

from ppo_teach.advantages import td_residuals
from ppo_teach.exercises.advantages.td_residuals_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.exercise import Case, Exercise, pick


def steps(ends: list[str], rewards: list, values: list, next_values: list, *, gamma: float, law: str = "") -> Case:
    """A case from a picture of its ends: 'T' where an episode terminated, '.' elsewhere."""
    terminated = torch.tensor([[symbol == "T" for symbol in row] for row in ends])
    numbers = {"rewards": rewards, "values": values, "next_values": next_values}
    inputs = {name: torch.tensor(rows, dtype=torch.float32) for name, rows in numbers.items()}
    return Case({**inputs, "terminated": terminated, "gamma": gamma}, law=law)


def random_steps(rng: torch.Generator) -> Case:
    """Four tokens of two rows, each with an end inside; the second row stops without one."""
    ends = [pick(rng, ".T.T", "T..T"), pick(rng, ".T..", "T.T.", "..T.")]
    rewards, values, next_values = (torch.randint(20, 151, (3, 2, 4), generator=rng) / 100).tolist()
    return steps(ends, rewards, values, next_values, gamma=pick(rng, 0.8, 0.9))


def by_filling(rewards, values, next_values, terminated, *, gamma):
    """The target first, in float64."""
    target = rewards.double() + gamma * next_values.double().masked_fill(terminated, 0)
    return target - values


def in_two_cases(rewards, values, next_values, terminated, *, gamma):
    """The last token for itself, all others for themselves."""
    surprise = rewards - values
    return torch.where(terminated, surprise, surprise + gamma * next_values)


def token_by_token(rewards, values, next_values, terminated, *, gamma):
    """A loop over all tokens, in Python's floats."""
    deltas = torch.zeros_like(rewards)
    for place in np.ndindex(*rewards.shape):
        ahead = 0.0 if terminated[place] else next_values[place].item()
        deltas[place] = rewards[place].item() + gamma * ahead - values[place].item()
    return deltas


def in_numpy(rewards, values, next_values, terminated, *, gamma):
    """The same line in NumPy, returned as an array."""
    rewards, values, next_values, terminated = map(np.asarray, (rewards, values, next_values, terminated))
    return rewards - values + gamma * np.where(terminated, 0, next_values)


NAN = float("nan")
EXERCISE = Exercise(
    function=td_residuals,
    title="TD residuals",
    section="The surprise of one token",
    minutes=10,
    difficulty=2,
    goal="Return δ_t = r_t + γV(s_{t+1}) − V(s_t) of every token, with V(s_{t+1}) = 0 where `terminated` is true, "
    "whatever stands in `next_values` there, NaN included. A row may hold several episodes, and stop before an "
    "end.",
    entry="residual",
    worked=steps(["..T"], [[0, 0, 1]], [[0.2, 0.4, 0.9]], [[0.4, 0.9, 7]], gamma=1.0),
    answer=[[0.2, 0.5, 0.1]],
    cases=(
        steps(["."], [[1]], [[0.5]], [[0.8]], gamma=0.5),
        steps(["T."], [[1, 0]], [[0.5, 0.25]], [[7, 1]], gamma=0.5),
        steps([".T"], [[0.25, 1]], [[0.5, 0.5]], [[1, 7]], gamma=0.5),
        steps(["T."], [[0, 1]], [[1, 1]], [[NAN, 0]], gamma=1.0, law="What stands behind an end changes nothing"),
        steps(
            [".T"],
            [[0.25, 0.5]],
            [[0.5, 0.5]],
            [[0.5, 0]],
            gamma=0.5,
            law="Where all came as expected, r + γV(s_{t+1}) = V(s_t), nothing is left",
        ),
    ),
    random_case=random_steps,
    hints=(
        "What is there to be expected from a state after which nothing happens?",
        "`torch.where(terminated, 0.0, next_values)` is 0 behind an end, whatever stood there.",
        "Reward, plus γ times what is expected after, minus what was expected before. One line.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_filling, in_two_cases, token_by_token, in_numpy),
)
