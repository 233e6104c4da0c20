"""A small whole: a start, PPO, what it says, a reward model, and PPO on CartPole. test_kernels starts it.

Prints a digest of all weights, and the numbers of the way, each to its last digit.
"""

import json
from hashlib import sha256

import torch
from small_tasks import greetings
from torch import nn

from ppo_teach.config import ControlConfig
from ppo_teach.control import ControlTrainer, MLPActorCritic, vector_env
from ppo_teach.kernels import machine, pin_kernels
from ppo_teach.preferences import simulated_preferences
from ppo_teach.pretraining import pretrain
from ppo_teach.reward_model import RewardModel, train_reward_model
from ppo_teach.rollouts import generate
from ppo_teach.tasks.task import evaluate
from ppo_teach.texts import encode_responses
from ppo_teach.trainer import PPOTrainer


def digest(*models: nn.Module) -> str:
    weights = [tensor for model in models for tensor in model.state_dict().values()]
    return sha256(b"".join(tensor.contiguous().numpy().tobytes() for tensor in weights)).hexdigest()[:16]


def main() -> None:
    pin_kernels()
    task, rng = greetings(), torch.Generator().manual_seed(0)
    policy = task.build(0)
    responses, mask = encode_responses(task.tokenizer, task.corpus.references, eos=policy.eos, pad=policy.pad)
    pretrain(
        policy, task.prompts(policy, task.corpus), responses, mask, steps=60, batch_size=24, learning_rate=1e-2, rng=rng
    )
    trainer = PPOTrainer(policy, task.reward(policy), task.prompts(policy, task.train), task.settings.ppo)
    trainer.train()

    prompts = task.prompts(policy, task.train)
    first, second = (generate(policy, prompts, max_tokens=5, rng=rng) for _ in range(2))
    gold = [rollout.mask.sum(dim=-1).float() for rollout in (first, second)]
    judge = RewardModel(task.build(1))
    preferences = simulated_preferences(first, second, *gold, temperature=1.0, rng=rng)
    losses = train_reward_model(judge, preferences, steps=20, batch_size=8, learning_rate=1e-2, rng=rng)

    config = ControlConfig(iterations=3, steps=64)
    network = MLPActorCritic(4, 2, rng=torch.Generator().manual_seed(0))
    balancing = ControlTrainer(network, vector_env("CartPole-v1", number=2), config)
    balancing.train()

    numbers = {"text": trainer.history, "judge": losses, "control": balancing.history}
    numbers["answers"] = evaluate(task, policy, task.test).numbers
    printed = sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:16]
    print(json.dumps({"weights": digest(policy, judge, network), "numbers": printed, **machine()}))


if __name__ == "__main__":
    main()
