"""Translation, where references exist: what else than PPO on sentence BLEU could the same start become?

REINFORCE here has PPO's critic for a baseline, and takes one step to a batch. The rates are multiples of PPO's own.
"""

from functools import partial
from math import inf

from experiments.beside import (
    Method,
    imitates_the_corpus,
    imitates_the_references,
    learns_from_a_constant,
    learns_from_scores,
    reinforce,
    shortened,
    without_training,
)
from experiments.framework import Experiment
from experiments.methods import ReinforceWithBaseline, relative
from ppo_teach.tasks.translation.task import SETTINGS_OF_TRANSLATION, translation
from ppo_teach.trainer import PPOTrainer

RATE = SETTINGS_OF_TRANSLATION.ppo.learning_rate
METHODS = {
    "supervised start": without_training,
    "PPO": Method(),
    "constant reward": Method(learns_from_a_constant),
    "more of the same corpus": Method(imitates_the_corpus),
    "the references": Method(imitates_the_references),
    "the references, five times the rate": Method(imitates_the_references, {"learning_rate": 5 * RATE}),
    "REINFORCE": reinforce(SETTINGS_OF_TRANSLATION, times=1),
    "REINFORCE, four times the rate": reinforce(SETTINGS_OF_TRANSLATION, times=4),
    "REINFORCE, ten times the rate": reinforce(SETTINGS_OF_TRANSLATION, times=10),
    "PPO, four epochs": Method(settings={"epochs": 4}),
    "no clip, four epochs": Method(settings={"epochs": 4, "clip": inf}),
    "REINFORCE, four epochs": Method(
        partial(learns_from_scores, trainer=relative(ReinforceWithBaseline, PPOTrainer)), {"epochs": 4}
    ),
}

EXPERIMENT = Experiment(
    task=translation,
    short=shortened,
    methods=METHODS,
    columns=["BLEU, greedy", "BLEU, sampled", "ROUGE-L, greedy", "grammatical, greedy", "KL", "seconds"],
)
