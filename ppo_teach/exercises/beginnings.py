"""The file to begin an exercise in: its goal, the imports that it needs, the stub, and a line that checks it."""

import ast
import inspect
import sys
import textwrap
from pathlib import Path

from ppo_teach.checks import require
from ppo_teach.exercises.checking import require_exercise
from ppo_teach.exercises.contents import EXERCISES
from ppo_teach.exercises.exercise import Exercise
from ppo_teach.exercises.riddle import Riddle


def start_file(name: str, folder: Path) -> Path:
    """Writes the file NAME.py for the exercise of that name. Raises ValueError when there is one already."""
    require_exercise(name)
    path = folder / f"{name}.py"
    require(not path.exists(), f"name must be an exercise that is not started yet; there is a file {path} already")
    path.write_text(beginning(EXERCISES[name]), encoding="utf-8")
    return path


def beginning(exercise: Exercise | Riddle) -> str:
    """A Python file, which also runs by itself: python gae.py."""
    title = f"{exercise.title}: {exercise.minutes} minutes. Chapter: {exercise.chapter.title}"
    about = f'"""{title}\n\n{textwrap.fill(exercise.goal, width=88)}\n"""'
    own = [line for line in imports_of(exercise) if line.startswith("from ppo_teach.")]
    others = [line for line in imports_of(exercise) if line not in own]
    imports = "\n".join(others + [""] * bool(others) + own)
    check = f'if __name__ == "__main__":\n    print(check("{exercise.name}", {exercise.name}))'
    return f"{about}\n\n{imports}\n\n\n{exercise.stub}\n\n\n{check}\n"


def imports_of(exercise: Exercise | Riddle) -> list[str]:
    """The imports of what the stub names, as in the function's module; with Tensor comes torch."""
    check = "from ppo_teach.exercises import check"
    if isinstance(exercise, Riddle):
        return [check]
    used = {node.id for node in ast.walk(ast.parse(exercise.stub)) if isinstance(node, ast.Name)}
    used |= {"torch"} if "Tensor" in used else set()
    lines = []
    for line in ast.parse(inspect.getsource(sys.modules[exercise.function.__module__])).body:
        if isinstance(line, ast.Import | ast.ImportFrom) and (names := [it for it in line.names if it.name in used]):
            line.names = names
            lines.append(ast.unparse(line))
    return [*lines, check]
