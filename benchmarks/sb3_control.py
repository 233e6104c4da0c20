"""Contestant: iterations of Stable-Baselines3's `PPO`, in an environment of its own that `control.py` makes.

Its defaults are the same network, the same start and the same optimiser as ours; the settings are the published ones.
"""

import json
import sys

import torch
from laps import ControlSetting, Laps
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

ITERATIONS = 976


class Turns(BaseCallback):
    """Each of the trainer's iterations, acting and learning, is a lap."""

    def __init__(self, laps: Laps) -> None:
        super().__init__()
        self.laps, self.running = laps, False

    def _on_rollout_start(self) -> None:
        if self.running:
            self.laps.end()
        self.laps.begin()
        self.running = True

    def _on_step(self) -> bool:
        return True


def build_trainer(setting: ControlSetting) -> PPO:
    """A trainer with the published settings. Its critic's loss is not halved, so that has half our coefficient."""
    return PPO(
        "MlpPolicy",
        make_vec_env(setting.name, n_envs=setting.environments, seed=0),
        n_steps=setting.steps,
        batch_size=setting.minibatch_size,
        n_epochs=setting.epochs,
        learning_rate=lambda left: 2.5e-4 * left,
        clip_range=0.2,
        clip_range_vf=0.2,
        vf_coef=0.25,
        ent_coef=0.01,
        gamma=0.99,
        gae_lambda=0.95,
        max_grad_norm=0.5,
        seed=0,
        device="cpu",
    )


def main(setting: ControlSetting) -> None:
    torch.set_num_threads(1)
    laps = Laps("stable-baselines3", "torch", "gymnasium")
    steps = ITERATIONS * setting.environments * setting.steps
    build_trainer(setting).learn(steps, callback=Turns(laps))


if __name__ == "__main__":
    main(ControlSetting(**json.loads(sys.argv[1])))
