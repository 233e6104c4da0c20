"""Reads the built pages as a browser would, and warns of what a reader would stumble over.

An image without an alt text of its own, a link or an anchor that leads nowhere, a resource fetched from outside.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

FILE_NAME = re.compile(r"\S+\.(png|svg|jpe?g|gif)|_images/.*|<.*>", re.IGNORECASE)  # what a forgotten alt text becomes
RESOURCES = {("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}


class Page(HTMLParser):
    """One page: its anchors, its links, its resources, the alt texts of its images."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.resources: list[str] = []
        self.alts: list[tuple[str, str]] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "img":
            self.alts.append((values.get("src", ""), values.get("alt", "")))
        self.resources += [values[name] for name in ("src", "href") if (tag, name) in RESOURCES and name in values]


def problems(site: Path) -> list[tuple[str, str]]:
    """What is wrong with the pages under `site`: (page, sentence)."""
    site = site.resolve()
    files = [file for file in sorted(site.rglob("*.html")) if "_static" not in file.parts]
    pages = {file: Page(file) for file in files}
    found = []
    for file, page in pages.items():
        name = file.relative_to(site).as_posix()
        for source, alt in page.alts:
            if len(alt.split()) < 2 or FILE_NAME.fullmatch(alt):
                found.append((name, f"image {source} has no alt text that says what it shows: {alt!r}"))
        for uri in page.resources:
            if urlsplit(uri).netloc:
                found.append((name, f"asks for {uri}, outside the book"))
        for uri in page.links + page.resources:
            parts = urlsplit(uri)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not target.exists():
                found.append((name, f"links to {uri}, which does not exist"))
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append((name, f"links to {uri}, but there is no such anchor"))
    return found


def warn(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.name == "html":
        for page, sentence in problems(Path(app.outdir)):
            logger.warning("%s %s", page, sentence)


def setup(app: Sphinx) -> None:
    app.connect("build-finished", warn, priority=900)  # after everything has been written
