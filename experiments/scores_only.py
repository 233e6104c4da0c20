"""Film reviews, where no text says what to write, only a classifier how it likes it: what else is there than PPO?

PPO itself, with the same starts, and a constant reward are in the record of `generation.py`.
"""

from dataclasses import asdict
from functools import cache, partial

from beside import (
    ImitatorOfItsBest,
    Method,
    best_of_the_start,
    imitates_the_best,
    imitates_the_corpus,
    learns_from_scores,
    shortened,
)
from many_runs import Result, experiment

from ppo_teach.tasks.generation import SETTINGS_OF_GENERATION, generation
from ppo_teach.tasks.task import Task

METHODS = {
    "more of the same corpus": Method(imitates_the_corpus),
    "best of eight": best_of_the_start,
    "imitation of the start's best": Method(imitates_the_best),
    "imitation of its own best": Method(partial(learns_from_scores, trainer=ImitatorOfItsBest)),
}


@cache
def task() -> Task:
    """Made once in a process: its classifier takes seconds."""
    return generation()


def run(name: str, seed: int) -> Result:
    """One seed of a method."""
    return METHODS[name](task(), seed)


def short_run(name: str, seed: int) -> Result:
    """The same for a moment."""
    return METHODS[name](shortened(task()), seed)


if __name__ == "__main__":
    experiment(
        run,
        short_run,
        list(METHODS),
        settings=asdict(SETTINGS_OF_GENERATION),
        columns=["P(positive), sampled", "grammatical, sampled", "distinct trigrams, sampled", "KL", "seconds"],
    )
