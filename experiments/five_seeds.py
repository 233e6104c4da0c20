"""What the experiments on tasks share: five seeds, one on each core, and a record of them in `results/`.

With `--smoke` two seeds run for two iterations in a temporary folder, and nothing is recorded: does it run at all?
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ppo_teach.checkpoints import write_json
from ppo_teach.kernels import machine, pin_kernels
from ppo_teach.runs.provenance import source_digest, versions
from ppo_teach.runs.run import Evaluation
from ppo_teach.runs.seeds import run_seeds, table
from ppo_teach.tasks.settings import Settings
from ppo_teach.tasks.task import Task

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "experiments" / "results"
SEEDS = range(5)


def experiment(
    make_task: Callable[[], Task], settings: Settings, *, signatures: Mapping[str, str] | None = None
) -> None:
    """Run the seeds, print their table, and record it beside everything that it depends on.

    `signatures` say which variant of a metric its number is.
    """
    pin_kernels()
    if "--smoke" in sys.argv:
        short = replace(
            settings,
            ppo=replace(settings.ppo, iterations=2, batch_size=8, minibatch_size=8),
            supervision=replace(settings.supervision, steps=2),
        )
        with TemporaryDirectory() as folder:
            print(table(run_seeds(make_task, short, Path(folder), seeds=SEEDS[:2]), title="smoke"))
        return
    name, source, started = make_task().name, source_digest(), time.monotonic()
    evaluations = run_seeds(make_task, settings, ROOT / "runs" / "experiments" / name, seeds=SEEDS)
    seconds = time.monotonic() - started
    record(name, settings, evaluations, signatures=signatures or {}, source=source, seconds=seconds)
    print(table(evaluations, title=name))


def record(
    name: str,
    settings: Settings,
    evaluations: Sequence[Evaluation],
    *,
    signatures: Mapping[str, str],
    source: str,
    seconds: float,
) -> None:
    """Write `results/NAME.json` and, for the book to include, the table as `results/NAME.md`."""
    content = {
        "command": f"python experiments/{name}.py",
        "seeds": list(SEEDS),
        "settings": json.loads(json.dumps(asdict(settings))),
        "source": source,
        "versions": versions(),
        "signatures": signatures,
        "cores": os.cpu_count(),
        "machine": machine(),
        "seconds for all seeds": round(seconds),
        "test set": dict(zip(map(str, SEEDS), evaluations, strict=True)),
    }
    write_json(RESULTS / f"{name}.json", content)
    (RESULTS / f"{name}.md").write_text(table(evaluations, title="percent") + "\n", encoding="utf-8")
