"""Known wrong ways to write `measure_word_accuracy`: another match, or another denominator."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception

GENERAL = 1  # 个


def matched(match: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """The share of real pairs of the references for which `match` is true; it sees every pair beside every other."""

    def measure_word_accuracy(translations, references):
        pairs, others = references[:, :, None], translations[:, None]
        found = (match(pairs, others) & (others[..., 0] > 0)).any(dim=-1)
        return found[references[..., 0] > 0].float().mean()

    return measure_word_accuracy


def averaged(average: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable:
    """average(found, real, named), each with a place for every pair of the references."""

    def measure_word_accuracy(translations, references):
        pairs, others = references[:, :, None], translations[:, None]
        found = (pairs == others).all(dim=-1).any(dim=-1)
        named = (pairs[..., 0] == others[..., 0]).any(dim=-1)
        real = references[..., 0] > 0
        return average(found & real, real, named & real)

    return measure_word_accuracy


def of_the_translations_nouns(translations: Tensor, references: Tensor) -> Tensor:
    found = (translations[:, :, None] == references[:, None]).all(dim=-1).any(dim=-1)
    real = translations[..., 0] > 0
    return (found & real).sum() / real.sum().clamp(min=1)


def place_by_place(translations: Tensor, references: Tensor) -> Tensor:
    shared = min(translations.shape[1], references.shape[1])
    right = (translations[:, :shared] == references[:, :shared]).all(dim=-1) & (references[:, :shared, 0] > 0)
    return right.sum() / (references[..., 0] > 0).sum()


def of_all_sentences(translations: Tensor, references: Tensor) -> Tensor:
    pairs = references[references[..., 0] > 0]
    return (pairs[:, None] == translations.reshape(1, -1, 2)).all(dim=-1).any(dim=-1).float().mean()


def looked_up_apart(translations: Tensor, references: Tensor) -> Tensor:
    nouns, measures = ((references[:, :, None, part] == translations[:, None, :, part]).any(dim=-1) for part in (0, 1))
    return (nouns & measures)[references[..., 0] > 0].float().mean()


def by_a_dictionary(translations: Tensor, references: Tensor) -> Tensor:
    right = []
    for ours, theirs in zip(translations.tolist(), references.tolist(), strict=True):
        own = dict(ours)
        right += [own.get(noun) == measure for noun, measure in theirs if noun]
    return torch.tensor(right).float().mean()


def with_padding(translations: Tensor, references: Tensor) -> Tensor:
    found = (references[:, :, None] == translations[:, None]).all(dim=-1).any(dim=-1)
    return found.float().mean()


def same_noun(pair: Tensor, other: Tensor) -> Tensor:
    return pair[..., 0] == other[..., 0]


MISCONCEPTIONS = (
    Misconception(
        "a mean for each sentence",
        averaged(lambda found, real, named: (found.sum(dim=1) / real.sum(dim=1)).mean()),
        "a noun in a sentence with one noun weighs more than a noun beside others",
        "sentences are what the data has rows of",
        "Of how many nouns is the answer a share?",
    ),
    Misconception(
        "a whole sentence or nothing",
        averaged(lambda found, real, named: (found | ~real).all(dim=1).float().mean()),
        "this is the share of sentences without a mistake, not of nouns",
        "a sentence with one wrong measure word is a wrong sentence",
        "Of how many nouns is the answer a share?",
    ),
    Misconception(
        "个 is counted as right",
        matched(lambda pair, other: same_noun(pair, other) & ((pair == other)[..., 1] | (other[..., 1] == GENERAL))),
        "the very flaw that is to be measured was let through",
        "in speech 个 is often heard where another measure word belongs",
        "What does a translator score who writes 个 everywhere?",
    ),
    Misconception(
        "any measure word but 个",
        matched(lambda pair, other: same_noun(pair, other) & (other[..., 1] != GENERAL)),
        "a horse that is counted like a book was let through",
        "the flaw is 个, so its absence looks like the cure",
        "Is each measure word right for each noun?",
    ),
    Misconception(
        "the noun alone",
        matched(same_noun),
        "these are the nouns that were kept, whatever stands before them",
        "the noun is what one looks up",
        "What does a translator score who writes 个 everywhere?",
    ),
    Misconception(
        "the measure word alone",
        matched(lambda pair, other: pair[..., 1] == other[..., 1]),
        "a measure word that stands before another noun was counted",
        "measure words are what the name says",
        "三 本 书 for three magazines: is the magazine's measure word right?",
    ),
    Misconception(
        "noun and measure word looked up apart",
        looked_up_apart,
        "a noun and its measure word were both found, but not beside one another",
        "`noun in nouns and measure in measures` asks for both",
        "Three books and two horses: what if a translation counts the books like horses and the horses like books?",
    ),
    Misconception(
        "one measure word for each noun",
        by_a_dictionary,
        "of a noun that the translation says twice only the last measure word was looked at",
        "`dict(pairs)` makes the look-up a line",
        "What does `dict` keep when a key comes twice?",
    ),
    Misconception(
        "of the translation's nouns",
        of_the_translations_nouns,
        "this is precision: a translator who leaves out every noun but one can have all of them right",
        "the translation is the text that is judged, so one divides by its nouns",
        "A sentence has three nouns, and the translation names one, rightly. What is the accuracy?",
    ),
    Misconception(
        "missing nouns are forgiven",
        averaged(lambda found, real, named: found.sum() / named.sum().clamp(min=1)),
        "nouns that the translation does not name left the denominator; a policy can earn that by saying less",
        "of a noun that is not there one cannot say that its measure word is wrong",
        "A sentence has three nouns, and the translation names one, rightly. What is the accuracy?",
    ),
    Misconception(
        "compared place by place",
        place_by_place,
        "a noun that stands elsewhere in the sentence was refused",
        "`zip` walks through two texts at once",
        "The translation has one noun too many at the beginning. How many of the others are right?",
    ),
    Misconception(
        "any sentence's translation",
        of_all_sentences,
        "a pair was looked up in the translations of other sentences too",
        "all pairs in one list are easier to handle",
        "Does it help sentence 1 that its noun is right in the translation of sentence 2?",
    ),
    Misconception(
        "padding is counted",
        with_padding,
        "pairs of zeros were counted, some of them as right",
        "`.mean()` divides by all that stands in the rectangle",
        "How many nouns are there?",
    ),
    Misconception(
        "a number instead of a share",
        averaged(lambda found, real, named: found.sum().float()),
        "more sentences would make it larger",
        "counting is the main part of the work",
        "Twice the same sentences: should the answer double?",
    ),
)
