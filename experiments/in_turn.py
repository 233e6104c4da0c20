"""First imitate, then pay: what does PPO add to a policy that has already learned from references?

Half of the iterations each, so that all methods of a task but one take as many gradient steps. On the texts of an app
the second half pays for BLEU and rules, on translation, where clean references are few, for the grammar alone. The one
exception is imitation at its best: four times the references and four times the steps.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from random import Random

from torch import nn

from experiments.beside import (
    Imitator,
    Method,
    imitates_the_references,
    in_turn,
    learns_from,
    learns_from_scores,
    shortened,
)
from experiments.framework import Experiment, Result
from experiments.test_sets import many_app_texts
from experiments.translators import grammar, translation_with_flaws
from ppo_teach.config import PPOConfig
from ppo_teach.tasks.localisation.app_texts import random_app_text
from ppo_teach.tasks.localisation.task import SETTINGS_OF_LOCALISATION
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.tasks.translation.task import SETTINGS_OF_TRANSLATION
from ppo_teach.trainer import PPOTrainer

FEW, MANY = 300, 16_000


def app_texts_with_many_references() -> Task:
    """The task with more clean texts to train on, and none of those that it holds out."""
    task, rng, texts = many_app_texts(), Random(2), {}
    held_out = {*task.validation.prompts, *task.test.prompts}
    while len(texts) < MANY:
        text = random_app_text(rng)
        if text.english() not in held_out:
            texts[text.english()] = text.chinese()
    return replace(task, train=Examples(list(texts), list(texts.values())))


def imitates_a_few(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """As if the other references had never been written."""
    return Imitator(start, task, task.train[:FEW], config)


def imitates_four_times_as_long(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    return imitates_the_references(task, start, replace(config, iterations=4 * config.iterations))


# Of two rates for imitation the better one on these texts (`localisation.py`).
FASTER = {"learning_rate": 5 * SETTINGS_OF_LOCALISATION.ppo.learning_rate}
TASKS = {
    "app texts": many_app_texts,
    "app texts, many references": app_texts_with_many_references,
    "translation": translation_with_flaws,
}
METHODS = {
    "app texts, the references, then BLEU and rules": (
        "app texts",
        Method(in_turn(imitates_the_references, learns_from_scores, **FASTER)),
    ),
    "app texts, 16,000 references": (
        "app texts, many references",
        Method(imitates_four_times_as_long, FASTER),
    ),
    "translation, 300 references": ("translation", Method(imitates_a_few)),
    "translation, 300 references, then the grammar": (
        "translation",
        Method(in_turn(imitates_a_few, learns_from(grammar))),
    ),
}


def run(method: tuple[str, Method], tasks: Mapping[str, Task], seed: int) -> Result:
    """One seed of a method, on the task that it names."""
    task, trained = method
    return trained(tasks[task], seed)


EXPERIMENT = Experiment(
    task=lambda: {name: task() for name, task in TASKS.items()},
    short=lambda tasks: {name: shortened(task) for name, task in tasks.items()},
    methods=METHODS,
    run=run,
    settings={"localisation": asdict(SETTINGS_OF_LOCALISATION), "translation": asdict(SETTINGS_OF_TRANSLATION)},
    columns=["BLEU, greedy", "BLEU, sampled", "KL"],
)
