"""Translation, where references exist: what else than PPO on sentence BLEU could the same start become?

REINFORCE here has PPO's critic for a baseline, and takes one step to a batch. The rates are multiples of PPO's own. As
many steps as PPO takes are made on batches of a quarter of the size, at PPO's rate: texts and steps are equal then.
"""

from functools import partial
from math import inf

from experiments.beside import (
    PLACEBOS,
    Method,
    imitates_the_corpus,
    imitates_the_references,
    learns_from_scores,
    reinforce,
    reinforces_as_often,
    shortened,
    without_training,
)
from experiments.framework import Experiment
from experiments.methods import ReinforceWithBaseline, WhitenedReinforce, relative
from experiments.test_sets import many_sentences
from ppo_teach.tasks.translation.task import SETTINGS_OF_TRANSLATION
from ppo_teach.trainer import PPOTrainer

RATE = SETTINGS_OF_TRANSLATION.ppo.learning_rate
METHODS = {
    "supervised start": without_training,
    "PPO": Method(),
    "PPO, λ = 1": Method(settings={"lam": 1.0}),
    **PLACEBOS,
    "more of the same corpus": Method(imitates_the_corpus),
    "the references": Method(imitates_the_references),
    "the references, five times the rate": Method(imitates_the_references, {"learning_rate": 5 * RATE}),
    "REINFORCE": reinforce(SETTINGS_OF_TRANSLATION, times=1),
    "REINFORCE, four times the rate": reinforce(SETTINGS_OF_TRANSLATION, times=4),
    "REINFORCE, ten times the rate": reinforce(SETTINGS_OF_TRANSLATION, times=10),
    "REINFORCE, whitened, four times the rate": reinforce(SETTINGS_OF_TRANSLATION, times=4, method=WhitenedReinforce),
    "REINFORCE, whitened, as many steps as PPO": Method(reinforces_as_often),
    "PPO, four epochs": Method(settings={"epochs": 4}),
    "no clip, four epochs": Method(settings={"epochs": 4, "clip": inf}),
    "REINFORCE, four epochs": Method(
        partial(learns_from_scores, trainer=relative(ReinforceWithBaseline, PPOTrainer)), {"epochs": 4}
    ),
}

EXPERIMENT = Experiment(
    task=many_sentences,
    short=shortened,
    methods=METHODS,
    columns=["BLEU, greedy", "BLEU, sampled", "ROUGE-L, greedy", "grammatical, greedy", "KL", "seconds"],
)
