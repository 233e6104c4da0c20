"""A run folder: it remembers which run it holds, and one process at a time trains in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ppo_teach.checkpoints import damaged, read_json, write_json
from ppo_teach.checks import require
from ppo_teach.config import PPOConfig
from ppo_teach.kl import AdaptiveKL, FixedKL
from ppo_teach.runs.provenance import source_digest, versions
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Task

CONFIG, LOCK = "config.json", "lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """No other process trains in the folder meanwhile. Raises ValueError when one does already.

    The system releases the lock when the process ends, however it ends: a killed run blocks nobody.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / LOCK).acquire(timeout=0)
    except Timeout as error:
        raise ValueError(f"folder must not be in use; another process is training in {folder} now") from error
    with lock:
        yield


def claim(folder: Path, task: Task) -> None:
    """Record this run in the folder. Raises ValueError when it holds a run of other settings or other code."""
    settings = asdict(task.settings)
    record = {"task": task.name, "settings": settings, "source": source_digest(), "versions": versions()}
    if not (folder / CONFIG).exists():
        write_json(folder / CONFIG, record)
        return
    before, now = _flat(_read(folder, "task", "settings")), _flat(json.loads(json.dumps(record)))
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    changed = "; ".join(f"{name} was {before.get(name)}, is {now.get(name)}" for name in names)
    require(not names, f"folder must be new or hold the same run; in {folder} {changed}")


def read_task_name(folder: Path) -> str:
    """The name of the task of the run in this folder."""
    return str(_read(folder, "task")["task"])


def read_settings(folder: Path) -> Settings:
    """The settings of the run in this folder. Raises ValueError when one is missing, unknown or not allowed."""
    recorded = _read(folder, "settings")["settings"]
    try:
        settings = _settings(**recorded)
        missing = _flat(asdict(settings)).keys() - _flat(recorded).keys()
        require(not missing, f"{', '.join(sorted(missing))} must be there")
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(folder / CONFIG, f"its settings cannot be read ({error})") from error
    return settings


def _settings(*, ppo: dict[str, Any], supervision: dict[str, Any], **others: Any) -> Settings:
    kl = AdaptiveKL if "target" in ppo["kl"] else FixedKL
    return Settings(PPOConfig(**{**ppo, "kl": kl(**ppo["kl"])}), Supervision(**supervision), **others)


def _read(folder: Path, *names: str) -> dict[str, Any]:
    """The folder's record. Raises ValueError when there is none, or when one of these names is not in it."""
    path = folder / CONFIG
    require(path.exists(), f"folder must hold a run; {folder} has no {CONFIG}")
    record = read_json(path)
    if not isinstance(record, dict) or not record.keys() >= set(names):
        raise damaged(path, f"it must hold {', '.join(names)}")
    return record


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"ppo": {"clip": 0.2}} as {"ppo.clip": 0.2}."""
    flat = {}
    for name, value in record.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
