"""A line of code that is longer than the page is wide goes on below, further in; nothing is cut off.

Every line becomes an element that knows how far in that is. The rest is `book.css`.
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
    further = len(text) - len(text.lstrip(" ")) + (0 if DOCSTRING in line else 6)
    return f'<span class="line" style="--further: {further}ch">{line}</span>\n'


def setup(app: Sphinx) -> None:
    PygmentsBridge.html_formatter = Lines
