"""How a run folder remembers which run it holds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ppo_teach.checkpoints import write_json
from ppo_teach.checks import require
from ppo_teach.config import PPOConfig
from ppo_teach.kl import AdaptiveKL, FixedKL
from ppo_teach.runs.provenance import source_digest, versions
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Task

CONFIG = "config.json"


def claim(folder: Path, task: Task) -> None:
    """Make the folder this run's. Raises ValueError when other settings, or other code, ran in it before."""
    settings = asdict(task.settings)
    record = {"task": task.name, "settings": settings, "source": source_digest(), "versions": versions()}
    if not (folder / CONFIG).exists():
        write_json(folder / CONFIG, record)
        return
    before, now = _flat(_read(folder)), _flat(json.loads(json.dumps(record)))
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    changed = "; ".join(f"{name} was {before.get(name)}, is {now.get(name)}" for name in names)
    require(not names, f"folder must be new or hold the same run; in {folder} {changed}")


def read_task_name(folder: Path) -> str:
    """The name of the task that the run in this folder is of."""
    return _read(folder)["task"]


def read_settings(folder: Path) -> Settings:
    """The settings of the run in this folder."""
    settings = _read(folder)["settings"]
    kl = settings["ppo"].pop("kl")
    ppo = PPOConfig(**settings.pop("ppo"), kl=AdaptiveKL(**kl) if "target" in kl else FixedKL(**kl))
    return Settings(ppo=ppo, supervision=Supervision(**settings.pop("supervision")), **settings)


def _read(folder: Path) -> dict[str, Any]:
    require((folder / CONFIG).exists(), f"folder must hold a run; {folder} has no {CONFIG}")
    return json.loads((folder / CONFIG).read_text(encoding="utf-8"))


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"ppo": {"clip": 0.2}} as {"ppo.clip": 0.2}."""
    flat = {}
    for name, value in record.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
