"""What becomes of a policy that is paid by a judge who learned from preferences, while the gold score looks on?

The gold score of a film review is the share of its clauses that praise, −1 for what is no review. Two responses of the
supervised start are shown to somebody who prefers one, by the gold score and with noise; a judge learns from such
pairs; PPO climbs the judge. What changes with β, with more preferences, with three judges instead of one? Without a
penalty a policy hurries past the distances at which a penalty holds it; at a third of the rate it can be met there.
"""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache

import torch
from torch import Tensor

from experiments.beside import shortened
from experiments.framework import Experiment, Result, rounded
from experiments.judges import LEARNING_RATE, Seeds, Shared
from ppo_teach.kl import FixedKL
from ppo_teach.preferences import calibration
from ppo_teach.reward_model import (
    RewardModel,
    bradley_terry_loss,
    learned_reward,
    pair_scores,
)
from ppo_teach.rewards import Reward, constant
from ppo_teach.tasks.generation.task import SETTINGS_OF_GENERATION, generation, praise
from ppo_teach.tasks.task import Task, evaluate
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer

TEMPERATURE = 0.25  # one clause of two more in praise is preferred with probability σ(2) = 0.88
LAST = 5  # iterations
CURVES = ("score", "kl", "response_length")


@dataclass(frozen=True)
class Sizes:
    """Of what is asked and said; a shorter run has smaller ones."""

    asked: int = 4000
    held_out: int = 1000
    longest_training: int = 300  # of a judge, in steps


SHORT = Sizes(asked=32, held_out=8, longest_training=1)
CONFIG = replace(SETTINGS_OF_GENERATION.ppo, iterations=30)


@dataclass(frozen=True)
class Variant:
    """What pays: one judge or three, taught by so many preferences; or something that was not learned."""

    kl_coef: float = 0.0
    slower: float = 1.0  # so many times lower than the task's rate
    preferences: int = 1000
    steps: int = 150  # of a judge's training
    judges: int = 1
    unlearned: Callable[[Reward], Reward] | None = None  # from the gold score


VARIANTS = {
    "β = 0": Variant(),
    "β = 0, a third of the rate": Variant(slower=3.0),
    "β = 0.03": Variant(kl_coef=0.03),
    "β = 0.1": Variant(kl_coef=0.1),
    "β = 0.3": Variant(kl_coef=0.3),
    "4000 preferences": Variant(preferences=4000, steps=300),
    "three judges": Variant(judges=3),
    "the gold score itself": Variant(unlearned=lambda gold: gold),
    "a constant": Variant(unlearned=lambda gold: constant(0.0)),
}


class Judges(Shared):
    """Of film reviews: one for each number of preferences, of steps, and for each member of a committee."""

    temperature = TEMPERATURE

    def __init__(self, task: Task, seed: int, sizes: Sizes) -> None:
        super().__init__(task, seed, sizes)
        self.prompts, self.gold = self.asked_by(task.train)
        self.asked, _ = self.preferences(task.train, sizes.asked, self.rng)
        self.judge = cache(self._judge)

    def _judge(self, preferences: int, steps: int, member: int) -> tuple[RewardModel, Result]:
        """A judge and its record. Members of a committee see pairs in other orders."""
        steps, rng = min(steps, self.sizes.longest_training), torch.Generator().manual_seed(member)
        model, losses = self.judge_of(self.asked[:preferences], steps=steps, rng=rng)
        record = {
            "losses": [rounded(losses[i : i + 10]) for i in range(0, len(losses), 10)],
            **self.examined(model),
        }
        self.standardise(model)
        return model, record

    @torch.no_grad()
    def examined(self, model: RewardModel) -> Result:
        """How well a judge foretells choices between responses to the test prompts."""
        rng = torch.Generator().manual_seed(self.seed)
        held_out, ceiling = self.preferences(self.task.test, self.sizes.held_out, rng)
        chosen, rejected = pair_scores(model, held_out)
        sure, right, pairs = calibration(chosen, rejected, bins=5)
        return {
            "loss": bradley_terry_loss(chosen, rejected).item(),
            "accuracy": (chosen > rejected).float().mean().item(),
            "ceiling": ceiling,
            "calibration": {"sure": sure.tolist(), "right": right.tolist(), "pairs": pairs.tolist()},
        }


def reviews() -> Task:
    """The task of `generation.py` with the gold score for its own, in half as many iterations."""
    task = generation()
    return replace(task, score=praise, settings=replace(task.settings, ppo=CONFIG))


def run(variant: Variant, seeds: Seeds, seed: int) -> Result:
    """The gold score, the learned one and the distance, over the last iterations; the test set; and curves."""
    shared = seeds.of(seed)
    if variant.unlearned:
        reward, records = variant.unlearned(shared.gold), []
    else:
        judges = [shared.judge(variant.preferences, variant.steps, member) for member in range(variant.judges)]
        reward, records = paid_by([learned_reward(model) for model, _ in judges]), [judges[0][1]]
    golds: list[float] = []

    def watched(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        golds.append(rounded([shared.gold(prompts, responses, mask).mean().item()]))
        return reward(prompts, responses, mask)

    ppo = shared.task.settings.ppo
    settings = replace(ppo, seed=seed, kl=FixedKL(variant.kl_coef), learning_rate=ppo.learning_rate / variant.slower)
    trainer = PPOTrainer(copy.deepcopy(shared.start), watched, shared.prompts, settings)
    history = trainer.train()
    last = history[-LAST:]
    return {
        "gold": rounded(golds[-LAST:]),
        "highest gold": highest(golds),
        "score": rounded(metrics["score"] for metrics in last),
        "KL": rounded(metrics["kl"] for metrics in last),
        "grammatical": evaluate(shared.task, trainer.policy, shared.task.test).numbers["grammatical, sampled"],
        "judges": records,
        "curves": {"gold": golds, **{name: [rounded([metrics[name]]) for metrics in history] for name in CURVES}},
    }


def paid_by(judges: list[Reward]) -> Reward:
    """Their mean less their standard deviation: where they disagree, the worse is believed. One alone is believed."""

    def reward(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        scores = torch.stack([judge(prompts, responses, mask) for judge in judges])
        return scores.mean(dim=0) - scores.std(dim=0, correction=0)

    return reward


def highest(golds: list[float], *, window: int = 5) -> float:
    """The highest mean of so many iterations in a row: one batch alone may be lucky."""
    window = min(window, len(golds))
    return max(rounded(golds[i : i + window]) for i in range(len(golds) - window + 1))


EXPERIMENT = Experiment(
    task=lambda: Seeds(Judges, reviews(), Sizes()),
    short=lambda seeds: Seeds(Judges, shortened(seeds.task), SHORT),
    methods=VARIANTS,
    run=run,
    settings={
        "temperature": TEMPERATURE,
        "judges": {**asdict(Sizes()), "learning rate": LEARNING_RATE},
        "ppo": asdict(CONFIG),
        "supervision": asdict(SETTINGS_OF_GENERATION.supervision),
    },
    columns=["gold", "highest gold", "score", "KL", "grammatical"],
)
