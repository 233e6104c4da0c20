"""Whether the reader has begun. A stub, or the package's own function handed in, is 'not attempted', not wrong."""

import dis
import sys
from collections.abc import Callable

from ppo_teach.exercises.answers import copies
from ppo_teach.exercises.exercise import Exercise
from ppo_teach.exercises.limits import TimeUp

UNWRITTEN = "The body is yours to write."
BORROWED = "This is the package's own function, or calls it. The exercise is to write it yourself."
IDLE = {"RESUME", "NOP", "LOAD_CONST", "LOAD_SMALL_INT", "LOAD_COMMON_CONSTANT", "RETURN_CONST", "RETURN_VALUE"}


def not_begun(exercise: Exercise, function: Callable) -> str:
    """The reason why this is no attempt; '' when it is one. Calls the function once, on the worked case."""
    if does_nothing(exercise, function):
        return UNWRITTEN
    own = exercise.bodies(exercise.function)
    calls, result = [], None

    def notice(frame, event, _argument) -> None:
        if event == "call" and any(frame.f_code is code for code in own):
            calls.append(frame)

    sys.setprofile(notice)
    try:
        result = exercise.call(function, copies(exercise.worked.inputs))
    except NotImplementedError:
        return UNWRITTEN
    except TimeUp:
        raise
    except BaseException:  # the same call is made again, and what it raises reported, by ask()
        return ""
    finally:
        sys.setprofile(None)
    if calls:
        return BORROWED
    return UNWRITTEN if result is Ellipsis or result is NotImplemented else ""


def does_nothing(exercise: Exercise, function: Callable) -> bool:
    """Whether the body is `...`, `pass`, a docstring or a constant; of a class, that of each method to write."""
    bodies = exercise.bodies(function)
    return bool(bodies) and {step.opname for body in bodies for step in dis.get_instructions(body)} <= IDLE
