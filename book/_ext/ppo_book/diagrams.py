"""Mermaid diagrams, drawn while the book is built: `{diagram}`, described at the top of this package.

The alt text is the directive's argument, so a diagram cannot be without one, and a mistake in the diagram is an error
of the build. Every diagram is drawn twice, for a light page and for a dark one.
"""

import re
from hashlib import sha256
from pathlib import Path

import mermaidx
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PALETTES = {
    "light": {"fill": "#eef3f7", "line": "#5b7285", "text": "#1f2d3a", "page": "#ffffff"},
    "dark": {"fill": "#26323d", "line": "#8ea6b8", "text": "#e3eaf0", "page": "#14181e"},
}


def draw(source: str, palette: dict[str, str]) -> str:
    """The diagram as SVG, with its width and height in pixels instead of "as wide as the page"."""
    variables = {
        "primaryColor": palette["fill"],
        "primaryBorderColor": palette["line"],
        "primaryTextColor": palette["text"],
        "lineColor": palette["line"],
        "textColor": palette["text"],
        "secondaryColor": palette["page"],
        "tertiaryColor": palette["page"],
        "edgeLabelBackground": palette["page"],
        "clusterBkg": palette["page"],
        "clusterBorder": palette["line"],
        "fontFamily": "system-ui, sans-serif",
    }
    flowchart = {"htmlLabels": False, "wrappingWidth": 400}
    config = {"theme": "base", "themeVariables": variables, "htmlLabels": False, "flowchart": flowchart}
    svg = mermaidx.render(source, theme="base", config=config).svg()
    width, height = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', svg).groups()
    return svg.replace('width="100%"', f'width="{float(width):.0f}" height="{float(height):.0f}"', 1)


class Diagram(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"name": directives.unchanged_required, "caption": directives.unchanged_required}
    has_content = True

    def run(self) -> list[nodes.Node]:
        alt, source = " ".join(self.arguments[0].split()), "\n".join(self.content)
        if tag := re.search(r"<(?!br\b)/?[a-z]\w*>", source):
            raise self.error(f'{tag[0]} would be printed as it stands: write a label in Markdown, ["`**bold**`"]')
        figure = nodes.figure(classes=["diagram"])
        for mode, palette in PALETTES.items():
            uri = self.stored(source, palette)
            figure += nodes.image(uri=uri, alt=alt, classes=[f"diagram-{mode}"])
        if "caption" in self.options:
            inline, messages = self.parse_inline(self.options["caption"])
            figure += nodes.caption(self.options["caption"], "", *inline)
            figure += messages
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]

    def stored(self, source: str, palette: dict[str, str]) -> str:
        """Where the picture lies, as seen from the book's folder; drawn when it is not there yet."""
        code = Path(__file__).read_text(encoding="utf-8")
        digest = sha256(f"{source}{palette}{code}".encode()).hexdigest()[:16]
        file = Path(self.env.srcdir) / "_build" / "diagrams" / f"{digest}.svg"
        if not file.exists():
            try:
                svg = draw(source, palette)
            except RuntimeError as problem:
                raise self.error(f"Mermaid cannot read this diagram: {problem}") from problem
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(svg, encoding="utf-8")
        return f"/_build/diagrams/{file.name}"


def setup(app: Sphinx) -> None:
    app.add_directive("diagram", Diagram)
