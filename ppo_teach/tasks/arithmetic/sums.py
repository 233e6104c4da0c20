"""Sums of three digits, and pupils who forget to carry. Chapter: book/beyond/verifiable.md.

    problem     8 + 7 + 9
    solution    8 + 7 = 15 , 15 + 9 = 24 , answer 24

A careless pupil forgets a carry (8 + 7 = 5) and goes on from there, is off by one, answers with another number than the
steps found, skips the steps, hedges (answer 24 or 14), or ends without an answer.
"""

import re
from itertools import product
from random import Random

FORGETS, SLIPS = 0.6, 0.1  # for each carry; for each step, and for the answer
STYLES = {"whole": 0.7, "no steps": 0.1, "hedged": 0.1, "no answer": 0.1}
STEP = re.compile(r"(\d+) \+ (\d+) = (\d+)")


def problems() -> list[str]:
    """All 729 sums of three digits from 1 to 9, as the prompts write them."""
    return [" + ".join(digits) for digits in product("123456789", repeat=3)]


def solution(problem: str) -> str:
    """The steps and the answer, all of them right."""
    first, second, third = map(int, problem.split(" + "))
    partial, total = first + second, first + second + third
    return f"{first} + {second} = {partial} , {partial} + {third} = {total} , answer {total}"


def careless_solution(problem: str, rng: Random) -> str:
    """What a pupil writes, right or wrong."""
    first, second, third = map(int, problem.split(" + "))
    partial = _careless_sum(first, second, rng)
    total = _careless_sum(partial, third, rng)
    answer = _slip(total, rng)
    steps = f"{first} + {second} = {partial} , {partial} + {third} = {total} ,"
    match rng.choices(list(STYLES), list(STYLES.values()))[0]:
        case "no steps":
            return f"answer {answer}"
        case "hedged":
            return f"{steps} answer {answer} or {max(answer + rng.choice((-10, -1, 1, 10)), 0)}"
        case "no answer":
            return steps.removesuffix(" ,")
        case _:
            return f"{steps} answer {answer}"


def _careless_sum(first: int, second: int, rng: Random) -> int:
    carries = first % 10 + second % 10 >= 10
    return _slip(first + second - 10 * (carries and rng.random() < FORGETS), rng)


def _slip(number: int, rng: Random) -> int:
    return max(number + rng.choice((-1, 1)), 0) if rng.random() < SLIPS else number


def carries(problem: str) -> int:
    """How often one must carry on the way from left to right: 0, 1 or 2."""
    first, second, third = map(int, problem.split(" + "))
    return (first + second >= 10) + ((first + second) % 10 + third >= 10)


def answer_of(text: str) -> str | None:
    """The number behind the text's only "answer", where the text ends with it; else None."""
    *before, word, number = ["", "", *text.split()]
    return number if word == "answer" and number.isdigit() and "answer" not in before else None


def step_results(text: str) -> list[str]:
    """What the text says that each of its steps comes to."""
    return [result for _, _, result in STEP.findall(text)]


def has_right_steps(text: str, solution: str) -> bool:
    """Whether all steps of the solution stand in the text, in their order, and no other."""
    return STEP.findall(text) == STEP.findall(solution)
