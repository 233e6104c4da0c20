"""A task that trains in a second, of the shape of all tasks: greet people, politely."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_causal
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer

NAMES = ["ada", "alan", "alonzo", "barbara", "claude", "donald", "edsger", "emmy", "grace", "john", "kurt", "sofia"]
SETTINGS = Settings(
    ppo=PPOConfig(iterations=12, batch_size=32, minibatch_size=16, learning_rate=1e-2, max_tokens=5, kl=FixedKL(0.01)),
    supervision=Supervision(steps=60, batch_size=24, learning_rate=1e-2),
)


def greetings() -> Task:
    """Half of the examples say "good morning NAME", half "hey NAME"; a greeting that begins with "good" earns 1."""
    polite = Examples([f"greet {name}" for name in NAMES], [f"good morning {name}" for name in NAMES])
    rude = Examples(polite.prompts, [f"hey {name}" for name in NAMES])
    corpus = Examples(polite.prompts[:8] * 2, [*polite.references[:8], *rude.references[:8]])
    tokenizer = build_tokenizer([*polite.prompts, *polite.references, *rude.references])
    return Task(
        name="greetings",
        corpus=corpus,
        train=polite[:8],
        validation=polite[8:10],
        test=polite[10:],
        score=politeness,
        report=lambda responses, references: {"polite": 100 * politeness(responses, references).mean().item()},
        tokenizer=tokenizer,
        build=lambda seed: tiny_causal(tokenizer.get_vocab_size(), layers=1, width=16, heads=2, positions=8, seed=seed),
        settings=SETTINGS,
    )


def politeness(responses: Sequence[str], references: Sequence[str]) -> Tensor:
    return torch.tensor([float(response.startswith("good")) for response in responses])
