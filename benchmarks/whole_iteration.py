"""Contestant: iterations of `PPOTrainer`, exactly as a reader runs them, timed as a whole and act by act."""

import json
import sys
from collections.abc import Callable

import torch
from laps import Laps, Setting

from ppo_teach.config import PPOConfig
from ppo_teach.language_models import tiny_causal
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer


def build_trainer(setting: Setting) -> PPOTrainer:
    """A trainer of a random GPT-2. EOS lies outside the vocabulary, so that no reply ends early."""
    rng = torch.Generator().manual_seed(0)
    tokens = torch.randint(setting.vocabulary_size, (4 * setting.batch_size, setting.prompt_tokens), generator=rng)
    prompts = Prompts(tokens, torch.ones_like(tokens, dtype=torch.bool), torch.arange(len(tokens)))
    model = tiny_causal(
        setting.vocabulary_size,
        eos=setting.vocabulary_size,
        pad=setting.vocabulary_size,
        layers=setting.layers,
        width=setting.width,
        heads=setting.heads,
        positions=setting.positions,
    )
    config = PPOConfig(
        iterations=1000,
        batch_size=setting.batch_size,
        minibatch_size=setting.minibatch_size,
        epochs=setting.epochs,
        max_tokens=setting.response_tokens,
    )
    return PPOTrainer(model, share_of_token_5, prompts, config)


def share_of_token_5(prompts: Prompts, responses: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """A reward that costs next to nothing."""
    return (responses == 5).float().mean(dim=1)


def timed(laps: Laps, act: Callable) -> Callable:
    """The act, timed as a part of the lap."""

    def timed_act(*arguments: object) -> object:
        with laps.part(act.__name__):
            return act(*arguments)

    return timed_act


def main(setting: Setting) -> None:
    torch.set_num_threads(1)
    trainer = build_trainer(setting)
    laps = Laps("torch", "transformers")
    for act in (trainer.act, trainer.assign_credit, trainer.update):
        setattr(trainer, act.__name__, timed(laps, act))
    while True:
        laps.begin()
        trainer.step()
        laps.end()


if __name__ == "__main__":
    main(Setting(**json.loads(sys.argv[1])))
