"""Film reviews: what does PPO on a classifier's score do to praise, grammar and variety, and what a constant reward?"""

from experiments.beside import START_PLACEBO_AND_PPO, shortened
from experiments.framework import Experiment
from experiments.test_sets import many_reviews

NUMBERS = ("P(positive)", "grammatical", "praising", "distinct trigrams")

EXPERIMENT = Experiment(
    task=many_reviews,
    short=shortened,
    methods=START_PLACEBO_AND_PPO,
    columns=[f"{name}, {way}" for way in ("greedy", "sampled") for name in NUMBERS],
    rows="numbers",
)
