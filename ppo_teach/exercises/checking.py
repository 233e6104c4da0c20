"""`check` grades one answer, `check_file` every exercise in a file."""

from difflib import get_close_matches
from pathlib import Path

from ppo_teach.checks import require
from ppo_teach.exercises.contents import EXERCISES
from ppo_teach.exercises.grading import grade
from ppo_teach.exercises.limits import TimeUp, within
from ppo_teach.exercises.report import NOT_ATTEMPTED, WRONG, Report
from ppo_teach.exercises.riddle import Riddle, solve
from ppo_teach.exercises.running import MODULE, Cell, cells, neighbours, new_module, place_of

FILE_SECONDS = 60.0


def check(name: str, answer: object, *, seed: int = 0) -> Report:
    """The report on the reader's answer to the exercise `name`: a function, or for a riddle a dictionary.

    `seed` chooses the random cases. Whatever the answer is or does, there is a report, and the same one each time. Only
    a name that is no exercise raises ValueError.
    """
    require_exercise(name)
    exercise = EXERCISES[name]
    return solve(exercise, answer) if isinstance(exercise, Riddle) else grade(exercise, answer, seed=seed)


def require_exercise(name: str) -> None:
    """Raises ValueError unless an exercise has this name. The message lists all names, and guesses which is meant."""
    names = EXERCISES
    require(name in names, f"name must be an exercise: {', '.join(names)}; got {name!r}{meant(name)}")


def meant(name: str) -> str:
    """A guess, when one exercise is spelt nearly so."""
    return "".join(f". Did you mean {guess!r}?" for guess in get_close_matches(name, EXERCISES, n=1))


def check_file(path: str | Path) -> list[Report]:
    """Runs a Python file or a notebook and checks what in it is named after an exercise, in the book's order.

    What the file imports from the package is not the reader's and is left out. A file that cannot be run gives one
    report, which says why. Raises ValueError when there is no such file, or no exercise in it.
    """
    path = Path(path)
    require(path.is_file(), f"path must be a Python file or a notebook; there is none at {str(path)!r}")
    require(path.suffix in (".py", ".ipynb"), f"path must end in .py or .ipynb; got {str(path)!r}")
    code: list[Cell] = []
    with neighbours(path):
        try:
            code += cells(path)
            answers, others = within(FILE_SECONDS, lambda: read(code))
        except TimeUp:
            return [unusable(path, f"It did not come to an end within {FILE_SECONDS:.0f} seconds.")]
        except BaseException as error:  # whatever the file raises, exit() included
            place = place_of(error, code)
            return [unusable(path, f"{f'{place} raised ' if place else ''}{type(error).__name__}: {error}")]
        guesses = "".join(f", and {name!r}{meant(name)}" for name in others if meant(name))
        kinds = f"define a function named after an exercise: {', '.join(EXERCISES)}"
        require(bool(answers), f"{path.name} must {kinds}; it has none{guesses}")
        return [check(name, answers[name]) for name in EXERCISES if name in answers] + misspelt(others, set(answers))


def read(code: list[Cell]) -> tuple[dict[str, object], list[str]]:
    """Runs the code. The answers in it, by exercise, and the names of the other functions that it defines.

    An answer is what has the name of an exercise, in any cell, or what is handed to `check`. While the code runs,
    `check` only takes note: each report comes afterwards, and once.
    """
    named: dict[str, object] = {}
    handed: dict[str, object] = {}

    def take_note(name: str, answer: object, *, seed: int = 0) -> Report:
        require_exercise(name)
        handed[name] = answer
        return Report(name, NOT_ATTEMPTED, "the report follows", "")

    module = new_module(check=take_note)
    for cell in code:
        cell.run(module)
        named |= {name: it for name, it in vars(module).items() if is_answer(name, it)}
    defined = [name for name, it in vars(module).items() if getattr(it, "__module__", None) == MODULE]
    return handed | named, [name for name in defined if name not in EXERCISES]


def is_answer(name: str, value: object) -> bool:
    """Whether an exercise has this name and the value is not the package's own function."""
    exercise = EXERCISES.get(name)
    return isinstance(exercise, Riddle) or (exercise is not None and value is not exercise.function)


def misspelt(names: list[str], answered: set[str]) -> list[Report]:
    """A report for each name that is very nearly that of an exercise which has no answer."""
    reports = []
    for name in names:
        for guess in set(get_close_matches(name, EXERCISES, n=1, cutoff=0.85)) - answered:
            reports.append(Report(name, NOT_ATTEMPTED, "no exercise has this name", f"Did you mean `{guess}`?"))
    return reports


def unusable(path: Path, message: str) -> Report:
    return Report(path.name, WRONG, "this file cannot be run", message)
