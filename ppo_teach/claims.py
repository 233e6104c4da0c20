"""A chapter says what came out; on another processor it may come out otherwise, and the chapter goes on.

No chapter: every chapter calls `show_failed_claims` in its first cell.
"""

import ast
from html import escape
from itertools import count

NAME = "_ppo_teach_claims"  # what a rewritten cell calls


def show_failed_claims() -> None:
    """In a notebook, an `assert` of any later cell that fails is shown in a box, and the next statement runs.

    The box has the assertion and the values that it compares. An assertion shows itself once, however often it is
    met. An assertion that raises is shown with its error. Outside a notebook nothing changes.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell and not any(isinstance(transformer, Claims) for transformer in shell.ast_transformers):
        claims = Claims()
        shell.ast_transformers.append(claims)
        shell.push({NAME: claims}, interactive=False)


class Claims(ast.NodeTransformer):
    """Rewrites the assertions of a cell, and is what the rewritten cell calls."""

    def __init__(self) -> None:
        self.numbers = count()
        self.texts: dict[int, str] = {}
        self.values: dict[int, dict[str, str]] = {}
        self.shown: set[int] = set()

    def visit_Assert(self, node: ast.Assert) -> ast.Try:
        """`assert test` becomes: try the test; when it is false or raises, show it."""
        number = next(self.numbers)
        self.texts[number] = ast.unparse(node.test)
        attempt = "try:\n if not test: {0}.show({1})\nexcept Exception as {0}_error: {0}.show({1}, {0}_error)"
        (rewritten,) = ast.parse(attempt.format(NAME, number)).body
        rewritten.body[0].test.operand = Sides(number).visit(node.test)
        return ast.copy_location(rewritten, node)

    def note(self, number: int, text: str, value: object) -> object:
        """The value, which is noted under the text that it came from."""
        self.values.setdefault(number, {})[text] = brief(value)
        return value

    def show(self, number: int, error: Exception | None = None) -> None:
        if number in self.shown:
            return
        self.shown.add(number)
        from IPython.display import display

        values = self.values.get(number, {}).items()
        reasons = [f"{text} = {value}" for text, value in values if value not in (None, text)]
        reasons += [f"{type(error).__name__}: {error}"] if error else []
        claim = {"assertion": self.texts[number], "reasons": reasons}
        lines = "".join(f"<br><code>{escape(reason)}</code>" for reason in reasons)
        box = f"<b>Here it came out otherwise:</b> <code>{escape(claim['assertion'])}</code>{lines}"
        formats = {
            "text/plain": "\n  ".join([f"Here it came out otherwise: {claim['assertion']}", *reasons]),
            "text/html": f'<div style="border-left: 4px solid #d55e00; padding: 0.3em 1em">{box}</div>',
        }
        display(formats, raw=True, metadata={"ppo_teach_claim": claim})


class Sides(ast.NodeTransformer):
    """Has the sides of every comparison noted on the way."""

    def __init__(self, number: int) -> None:
        self.number = number

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        texts = [ast.unparse(side) for side in (node.left, *node.comparators)]
        self.generic_visit(node)
        node.left, *node.comparators = map(self.noted, (node.left, *node.comparators), texts)
        return node

    def noted(self, side: ast.expr, text: str) -> ast.expr:
        if isinstance(side, ast.Constant) or len(text) > 80:
            return side
        call = ast.parse(f"{NAME}.note({self.number}, {text!r}, side)", mode="eval").body
        call.args[2] = side
        return ast.copy_location(call, side)


def brief(value: object) -> str | None:
    """A number, or what else fits into half a line; None for the rest, which is not even spelt out when it is large."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if any(size > 8 for size in getattr(value, "shape", ())):
        return None  # a tensor
    if isinstance(value, str | list | tuple | dict | set) and len(value) > 60:
        return None
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text and " at 0x" not in text else None
