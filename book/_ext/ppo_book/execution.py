"""Outputs are executed once and kept, until the code they came from changes.

jupyter-cache looks at the notebook only: it would show stale numbers after a change of the package. So its folder is
named after everything else that an output depends on, and a change there starts an empty one.
"""

import json
import os
import platform
import shutil
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from ppo_book.chapter_map import REPOSITORY

SOURCES = ("ppo_teach/**/*.py", "experiments/*.py", "experiments/results/*.*", "benchmarks/results/*.*")
DISTRIBUTIONS = ("torch", "transformers", "tokenizers", "numpy", "matplotlib", "gymnasium", "sacrebleu", "rouge-score")
ENVIRONMENT = {
    # One thread: a second on two shared cores costs more than it brings, and numbers repeat for one count only.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    # No network, and no progress bars: a page is read when all is done.
    "HF_HUB_OFFLINE": "1",
    "TQDM_DISABLE": "1",
    "PYTHONWARNINGS": "ignore:IProgress not found",  # tqdm, missing the widgets that it is not to show
}
KERNELS = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA")  # set by hand, if at all
KEPT = 3  # digests, the newest: enough to go back and forth between two branches


def installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def digest() -> str:
    """Changes with the package, the experiments, all results, the installed versions and the environment of a run."""
    state = {
        "files": {
            str(path.relative_to(REPOSITORY)): sha256(path.read_bytes()).hexdigest()
            for pattern in SOURCES
            for path in sorted(REPOSITORY.glob(pattern))
        },
        "versions": {name: installed(name) for name in DISTRIBUTIONS},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "environment": {
            name: value
            for name, value in os.environ.items()
            if name in {*ENVIRONMENT, *KERNELS} or name.startswith("PPO_TEACH_")
        },
    }
    return sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def chosen_cache(built: Path) -> Path:
    """The folder of stored outputs that are still those of this code; sets the environment of the chapters' kernels."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    caches = built / ".jupyter_cache"
    chosen = caches / digest()
    chosen.mkdir(parents=True, exist_ok=True)
    chosen.touch()
    for old in sorted(caches.iterdir(), key=lambda folder: folder.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old)
    return chosen


def prepare(app: Sphinx, config: Config) -> None:
    chosen = chosen_cache(Path(app.outdir).parent)
    config.nb_execution_cache_path = str(chosen)  # a new path makes Sphinx read, and so run, every chapter again


def run_again(app: Sphinx, env: BuildEnvironment, *_: object) -> list[str]:
    """The pages whose chapters were run once more since Sphinx read them, though their code is the same."""
    runs = read_ledger(Path(app.outdir).parent)
    metadata = getattr(env, "nb_metadata", {})  # none before the first page is read
    read = {name: data["exec_data"]["mtime"] for name, data in metadata.items() if "exec_data" in data}
    return [name for name, run in runs.items() if name in read and run["at"] != read[name]]


def read_ledger(built: Path) -> dict[str, dict[str, float]]:
    """`execution.json`: the seconds every chapter took when it was last run, and when that was."""
    file = built / "execution.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def write_ledger(built: Path, runs: dict[str, dict[str, float]]) -> None:
    (built / "execution.json").write_text(json.dumps(runs, indent=2), encoding="utf-8")


def report(app: Sphinx, exception: Exception | None) -> None:
    if exception:
        return
    runs = {name: data["exec_data"] for name, data in app.env.nb_metadata.items() if "exec_data" in data}
    seconds = {name: {"seconds": run["runtime"], "at": run["mtime"]} for name, run in runs.items()}
    write_ledger(Path(app.outdir).parent, seconds)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", prepare, priority=100)
    app.connect("env-get-outdated", run_again)
    app.connect("build-finished", report)
