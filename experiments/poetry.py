"""Couplets: what does PPO make of a score that hears metre and rhyme, and of one that hears nothing?

REINFORCE has four times PPO's rate, the better multiple of two on film reviews (`ablations_language.py`).
"""

from dataclasses import asdict
from functools import cache, partial

from beside import (
    ImitatorOfItsBest,
    Method,
    best_of_the_start,
    imitates_the_corpus,
    learns_from_a_constant,
    learns_from_scores,
    reinforce,
    shortened,
    without_training,
)
from many_runs import Result, experiment
from steering import overheard

from ppo_teach.tasks.poetry import SETTINGS_OF_POETRY, poetry
from ppo_teach.tasks.task import Task

METHODS = {
    "supervised start": without_training,
    "constant reward": Method(learns_from_a_constant),
    "more of the same corpus": Method(imitates_the_corpus),
    "best of eight": best_of_the_start,
    "imitation of its own best": Method(partial(learns_from_scores, trainer=ImitatorOfItsBest)),
    "REINFORCE": reinforce(SETTINGS_OF_POETRY, times=4),
    "PPO": Method(),
}


@cache
def task() -> Task:
    return poetry()


def run(name: str, seed: int) -> Result:
    """One seed of a method."""
    return overheard(METHODS[name], task(), seed)


def short_run(name: str, seed: int) -> Result:
    """The same for a moment."""
    return overheard(METHODS[name], shortened(task()), seed)


if __name__ == "__main__":
    experiment(
        run,
        short_run,
        list(METHODS),
        settings=asdict(SETTINGS_OF_POETRY),
        columns=["scanning, sampled", "rhyming, sampled", "grammatical, sampled", "distinct trigrams, sampled", "KL"],
    )
