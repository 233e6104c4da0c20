"""Which details of PPO matter on film reviews? One left out at a time, and PPO beside its relatives.

All variants of a seed set out from the same supervised start. What PPO maximises is the score less β times the KL
divergence, so that is what they are judged by; β is the task's own for all, also for the one that trains without.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from experiments.beside import as_often, shortened
from experiments.framework import Experiment, Result, rounded
from experiments.methods import (
    A2C,
    LogProbabilities,
    Reinforce,
    ReinforceWithBaseline,
    Unannealed,
    Unwhitened,
    WhitenedReinforce,
    relative,
)
from experiments.test_sets import many_reviews
from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.models import ActorCritic, Step
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.generation.task import SETTINGS_OF_GENERATION
from ppo_teach.tasks.task import Task, evaluate
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer

T = TypeVar("T")
CONFIG = SETTINGS_OF_GENERATION.ppo
LAST = 10  # iterations of PPO, or as many texts
GAUGES = (
    "score",
    "kl",
    "response_length",
    "explained_variance",
    "entropy",
    "kl_to_old",
    "clip_fraction",
    "ratio_error",
)


class SeparateCritic(nn.Module):
    """Two copies of a model: the one acts, the other is asked for values only."""

    def __init__(self, actor: ActorCritic, critic: ActorCritic) -> None:
        super().__init__()
        self.actor, self.critic, self.eos, self.pad = actor, critic, actor.eos, actor.pad

    @property
    def temperature(self) -> float:
        return self.actor.temperature

    @temperature.setter
    def temperature(self, temperature: float) -> None:
        self.actor.temperature = temperature

    def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, _ = self.actor(prompts, responses, mask)
        _, values = self.critic(prompts, responses, mask)
        return logits, values

    def start(self, prompts: Prompts) -> Step:
        return self._joined(self.actor.start(prompts), self.critic.start(prompts))

    def advance(self, state: tuple[Any, Any], actions: Tensor) -> Step:
        acts, judges = state
        return self._joined(self.actor.advance(acts, actions), self.critic.advance(judges, actions))

    def require_room(self, prompts: Prompts, tokens: int) -> None:
        self.actor.require_room(prompts, tokens)

    def _joined(self, acts: Step, judges: Step) -> Step:
        return Step(acts.logits, judges.values, (acts.state, judges.state))


def with_separate_critic(start: nn.Module) -> nn.Module:
    return SeparateCritic(start, copy.deepcopy(start))


def with_random_value_head(start: nn.Module) -> nn.Module:
    """The head as torch initialises a layer: opinions before there is experience."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start.value_head.reset_parameters()
    return start


def with_expectations(start: nn.Module) -> nn.Module:
    """The head expects 0.4, about what the start earns, of every state: its bias need not be learned first."""
    torch.nn.init.constant_(start.value_head.bias, 0.4)
    return start


def unchanged(it: T) -> T:
    return it


@dataclass(frozen=True)
class Variant:
    """What is not the task's own: the method, the model, settings, or what is made of them all."""

    method: type = object
    model: Callable[[nn.Module], nn.Module] = unchanged
    settings: Mapping[str, Any] = field(default_factory=dict)
    plan: Callable[[PPOConfig], PPOConfig] = unchanged


ONE_STEP = {"epochs": 1, "minibatch_size": CONFIG.batch_size}
ONE_LARGE_STEP = {**ONE_STEP, "learning_rate": 4 * CONFIG.learning_rate}  # PPO takes four smaller ones
VARIANTS = {
    "PPO": Variant(),
    "no clip": Variant(settings={"clip": inf}),
    "no value clip": Variant(settings={"value_clip": inf}),
    "λ = 0": Variant(settings={"lam": 0.0}),
    "λ = 1": Variant(settings={"lam": 1.0}),
    "no whitening": Variant(Unwhitened),
    "entropy bonus": Variant(settings={"entropy_coef": 0.01}),
    "one epoch": Variant(settings={"epochs": 1}),
    "eight epochs": Variant(settings={"epochs": 8}),
    "random value head": Variant(model=with_random_value_head),
    "value head that expects 0.4": Variant(model=with_expectations),
    "separate critic": Variant(model=with_separate_critic),
    "no annealing": Variant(Unannealed),
    "no gradient clipping": Variant(settings={"max_grad_norm": inf}),
    "no KL term": Variant(settings={"kl": FixedKL(0.0)}),
    "REINFORCE": Variant(Reinforce, settings={**ONE_STEP, "value_coef": 0.0}),
    "REINFORCE with baseline": Variant(ReinforceWithBaseline, settings=ONE_STEP),
    "A2C": Variant(A2C, settings=ONE_STEP),
    "REINFORCE, four times the rate": Variant(Reinforce, settings={**ONE_LARGE_STEP, "value_coef": 0.0}),
    "REINFORCE with baseline, four times the rate": Variant(ReinforceWithBaseline, settings=ONE_LARGE_STEP),
    "A2C, four times the rate": Variant(A2C, settings=ONE_LARGE_STEP),
    "REINFORCE with baseline, whitened": Variant(WhitenedReinforce, settings=ONE_STEP),
    "REINFORCE with baseline, whitened, four times the rate": Variant(WhitenedReinforce, settings=ONE_LARGE_STEP),
    "REINFORCE with baseline, whitened, as many steps as PPO": Variant(WhitenedReinforce, plan=as_often),
    "REINFORCE, eight epochs": Variant(Reinforce, settings={"epochs": 8, "value_coef": 0.0}),
    "REINFORCE with baseline, eight epochs": Variant(ReinforceWithBaseline, settings={"epochs": 8}),
    "A2C, eight epochs": Variant(A2C, settings={"epochs": 8}),
    "log π for the ratio, eight epochs": Variant(LogProbabilities, settings={"epochs": 8}),
    "no clip, eight epochs": Variant(settings={"epochs": 8, "clip": inf}),
}


def run(variant: Variant, task: Task, seed: int) -> Result:
    """What was maximised, over the last iterations; the numbers of the test set; and curves."""
    start = supervised_start(task, seed=seed)
    prompts, reward = task.prompts(start, task.train), task.reward(start)
    settings = variant.plan(replace(task.settings.ppo, seed=seed, **variant.settings))
    trainer = relative(variant.method, PPOTrainer)(variant.model(start), reward, prompts, settings)
    history = trainer.train()
    last = history[-LAST * settings.iterations // task.settings.ppo.iterations :]
    return {
        "score − β KL": rounded(metrics["score"] - CONFIG.kl.coef * metrics["kl"] for metrics in last),
        "score": rounded(metrics["score"] for metrics in last),
        "KL": rounded(metrics["kl"] for metrics in last),
        **evaluate(task, trainer.policy, task.test).numbers,
        "curves": {name: [rounded([metrics[name]]) for metrics in history] for name in GAUGES},
    }


EXPERIMENT = Experiment(
    task=many_reviews,
    short=shortened,
    methods=VARIANTS,
    run=run,
    columns=["score − β KL", "score", "KL", "P(positive), sampled", "grammatical, sampled"],
)
