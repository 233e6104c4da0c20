"""Playing recorded replies in a reader's environment, and writing down what it answers."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

FACTS = ("number of things returned by", "`terminated` of", "`truncated` of", "reward of", "length of the state after")


def digits_of(reply: Iterable[int]) -> float:
    """The grader's own reward reads the reply as digits behind the point: 2 1 0 earns 0.21."""
    return sum((int(token) / 10**place for place, token in enumerate(reply, start=1)), start=0.0)


def play(
    env_class: Callable, prompt: Int[Tensor, " P"], replies: Int[Tensor, "E T"], *, max_tokens: int, eos: int
) -> Float[Tensor, "E C N"]:
    """What the environment answers in each episode: a row for reset, one for each step; NaN where nothing came.

    A row holds the FACTS and then the state. An episode goes on until the environment says that it is over, or the
    recorded tokens are used up. States are read when all is played, so one that has changed since shows it.
    """
    env = env_class(prompt.tolist(), digits_of, max_tokens=max_tokens, eos=eos)
    episodes = [answers_in(env, reply) for reply in replies.tolist()]
    width = len(FACTS) + prompt.numel() + replies.numel()
    trace = torch.full((len(replies), replies.shape[1] + 1, width), math.nan, dtype=torch.float64)
    for rows, answers in zip(trace, episodes, strict=True):
        for call, answer in enumerate(answers):
            numbers = facts(answer, stepped=call > 0)[:width]
            rows[call, : len(numbers)] = torch.tensor(numbers, dtype=torch.float64)
    return trace


def answers_in(env: Any, reply: list[int]) -> list[tuple]:
    """What reset returned, then each step, as far as the episode went."""
    answers = [things(env.reset())]
    for token in reply:
        answers.append(things(env.step(token)))
        if any(number(flag) > 0 for flag in answers[-1][2:4]):
            break
    return answers


def things(answer: object) -> tuple:
    """What was returned, one by one; None is nothing."""
    return answer if isinstance(answer, tuple) else () if answer is None else (answer,)


def facts(answer: tuple, *, stepped: bool) -> list[float]:
    state = entries(answer[0]) if answer else []
    reward, terminated, truncated = (number(x) for x in (*answer[1:4], *[None] * 3)[:3]) if stepped else [math.nan] * 3
    return [float(len(answer)), terminated, truncated, reward, float(len(state)), *state]


def number(x: Any) -> float:
    try:
        return float(x)
    except (TypeError, ValueError):
        return math.nan


def entries(state: Any) -> list[float]:
    """The tokens of a state; none where it is not a row of numbers."""
    try:
        return [float(token) for token in state]
    except (TypeError, ValueError):
        return []


def place_in_trace(index: tuple[int, ...]) -> str:
    """'reward of step 3', 'length of the state after reset in episode 2'."""
    episode, call, column = index
    when = (f"step {call}" if call else "reset") + (f" in episode {episode + 1}" if episode else "")
    if column < len(FACTS):
        return f"{FACTS[column]} {when}"
    return f"state after {when}, at place {column - len(FACTS)},"
