"""Contestant: the model calls that an iteration of PPO cannot do without, and nothing else.

They are made on the tensors of a real rollout, straight to transformers' model with the fewest arguments that give the
right answer: no value head, no sampling, no log-probabilities, no losses, no metrics. The sum of the logits stands in
for the loss. The optimiser is a part of its own, so that it can be counted or left out.
"""

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from laps import Laps, Setting
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from whole_iteration import build_trainer

from ppo_teach.rollouts import Rollout

Part = Callable[[str], AbstractContextManager]


@torch.no_grad()
def sampling_calls(trunk: nn.Module, prompts: Tensor, responses: Tensor) -> None:
    """The prompt, then every response token but the last, each fed once to a model with a cache."""
    cache = trunk(input_ids=prompts, use_cache=True, logits_to_keep=1).past_key_values
    for token in responses[:, :-1].split(1, dim=1):
        cache = trunk(input_ids=token, past_key_values=cache, use_cache=True).past_key_values


@torch.no_grad()
def reference_call(trunk: nn.Module, tokens: Tensor, width: int) -> None:
    """One forward call on all texts."""
    trunk(input_ids=tokens, use_cache=False, logits_to_keep=width)


def gradient_call(trunk: nn.Module, tokens: Tensor, width: int) -> None:
    """One forward and one backward call on a minibatch of texts."""
    trunk(input_ids=tokens, use_cache=False, logits_to_keep=width).logits.sum().backward()


def iteration(setting: Setting, trunk: nn.Module, optimizer: Optimizer, rollout: Rollout, part: Part) -> None:
    """The calls of one iteration, in its order."""
    width = rollout.responses.shape[1]
    tokens = torch.cat([rollout.prompts.tokens, rollout.responses[:, :-1]], dim=1)
    with part("sampling"):
        sampling_calls(trunk, rollout.prompts.tokens, rollout.responses)
    with part("reference"):
        reference_call(trunk, tokens, width)
    for _ in range(setting.epochs):
        for minibatch in tokens.split(setting.minibatch_size):
            with part("gradients"):
                gradient_call(trunk, minibatch, width)
            with part("optimiser"):
                optimizer.step()
                optimizer.zero_grad()


def main(setting: Setting) -> None:
    torch.set_num_threads(1)
    trainer = build_trainer(setting)
    rollout, _, _ = trainer.act()
    trunk = trainer.policy.trunk
    optimizer = Adam(trunk.parameters(), lr=2e-4, fused=True)
    laps = Laps("torch", "transformers")
    while True:
        laps.begin()
        iteration(setting, trunk, optimizer, rollout, laps.part)
        laps.end()


if __name__ == "__main__":
    main(Setting(**json.loads(sys.argv[1])))
