"""A claim of a chapter that failed is a warning on its page, also when its cell is not shown.

myst-nb drops a cell tagged `remove-cell` with all that came out of it. Here such a cell keeps the claims that failed,
which `ppo_teach.claims` marks in their metadata, and the errors.
"""

from copy import deepcopy

from docutils import nodes
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from myst_nb import sphinx_
from myst_nb.core.nb_to_tokens import notebook_to_tokens
from nbformat import NotebookNode
from sphinx.application import Sphinx

REMOVED = {"remove-cell", "remove_cell"}
FAILURES_ONLY = "failures-only"


def tokens_with_removed_cells(notebook: NotebookNode, *arguments: object) -> list[Token]:
    """What myst-nb makes of a notebook, where a removed cell still has its place."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code" and REMOVED & set(cell.metadata.get("tags", [])):
            cell.metadata.tags = [FAILURES_ONLY]
    return notebook_to_tokens(notebook, *arguments)


class FailuresShown(sphinx_.SphinxNbRenderer):
    def render_nb_cell_code(self, token: SyntaxTreeNode) -> None:
        if FAILURES_ONLY not in token.meta["metadata"].get("tags", []):
            super().render_nb_cell_code(token)
            return
        _, outputs = self._get_nb_code_cell_outputs(token)
        failures = [output for output in outputs if claim(output) or output.output_type == "error"]
        self._render_nb_cell_code_outputs(token, failures)

    def _render_nb_cell_code_outputs(self, token: SyntaxTreeNode, outputs: list[NotebookNode]) -> None:
        super()._render_nb_cell_code_outputs(token, [output for output in outputs if not claim(output)])
        boxes = [warning(**claim(output)) for output in outputs if claim(output)]
        self.add_line_and_source_path_r(boxes, token)
        self.current_node.extend(boxes)


def claim(output: NotebookNode) -> dict | None:
    return output.get("metadata", {}).get("ppo_teach_claim")


def warning(assertion: str, reasons: list[str]) -> nodes.admonition:
    title = nodes.title("", "", nodes.Text("Here it came out otherwise"))
    texts = [nodes.paragraph("", "", nodes.literal("", text)) for text in (assertion, *reasons)]
    return nodes.admonition("", title, *texts, classes=["warning"])


def setup(app: Sphinx) -> None:
    sphinx_.notebook_to_tokens = tokens_with_removed_cells
    sphinx_.SphinxNbRenderer = FailuresShown
