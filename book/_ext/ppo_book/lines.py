"""A line of code that is longer than the page is wide goes on below, further in; nothing is cut off.

Every line becomes an element that knows where it goes on: where it began, and `--hang` further. The rest is `book.css`.
"""

import re
from collections.abc import Iterator
from html import unescape

from pygments.formatters import HtmlFormatter
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge

DOCSTRING = '<span class="sd">'  # prose: it goes on where it began


class Lines(HtmlFormatter):
    def wrap(self, source: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        return super().wrap((kind, _element(line) if kind else line) for kind, line in source)


def _element(line: str) -> str:
    line = line.replace("\n", "")  # there is one, and with anchors for lines it stands before their closing tag
    text = unescape(re.sub(r"<[^>]*>", "", line))
    begin = f"{len(text) - len(text.lstrip(' '))}ch"
    further = begin if DOCSTRING in line else f"calc({begin} + var(--hang))"
    return f'<span class="line" style="--further: {further}">{line}</span>\n'


def setup(app: Sphinx) -> None:
    PygmentsBridge.html_formatter = Lines
