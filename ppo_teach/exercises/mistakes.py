"""The first mistake in a list of answers, told on one concrete input.

The layers, in the order in which a mistake is reported:

1. the function can be called, and gives one tensor of numbers of the right shape;
2. values: on the case for pencil and paper, then on other small ones, then on random ones;
3. gradients: right where they must flow, zero where something is held constant;
4. laws, values before gradients: junk and NaN at padding, a ratio of one, a constant shift, the limits of λ.
"""

from collections.abc import Iterator

from torch import Tensor

from ppo_teach.exercises.answers import Answer, Problem, differences
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.wording import apart, place, told

Triple = tuple[Case, Answer, Answer]  # a case, the reader's answer, the right one


def first_mistake(exercise: Exercise, triples: list[Triple]) -> Problem | None:
    """None when every answer is right. A mistake in a number has no name yet: the diagnosis may find one."""
    return next(filter(None, mistakes(exercise, triples)), None)


def mistakes(exercise: Exercise, triples: list[Triple]) -> Iterator[Problem | None]:
    plain = [triple for triple in triples if not triple[0].law]
    laws = [triple for triple in triples if triple[0].law]
    yield from (form_of(*triple) for triple in triples)
    for group in (plain, laws):
        yield from (value_of(exercise, *triple) for triple in group)
        yield from (gradient_of(exercise, *triple) for triple in group)


def form_of(case: Case, answer: Answer, right: Answer) -> Problem | None:
    """A problem, or a wrong shape."""
    if answer.problem:
        return Problem(answer.problem.name, f"On {told(case.inputs)}, {answer.problem.particulars}")
    if answer.value.shape != right.value.shape:
        sentence = f"On {told(case.inputs)}, your result has the shape {tuple(answer.value.shape)}"
        return Problem("its result has the wrong shape", f"{sentence} (expected {tuple(right.value.shape)})")
    return None


def value_of(exercise: Exercise, case: Case, answer: Answer, right: Answer) -> Problem | None:
    if answer.problem or answer.value.shape != right.value.shape:
        return None
    if (index := first_difference(answer.value, right.value)) is None:
        return None
    return unnamed(case, f"your {entry(exercise, index, right)}", answer.value[index], right.value[index])


def gradient_of(exercise: Exercise, case: Case, answer: Answer, right: Answer) -> Problem | None:
    """Where the value is not finite, gradients say nothing."""
    if answer.problem or not right.value.isfinite().all():
        return None
    for name, expected in right.gradients.items():
        if (index := first_difference(answer.gradients[name], expected)) is not None:
            result = exercise.entry(()) if callable(exercise.entry) else exercise.entry
            what = f"the gradient of your {result} with respect to {name}{list(index)}"
            return unnamed(case, what, answer.gradients[name][index], expected[index])
    return None


def entry(exercise: Exercise, index: tuple[int, ...], right: Answer) -> str:
    """What the number at this index is called."""
    if callable(exercise.entry):
        return exercise.entry(index)
    return f"{exercise.entry}{place(index, right.value.shape)}"


def first_difference(received: Tensor, expected: Tensor) -> tuple[int, ...] | None:
    """The index of the first entry that differs."""
    places = differences(received, expected).nonzero()
    return tuple(places[0].tolist()) if len(places) else None


def unnamed(case: Case, what: str, received: Tensor, expected: Tensor) -> Problem:
    """'On rewards [[0, 1]], …, your advantage of token 0 is 1.81 (expected 0.95)'."""
    law = f"Law: {case.law}. " if case.law else ""
    ours, theirs = apart(received.item(), expected.item())
    return Problem("", f"{law}On {told(case.inputs)}, {what} is {ours} (expected {theirs})")
