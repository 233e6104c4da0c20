"""Classic control: does PPO reach the published return in 500k steps, and what does the bootstrap at a time limit do?

Five seeds of each variant, one on each core. A run that has ended lies in `runs/` and is not run again while the
package stays as it is. With `--smoke` two seeds run for a few iterations, and nothing is recorded: does it run at all?
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory

import torch
from tqdm import tqdm

from ppo_teach.checkpoints import write_json
from ppo_teach.config import ControlConfig
from ppo_teach.control import ControlTrainer, Experience, MLPActorCritic, vector_env
from ppo_teach.runs.provenance import source_digest, versions

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "experiments" / "results"
SEEDS = range(5)
ENVIRONMENTS = 4
WINDOW = 20  # iterations to a point of a curve
CURVES = ("explained_variance", "value_loss", "entropy", "kl_to_old", "clip_fraction", "ratio_error")


class TimeLimitEnds(ControlTrainer):
    """Takes the time limit for the end of all reward, as published single-file code does."""

    def assign_credit(self, experience: Experience) -> tuple[torch.Tensor, torch.Tensor]:
        ended = experience.terminated | experience.truncated
        return super().assign_credit(replace(experience, terminated=ended))


VARIANTS = {
    "CartPole-v1": ("CartPole-v1", ControlTrainer),
    "CartPole-v1, no bootstrap at the time limit": ("CartPole-v1", TimeLimitEnds),
    "Acrobot-v1": ("Acrobot-v1", ControlTrainer),
}
Job = tuple[str, ControlConfig, Path]


def build_trainer(variant: str, config: ControlConfig) -> ControlTrainer:
    """A trainer as the published settings have it; network, environments and actions all follow from the seed."""
    name, trainer = VARIANTS[variant]
    envs = vector_env(name, number=ENVIRONMENTS)
    (size,), actions = envs.single_observation_space.shape, int(envs.single_action_space.n)
    policy = MLPActorCritic(size, actions, rng=torch.Generator().manual_seed(config.seed))
    return trainer(policy, envs, config)


def run(job: Job) -> dict:
    """One seed of a variant: its last 100 episodes, and curves whose points are means over a window of iterations."""
    variant, config, folder = job
    path = folder / f"{variant}, seed {config.seed}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    started, trainer = time.process_time(), build_trainer(variant, config)
    history = trainer.train()
    seconds = time.process_time() - started
    windows = [history[first : first + WINDOW] for first in range(0, len(history), WINDOW)]
    ends = [window[-1]["steps"] for window in windows]
    stretches = zip([0, *ends[:-1]], ends, strict=True)
    result = {
        "seed": config.seed,
        "last 100 episodes": history[-1]["episodic_return"],
        "episodes": len(trainer.episodes),
        "processor seconds": round(seconds, 1),
        "curves": {
            "steps": ends,
            "episodic_return": [mean_return(trainer.episodes, after, end) for after, end in stretches],
            **{name: [rounded(metrics[name] for metrics in window) for window in windows] for name in CURVES},
        },
    }
    write_json(path, result)
    return result


def mean_return(episodes: Sequence[tuple[int, float]], after: int, end: int) -> float:
    """Of the episodes that ended in this stretch of steps."""
    return rounded(episodic_return for step, episodic_return in episodes if after < step <= end)


def rounded(numbers: Iterable[float]) -> float:
    """Their mean, to five digits: a curve needs no more."""
    return float(f"{fmean(numbers):.5g}")


def run_all(config: ControlConfig, seeds: Sequence[int], folder: Path) -> dict[str, list[dict]]:
    """Every seed of every variant, as many at a time as there are cores."""
    os.environ["TQDM_DISABLE"] = "1"  # one bar for all, not one for each; tqdm has read it here and reads it there
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(variant, replace(config, seed=seed), folder) for variant in VARIANTS for seed in seeds]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        results = list(tqdm(pool.map(run, jobs), total=len(jobs), unit="run"))
    return {variant: results[i * len(seeds) : (i + 1) * len(seeds)] for i, variant in enumerate(VARIANTS)}


def table(runs: dict[str, list[dict]]) -> str:
    """The return of the last 100 episodes, over seeds."""
    lines = ["| | mean ± standard deviation | worst seed | best seed |", "| --- | ---: | ---: | ---: |"]
    for variant, results in runs.items():
        returns = [result["last 100 episodes"] for result in results]
        numbers = fmean(returns), stdev(returns), min(returns), max(returns)
        lines.append("| {} | {:.1f} ± {:.1f} | {:.1f} | {:.1f} |".format(variant, *numbers))
    return "\n".join(lines)


def main() -> None:
    if "--smoke" in sys.argv:
        with TemporaryDirectory() as folder:
            print(table(run_all(ControlConfig(iterations=5), SEEDS[:2], Path(folder))))
        return
    config, source = ControlConfig(), source_digest()
    runs = run_all(config, SEEDS, ROOT / "runs" / "experiments" / "control" / source)
    settings = asdict(config)
    del settings["seed"]
    content = {
        "command": "python experiments/control.py",
        "seeds": list(SEEDS),
        "settings": {"environments": ENVIRONMENTS, **settings},
        "source": source,
        "versions": {**versions(), "gymnasium": version("gymnasium")},
        "cores": os.cpu_count(),
        "runs": runs,
    }
    write_json(RESULTS / "control.json", content)
    (RESULTS / "control.md").write_text(table(runs) + "\n", encoding="utf-8")
    print(table(runs))


if __name__ == "__main__":
    main()
