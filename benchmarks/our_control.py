"""Contestant: iterations of `ControlTrainer`, exactly as a reader runs them."""

import json
import sys

import torch
from laps import ControlSetting, Laps

from ppo_teach.config import ControlConfig
from ppo_teach.control import ControlTrainer, MLPActorCritic, vector_env


def build_trainer(setting: ControlSetting) -> ControlTrainer:
    """A trainer of the published network with the published settings."""
    envs = vector_env(setting.name, number=setting.environments)
    (size,), actions = envs.single_observation_space.shape, int(envs.single_action_space.n)
    policy = MLPActorCritic(size, actions, rng=torch.Generator().manual_seed(0))
    config = ControlConfig(steps=setting.steps, minibatch_size=setting.minibatch_size, epochs=setting.epochs)
    return ControlTrainer(policy, envs, config)


def main(setting: ControlSetting) -> None:
    torch.set_num_threads(1)
    trainer = build_trainer(setting)
    laps = Laps("torch", "gymnasium")
    while True:
        laps.begin()
        trainer.step()
        laps.end()


if __name__ == "__main__":
    main(ControlSetting(**json.loads(sys.argv[1])))
