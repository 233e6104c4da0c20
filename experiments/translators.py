"""English to Chinese with two bodies, an encoder–decoder and a decoder alone: what does each gain, which flaws stay?

The decoder alone is the task's own model; the rest of its controls are in the record of `ppo_for_language.py`. The
encoder–decoder has the same settings. (On the validation set, one seed, two and a half times PPO's rate did no better.)
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor, tensor

from experiments.beside import (
    Method,
    best_of_the_start,
    imitates_the_corpus,
    imitates_the_references,
    learns_from,
    learns_from_a_constant,
    reinforce,
    shortened,
    without_training,
)
from experiments.framework import Experiment, Result
from experiments.test_sets import many_sentences
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_seq2seq
from ppo_teach.rewards import bleu
from ppo_teach.tasks.task import Task
from ppo_teach.tasks.translation.english_chinese import FLAWS, flaws_in, is_chinese, measure_words
from ppo_teach.tasks.translation.task import SETTINGS_OF_TRANSLATION, report

DECODER, BOTH = "decoder only", "encoder–decoder"


def bleu_and_measure_words(hypotheses: Sequence[str], references: Sequence[str]) -> Float[Tensor, " B"]:
    """Half for sentence BLEU, half for the share of the reference's nouns that have their measure word."""
    shares = []
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        pairs, found = measure_words(reference), measure_words(hypothesis)
        shares.append(sum(pair in found for pair in pairs) / len(pairs))
    return (bleu(hypotheses, references, tokenize="zh") + tensor(shares)) / 2


def grammar(hypotheses: Sequence[str], references: Sequence[str]) -> Float[Tensor, " B"]:
    """1 for a flawless sentence of the grammar, else 0, whatever it says: no reference is read."""
    return tensor([float(is_chinese(hypothesis)) for hypothesis in hypotheses])


def flawlessness(hypotheses: Sequence[str], references: Sequence[str]) -> Float[Tensor, " B"]:
    """The share of the three flaws that do not show: no reference is read, and nothing else is asked."""
    return tensor([1 - len(flaws_in(hypothesis)) / len(FLAWS) for hypothesis in hypotheses])


def with_encoder(method: Callable[[Task, int], Result]) -> Callable[[Task, int], Result]:
    """The method with an encoder–decoder in place of the task's own model."""

    def run(task: Task, seed: int) -> Result:
        size = task.tokenizer.get_vocab_size()
        return method(replace(task, build=lambda seed: tiny_seq2seq(size, seed=seed)), seed)

    return run


METHODS = {
    f"{DECODER}, supervised start": without_training,
    f"{DECODER}, PPO": Method(),
    f"{DECODER}, PPO with β = 0.02": Method(settings={"kl": FixedKL(0.02)}),
    f"{DECODER}, PPO on BLEU and measure words": Method(learns_from(bleu_and_measure_words)),
    f"{DECODER}, PPO on the grammar": Method(learns_from(grammar)),
    f"{DECODER}, PPO on the three flaws": Method(learns_from(flawlessness)),
    f"{DECODER}, the references": Method(imitates_the_references),
    f"{DECODER}, best of eight": best_of_the_start,
    f"{BOTH}, supervised start": with_encoder(without_training),
    f"{BOTH}, PPO": with_encoder(Method()),
    f"{BOTH}, PPO on the grammar": with_encoder(Method(learns_from(grammar))),
    f"{BOTH}, constant reward": with_encoder(Method(learns_from_a_constant)),
    f"{BOTH}, more of the same corpus": with_encoder(Method(imitates_the_corpus)),
    f"{BOTH}, the references": with_encoder(Method(imitates_the_references)),
    f"{BOTH}, REINFORCE": with_encoder(reinforce(SETTINGS_OF_TRANSLATION, times=4)),
    f"{BOTH}, best of eight": with_encoder(best_of_the_start),
}


def report_with_flaws(hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """The task's report; then in percent the translations with each flaw, and those that are wrong in another way."""
    flaws = [flaws_in(hypothesis) for hypothesis in hypotheses]
    others = [not found and not is_chinese(text) for found, text in zip(flaws, hypotheses, strict=True)]
    shares = {f"flaw: {flaw}": 100 * sum(flaw in found for found in flaws) / len(flaws) for flaw in FLAWS}
    return {**report(hypotheses, references), **shares, "other mistakes": 100 * sum(others) / len(others)}


def translation_with_flaws() -> Task:
    return replace(many_sentences(), report=report_with_flaws)


EXPERIMENT = Experiment(
    task=translation_with_flaws,
    short=shortened,
    methods=METHODS,
    columns=["BLEU, greedy", "BLEU, sampled", "chrF, greedy", "measure words, greedy", "grammatical, greedy", "KL"],
)
