"""Running an experiment and recording it: five seeds of every method, one run on each core, and a table.

A run that has ended lies in `runs/` and is not run again while the code of the experiment stays as it is.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from math import nan
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from experiments.digest import HERE, digest
from experiments.framework import Experiment, Result
from ppo_teach.checkpoints import read_json, write_json
from ppo_teach.kernels import machine, pin_kernels
from ppo_teach.records import markdown
from ppo_teach.runs.provenance import versions
from ppo_teach.runs.seeds import WORKER_ENVIRONMENT, usable_cores
from ppo_teach.runs.seeds import table as row_for_each_number

RUNS, RESULTS = HERE.parent / "runs" / "experiments", HERE / "results"
SEEDS = range(5)

Job = tuple[str, int]  # a method's name and a seed
Run = Callable[[str, int], Result]
Runs = Mapping[str, Sequence[Result]]  # by method, a result of each seed


def load(name: str) -> Experiment:
    """The experiment that this script defines."""
    return import_module(f"experiments.{name}").EXPERIMENT


def smoke(name: str) -> str:
    """One seed for a moment, in this process; nothing is recorded. Returns the table."""
    experiment = load(name)
    return table({method: [experiment.short_result(method, SEEDS[0])] for method in experiment.methods}, experiment)


def record(name: str) -> str:
    """Run every seed of every method and write `results/NAME.json` and the table, `results/NAME.md`. Returns that."""
    experiment, source = load(name), digest(name)
    runs, seconds = run_all(partial(result, name), list(experiment.methods), SEEDS, RUNS / name / source)
    content = {
        "command": f"python -m experiments {name}",
        "seeds": list(SEEDS),
        "settings": experiment.chosen,
        "source": source,
        "versions": {**versions(), "gymnasium": version("gymnasium")},
        "signatures": experiment.signatures,
        "cores": os.cpu_count(),
        "machine": machine(),
        "seconds for all seeds": round(seconds),
        "runs": runs,
    }
    shown = table(runs, experiment)
    (RESULTS / f"{name}.json").write_text(readable(content), encoding="utf-8")
    (RESULTS / f"{name}.md").write_text(shown + "\n", encoding="utf-8")
    return shown


def confirm(name: str) -> list[str]:
    """Runs the first seed of every method anew, and returns the methods whose numbers are not those of the record.

    Where there are none, the record counts as made by today's code, and says on what ground. How long a run took is not
    compared.
    """
    source, content = digest(name), read_json(RESULTS / f"{name}.json")
    first, methods = content["seeds"][0], list(load(name).methods)
    with TemporaryDirectory() as nothing_lies_here_yet:
        anew, _ = run_all(partial(result, name), methods, [first], Path(nothing_lies_here_yet))
    before = {method: runs[0] for method, runs in content["runs"].items()}
    others = [method for method in methods if untimed(anew[method][0]) != untimed(before.get(method))]
    others += [method for method in before if method not in methods]
    if not others:
        content["confirmed"] = {"source": source, "seed": first}
        (RESULTS / f"{name}.json").write_text(readable(content), encoding="utf-8")
    return others


def untimed(result: Any) -> Any:
    """A result as a record holds it, without the seconds."""
    return json.loads(json.dumps(result), object_hook=lambda it: {key: it[key] for key in it if "seconds" not in key})


def result(name: str, method: str, seed: int) -> Result:
    """One seed of a method: a function of a module, which a process of its own can import."""
    return load(name).result(method, seed)


def run_all(run: Run, methods: Sequence[str], seeds: Sequence[int], folder: Path) -> tuple[Runs, float]:
    """Every seed of every method, as many at a time as there are cores; and the seconds, were all free to the end."""
    os.environ.update(WORKER_ENVIRONMENT)
    folder.mkdir(parents=True, exist_ok=True)
    workers = min(usable_cores(), len(methods) * len(seeds))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        blocks = pool.map(partial(run_block, run, folder), in_blocks(methods, seeds, workers))
        ended = chain.from_iterable(blocks)
        found = dict(tqdm(ended, total=len(methods) * len(seeds), unit="run"))
    runs = {method: [found[method, seed]["result"] for seed in seeds] for method in methods}
    return runs, sum(timed["seconds"] for timed in found.values()) / workers


def in_blocks(methods: Sequence[str], seeds: Sequence[int], workers: int) -> list[list[Job]]:
    """As many seeds as can be dealt out evenly, each to one worker, so that what its methods share is made once; of the
    seeds that are left every run by itself, so that no worker waits."""
    even = len(seeds) - len(seeds) % workers
    whole = [[(method, seed) for method in methods] for seed in seeds[:even]]
    return whole + [[(method, seed)] for seed in seeds[even:] for method in methods]


def run_block(run: Run, folder: Path, block: Sequence[Job]) -> list[tuple[Job, dict[str, Any]]]:
    """One run after the other."""
    return [(job, run_once(run, folder, job)) for job in block]


def run_once(run: Run, folder: Path, job: Job) -> dict[str, Any]:
    """A result and its processor seconds, from the folder if they lie there."""
    method, seed = job
    path = folder / f"{method}, seed {seed}.json"
    if not path.exists():
        pin_kernels()
        began = process_time()
        write_json(path, {"result": {"seed": seed, **run(method, seed)}, "seconds": process_time() - began})
    return read_json(path)


def readable(content: Any) -> str:
    """JSON with a line for each curve, where the library would give one to each number."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    innermost = r"\[\s*([^][{}]*?)\s*\]"
    return re.sub(innermost, lambda numbers: f"[{' '.join(numbers[1].split())}]", text)


def table(runs: Runs, experiment: Experiment) -> str:
    """The columns of the experiment as a Markdown table."""
    if experiment.rows == "methods":
        return row_for_each_method(runs, experiment.columns)
    by_seed = [
        {method: {name: results[seed][name] for name in experiment.columns} for method, results in runs.items()}
        for seed in range(len(next(iter(runs.values()))))
    ]
    return row_for_each_number(by_seed, title="percent")


def row_for_each_method(runs: Runs, columns: Sequence[str]) -> str:
    """Mean ± standard deviation over seeds of each column, and the worst seed of the first."""
    rows = [["", *columns, f"worst seed's {columns[0]}"], ["---", *["---:"] * (len(columns) + 1)]]
    for method, results in runs.items():
        numbers = [[nan if result[column] is None else result[column] for result in results] for column in columns]
        seeds = torch.tensor(numbers, dtype=torch.float64)
        rows.append([method, *map(spread, seeds), f"{seeds[0].min():.4g}"])
    return markdown(rows)


def spread(numbers: Tensor) -> str:
    """Mean ± standard deviation; one number as it is."""
    return f"{numbers.mean():.4g} ± {numbers.std():.2g}" if len(numbers) > 1 else f"{numbers.item():.4g}"
