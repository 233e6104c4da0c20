"""A wrong implementation, written as an edit of the right one: edited(gae, ("gamma * lam", "gamma")).

So it is wrong in that one respect, right in all others, and reads as the slip that it is.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

from ppo_teach.checks import require


def edited(function: Callable, *edits: tuple[str, str], **names: Any) -> Callable:
    """`function`, or a class, with each old text in its source replaced by the new one.

    An old text stands in the source exactly once, docstring and annotations of the signature aside; several lines are
    compared as they are indented there. `names` are known to the copy, and come before those of the function's module:
    edited(value_loss, masked_mean=mean_of_row_means). Raises ValueError for a text that is missing or ambiguous.
    """
    code = source_of(function)
    for old, new in edits:
        found = code.count(old)
        require(found == 1, f"edits must replace what stands once in {function.__name__}; {old!r} stands {found} times")
        code = code.replace(old, new)
    original = inspect.unwrap(function)
    known = dict(vars(sys.modules[original.__module__])) | names
    exec(compile(code, f"<{function.__name__}, edited>", "exec", dont_inherit=True), known)
    return known[function.__name__]


@cache
def source_of(function: Callable) -> str:
    """The source of a function or a class, from the margin on and without its own docstring and annotations."""
    code = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    (definition,) = ast.parse(code).body
    bare = without_annotations(definition) if isinstance(definition, ast.FunctionDef) else ""
    lines = code.splitlines()
    body = definition.body[1:] if ast.get_docstring(definition) else definition.body
    head = [bare] if bare else lines[: definition.body[0].lineno - 1]
    return "\n".join([*head, *lines[body[0].lineno - 1 :]]) + "\n"


def without_annotations(definition: ast.FunctionDef) -> str:
    """Its decorators and its first line: def gae(rewards, values, *, gamma, lam):"""
    arguments = definition.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    decorators = "".join(f"@{ast.unparse(decorator)}\n" for decorator in definition.decorator_list)
    return f"{decorators}def {definition.name}({ast.unparse(arguments)}):"
