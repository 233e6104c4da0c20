"""`check` grades one answer, `check_file` every exercise in a file."""

import runpy
from difflib import get_close_matches
from pathlib import Path

from ppo_teach.checks import require
from ppo_teach.exercises.answers import last_line
from ppo_teach.exercises.catalogue import EXERCISES, RIDDLES
from ppo_teach.exercises.grading import grade
from ppo_teach.exercises.limits import TimeUp, within
from ppo_teach.exercises.report import WRONG, Report
from ppo_teach.exercises.riddle import solve

FILE_SECONDS = 60.0
NAMES = (*EXERCISES, *RIDDLES)


def check(name: str, answer: object, *, seed: int = 0) -> Report:
    """How the reader's answer fares in the exercise `name`: a function, or for a riddle a dictionary.

    `seed` chooses the random cases. Whatever the answer is or does, there is a report, and the same one each time. Only
    a name that is no exercise raises ValueError.
    """
    require(name in NAMES, f"name must be an exercise: {', '.join(NAMES)}; got {name!r}{meant(name)}")
    return solve(RIDDLES[name], answer) if name in RIDDLES else grade(EXERCISES[name], answer, seed=seed)


def meant(name: str) -> str:
    """A guess, when one exercise is spelt nearly so."""
    return "".join(f". Did you mean {guess!r}?" for guess in get_close_matches(name, NAMES, n=1))


def check_file(path: str | Path) -> list[Report]:
    """Runs a Python file and checks all in it that has the name of an exercise.

    What the file imports from the package is not the reader's and is left out. A file that cannot be run gives one
    report, which says why. Raises ValueError when there is no such file, or no exercise in it.
    """
    path = Path(path)
    require(path.is_file(), f"path must be a Python file; there is none at {str(path)!r}")
    try:
        names = within(FILE_SECONDS, lambda: runpy.run_path(str(path), run_name="exercises_of_the_reader"))
    except TimeUp:
        return [unusable(path, f"It did not come to an end within {FILE_SECONDS:.0f} seconds.")]
    except BaseException as error:  # whatever the file raises, exit() included
        line = last_line(error, str(path))
        return [unusable(path, f"{f'Line {line} raised ' if line else ''}{type(error).__name__}: {error}")]
    own = [name for name, exercise in EXERCISES.items() if names.get(name, exercise.function) is not exercise.function]
    own += [name for name in RIDDLES if name in names]
    require(bool(own), f"{path.name} must define a function named after an exercise: {', '.join(NAMES)}; it has none")
    return [check(name, names[name]) for name in own]


def unusable(path: Path, message: str) -> Report:
    return Report(path.name, WRONG, "this file cannot be run", message)
