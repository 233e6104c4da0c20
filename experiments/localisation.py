"""Texts of an app: what does BLEU as the reward leave undone that its own rules would see?

"BLEU and rules" is PPO with the task's own score; "BLEU alone" leaves out the rules, everything else the same.
REINFORCE has four times PPO's rate, the best multiple on translation (`ppo_for_language.py`).
"""

from dataclasses import asdict
from functools import cache

from beside import (
    Method,
    best_of_the_start,
    imitates_the_corpus,
    imitates_the_references,
    learns_from,
    learns_from_a_constant,
    reinforce,
    shortened,
    without_training,
)
from many_runs import Result, experiment

from ppo_teach.tasks.localisation import SETTINGS_OF_LOCALISATION, bleu_alone, localisation
from ppo_teach.tasks.task import Task

RATE = SETTINGS_OF_LOCALISATION.ppo.learning_rate
METHODS = {
    "supervised start": without_training,
    "BLEU and rules": Method(),
    "BLEU alone": Method(learns_from(bleu_alone)),
    "constant reward": Method(learns_from_a_constant),
    "more of the same corpus": Method(imitates_the_corpus),
    "the references": Method(imitates_the_references),
    "the references, five times the rate": Method(imitates_the_references, {"learning_rate": 5 * RATE}),
    "REINFORCE": reinforce(SETTINGS_OF_LOCALISATION, times=4),
    "best of eight": best_of_the_start,
}


@cache
def task() -> Task:
    return localisation()


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
        settings=asdict(SETTINGS_OF_LOCALISATION),
        columns=["BLEU, greedy", "all rules kept, greedy", "one term, sampled", "all rules kept, sampled", "KL"],
    )
