"""Runs the chapters, two at a time, into the store that Sphinx reads; Sphinx itself then runs none.

A cell that raises does not end its chapter: what came out is stored, and `failures` names all that went wrong. Such a
chapter is run again in the next build, in case it was the machine's fault.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbclient import execute
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from sphinx_external_toc.parsing import parse_toc_yaml

from ppo_book.execution import chosen_cache, read_ledger, write_ledger
from ppo_book.seeds import shifting_cell

AT_A_TIME = 2
UNPINNED = "the numbers will not be those of the book"  # what `pin_kernels` warns of
QUIET = "--log-level=ERROR"  # else every kernel warns that it speaks with us in plain text, on this machine


@dataclass(frozen=True)
class Run:
    """A chapter as it came out; `stored` when it did so in an earlier build."""

    chapter: str
    notebook: NotebookNode
    seconds: float
    stored: bool

    def lines(self) -> Iterator[tuple[int, NotebookNode]]:
        """Every code cell, and the line of the chapter at which it starts."""
        starts = self.notebook.metadata.source_map
        for start, cell in zip(starts, self.notebook.cells, strict=True):
            if cell.cell_type == "code":
                yield start + 1, cell

    @property
    def broken(self) -> bool:
        """Whether a cell raised that should not: what comes after it may be missing."""
        return any(raised(cell, output) for cell in self.notebook.cells for output in cell.get("outputs", []))

    def failures(self) -> list[str]:
        """What came out otherwise: the claims that failed, and the cells that raised."""
        found = []
        for line, cell in self.lines():
            for output in cell.outputs:
                claim = output.get("metadata", {}).get("ppo_teach_claim")
                if claim:
                    found.append("\n    ".join([f"{self.chapter}:{line}: {claim['assertion']}", *claim["reasons"]]))
                elif output.get("name") == "stderr" and UNPINNED in output.text:
                    found.append(f"{self.chapter}:{line}: {output.text.strip().splitlines()[0]}")
                elif raised(cell, output):
                    found.append(f"{self.chapter}:{line}: {output.ename}: {output.evalue}")
        return found


def raised(cell: NotebookNode, output: NotebookNode) -> bool:
    return output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", [])


def chapters(book: Path) -> dict[str, NotebookNode]:
    """The pages of `_toc.yml` that have cells, in the order of the book."""
    settings = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))
    markdown = MdParserConfig(enable_extensions=settings.get("parse", {}).get("myst_enable_extensions", []))
    texts = {page: (book / f"{page}.md").read_text(encoding="utf-8") for page in parse_toc_yaml(book / "_toc.yml")}
    return {
        page: read_myst_markdown_notebook(text, config=markdown, add_source_map=True, path=book / f"{page}.md")
        for page, text in texts.items()
        if is_myst_markdown_notebook(text)
    }


def built_folder(book: Path, shift: int = 0) -> Path:
    """Where what was built is kept; each shift of the seeds has a folder of its own."""
    return book / "_build" / (f"shift-{shift}" if shift else "")


def run(book: Path, notebooks: dict[str, NotebookNode], *, again: bool = False, shift: int = 0) -> Iterator[Run]:
    """Each chapter as it came out, those that are stored first; `again` runs those, too."""
    built = built_folder(book, shift)
    cache = get_cache(str(chosen_cache(built)))
    stored = {} if again else {name: found for name in notebooks if (found := look_up(cache, name, notebooks[name]))}
    yield from stored.values()
    ledger = read_ledger(built)
    waiting = sorted(
        (name for name in notebooks if name not in stored),
        key=lambda name: ledger.get(name, {}).get("seconds", len(notebooks[name].cells)),
        reverse=True,  # the longest first, so that none is left to run alone
    )
    timeout = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))["execute"]["timeout"]
    with ProcessPoolExecutor(min(AT_A_TIME, os.cpu_count() or 1)) as pool:
        futures: dict[Future, str] = {}
        for name in waiting:
            folder = str((book / name).parent)
            futures[pool.submit(execute_chapter, notebooks[name], folder, timeout, shift=shift)] = name
        try:
            for future in as_completed(futures):
                name, (notebook, seconds) = futures[future], future.result()
                bundle = CacheBundleIn(notebook, str(book / f"{name}.md"), data={"execution_seconds": seconds})
                record = cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                ledger[name] = {"seconds": seconds, "at": record.created.timestamp()}
                write_ledger(built, ledger)
                yield Run(name, notebook, seconds, stored=False)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def look_up(cache: JupyterCacheBase, name: str, notebook: NotebookNode) -> Run | None:
    """The chapter as it is stored, unless a cell raised."""
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return None
    _, merged = cache.merge_match_into_notebook(notebook)
    if any(raised(cell, output) for cell in merged.cells for output in cell.get("outputs", [])):
        return None
    return Run(name, merged, record.data["execution_seconds"], stored=True)


def execute_chapter(
    notebook: NotebookNode, folder: str, timeout: float, *, shift: int = 0
) -> tuple[NotebookNode, float]:
    """The notebook with its outputs, and the seconds; a cell that ends the kernel or the time ends the chapter."""
    started, reached = perf_counter(), []
    if shift:
        notebook.cells.insert(0, new_code_cell(shifting_cell(shift)))
    options = {"allow_errors": True, "record_timing": False, "extra_arguments": [QUIET]}
    try:
        execute(notebook, folder, timeout=timeout, on_cell_start=lambda cell, **_: reached.append(cell), **options)
    except (CellTimeoutError, DeadKernelError) as error:
        sentence = str(error).splitlines()[0]
        reached[-1].outputs = [new_output("error", ename=type(error).__name__, evalue=sentence, traceback=[sentence])]
    if shift and any(output.output_type == "error" for output in notebook.cells.pop(0).outputs):
        raise RuntimeError("the seeds cannot be shifted")
    return notebook, perf_counter() - started
