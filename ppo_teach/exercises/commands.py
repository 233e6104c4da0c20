"""The commands for exercises: `ppo-teach start NAME` and `ppo-teach check FILE`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ppo_teach.exercises.beginnings import start_file
from ppo_teach.exercises.checking import check_file


@dataclass(frozen=True)
class Start:
    """Write a file to begin an exercise in, named after it."""

    # The exercise, such as td_residuals.
    name: tyro.conf.Positional[str]


@dataclass(frozen=True)
class Check:
    """Check the exercises in a Python file or a notebook of yours."""

    # Its functions that are named as exercises are checked.
    file: tyro.conf.Positional[Path]
    # How many of the three hints to show, from a question to nearly the answer.
    hint: Literal[1, 2, 3] = 1


ExerciseCommand = Annotated[Start, tyro.conf.subcommand("start")] | Annotated[Check, tyro.conf.subcommand("check")]


def main() -> None:
    """These commands without the others, whose libraries take longer to import than an exercise takes to check."""
    with ended_well():
        carry_out(tyro.cli(ExerciseCommand, prog="ppo-teach", config=(tyro.conf.OmitSubcommandPrefixes,)))


@contextmanager
def ended_well() -> Iterator[None]:
    """Around a command: what a reader can put right ends it with one line, not with a traceback.

    So does an interrupt, whose line also says what the KeyboardInterrupt says. When nobody reads on, as behind
    `| head`, the command ends without a word.
    """
    try:
        try:
            yield
        finally:
            print(end="", flush=True)  # what is printed may wait in a buffer, and fail only here
    except BrokenPipeError:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # where Python writes what is left, at its end
        sys.exit(1)
    except (ValueError, OSError) as error:
        sys.exit(f"ppo-teach: {error}")
    except KeyboardInterrupt as interrupt:
        sys.exit("; ".join(["ppo-teach: interrupted", *map(str, interrupt.args)]))


def carry_out(command: ExerciseCommand) -> None:
    """Prints what the reader asked for. Exits with 0 after a check only when all passed."""
    match command:
        case Start(name):
            path = start_file(name, Path())
            print(f"{path} is yours to fill in. Then: ppo-teach check {path}")
        case Check(file, hint):
            reports = check_file(file)
            print(*(report.text(hints=hint) for report in reports), sep="\n\n")
            if any(len(report.hints) > hint for report in reports):
                print(f"\nFor the next hint, add --hint {hint + 1}.")
            sys.exit(0 if all(report.passed for report in reports) else 1)
