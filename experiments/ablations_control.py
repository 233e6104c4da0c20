"""Which details of PPO matter on CartPole? 100k steps with the published settings, one detail left out at a time."""

from dataclasses import asdict, replace
from functools import partial
from math import inf

import torch
from torch import Tensor, nn

from experiments.control import ENVIRONMENTS, TimeLimitEnds, Variant, build_trainer, curves, mean_return
from experiments.framework import Experiment, Result
from experiments.methods import Unannealed, Unwhitened
from ppo_teach.config import ControlConfig
from ppo_teach.control import ControlTrainer, MLPActorCritic

CONFIG = ControlConfig(iterations=195)  # of 512 steps


class PlainActorCritic(nn.Module):
    """The same two networks with the weights that torch gives a layer by itself."""

    def __init__(self, observation_size: int, actions: int, *, rng: torch.Generator) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(rng.initial_seed())
            self.actor, self.critic = plain_mlp(observation_size, actions), plain_mlp(observation_size, 1)

    forward = MLPActorCritic.forward


def plain_mlp(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, outputs))


class SharedTrunk(nn.Module):
    """One network up to the last layer; the actor's head and the critic's read the same features."""

    def __init__(self, observation_size: int, actions: int, *, rng: torch.Generator) -> None:
        super().__init__()
        separate = MLPActorCritic(observation_size, actions, rng=rng)
        self.trunk, self.head, self.value_head = separate.actor[:-1], separate.actor[-1], separate.critic[-1]

    def actor(self, observations: Tensor) -> Tensor:
        return self.head(self.trunk(observations))

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(observations)
        return self.head(features), self.value_head(features).squeeze(-1)


VARIANTS = {
    "PPO": Variant(),
    "no clip": Variant(settings={"clip": inf}),
    "no value clip": Variant(settings={"value_clip": inf}),
    "λ = 0": Variant(settings={"lam": 0.0}),
    "λ = 1": Variant(settings={"lam": 1.0}),
    "no whitening": Variant(method=Unwhitened),
    "no entropy bonus": Variant(settings={"entropy_coef": 0.0}),
    "one epoch": Variant(settings={"epochs": 1}),
    "ten epochs": Variant(settings={"epochs": 10}),
    "ten epochs, no clip": Variant(settings={"epochs": 10, "clip": inf}),
    "torch's initialisation": Variant(network=PlainActorCritic),
    "no annealing": Variant(method=Unannealed),
    "no gradient clipping": Variant(settings={"max_grad_norm": inf}),
    "shared trunk": Variant(network=SharedTrunk),
    "shared trunk, value_coef 0.005": Variant(network=SharedTrunk, settings={"value_coef": 0.005}),
    "time limit ends": Variant(method=TimeLimitEnds),
}


def run(variant: Variant, config: ControlConfig, seed: int) -> Result:
    """One seed of a variant."""
    trainer = build_trainer(variant, replace(config, seed=seed))
    trainer.train()
    return summary(trainer)


def summary(trainer: ControlTrainer) -> Result:
    """The mean return of the episodes that ended in the last fifth of the run, and in all of it, and curves."""
    return {
        "return at the end": mean_return(trainer.episodes, 0.8 * trainer.steps, trainer.steps),
        "return on the way": mean_return(trainer.episodes, 0, trainer.steps),
        "curves": curves(trainer, points=20),
    }


EXPERIMENT = Experiment(
    task=lambda: CONFIG,
    short=partial(replace, iterations=3),
    methods=VARIANTS,
    run=run,
    settings={"environments": ENVIRONMENTS, **asdict(CONFIG)},
    columns=["return at the end", "return on the way"],
)
