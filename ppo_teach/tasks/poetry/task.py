"""Couplets in metre and rhyme, from a start that counts no syllables. Chapter: book/applications/generation.md.

The prompt is the opening of a couplet, the response its rest. The reward listens and does not read: it knows
stresses and endings, and nothing about grammar or sense.
"""

from collections.abc import Sequence
from random import Random
from statistics import fmean

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_causal
from ppo_teach.tasks.generation.task import distinct_n
from ppo_teach.tasks.poetry.verses import is_couplet, metre, random_couplet, rhyme
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer

SETTINGS_OF_POETRY = Settings(
    supervision=Supervision(steps=600, batch_size=32, learning_rate=5e-3),
    ppo=PPOConfig(iterations=160, epochs=2, learning_rate=1e-3, max_tokens=20, kl=FixedKL(0.01)),
)


def poetry() -> Task:
    """The task. Its couplets are always the same; a run's seed is for the model and for PPO."""
    rng = Random(0)
    couplets = [random_couplet(rng) for _ in range(6000)]
    openings = list(dict.fromkeys(couplet.opening for couplet in couplets))
    validation, test, train = openings[:200], openings[200:400], openings[400:]
    kept = set(train)
    corpus = [couplet for couplet in couplets if couplet.opening in kept]
    tokenizer = build_tokenizer([couplet.text for couplet in couplets])
    return Task(
        name="poetry",
        corpus=Examples([couplet.opening for couplet in corpus], [couplet.rest for couplet in corpus]),
        train=Examples(train, train),
        validation=Examples(validation, validation),
        test=Examples(test, test),
        score=score,
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_causal(tokenizer.get_vocab_size(), seed=seed),
        settings=SETTINGS_OF_POETRY,
    )


def score(responses: Sequence[str], openings: Sequence[str]) -> Float[Tensor, " B"]:
    """Half for the metre of the lines, half for their rhyme, in [0, 1]."""
    return torch.tensor(
        [
            (sum(map(metre, lines)) / max(len(lines), 2) + couplet_rhymes(lines)) / 2
            for lines in lines_of_couplets(responses, openings)
        ]
    )


def report(responses: Sequence[str], openings: Sequence[str]) -> dict[str, float]:
    """In percent: couplets whose lines scan, that rhyme, that the grammar could have written; distinct trigrams."""
    couplets = lines_of_couplets(responses, openings)
    return {
        "scanning": 100 * fmean(len(lines) == 2 and all(metre(line) == 1 for line in lines) for lines in couplets),
        "rhyming": 100 * fmean(map(couplet_rhymes, couplets)),
        "grammatical": 100 * fmean(is_couplet(" / ".join(lines)) for lines in couplets),
        "distinct trigrams": 100 * distinct_n(responses, n=3),
    }


def lines_of_couplets(responses: Sequence[str], openings: Sequence[str]) -> list[list[str]]:
    """The lines of each opening with its response."""
    return [f"{opening} {response}".split(" / ") for opening, response in zip(openings, responses, strict=True)]


def couplet_rhymes(lines: Sequence[str]) -> bool:
    """Whether there are two lines, and they rhyme."""
    return len(lines) == 2 and rhyme(*lines)
