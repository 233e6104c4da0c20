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
        rows, exceptions = [row(*[[nodes.strong(text=title)] for title in ("Equation", "Function", "Test")])], []
        for slug, chapter in chapter_map.load().chapters.items():
            if slug not in self.env.found_docs:
                continue
            if chapter.equations:
                rows.append(row([self.link("std", "doc", f"/{slug}")], across=3))
            for label, equation in chapter.equations.items():
                with suppress(LookupError):  # `check` reports it
                    function, test = (listing(self.env.docname, *place) for place in chapter_map.places(equation))
                    rows.append(row([self.link("math", "eq", label)], [function], [test]))
            for label, reason in chapter.without.items():
                exception = nodes.paragraph("", "", self.link("math", "eq", label), nodes.Text(f": {reason}"))
                exceptions.append(nodes.list_item("", exception))
        head, body = nodes.thead("", rows[0]), nodes.tbody("", *rows[1:])
        columns = [nodes.colspec(colwidth=1) for _ in range(3)]
        index = [
            nodes.table(
                "", nodes.tgroup("", *columns, head, body, cols=3), classes=["equation-index", "colwidths-auto"]
            )
        ]
        if exceptions:
            index += [nodes.paragraph(text="Numbered, but nothing to compute:"), nodes.bullet_list("", *exceptions)]
        return index

    def link(self, domain: str, kind: str, target: str) -> pending_xref:
        """What the roles {doc} and {eq} make: a link that Sphinx fills in once all pages are read."""
        where = {"refdomain": domain, "reftype": kind, "reftarget": target, "refdoc": self.env.docname}
        return pending_xref("", nodes.inline(target, target), **where, refexplicit=False, refwarn=True)


def row(*cells: list[nodes.Node], across: int = 1) -> nodes.row:
    span = {"morecols": across - 1} if across > 1 else {}
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", *cell), **span) for cell in cells])


def setup(app: Sphinx) -> None:
    app.add_directive("equation-index", EquationIndex)
    app.connect("build-finished", check)
