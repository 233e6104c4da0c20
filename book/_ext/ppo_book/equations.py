"""Every labelled equation is a function, and the function has a test.

`map.yml` says which. The build fails on a labelled equation without an entry, on an entry whose function or test does
not exist, and on an entry whose equation does not. `{equation-index}` is the table of all of them.
"""

from contextlib import suppress

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from ppo_book import chapter_map
from ppo_book.listings import listing

logger = logging.getLogger(__name__)


def check(app: Sphinx, exception: Exception | None) -> None:
    if exception:
        return
    written = {label: docname for label, (docname, _) in app.env.get_domain("math").equations.items()}
    mapped = {}
    for slug, chapter in chapter_map.load().chapters.items():
        if slug not in app.env.found_docs:
            continue  # planned, not written
        for label, equation in chapter.equations.items():
            try:
                chapter_map.places(equation)
            except LookupError as problem:
                logger.warning("map.yml, %s: %s", label, problem)
        mapped |= dict.fromkeys((*chapter.equations, *chapter.without), slug)
    for label, docname in written.items():
        if mapped.get(label) != docname:
            logger.warning("equation %s names no function and no test: add it to map.yml", label, location=docname)
    for label, slug in mapped.items():
        if written.get(label) != slug:
            logger.warning("map.yml: %s has no equation labelled %s", slug, label)


class EquationIndex(SphinxDirective):
    """The equations of the book in its order, with the function and the test of each."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(chapter_map.MAP))
        rows, exceptions = [], []
        for slug, chapter in chapter_map.load().chapters.items():
            if slug not in self.env.found_docs:
                continue
            page = cross_reference("std", "doc", f"/{slug}", slug, refexplicit=False)
            for label, equation in chapter.equations.items():
                number = cross_reference("math", "eq", label, label, refdoc=self.env.docname)
                with suppress(LookupError):  # `check` reports it
                    function, test = (listing(self.env.docname, *place) for place in chapter_map.places(equation))
                    rows.append(row([number], [page.deepcopy()], [function], [test]))
            for label, reason in chapter.without.items():
                number = cross_reference("math", "eq", label, label, refdoc=self.env.docname)
                exceptions.append(nodes.list_item("", nodes.paragraph("", "", number, nodes.Text(f": {reason}"))))
        index = [table(("Equation", "Chapter", "Function", "Test"), rows)]
        if exceptions:
            index += [nodes.paragraph(text="Numbered, but nothing to compute:"), nodes.bullet_list("", *exceptions)]
        return index


def cross_reference(domain: str, kind: str, target: str, text: str, **options: object) -> pending_xref:
    inner = nodes.literal(text, text) if kind == "eq" else nodes.inline(text, text)
    return pending_xref("", inner, refdomain=domain, reftype=kind, reftarget=target, refwarn=True, **options)


def row(*cells: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells])


def table(titles: tuple[str, ...], rows: list[nodes.row]) -> nodes.table:
    head = nodes.thead("", row(*[[nodes.Text(title)] for title in titles]))
    columns = [nodes.colspec(colwidth=1) for _ in titles]
    return nodes.table("", nodes.tgroup("", *columns, head, nodes.tbody("", *rows), cols=len(titles)))


def setup(app: Sphinx) -> None:
    app.add_directive("equation-index", EquationIndex)
    app.connect("build-finished", check)
