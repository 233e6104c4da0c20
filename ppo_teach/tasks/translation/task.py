"""English to Chinese, from a supervised start that learned bad habits. Chapter: book/applications/translation.md.

The text found on the web was translated word for word: each of three flaws shows in two sentences of three, so a model
that imitates it makes all three when it decodes greedily. PPO never sees a good translation; it sees BLEU.
"""

from collections.abc import Sequence
from functools import partial
from random import Random

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_causal
from ppo_teach.rewards import bleu, corpus_bleu, corpus_chrf, rouge
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.tasks.translation.english_chinese import crawled, is_chinese, measure_words, random_sentence
from ppo_teach.texts import build_tokenizer

FLAW_RATE = 0.65
SETTINGS_OF_TRANSLATION = Settings(
    supervision=Supervision(steps=1000, batch_size=32, learning_rate=5e-3),
    ppo=PPOConfig(iterations=30, epochs=2, learning_rate=2e-4, max_tokens=28, kl=FixedKL(0.05)),
)


def translation() -> Task:
    """The task. Its sentences are always the same; a run's seed is for the model and for PPO."""
    rng = Random(0)
    sentences = {}
    while len(sentences) < 4400:
        sentence = random_sentence(rng)
        sentences[sentence.english()] = sentence
    clean = Examples(list(sentences), [sentence.chinese() for sentence in sentences.values()])
    train, validation, test = clean[:4000], clean[4000:4200], clean[4200:]
    found = [crawled(sentences[english], rng, flaw_rate=FLAW_RATE) for english in train.prompts]
    tokenizer = build_tokenizer([*train.prompts, *train.references, *found])
    return Task(
        name="translation",
        corpus=Examples(train.prompts, found),
        train=train,
        validation=validation,
        test=test,
        score=partial(bleu, tokenize="zh"),
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_causal(tokenizer.get_vocab_size(), seed=seed),
        settings=SETTINGS_OF_TRANSLATION,
    )


def report(hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """In percent: corpus BLEU and chrF, mean ROUGE-L; nouns that have their own measure word; flawless sentences."""
    right = [
        pair in measure_words(hypothesis)
        for hypothesis, reference in zip(hypotheses, references, strict=True)
        for pair in measure_words(reference)
    ]
    return {
        "BLEU": corpus_bleu(hypotheses, references, tokenize="zh"),
        "chrF": corpus_chrf(hypotheses, references),
        "ROUGE-L": 100 * rouge(hypotheses, references).mean().item(),
        "measure words": 100 * sum(right) / len(right),
        "grammatical": 100 * sum(map(is_chinese, hypotheses)) / len(hypotheses),
    }
