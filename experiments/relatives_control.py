"""Do PPO's relatives learn CartPole as well from equal samples, at six rates, and with batches used several times?

A relative replaces phases of the trainer and nothing else: the networks, Adam, the entropy bonus, the norm of the
gradient and the falling learning rate are the same for all.
"""

from dataclasses import asdict, replace
from functools import partial
from math import inf

import torch
from torch import Tensor

from experiments.ablations_control import summary
from experiments.control import ENVIRONMENTS, Variant, build_trainer
from experiments.framework import Experiment, Result
from experiments.methods import A2C, Reinforce, ReinforceWithBaseline, relative
from ppo_teach.checkpoints import Metrics
from ppo_teach.config import ControlConfig
from ppo_teach.control import ControlTrainer, Experience

STEPS = 100 * 512
LEARNING_RATES = (2.5e-4, 1e-3, 4e-3, 1.6e-2, 6.4e-2, 0.256)
EPOCHS = (1, 4, 10)


class EqualSamples(ControlTrainer):
    """Ends after so many steps, however many of them an iteration takes; the learning rate falls with them."""

    total_steps = STEPS

    @property
    def learning_rate(self) -> float:
        return self.config.learning_rate * max(0.0, 1 - self.steps / self.total_steps)

    def train(self) -> list[Metrics]:
        while self.steps < self.total_steps:
            self.step()
        return self.history


class WholeEpisodes(EqualSamples):
    """Waits for the end of an episode, in one environment, and makes each gradient step on all that it saw."""

    @torch.no_grad()
    def act(self) -> Experience:
        steps, over = [], False
        while len(steps) < self.config.steps or not over:
            *step, terminated, truncated = self.play()
            steps.append((*step, terminated, truncated))
            over = (terminated | truncated).item()
        return self.recorded(steps)

    def update(self, experience: Experience, advantages: Tensor, returns: Tensor) -> Metrics:
        self.config = replace(self.config, minibatch_size=returns.numel())
        return super().update(experience, advantages, returns)


ONE_STEP = {"steps": 512, "minibatch_size": 512, "epochs": 1, "clip": inf, "value_clip": inf}  # to a batch
METHODS = {
    "REINFORCE": Variant(method=relative(Reinforce, WholeEpisodes), settings={**ONE_STEP, "value_coef": 0.0}),
    "REINFORCE with baseline": Variant(method=relative(ReinforceWithBaseline, WholeEpisodes), settings=ONE_STEP),
    "A2C": Variant(
        method=relative(A2C, EqualSamples), settings={**ONE_STEP, "steps": 5, "minibatch_size": 20, "lam": 1.0}
    ),
    "PPO": Variant(method=EqualSamples),
}
AS_OFTEN_AS_PUBLISHED = [
    (name, rate, method.settings.get("epochs", 4)) for name, method in METHODS.items() for rate in LEARNING_RATES
]
USED_AGAIN = [(name, 1e-3, epochs) for name in METHODS for epochs in EPOCHS if (name, epochs) != ("A2C", 10)]
VARIANTS = {
    f"{name}, rate {rate}, epochs {epochs}": replace(
        METHODS[name], settings={**METHODS[name].settings, "learning_rate": rate, "epochs": epochs}
    )
    for name, rate, epochs in dict.fromkeys(AS_OFTEN_AS_PUBLISHED + USED_AGAIN)
}


def run(variant: Variant, config: ControlConfig, seed: int) -> Result:
    """One seed of a variant, which has as many steps in all as the settings have iterations."""
    one_at_a_time = issubclass(variant.method, WholeEpisodes)
    trainer = build_trainer(variant, replace(config, seed=seed), environments=1 if one_at_a_time else ENVIRONMENTS)
    trainer.total_steps = config.iterations
    trainer.train()
    return summary(trainer)


EXPERIMENT = Experiment(
    task=lambda: ControlConfig(iterations=STEPS),
    short=partial(replace, iterations=500),
    methods=VARIANTS,
    run=run,
    settings={"total steps": STEPS, **asdict(ControlConfig())},
    columns=["return at the end", "return on the way"],
)
