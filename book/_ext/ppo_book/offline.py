"""The pages ask for nothing outside themselves: maths and fonts come from installed packages, thebe stays away."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

# Package, folder in it → the folder under `_static`, and what a page can ask for there. Of MathJax's 24 MB that is
# TeX in, HTML with fonts out, and the rarer TeX commands on demand.
COPIED = {
    ("sphinx-mathjax-offline", "static/mathjax", "mathjax"): (
        "tex-chtml.js",
        "output/chtml/fonts/woff-v2/*.woff",
        "input/tex/extensions/*.js",
    ),
    ("font_source_serif_pro", "files", "fonts"): (
        "SourceSerifPro-Regular.ttf",
        "SourceSerifPro-It.ttf",
        "SourceSerifPro-Semibold.ttf",
    ),
    ("font_source_sans_pro", "files", "fonts"): (
        "SourceSansPro-Regular.ttf",
        "SourceSansPro-It.ttf",
        "SourceSansPro-Semibold.ttf",
    ),
}


def configure(app: Sphinx, config: Config) -> None:
    config.mathjax_path = "mathjax/tex-chtml.js"
    config.mathjax3_config = {"tex": {"packages": {"[-]": ["noundefined"]}}}  # an unknown command is a visible error


def copy(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    for (package, folder, name), patterns in COPIED.items():
        source = Path(find_spec(package).origin).parent / folder
        for pattern in patterns:
            for file in source.glob(pattern):
                target = Path(app.outdir) / "_static" / name / file.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)


def drop_thebe(app: Sphinx, pagename: str, template: str, context: dict, doctree: object) -> None:
    scripts = context.get("script_files", [])
    context["script_files"] = [script for script in scripts if "thebe" not in f"{script!r} {vars(script)}".lower()]


def setup(app: Sphinx) -> None:
    app.connect("config-inited", configure, priority=100)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", copy)
