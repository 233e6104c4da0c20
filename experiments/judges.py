"""Judges who learn from preferences: what those of one seed share, whoever is asked and whatever is gold.

Two replies of the supervised start are shown to somebody who prefers one, by the gold score and with noise. The gold
score is the task's own.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from ppo_teach.preferences import Preferences, noise_ceiling, simulated_preferences
from ppo_teach.reward_model import RewardModel, train_reward_model
from ppo_teach.rewards import Reward
from ppo_teach.rollouts import Rollout, generate
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import Prompts

LEARNING_RATE = 2e-3
PAIRS = 32  # to a step
USUAL = 500  # replies of the start, which have mean 0 and variance 1


class Shared:
    """What the methods of one seed share: the supervised start, its replies, and what somebody prefers of them."""

    temperature: float  # of the preferences, in units of the gold score

    def __init__(self, task: Task, seed: int, sizes: Any) -> None:
        self.task, self.seed, self.sizes = task, seed, sizes
        self.start = supervised_start(task, seed=seed)
        self.rng = torch.Generator().manual_seed(seed)

    def asked_by(self, examples: Examples) -> tuple[Prompts, Reward]:
        """The prompts, and the gold score of replies to them."""
        return self.task.prompts(self.start, examples), replace(self.task, train=examples).reward(self.start)

    def replies(self, prompts: Prompts, number: int, rng: torch.Generator, *, to_each: int = 1) -> list[Rollout]:
        """The start's, to random prompts."""
        some = prompts[torch.randint(len(prompts), (number,), generator=rng)]
        longest = self.task.settings.ppo.max_tokens
        return [generate(self.start, some, max_tokens=longest, rng=rng) for _ in range(to_each)]

    def preferences(self, examples: Examples, number: int, rng: torch.Generator) -> tuple[Preferences, float]:
        """What somebody prefers, and in what share of the pairs whoever knew the gold score would foretell it."""
        prompts, gold = self.asked_by(examples)
        pair = self.replies(prompts, number, rng, to_each=2)
        worth = [gold(it.prompts, it.responses, it.mask) for it in pair]
        ceiling = noise_ceiling(*worth, temperature=self.temperature).item()
        return simulated_preferences(*pair, *worth, temperature=self.temperature, rng=rng), ceiling

    def judge_of(self, seen: Preferences, *, steps: int, rng: torch.Generator) -> tuple[RewardModel, list[float]]:
        """Who has learned from what he has seen, and the loss of each step; what 0 and 1 are is still open."""
        judge = RewardModel(copy.deepcopy(self.start))
        sizes = {"steps": steps, "batch_size": PAIRS, "learning_rate": LEARNING_RATE}
        return judge, train_reward_model(judge, seen, **sizes, rng=rng)

    def standardise(self, judge: RewardModel) -> None:
        """From here on 0 is what the start's replies to training prompts earn on average, and 1 their deviation."""
        prompts, _ = self.asked_by(self.task.train)
        number = min(USUAL, self.sizes.asked)
        (usual,) = self.replies(prompts, number, torch.Generator().manual_seed(self.seed))
        judge.standardise(usual.prompts, usual.responses, usual.mask)


class Seeds:
    """What the methods of each seed share, made from the task and sizes when the seed is first asked for."""

    def __init__(self, shared: Callable[[Task, int, Any], Any], task: Task, sizes: Any) -> None:
        self.task = task
        self.of = cache(lambda seed: shared(task, seed, sizes))
