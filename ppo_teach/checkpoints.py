"""Runs that survive being killed. Chapter: book/appendix/reproducibility.md.

A run folder holds `checkpoint.pt`, the whole state of the trainer at some iteration, and `history.jsonl`, one line of
metrics for each iteration. Files are written aside and renamed, so whatever moment the power fails, each is either the
old one or the new one. Weights are read with `weights_only=True`: a checkpoint cannot run code. A digest stands at its
end, so that one byte that a disk or a copy has changed is noticed.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from ppo_teach.checks import require

CHECKPOINT, HISTORY = "checkpoint.pt", "history.jsonl"
ABANDONED = 600  # seconds; a file that nobody has written to for so long was left behind by a process that was killed
DIGEST_SIZE = sha256().digest_size
Metrics = dict[str, int | float]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a failure to write into an OSError of one line: what could not be written, and why."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OSError(f"{path} could not be written: {reason}; what was saved before is whole") from error


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make the file under another name, push it to the disk, then give it its own name in one step.

    The other name is the process's own, so two that make the same file do not disturb each other: the later one stays.
    Raises OSError when it cannot be written.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(aside)
            with aside.open("rb+") as file:  # Windows pushes only what is open for writing
                os.fsync(file.fileno())
            os.replace(aside, path)
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
    for left in path.parent.glob(f"{escape(path.name)}.*.partial"):
        with suppress(OSError):  # it may have been renamed, or removed, since we looked
            if left.stat().st_mtime < time.time() - ABANDONED:
                left.unlink()


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file aside and rename it."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises ValueError when it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise damaged(path, str(error)) from error


def damaged(path: Path, reason: str) -> ValueError:
    """What to raise for a file that is not as it was written."""
    return ValueError(f"{path} is damaged: {reason}; remove it, and give the command that made it again")


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers and names aside, a digest after them, and rename the file. torch.load reads it, too."""
    content = BytesIO()  # given a file, torch does not say that the disk is full
    torch.save(state, content)
    content.write(sha256(content.getbuffer()).digest())
    write_atomically(path, lambda aside: aside.write_bytes(content.getbuffer()))


def load_state(path: Path, *, device: str = "cpu") -> dict[str, Any]:
    """What `save_state` wrote. Raises ValueError when one byte of it has changed."""
    if not _is_whole(path):
        raise damaged(path, "its digest is not that of its content (older versions wrote none)")
    return torch.load(path, weights_only=True, map_location=device)


def _is_whole(path: Path) -> bool:
    content = memoryview(path.read_bytes())
    return sha256(content[:-DIGEST_SIZE]).digest() == content[-DIGEST_SIZE:]


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write the state aside and rename it."""
    save_state(folder / CHECKPOINT, state)


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """The state saved last, on the CPU. Raises ValueError when there is none, or a damaged one."""
    require((folder / CHECKPOINT).exists(), f"folder must hold a {CHECKPOINT}; {folder} does not")
    return load_state(folder / CHECKPOINT)


def append_history(folder: Path, metrics: Metrics) -> None:
    """Add one line, and push it to the disk: a checkpoint must never know of more iterations than the history."""
    with writing(folder / HISTORY):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / HISTORY).open("a", encoding="utf-8") as file:
            file.write(json.dumps(metrics) + "\n")
            file.flush()
            os.fsync(file.fileno())


def read_history(folder: Path, iterations: int) -> list[Metrics]:
    """The metrics of the first so many iterations, whatever else stands in the file.

    Raises ValueError when those of one are missing.
    """
    path = folder / HISTORY
    lines = path.read_bytes().splitlines() if path.exists() else []
    found = {metrics["iteration"]: metrics for metrics in map(_read_line, lines)}
    history = [found[iteration] for iteration in range(iterations) if iteration in found]
    require(
        len(history) == iterations,
        f"{path} must have {iterations} lines, one per iteration; got {len(history)}: "
        f"remove {CHECKPOINT} beside it, and give the command that made it again",
    )
    return history


def truncate_history(folder: Path, iterations: int) -> list[Metrics]:
    """`read_history`; the file then holds no more. What came later was written after the checkpoint, before a kill."""
    history = read_history(folder, iterations)
    text = "".join(json.dumps(metrics) + "\n" for metrics in history)
    write_atomically(folder / HISTORY, lambda aside: aside.write_text(text, encoding="utf-8"))
    return history


def _read_line(line: bytes) -> Metrics:
    """The metrics in a line, of iteration -1 when it cannot be read: the half of a line that a killed process wrote."""
    with suppress(ValueError):
        metrics = json.loads(line)
        if isinstance(metrics, dict) and isinstance(metrics.get("iteration"), int):
            return metrics
    return {"iteration": -1}
