"""Texts of an app into Chinese: what must not be translated, and what a metric does not see.

Chapter: book/applications/translation.md. BLEU compares a response with one reference, which uses either of the two
words of a thing. The second half of the reward checks rules: placeholders and products survive, and a text keeps to one
word for one thing, whichever.
"""

from collections.abc import Sequence
from random import Random

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_causal
from ppo_teach.rewards import bleu, corpus_bleu
from ppo_teach.tasks.localisation.app_texts import (
    FAULTS,
    PLACEHOLDERS,
    PRODUCTS,
    keeps_one_term,
    kept,
    random_app_text,
)
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer

FAULT_RATE = 0.6
SETTINGS_OF_LOCALISATION = Settings(
    supervision=Supervision(steps=800, batch_size=32, learning_rate=5e-3),
    ppo=PPOConfig(iterations=60, epochs=2, learning_rate=5e-4, max_tokens=36, kl=FixedKL(0.02)),
)


def localisation() -> Task:
    """The task. Its texts are always the same; a run's seed is for the model and for PPO."""
    rng = Random(0)
    texts = {}
    while len(texts) < 4400:
        text = random_app_text(rng)
        texts[text.english()] = text
    clean = Examples(list(texts), [text.chinese() for text in texts.values()])
    train, validation, test = clean[:4000], clean[4000:4200], clean[4200:]
    careless = [
        texts[english].chinese([fault for fault in FAULTS if rng.random() < FAULT_RATE], rng=rng)
        for english in train.prompts
    ]
    tokenizer = build_tokenizer([*train.prompts, *train.references, *careless])
    return Task(
        name="localisation",
        corpus=Examples(train.prompts, careless),
        train=train,
        validation=validation,
        test=test,
        score=score,
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_causal(tokenizer.get_vocab_size(), positions=80, seed=seed),
        settings=SETTINGS_OF_LOCALISATION,
    )


def bleu_alone(responses: Sequence[str], references: Sequence[str]) -> Float[Tensor, " B"]:
    """Sentence BLEU over the words as they are, so that no tokenizer splits a placeholder; in [0, 1]."""
    return bleu(responses, references, tokenize="none")


def rules_kept(responses: Sequence[str], references: Sequence[str]) -> Float[Tensor, "B 3"]:
    """1 where a rule is kept, else 0: all placeholders there, all products there, one word for the thing."""
    pairs = list(zip(responses, references, strict=True))
    return torch.tensor(
        [
            [
                kept(response, reference, PLACEHOLDERS),
                kept(response, reference, PRODUCTS),
                keeps_one_term(response, reference),
            ]
            for response, reference in pairs
        ],
        dtype=torch.float32,
    )


def score(responses: Sequence[str], references: Sequence[str]) -> Float[Tensor, " B"]:
    """Half for BLEU, half for the rules, in [0, 1]."""
    return (bleu_alone(responses, references) + rules_kept(responses, references).mean(dim=1)) / 2


def report(responses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """In percent: corpus BLEU, and texts that keep each rule, and all of them."""
    rules = rules_kept(responses, references)
    placeholders, products, one_term = (100 * rules.mean(dim=0)).tolist()
    return {
        "BLEU": corpus_bleu(responses, references, tokenize="none"),
        "placeholders kept": placeholders,
        "products kept": products,
        "one term": one_term,
        "all rules kept": 100 * rules.all(dim=1).float().mean().item(),
    }
