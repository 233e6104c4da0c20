"""What becomes of a policy that is paid by a judge who learned from preferences, while the gold score looks on?

The gold score of a film review is the share of its clauses that praise, −1 for what is no review. Two responses of the
supervised start are shown to somebody who prefers one, by the gold score and with noise; a judge learns from such
pairs; PPO climbs the judge. What changes with β, with more preferences, with three judges instead of one?
"""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from experiments.beside import Worlds, shortened
from experiments.framework import Experiment, Result, rounded
from ppo_teach.kl import FixedKL
from ppo_teach.preferences import Preferences, calibration, noise_ceiling, simulated_preferences
from ppo_teach.reward_model import (
    RewardModel,
    bradley_terry_loss,
    learned_reward,
    pair_scores,
    train_reward_model,
)
from ppo_teach.rewards import Reward, constant
from ppo_teach.rollouts import Rollout, generate
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.generation.task import SETTINGS_OF_GENERATION, generation, praise
from ppo_teach.tasks.task import Examples, Task, evaluate
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer

LEARNING_RATE = 2e-3  # of a judge
TEMPERATURE = 0.25  # one clause of two more in praise is preferred with probability σ(2) = 0.88
LAST = 5  # iterations
CURVES = ("score", "kl", "response_length")


@dataclass(frozen=True)
class Sizes:
    """Of what is asked and said; a shorter run has smaller ones."""

    asked: int = 4000
    held_out: int = 1000
    usual: int = 500
    longest_training: int = 300  # of a judge, in steps


SHORT = Sizes(asked=32, held_out=8, usual=8, longest_training=1)
CONFIG = replace(SETTINGS_OF_GENERATION.ppo, iterations=30)


@dataclass(frozen=True)
class Variant:
    """What pays: one judge or three, taught by so many preferences; or something that was not learned."""

    kl_coef: float = 0.0
    preferences: int = 1000
    steps: int = 150  # of a judge's training, 32 pairs each
    judges: int = 1
    unlearned: Callable[[Reward], Reward] | None = None  # from the gold score


VARIANTS = {
    "β = 0": Variant(),
    "β = 0.03": Variant(kl_coef=0.03),
    "β = 0.1": Variant(kl_coef=0.1),
    "β = 0.3": Variant(kl_coef=0.3),
    "4000 preferences": Variant(preferences=4000, steps=300),
    "three judges": Variant(judges=3),
    "the gold score itself": Variant(unlearned=lambda gold: gold),
    "a constant": Variant(unlearned=lambda gold: constant(0.0)),
}


class World:
    """All that the variants of one seed share: the supervised start, what people said, and the judges they taught."""

    def __init__(self, made: Task, seed: int, sizes: Sizes) -> None:
        self.task, self.seed, self.sizes = made, seed, sizes
        self.start = supervised_start(made, seed=seed)
        self.prompts, self.gold = self.asked_by(made.train)
        rng = torch.Generator().manual_seed(seed)
        self.asked = self.preferences(self.prompts, self.gold, sizes.asked, rng)
        self.usual = self.answers(self.prompts, sizes.usual, rng)
        self.judges: dict[tuple[int, ...], tuple[RewardModel, Result]] = {}

    def asked_by(self, examples: Examples) -> tuple[Prompts, Reward]:
        """The prompts, and the gold score of responses to them."""
        task = replace(self.task, train=examples, score=praise)
        return task.prompts(self.start, examples), task.reward(self.start)

    def answers(self, prompts: Prompts, number: int, rng: torch.Generator, times: int = 1) -> list[Rollout]:
        """The start's responses to random prompts."""
        some = prompts[torch.randint(len(prompts), (number,), generator=rng)]
        longest = self.task.settings.ppo.max_tokens
        return [generate(self.start, some, max_tokens=longest, rng=rng) for _ in range(times)]

    def preferences(self, prompts: Prompts, gold: Reward, number: int, rng: torch.Generator) -> Preferences:
        pair = self.answers(prompts, number, rng, times=2)
        worth = [gold(it.prompts, it.responses, it.mask) for it in pair]
        return simulated_preferences(*pair, *worth, temperature=TEMPERATURE, rng=rng)

    def judge(self, preferences: int, steps: int, member: int) -> tuple[RewardModel, Result]:
        """A judge, standardised on what the start usually says, and its record. Members see pairs in other orders."""
        steps = min(steps, self.sizes.longest_training)
        if (preferences, steps, member) not in self.judges:
            model, rng = RewardModel(copy.deepcopy(self.start)), torch.Generator().manual_seed(member)
            losses = train_reward_model(
                model,
                self.asked[:preferences],
                steps=steps,
                batch_size=32,
                learning_rate=LEARNING_RATE,
                rng=rng,
            )
            record = {
                "losses": [rounded(losses[i : i + 10]) for i in range(0, len(losses), 10)],
                **self.examined(model),
            }
            (usual,) = self.usual
            model.standardise(usual.prompts, usual.responses, usual.mask)
            self.judges[preferences, steps, member] = model, record
        return self.judges[preferences, steps, member]

    @torch.no_grad()
    def examined(self, model: RewardModel) -> Result:
        """How well a judge foretells choices between responses to the test prompts."""
        prompts, gold = self.asked_by(self.task.test)
        held_out = self.preferences(prompts, gold, self.sizes.held_out, torch.Generator().manual_seed(self.seed))
        chosen, rejected = pair_scores(model, held_out)
        worth = (
            gold(held_out.prompts, held_out.chosen, held_out.chosen_mask),
            gold(held_out.prompts, held_out.rejected, held_out.rejected_mask),
        )
        sure, right, pairs = calibration(chosen, rejected, bins=5)
        return {
            "loss": bradley_terry_loss(chosen, rejected).item(),
            "accuracy": (chosen > rejected).float().mean().item(),
            "ceiling": noise_ceiling(*worth, temperature=TEMPERATURE).item(),
            "calibration": {"sure": sure.tolist(), "right": right.tolist(), "pairs": pairs.tolist()},
        }


def reviews() -> Task:
    """The task of `generation.py`, in half as many iterations."""
    task = generation()
    return replace(task, settings=replace(task.settings, ppo=CONFIG))


def run(variant: Variant, worlds: Worlds, seed: int) -> Result:
    """The gold score, the learned one and the distance, over the last iterations; the test set; and curves."""
    world = worlds.of_seed(seed)
    if variant.unlearned:
        reward, records = variant.unlearned(world.gold), []
    else:
        judges = [world.judge(variant.preferences, variant.steps, member) for member in range(variant.judges)]
        reward, records = paid_by([learned_reward(model) for model, _ in judges]), [judges[0][1]]
    golds: list[float] = []

    def watched(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        golds.append(rounded([world.gold(prompts, responses, mask).mean().item()]))
        return reward(prompts, responses, mask)

    settings = replace(world.task.settings.ppo, seed=seed, kl=FixedKL(variant.kl_coef))
    trainer = PPOTrainer(copy.deepcopy(world.start), watched, world.prompts, settings)
    history = trainer.train()
    last = history[-LAST:]
    return {
        "gold": rounded(golds[-LAST:]),
        "highest gold": highest(golds),
        "score": rounded(metrics["score"] for metrics in last),
        "KL": rounded(metrics["kl"] for metrics in last),
        "grammatical": evaluate(world.task, trainer.policy, world.task.test).numbers["grammatical, sampled"],
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
    task=lambda: Worlds(World, reviews(), Sizes()),
    short=lambda worlds: Worlds(World, shortened(worlds.task), SHORT),
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
