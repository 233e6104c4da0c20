"""Texts of an app: what does BLEU as the reward leave undone that its own rules would see?

"BLEU and rules" is PPO with the task's own score; "BLEU alone" leaves out the rules, everything else the same.
REINFORCE has four times PPO's rate, the best multiple on translation (`ppo_for_language.py`).
"""

from experiments.beside import (
    PLACEBOS,
    Method,
    best_of_the_start,
    imitates_the_corpus,
    imitates_the_references,
    learns_from,
    reinforce,
    shortened,
    without_training,
)
from experiments.framework import Experiment
from experiments.test_sets import many_app_texts
from ppo_teach.tasks.localisation.task import SETTINGS_OF_LOCALISATION, bleu_alone

RATE = SETTINGS_OF_LOCALISATION.ppo.learning_rate
METHODS = {
    "supervised start": without_training,
    "BLEU and rules": Method(),
    "BLEU alone": Method(learns_from(bleu_alone)),
    "BLEU and rules, λ = 1": Method(settings={"lam": 1.0}),
    **PLACEBOS,
    "more of the same corpus": Method(imitates_the_corpus),
    "the references": Method(imitates_the_references),
    "the references, five times the rate": Method(imitates_the_references, {"learning_rate": 5 * RATE}),
    "REINFORCE": reinforce(SETTINGS_OF_LOCALISATION, times=4),
    "best of eight": best_of_the_start,
}

EXPERIMENT = Experiment(
    task=many_app_texts,
    short=shortened,
    methods=METHODS,
    columns=["BLEU, greedy", "all rules kept, greedy", "one term, sampled", "all rules kept, sampled", "KL"],
)
