"""Runs that survive being killed. Chapter: book/appendix/reproducibility.md.

A run folder holds `checkpoint.pt`, the whole state of the trainer at some iteration, and `history.jsonl`, one line of
metrics for each iteration. Files are written aside and renamed, so whatever moment the power fails, each is either the
old one or the new one. Weights are read with `weights_only=True`: a checkpoint cannot run code.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Any

import torch

from ppo_teach.checks import require

CHECKPOINT, HISTORY = "checkpoint.pt", "history.jsonl"
ABANDONED = 600  # seconds; a file that nobody has written to for so long was left behind by a process that was killed
Metrics = dict[str, int | float]


def write_aside(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make the file under another name, push it to the disk, then give it its own name in one step.

    The other name is the process's own, so two that make the same file do not disturb each other: the later one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        write(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    for left in path.parent.glob(f"{escape(path.name)}.*.partial"):
        with suppress(FileNotFoundError):  # it may have been renamed, or removed, since we looked
            if left.stat().st_mtime < time.time() - ABANDONED:
                left.unlink()


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file aside and rename it."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write the state aside and rename it."""
    write_aside(folder / CHECKPOINT, lambda aside: torch.save(state, aside))


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """The state saved last, on the CPU. Raises ValueError when there is none."""
    require((folder / CHECKPOINT).exists(), f"folder must hold a {CHECKPOINT}; {folder} does not")
    return torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")


def append_history(folder: Path, metrics: Metrics) -> None:
    """Add one line, and push it to the disk: a checkpoint must never know of more iterations than the history."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(metrics) + "\n")
        file.flush()
        os.fsync(file.fileno())


def cut_history(folder: Path, iterations: int) -> list[Metrics]:
    """The first so many lines; later ones, written after the checkpoint and before the kill, are dropped.

    Raises ValueError when there are fewer.
    """
    path = folder / HISTORY
    lines = path.read_text(encoding="utf-8").splitlines()[:iterations] if path.exists() else []
    require(len(lines) == iterations, f"{path} must have {iterations} lines, one per iteration; got {len(lines)}")
    write_aside(path, lambda aside: aside.write_text("".join(line + "\n" for line in lines), encoding="utf-8"))
    return [json.loads(line) for line in lines]
