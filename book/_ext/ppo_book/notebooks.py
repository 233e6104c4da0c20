"""Every chapter offers its notebook, without outputs, in the download menu at its top."""

from pathlib import Path

import jupytext
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri


def notebook(app: Sphinx, docname: str) -> Path | None:
    """Where the notebook of a page with code will lie; None for a page without code."""
    runs = "exec_data" in app.env.nb_metadata.get(docname, {})
    return Path(app.outdir) / "_sources" / f"{docname}.ipynb" if runs else None


def write(app: Sphinx, exception: Exception | None) -> None:
    for docname in app.env.found_docs if exception is None else ():
        if target := notebook(app, docname):
            target.parent.mkdir(parents=True, exist_ok=True)
            jupytext.write(jupytext.read(app.env.doc2path(docname)), target)


def offer(app: Sphinx, pagename: str, template: str, context: dict, doctree: object) -> None:
    if notebook(app, pagename) is None:
        return
    link = {
        "type": "link",
        "url": relative_uri(f"{pagename}.html", f"_sources/{pagename}.ipynb"),
        "text": ".ipynb",
        "tooltip": "Download as a notebook",
        "icon": "fas fa-code",
        "label": "download-notebook-button",
    }
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].insert(0, link)


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", offer, priority=900)  # after the theme has made its menu
    app.connect("build-finished", write)
