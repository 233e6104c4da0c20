"""Couplets: what does PPO make of a score that hears metre and rhyme, and of one that hears nothing?

REINFORCE has four times PPO's rate, the better multiple of two on film reviews (`ablations_language.py`).
What if PPO is told the order of eight couplets to one opening, and not their scores? Ranks are spread more widely, and
after whitening the same β weighs less, so both kinds of pay run with more than one β.
"""

from functools import partial

from experiments.beside import (
    PLACEBOS,
    BestOfNReward,
    ImitatorOfItsBest,
    InEights,
    Method,
    RankReward,
    best_of_the_start,
    imitates_the_corpus,
    learns_from_scores,
    overheard,
    reinforce,
    shortened,
    without_training,
)
from experiments.framework import Experiment
from experiments.test_sets import many_couplets
from ppo_teach.kl import FixedKL
from ppo_teach.tasks.poetry.task import SETTINGS_OF_POETRY

METHODS = {
    "supervised start": without_training,
    **PLACEBOS,
    "more of the same corpus": Method(imitates_the_corpus),
    "best of eight": best_of_the_start,
    "imitation of its own best": Method(partial(learns_from_scores, trainer=ImitatorOfItsBest)),
    "REINFORCE": reinforce(SETTINGS_OF_POETRY, times=4),
    "PPO": Method(),
    "PPO, λ = 1": Method(settings={"lam": 1.0}),
    "PPO, β = 0.003": Method(settings={"kl": FixedKL(0.003)}),
    "PPO, β = 0": Method(settings={"kl": FixedKL(0.0)}),
    "PPO, eight replies to an opening": Method(partial(learns_from_scores, trainer=InEights)),
    "PPO on ranks": Method(partial(learns_from_scores, trainer=RankReward)),
    "PPO on ranks, β = 0.03": Method(partial(learns_from_scores, trainer=RankReward), {"kl": FixedKL(0.03)}),
    "PPO for the best of eight": Method(partial(learns_from_scores, trainer=BestOfNReward)),
}

EXPERIMENT = Experiment(
    task=many_couplets,
    short=shortened,
    methods=METHODS,
    run=overheard,
    columns=["scanning, sampled", "rhyming, sampled", "grammatical, sampled", "distinct trigrams, sampled", "KL"],
)
