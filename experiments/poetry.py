"""Couplets: what does PPO make of a score that hears metre and rhyme, and of one that hears nothing?

REINFORCE has four times PPO's rate, the better multiple of two on film reviews (`ablations_language.py`).
What if PPO is told the order of eight couplets to one opening, and not their scores? Ranks are spread more widely, and
after whitening the same β weighs less, so both kinds of pay run with more than one β.
"""

from dataclasses import asdict
from functools import cache, partial

from beside import (
    BestOfNReward,
    ImitatorOfItsBest,
    InEights,
    Method,
    RankReward,
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

from ppo_teach.kl import FixedKL
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
    "PPO, β = 0.003": Method(settings={"kl": FixedKL(0.003)}),
    "PPO, β = 0": Method(settings={"kl": FixedKL(0.0)}),
    "PPO, eight replies to an opening": Method(partial(learns_from_scores, trainer=InEights)),
    "PPO on ranks": Method(partial(learns_from_scores, trainer=RankReward)),
    "PPO on ranks, β = 0.03": Method(partial(learns_from_scores, trainer=RankReward), {"kl": FixedKL(0.03)}),
    "PPO for the best of eight": Method(partial(learns_from_scores, trainer=BestOfNReward)),
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
