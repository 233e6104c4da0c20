"""What experiments of many short runs share: five seeds of every variant, one run on each core, and a record of them.

A run that has ended lies in `runs/` and is not run again while the package and the script stay as they are. With
`--smoke` one seed runs for a moment, all in one process, and nothing is recorded: does it run at all?
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from math import nan
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from ppo_teach.checkpoints import write_json
from ppo_teach.kernels import machine, pin_kernels
from ppo_teach.runs.provenance import source_digest, versions
from ppo_teach.runs.seeds import WORKER_ENVIRONMENT, usable_cores

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "experiments" / "results"
SEEDS = range(5)

Result = dict[str, Any]
Run = Callable[[str, int], Result]  # from a variant and a seed


def experiment(
    run: Run, short_run: Run, variants: Sequence[str], *, settings: Mapping[str, Any], columns: Sequence[str]
) -> None:
    """Run every seed of every variant, print the table of these columns, and record all results.

    `run` and `short_run` must be functions of a module, which the processes can import.
    """
    pin_kernels()
    if "--smoke" in sys.argv:
        print(table({variant: [short_run(variant, SEEDS[0])] for variant in variants}, columns))
        return
    script, source = Path(sys.argv[0]), source_digest()
    key = sha256(f"{source} {script.read_text(encoding='utf-8')}".encode()).hexdigest()[:16]
    runs = run_all(run, variants, SEEDS, ROOT / "runs" / "experiments" / script.stem / key)
    content = {
        "command": f"python experiments/{script.name}",
        "seeds": list(SEEDS),
        "settings": settings,
        "source": source,
        "versions": {**versions(), "gymnasium": version("gymnasium")},
        "cores": os.cpu_count(),
        "machine": machine(),
        "runs": runs,
    }
    (RESULTS / f"{script.stem}.json").write_text(readable(content), encoding="utf-8")
    (RESULTS / f"{script.stem}.md").write_text(table(runs, columns) + "\n", encoding="utf-8")
    print(table(runs, columns))


def readable(content: Any) -> str:
    """JSON with a line for each curve, where the library would give one to each number."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    innermost = r"\[\s*([^][{}]*?)\s*\]"
    return re.sub(innermost, lambda numbers: f"[{' '.join(numbers[1].split())}]", text)


def run_all(run: Run, variants: Sequence[str], seeds: Sequence[int], folder: Path) -> dict[str, list[Result]]:
    """Every seed of every variant, as many at a time as there are cores."""
    os.environ.update(WORKER_ENVIRONMENT)
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(variant, seed) for seed in seeds for variant in variants]
    with ProcessPoolExecutor(usable_cores(), mp_context=get_context("spawn")) as pool:
        results = tqdm(pool.map(partial(_run_once, run, folder), jobs), total=len(jobs), unit="run")
        found = dict(zip(jobs, results, strict=True))
    return {variant: [found[variant, seed] for seed in seeds] for variant in variants}


def _run_once(run: Run, folder: Path, job: tuple[str, int]) -> Result:
    variant, seed = job
    path = folder / f"{variant}, seed {seed}.json"
    if not path.exists():
        pin_kernels()
        write_json(path, {"seed": seed, **run(variant, seed)})
    return json.loads(path.read_text(encoding="utf-8"))


def table(runs: Mapping[str, Sequence[Result]], columns: Sequence[str]) -> str:
    """Mean ± standard deviation over seeds of each column, and the worst seed of the first."""
    lines = [["", *columns, f"worst seed's {columns[0]}"], ["---", *["---:"] * (len(columns) + 1)]]
    for variant, results in runs.items():
        numbers = [[nan if result[column] is None else result[column] for result in results] for column in columns]
        seeds = torch.tensor(numbers, dtype=torch.float64)
        lines.append([variant, *map(spread, seeds), f"{seeds[0].min():.4g}"])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def spread(numbers: Tensor) -> str:
    """Mean ± standard deviation; one number as it is."""
    return f"{numbers.mean():.4g} ± {numbers.std():.2g}" if len(numbers) > 1 else f"{numbers.item():.4g}"


def rounded(numbers: Iterable[float]) -> float:
    """Their mean, to five digits: a curve needs no more."""
    return float(f"{fmean(numbers):.5g}")
