"""Running the reader's file, a Python file or a notebook, with the names that the book's pages know."""

import __future__

import json
import linecache
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ppo_teach.checks import require

MODULE = "exercises_of_the_reader"
# A cell copied from a page relies on the cells before it. What is only an annotation is never looked up.
NAMES = {"torch": torch, "Tensor": Tensor, "nn": nn, "np": np, "Bool": Bool, "Float": Float, "Int": Int}
MAGIC = ("%", "!", "?")


@dataclass(frozen=True)
class Cell:
    """Code, and what its place is called in an error. A Python file is one cell; `number` is that of a notebook's."""

    filename: str
    code: str | bytes
    number: int = 0

    def run(self, module: ModuleType) -> None:
        deferred = __future__.annotations.compiler_flag
        exec(compile(self.code, self.filename, "exec", flags=deferred, dont_inherit=True), vars(module))


def cells(path: Path) -> list[Cell]:
    """The code of a file."""
    if path.suffix != ".ipynb":
        return [Cell(str(path), path.read_bytes())]
    notebook = json.loads(path.read_text(encoding="utf-8"))
    require(isinstance(notebook, dict) and "cells" in notebook, f"{path.name} must be a notebook of format 4")
    codes = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [notebook_cell(path, number, "".join(code)) for number, code in enumerate(codes, start=1)]


def notebook_cell(path: Path, number: int, code: str) -> Cell:
    """A code cell, whose lines an error message can show."""
    filename, code = f"code cell {number} of {path.name}", without_magic(code)
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    return Cell(filename, code, number)


def without_magic(code: str) -> str:
    """What is left for Python: nothing of a cell that begins with %%, no line that begins with %, ! or ?."""
    if code.lstrip().startswith("%%"):
        return ""
    try:
        compile(code, "cell", "exec")  # a line may begin with % and be the rest of a division
    except SyntaxError:
        lines = code.splitlines(keepends=True)
        code = "".join("\n" if line.lstrip().startswith(MAGIC) else line for line in lines)
    return code


def new_module(check: Callable) -> ModuleType:
    """A module with the names of the pages, and this `check`. It is registered, as dataclasses look theirs up."""
    module = sys.modules[MODULE] = ModuleType(MODULE)
    vars(module).update(NAMES, check=check)
    return module


@contextmanager
def neighbours(path: Path) -> Iterator[None]:
    """Inside, the modules beside the file can be imported. Afterwards they are forgotten: they may be edited."""
    folder, before = str(path.parent.resolve()), set(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "").parent == Path(folder):
                del sys.modules[name]


def place_of(error: BaseException, cells: list[Cell]) -> str:
    """Where in the reader's file the error arose, or came through last: 'Line 3 of code cell 2'; '' if nowhere."""
    numbers = {cell.filename: cell.number for cell in cells}
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    lines = [(numbers[filename], line) for filename, line in frames if filename in numbers]
    if not lines:
        return ""
    number, line = lines[-1]
    return f"Line {line} of code cell {number}" if number else f"Line {line}"
