"""Several seeds at once, one process with one thread each, and their table.

Two threads in each of two processes on two cores wait for each other most of the time (OpenMP spins while it waits):
hence one thread, and a passive wait.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from statistics import mean, stdev
from threading import Thread

from tqdm import tqdm

from ppo_teach.checkpoints import HISTORY, read_history, write_atomically
from ppo_teach.kernels import pin_kernels
from ppo_teach.plots import save_learning_curves
from ppo_teach.records import markdown
from ppo_teach.runs.folders import read_task_name
from ppo_teach.runs.run import Evaluation, run
from ppo_teach.tasks.settings import Settings
from ppo_teach.tasks.task import Task, configured

# Read when torch and tqdm are imported, so a process must be born with them.
WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "TQDM_DISABLE": "1"}

MOST_WORKERS = 61  # that Windows can wait for
KILLED = (
    "the process of a seed was killed, perhaps because memory ran out; the same command goes on from the last "
    "checkpoints, and one seed at a time, --seed, takes less memory"
)


def run_seeds(
    make_task: Callable[[], Task], settings: Settings, folder: Path, *, seeds: Sequence[int]
) -> list[Evaluation]:
    """The evaluation of each seed, as many at a time as there are cores.

    `folder` gets seed-0, seed-1, … and curves.png, in which all of them are drawn.

    `make_task` must be a function of a module, which the processes can import. Raises ChildProcessError, an OSError,
    when one of them was killed.
    """
    os.environ.update(WORKER_ENVIRONMENT)
    workers = min(len(seeds), usable_cores(), MOST_WORKERS)
    folders = {seed: folder / f"seed-{seed}" for seed in seeds}
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker) as pool:
            futures = [
                pool.submit(_run_one, make_task, replace(settings, ppo=replace(settings.ppo, seed=seed)), folders[seed])
                for seed in seeds
            ]
            _show_progress(futures, list(folders.values()), iterations=2 * settings.ppo.iterations * len(seeds))
            pool.shutdown(wait=False, cancel_futures=True)  # nothing is left to cancel, unless a seed failed
            evaluations = [future.result() for future in futures]
    except BrokenProcessPool as error:
        raise ChildProcessError(KILLED) from error
    _draw(folder / "curves.png", list(folders.values()), settings.ppo.iterations)
    return evaluations


def usable_cores() -> int:
    """The cores that this process may use, where the system tells; all of them elsewhere."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def table(evaluations: Sequence[Evaluation], *, title: str) -> str:
    """The numbers as a Markdown table, a column for each model; of several seeds the mean ± standard deviation."""
    models = list(evaluations[0])
    lines = [[title, *models], ["---", *["---:"] * len(models)]]
    for name in evaluations[0][models[0]]:
        lines.append([name, *(spread([evaluation[model][name] for evaluation in evaluations]) for model in models)])
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    return markdown([line[0].ljust(first), *map(str.rjust, line[1:], others)] for line in lines)


def spread(numbers: Sequence[float]) -> str:
    """One number as it is, several as mean ± standard deviation (of a sample: divided by one less than their count)."""
    return f"{numbers[0]:.1f}" if len(numbers) == 1 else f"{mean(numbers):.1f} ± {stdev(numbers):.1f}"


def _draw(path: Path, folders: Sequence[Path], iterations: int) -> None:
    """The score and the KL divergence of finished runs, one thin line for each."""
    histories = [read_history(folder, iterations) for folder in folders]
    seeds = f"{len(folders)} seed{'s' if len(folders) > 1 else ''}"
    title = f"{read_task_name(folders[0])}, {seeds}: does the score rise, and how far from the start?"
    write_atomically(path, lambda aside: save_learning_curves(aside, histories, title=title))


def _run_one(make_task: Callable[[], Task], settings: Settings, folder: Path) -> Evaluation:
    return run(configured(make_task(), settings), folder)


def _start_worker() -> None:
    """Pin the kernels, and end when the parent ends, even if it was killed: else two would train in one folder."""
    pin_kernels()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    connection.wait([parent_process().sentinel])
    os._exit(1)


def _show_progress(futures: Sequence[Future[Evaluation]], folders: Sequence[Path], *, iterations: int) -> None:
    """A bar of all iterations of all seeds, read from their histories, until all have ended or one has failed."""
    with tqdm(total=iterations, desc="all seeds", unit="iteration", leave=False) as bar:
        pending = set(futures)
        while pending and not any(future.exception() for future in set(futures) - pending):
            _, pending = wait(pending, timeout=1, return_when=FIRST_EXCEPTION)
            histories = [path for folder in folders for path in folder.rglob(HISTORY)]
            bar.n = sum(path.read_bytes().count(b"\n") for path in histories)
            bar.refresh()
