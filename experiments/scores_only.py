"""Film reviews, where no text says what to write, only a classifier how it likes it: what else is there than PPO?

PPO itself, with the same starts, and a constant reward are in the record of `generation.py`.
"""

from functools import partial

from experiments.beside import (
    ImitatorOfItsBest,
    Method,
    best_of_the_start,
    imitates_the_best,
    imitates_the_corpus,
    learns_from_scores,
    shortened,
)
from experiments.framework import Experiment
from experiments.test_sets import many_reviews

METHODS = {
    "more of the same corpus": Method(imitates_the_corpus),
    "best of eight": best_of_the_start,
    "imitation of the start's best": Method(imitates_the_best),
    "imitation of its own best": Method(partial(learns_from_scores, trainer=ImitatorOfItsBest)),
}

EXPERIMENT = Experiment(
    task=many_reviews,
    short=shortened,
    methods=METHODS,
    columns=["P(positive), sampled", "grammatical, sampled", "distinct trigrams, sampled", "KL", "seconds"],
)
