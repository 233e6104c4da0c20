"""`map.yml`: which function each labelled equation of a chapter is, and which test calls it.

Read by the book's extension and by `tests/test_book.py`, so it imports neither Sphinx nor the package.
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
MAP = REPOSITORY / "book" / "map.yml"


@dataclass(frozen=True)
class Equation:
    """A labelled equation: `function` is `ppo_teach.advantages.gae`, `test` is `tests/test_advantages.py::test_…`."""

    function: str
    test: str


@dataclass(frozen=True)
class Chapter:
    """The equations of a page of the book, `foundations/advantages`, by label; `without` maps labels to reasons."""

    equations: dict[str, Equation] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ChapterMap:
    chapters: dict[str, Chapter]
    modules_without_chapter: dict[str, str]


def load(path: Path = MAP) -> ChapterMap:
    """The map; a misspelt key is a TypeError that names it."""
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    chapters = {}
    for slug, entry in text.pop("chapters").items():
        equations = {label: Equation(**names) for label, names in entry.pop("equations", {}).items()}
        chapters[slug] = Chapter(equations=equations, **entry)
    return ChapterMap(chapters=chapters, **text)


def function_place(function: str) -> tuple[str, str]:
    """File and name inside it: `ppo_teach.advantages.gae` → `ppo_teach/advantages.py`, `gae`; methods work too."""
    parts = function.split(".")
    for length in range(len(parts) - 1, 0, -1):
        path = "/".join(parts[:length]) + ".py"
        if (REPOSITORY / path).is_file():
            return path, ".".join(parts[length:])
    raise LookupError(f"{function}: no module of that name")


def definition_line(path: str, name: str) -> int:
    """The line that defines `name`, which may be `Class.method`; LookupError when there is none."""
    file = REPOSITORY / path
    if not file.is_file():
        raise LookupError(f"{path}: no such file")
    body, line = ast.parse(file.read_text(encoding="utf-8")).body, 0
    for part in name.split("."):
        found = [node for node in body if getattr(node, "name", None) == part]
        if not found:
            raise LookupError(f"{path}: defines no {name}")
        body, line = getattr(found[0], "body", []), found[0].lineno
    return line


def places(equation: Equation) -> list[tuple[str, str, int]]:
    """Of its function, then of its test: file, name in it, and line. LookupError when either does not exist."""
    test_path, _, test_name = equation.test.partition("::")
    both = [function_place(equation.function), (test_path, test_name.replace("::", "."))]
    return [(path, name, definition_line(path, name)) for path, name in both]
