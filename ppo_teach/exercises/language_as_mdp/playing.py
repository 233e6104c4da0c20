"""Playing recorded replies in a reader's environment, and writing down what it answers."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.exercise import Misshapen

FACTS = ("number of things returned by", "`terminated` of", "`truncated` of", "reward of", "length of the state after")

FIVE = "the state, the reward, terminated, truncated, and a dictionary for remarks"


def digits_of(reply: Iterable[int]) -> float:
    """The grader's own reward reads the reply as digits behind the point: 2 1 0 earns 0.21."""
    return sum((int(token) / 10**place for place, token in enumerate(reply, start=1)), start=0.0)


def play(
    env_class: Callable, prompt: Int[Tensor, " P"], replies: Int[Tensor, "E T"], *, max_tokens: int, eos: int
) -> Float[Tensor, "E C N"]:
    """What the environment answers in each episode: a row for reset, one for each step; NaN where nothing came.

    A row holds the FACTS and then the state. An episode goes on until the environment says that it is over, or the
    recorded tokens are used up; behind the true end only the flags count. States are read when all is played, so one
    that has changed since shows it.
    """
    env = env_class(prompt.tolist(), digits_of, max_tokens=max_tokens, eos=eos)
    episodes = [answers_in(env, reply) for reply in replies.tolist()]
    width = len(FACTS) + prompt.numel() + replies.numel()
    trace = torch.full((len(replies), replies.shape[1] + 1, width), math.nan, dtype=torch.float64)
    for rows, answers, reply in zip(trace, episodes, replies.tolist(), strict=True):
        end = next(count for count, token in enumerate(reply, start=1) if token == eos or count == max_tokens)
        for call, answer in enumerate(answers):
            numbers = facts(answer, stepped=call > 0)[: width if call <= end else 3]
            rows[call, : len(numbers)] = torch.tensor(numbers, dtype=torch.float64)
    return trace


def answers_in(env: Any, reply: list[int]) -> list[tuple]:
    """What reset returned, then each step, as far as the episode went."""
    answers = [after_reset(env.reset())]
    for count, token in enumerate(reply, start=1):
        answers.append(after_step(env.step(token), f"step {count}"))
        if any(number(flag, "flag") for flag in answers[-1][2:-1]):
            break
    return answers


def after_reset(answer: Any) -> tuple:
    """The two things, or the state alone."""
    things = answer if isinstance(answer, tuple) else (answer,)
    if answer is None or len(things) not in (1, 2):
        raise Misshapen(
            f"its `reset` returns {told(answer)}",
            f"reset returned {told(answer)}; there should be two things: the state, and a dictionary for remarks",
        )
    return things


def after_step(answer: Any, when: str) -> tuple:
    """The five things; or four or two of them, which the misconceptions know."""
    things = tuple(answer) if isinstance(answer, tuple | list) else (answer,)
    if len(things) not in (2, 4, 5):
        raise Misshapen(
            f"its `step` returns {told(answer)}",
            f"{when} returned {told(answer)}; there should be five: {FIVE}",
        )
    return things


def told(answer: Any) -> str:
    if answer is None:
        return "nothing"
    return f"{len(answer)} things" if isinstance(answer, tuple | list) else f"one {type(answer).__name__}"


def facts(answer: tuple, *, stepped: bool) -> list[float]:
    state = entries(answer[0])
    reward = number(answer[1], "reward") if stepped else math.nan
    flags = [number(flag, "flag") for flag in answer[2:-1]] if stepped else []
    terminated, truncated = (*flags, math.nan, math.nan)[:2]
    return [float(len(answer)), terminated, truncated, reward, float(len(state)), *state]


def number(x: Any, what: str) -> float:
    if isinstance(x, str):
        raise misplaced(x, what)
    try:
        return float(x)
    except (TypeError, ValueError):
        raise misplaced(x, what) from None


def entries(state: Any) -> list[float]:
    """The tokens of a state."""
    try:
        tokens = list(state)
    except TypeError:
        raise misplaced(state, "state") from None
    return [number(token, "state's token") for token in tokens]


def misplaced(x: Any, what: str) -> Misshapen:
    kind = type(x).__name__
    return Misshapen(
        f"its {what} is of type {kind}",
        f"where a {what} should be, there is something of type {kind}. In order: {FIVE}",
    )


def place_in_trace(index: tuple[int, ...]) -> str:
    """'reward of step 3', 'length of the state after reset in episode 2'."""
    episode, call, column = index
    when = (f"step {call}" if call else "reset") + (f" in episode {episode + 1}" if episode else "")
    if column < len(FACTS):
        return f"{FACTS[column]} {when}"
    return f"state after {when}, at place {column - len(FACTS)},"
