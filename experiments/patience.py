"""Film reviews: does PPO stop short of what a nat can buy, or was it stopped? Four times as many iterations.

The usual runs, with the same starts, are in the record of `steering.py`.
"""

from dataclasses import asdict

from beside import Method, shortened
from many_runs import Result, experiment
from steering import measured, overheard, task

from ppo_teach.kl import FixedKL
from ppo_teach.tasks.generation import SETTINGS_OF_GENERATION

LONG = 4 * SETTINGS_OF_GENERATION.ppo.iterations
METHODS = {f"β = {beta}": Method(settings={"kl": FixedKL(beta), "iterations": LONG}) for beta in (0.03, 0.1)}


def run(name: str, seed: int) -> Result:
    """One seed of a method."""
    return overheard(METHODS[name], measured(task(), seed), seed)


def short_run(name: str, seed: int) -> Result:
    """The same for a moment."""
    return overheard(Method(), measured(shortened(task()), seed), seed)


if __name__ == "__main__":
    experiment(
        run,
        short_run,
        list(METHODS),
        settings={**asdict(SETTINGS_OF_GENERATION), "iterations": LONG},
        columns=["P(positive), sampled", "grammatical, sampled", "praising, sampled", "KL", "seconds"],
    )
