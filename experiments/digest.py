"""Which code a record depends on, and which records are out of date.

An experiment depends on its script and on all that this imports of the two packages, directly or not: on what the code
does, not on comments and docstrings.
"""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from ppo_teach.checkpoints import read_json

HERE = Path(__file__).parent
PACKAGES = ("experiments", "ppo_teach")


def names() -> list[str]:
    """All experiments: the scripts that define one."""
    return [path.stem for path in sorted(HERE.glob("*.py")) if "\nEXPERIMENT = " in path.read_text(encoding="utf-8")]


def question(name: str) -> str:
    """What an experiment asks: the first line of its docstring."""
    tree = ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def stale(results: Path = HERE / "results") -> list[str]:
    """The experiments that have no record, or one that other code has made."""
    return [name for name in names() if digest(name) not in sources(results / f"{name}.json")]


def sources(record: Path) -> list[str]:
    """The digests of the code that made a record and of the code that confirmed it; none where there is no record."""
    content = read_json(record) if record.exists() else {}
    return [code["source"] for code in (content, content.get("confirmed", {})) if "source" in code]


def digest(name: str, root: Path = HERE.parent) -> str:
    """Changes with the code of an experiment and of all that it imports.

    Versions of Python differ in how they write a syntax tree: under another one every record counts as out of date.
    """
    trees = sorted(modules(f"experiments.{name}", root).items())
    return sha256("\n".join(f"{module} {ast.dump(tree)}" for module, tree in trees).encode()).hexdigest()[:16]


def modules(name: str, root: Path) -> dict[str, ast.Module]:
    """A module, and all of the two packages that come with it: their syntax trees."""
    found, waiting = {}, [name]
    while waiting:
        module = waiting.pop()
        path = source_file(module, root)
        if path and module not in found:
            found[module] = without_docstrings(path.read_text(encoding="utf-8"))
            waiting += [module.rpartition(".")[0], *imports(found[module])]
    return found


def source_file(module: str, root: Path) -> Path | None:
    """Where a module of the two packages lies; None for a name that is none."""
    path = root.joinpath(*module.split("."))
    files = path.with_suffix(".py"), path / "__init__.py"
    return next((file for file in files if file.exists() and module.split(".")[0] in PACKAGES), None)


def imports(tree: ast.Module) -> Iterator[str]:
    """Every name that stands in an import; what is imported from a package may be a module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names))


@cache
def without_docstrings(source: str) -> ast.Module:
    """The syntax tree, in which nothing is left of comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return tree
