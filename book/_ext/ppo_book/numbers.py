"""`numbers.json`: what every chapter of the published book prints, as one short digest for each cell that prints.

Printed text, results, tables and glued values count. Pictures do not, nor do cells tagged `varies`, which print seconds
or paths; nor do claims that failed and errors, which are listed by themselves.
"""

import json
from hashlib import sha256
from pathlib import Path

from nbformat import NotebookNode

from ppo_book.running import Run

GLUED = "application/papermill.record/"
READ = ("text/markdown", "text/latex", "text/html", "text/plain")  # the first of these is what a reader sees
PICTURES = ("image/", "application/pdf")


def printed(cell: NotebookNode) -> str:
    """All that a cell prints: first the text that it wrote, then its results in their order."""
    written = [output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout"]
    results = [seen(output) for output in cell.outputs if "data" in output]
    return "\n".join(text.strip() for text in ["".join(written), *results] if text.strip())


def seen(output: NotebookNode) -> str:
    """The text of one result; empty when it is a picture or a claim that failed."""
    formats = {name.removeprefix(GLUED): text for name, text in output.data.items()}
    if "ppo_teach_claim" in output.metadata or any(name.startswith(PICTURES) for name in formats):
        return ""
    return next((formats[name] for name in READ if name in formats), "")


def numbers(run: Run) -> dict[int, str]:
    """Line of the chapter → digest, for every cell that prints the same in every run."""
    texts = {line: printed(cell) for line, cell in run.lines() if "varies" not in cell.metadata.get("tags", [])}
    return {line: sha256(text.encode()).hexdigest()[:8] for line, text in texts.items() if text}


def differences(published: dict[str, str], runs: list[Run]) -> list[str]:
    """The chapters that do not print what the published book prints, and where."""
    found = []
    for run in runs:
        old, new = published.get(run.chapter, "").split(), numbers(run)
        if len(old) != len(new):
            found.append(f"{run.chapter}: {len(new)} cells print, {len(old)} in the published book")
        elif lines := [str(line) for before, (line, now) in zip(old, new.items(), strict=True) if before != now]:
            found.append(f"{run.chapter}: the cells in lines {', '.join(lines)}")
    return found


def load(file: Path) -> dict[str, str]:
    """Chapter → its digests in one line."""
    return json.loads(file.read_text(encoding="utf-8"))


def accept(file: Path, runs: list[Run], chapters: list[str]) -> None:
    """What these chapters printed is published from now on, unless a cell raised; of the others, what was before."""
    old = load(file) if file.exists() else {}
    new = {run.chapter: " ".join(numbers(run).values()) for run in runs if not run.broken}
    kept = {chapter: new.get(chapter, old.get(chapter)) for chapter in chapters}
    text = json.dumps({chapter: digests for chapter, digests in kept.items() if digests is not None}, indent=2)
    file.write_text(f"{text}\n", encoding="utf-8")
