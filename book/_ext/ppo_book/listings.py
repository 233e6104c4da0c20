"""A page of source, `code/ppo_teach/advantages.html`, for every module and for the tests of every chapter.

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
    modules = {str(path.relative_to(repository)) for path in repository.glob("ppo_teach/**/*.py")}
    tests = {test for chapter in chapter_map.load().chapters.values() for test in chapter.tests}
    for path in sorted(modules | {test for test in tests if (repository / test).is_file()}):
        source = (repository / path).read_text(encoding="utf-8")
        code = app.builder.highlighter.highlight_block(source, "python", linespans="line")
        body = f"<h1><code>{escape(path)}</code></h1>\n{code}"
        yield f"code/{path.removesuffix('.py')}", {"title": path, "body": body}, "page.html"


def setup(app: Sphinx) -> None:
    app.connect("html-collect-pages", pages)
