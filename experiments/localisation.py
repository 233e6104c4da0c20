"""Texts of an app: what does BLEU as the reward leave undone that its own rules would see?

"BLEU and rules" is PPO with the task's own score; "BLEU alone" leaves out the rules, everything else the same.
"""

from dataclasses import asdict, replace
from functools import cache

from beside import (
    Method,
    imitates_the_corpus,
    imitates_the_references,
    learns_from_a_constant,
    learns_from_scores,
    shortened,
    without_training,
)
from many_runs import Result, experiment
from torch import nn

from ppo_teach.config import PPOConfig
from ppo_teach.tasks.localisation import SETTINGS_OF_LOCALISATION, bleu_alone, localisation
from ppo_teach.tasks.task import Task
from ppo_teach.trainer import PPOTrainer


def learns_from_bleu_alone(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    return learns_from_scores(replace(task, score=bleu_alone), start, config)


METHODS = {
    "supervised start": without_training,
    "BLEU and rules": Method(),
    "BLEU alone": Method(learns_from_bleu_alone),
    "constant reward": Method(learns_from_a_constant),
    "more of the same corpus": Method(imitates_the_corpus),
    "the references": Method(imitates_the_references),
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
