"""From a function to a report: ask it every case, find the first mistake, name the mistake where it is a known one.

A function passes when its answers are right on all cases, however it finds them. A wrong one is named when a
known wrong implementation gives the same answers.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from functools import lru_cache

from ppo_teach.exercises.answers import Answer, Problem, ask, same, uncallable
from ppo_teach.exercises.attempts import not_begun
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.exercises.limits import TimeUp, within
from ppo_teach.exercises.mistakes import first_mistake
from ppo_teach.exercises.report import NOT_ATTEMPTED, PASSED, WRONG, Report
from ppo_teach.exercises.wording import told

SECONDS = 5.0  # for all cases together; a right function needs a hundredth of it
STUCK = Answer(
    problem=Problem("it does not come to an end", f"no answer came within {SECONDS:.0f} seconds; some loop never ends")
)


def grade(exercise: Exercise, function: object, *, seed: int) -> Report:
    """Asks the function every case; reports the first mistake, by name where it is known."""
    if not callable(function):
        return wrong(exercise, uncallable(exercise, f"{function!r} is not a function"))
    cases, right = cases_of(exercise, seed), right_answers(exercise, seed)
    try:
        reason = within(SECONDS, lambda: not_begun(exercise, function))
    except TimeUp:
        return wrong(exercise, first_mistake(exercise, [(exercise.worked, STUCK, right[0])]))
    if reason:
        return not_attempted(exercise, reason)
    answers = interview(exercise, function, cases)
    triples = list(zip(cases, answers, right, strict=True))
    mistake = first_mistake(exercise, triples)
    if mistake is None:
        return passed(exercise, cases)
    cause, places = next(causes(cases, answers, right, wrong_answers(exercise, seed)), (None, []))
    if cause is None:
        return wrong(exercise, mistake)
    return misunderstood(exercise, cause, first_mistake(exercise, [triples[i] for i in places]))


def interview(exercise: Exercise, function: Callable, cases: tuple[Case, ...]) -> list[Answer]:
    """The function's answer to each case; a case that takes too long leaves no time for those after it.

    What the function prints is not shown: its first call, in not_begun(), has shown it for the worked case.
    """
    answers: list[Answer] = []

    def ask_all() -> None:
        for case in cases:
            answers.append(ask(exercise, function, case))

    try:
        with redirect_stdout(io.StringIO()):
            within(SECONDS, ask_all)
    except TimeUp:
        return [*answers, *[STUCK] * len(cases)][: len(cases)]
    return answers


def right_answers(exercise: Exercise, seed: int) -> list[Answer]:
    return [known_answer(exercise, exercise.function, case) for case in cases_of(exercise, seed)]


def wrong_answers(exercise: Exercise, seed: int) -> list[tuple[Misconception, list[Answer]]]:
    """What each known wrong implementation answers."""
    cases = cases_of(exercise, seed)
    return [(m, [known_answer(exercise, m.function, case) for case in cases]) for m in exercise.misconceptions]


@lru_cache(maxsize=64)
def cases_of(exercise: Exercise, seed: int) -> tuple[Case, ...]:
    return exercise.all_cases(seed)


@lru_cache(maxsize=10_000)
def known_answer(exercise: Exercise, function: Callable, case: Case) -> Answer:
    """Asked once: the next check of the same exercise only asks the reader's function."""
    return ask(exercise, function, case)


def causes(
    cases: tuple[Case, ...], answers: list[Answer], right: list[Answer], wrong: list[tuple[Misconception, list[Answer]]]
) -> Iterator[tuple[Misconception, list[int]]]:
    """The misconceptions that are wrong in the same way as the reader's function; with each, the cases that show it.

    First those that agree with it on all cases; then on all but the laws, because a second, smaller mistake often shows
    in a law only; then on these in value alone; last, when everything but some laws is right, on those laws.
    """
    everywhere = list(range(len(cases)))
    plain = [i for i in everywhere if not cases[i].law]
    broken = [i for i in everywhere if cases[i].law and not same(answers[i], right[i])]
    laws = broken if agree(answers, right, plain, True) else []
    for places, gradients in ((everywhere, True), (plain, True), (plain, False), (laws, True)):
        for misconception, theirs in wrong:
            if agree(answers, theirs, places, gradients) and not agree(theirs, right, places, gradients):
                yield misconception, places


def agree(first: list[Answer], second: list[Answer], places: Iterable[int], gradients: bool) -> bool:
    return all(same(first[i], second[i], compare_gradients=gradients) for i in places)


def passed(exercise: Exercise, cases: tuple[Case, ...]) -> Report:
    laws = sum(bool(case.law) for case in cases)
    gradients = ", gradients included" if exercise.gradients else ""
    return Report(exercise.name, PASSED, "right", f"{len(cases) - laws} cases and {laws} laws{gradients}.")


def not_attempted(exercise: Exercise, reason: str) -> Report:
    difficulty = "●" * exercise.difficulty + "○" * (5 - exercise.difficulty)
    message = (
        f"{reason}\n{exercise.title} · {exercise.minutes} minutes · {difficulty}\n{exercise.goal}\n"
        f"On paper first: {told(exercise.worked.inputs)}. The answer: {exercise.answer_in_words or exercise.answer}."
    )
    return Report(exercise.name, NOT_ATTEMPTED, "not attempted yet", message, None, exercise.hints, exercise.see())


def wrong(exercise: Exercise, mistake: Problem) -> Report:
    name, message = mistake.name, f"{mistake.particulars}."
    return Report(exercise.name, WRONG, name or "not right yet", message, name or None, exercise.hints, exercise.see())


def misunderstood(exercise: Exercise, cause: Misconception, mistake: Problem) -> Report:
    message = f"{mistake.particulars}: {cause.consequence}.\nTempting because {cause.tempting}."
    hints = (cause.hint, *exercise.hints[1:])
    headline = f'this looks like "{cause.name}"'
    return Report(exercise.name, WRONG, headline, message, cause.name, hints, exercise.see(cause.section))
