"""A page of source, `code/ppo_teach/advantages.html`, for every module and every file of tests.

A reader without the repository can read the whole of the code here, and every name in the book can be a link.
"""

from collections.abc import Iterator
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

from ppo_book import chapter_map


def listing(docname: str, path: str, name: str, line: int) -> nodes.reference:
    """A link from the page `docname` to the line of `path` that defines `name`."""
    uri = relative_uri(f"{docname}.html", f"code/{path.removesuffix('.py')}.html")
    return nodes.reference("", "", nodes.literal(name, name), internal=True, refuri=f"{uri}#line-{line}")


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, str], str]]:
    repository = chapter_map.REPOSITORY
    for file in sorted([*repository.glob("ppo_teach/**/*.py"), *repository.glob("tests/*.py")]):
        path = file.relative_to(repository).as_posix()
        source = file.read_text(encoding="utf-8")
        code = app.builder.highlighter.highlight_block(source, "python", linespans="line")
        body = f'<h1>{escape(path)}</h1>\n<div class="listing">{code}</div>'
        yield f"code/{path.removesuffix('.py')}", {"title": path, "body": body}, "page.html"


def setup(app: Sphinx) -> None:
    app.connect("html-collect-pages", pages)
