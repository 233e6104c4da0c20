"""Write `measure_word_accuracy`. Chapter: book/applications/translation.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


def measure_word_accuracy(translations: Int[Tensor, "B N 2"], references: Int[Tensor, "B M 2"]) -> Float[Tensor, ""]:
    """The share of the references' nouns that stand in the translation of the same sentence with their measure word.

    A row of the last dimension is (noun, measure word); a noun of 0 is padding. `tasks.translation.task.report` does
    this with texts.
    """
    found = (references[:, :, None] == translations[:, None]).all(dim=-1).any(dim=-1)
    return found[references[..., 0] != 0].float().mean()


def sentences(translations: list, references: list, *, law: str = "") -> Case:
    return Case({"translations": torch.tensor(translations), "references": torch.tensor(references)}, law=law)


def random_sentences(rng: torch.Generator) -> Case:
    """Three sentences of one to three nouns: some nouns are right, some have 个, some are other nouns."""
    nouns = torch.stack([torch.randperm(6, generator=rng)[:3] + 4 for _ in range(3)])
    references = torch.stack([nouns, nouns % 2 + 2], dim=-1)
    references[0, 1:], references[1, 2:] = 0, 0
    translations = references.flip(1).clone()
    named = translations[..., 0] > 0
    spoilt = torch.rand(named.shape, generator=rng)
    translations[..., 1] = torch.where(named & (spoilt < 0.4), 1, translations[..., 1])
    translations[..., 0] = torch.where(named & (spoilt > 0.8), 11, translations[..., 0])
    return sentences(translations.tolist(), references.tolist())


def pair_by_pair(translations, references):
    """A loop over the references' pairs."""
    right = wanted = 0
    for ours, theirs in zip(translations.tolist(), references.tolist(), strict=True):
        for noun, measure in theirs:
            wanted += noun > 0
            right += noun > 0 and [noun, measure] in ours
    return right / wanted


def each_pair_once(translations, references):
    right = wanted = 0
    for ours, theirs in zip(translations.tolist(), references.tolist(), strict=True):
        pairs = {tuple(pair) for pair in theirs if pair[0]}
        right, wanted = right + len(pairs & {tuple(pair) for pair in ours}), wanted + len(pairs)
    return right / wanted


def by_one_number_for_a_pair(translations, references):
    """A pair becomes a single number, and membership is a comparison of numbers."""
    base = torch.cat([translations, references], dim=1).max() + 1
    ours, theirs = (pairs[..., 0] * base + pairs[..., 1] for pairs in (translations, references))
    real = references[..., 0] != 0
    right = (theirs[:, :, None] == ours[:, None, :]).any(dim=2) & real
    return right.sum() / real.sum()


def by_sets_of_sentences(translations, references):
    """Each pair with the number of its sentence: what both sets have, over the references'."""
    right = real = 0
    for row, (ours, theirs) in enumerate(zip(translations.tolist(), references.tolist(), strict=True)):
        said = {(row, *pair) for pair in ours}
        hits = [(row, *pair) in said for pair in theirs if pair[0]]
        right, real = right + sum(hits), real + len(hits)
    return torch.tensor(right / real)


MISCONCEPTIONS = (
    Misconception(
        "a mean for each sentence",
        edited(by_one_number_for_a_pair, ("right.sum() / real.sum()", "(right.sum(dim=1) / real.sum(dim=1)).mean()")),
        "a noun in a sentence with one noun weighs more than a noun beside others",
        "sentences are what the data has rows of",
        "Of how many nouns is the answer a share?",
    ),
    Misconception(
        "a whole sentence or nothing",
        edited(by_one_number_for_a_pair, ("right.sum() / real.sum()", "(right | ~real).all(dim=1).float().mean()")),
        "this is the share of sentences without a mistake, not of nouns",
        "a sentence with one wrong measure word is a wrong sentence",
        "Of how many nouns is the answer a share?",
    ),
    Misconception(
        "个 is counted as right",
        edited(pair_by_pair, ("[noun, measure] in ours", "([noun, measure] in ours or [noun, 1] in ours)")),
        "the very flaw that is to be measured was let through",
        "in speech 个 is often heard where another measure word belongs",
        "What does a translator score who writes 个 everywhere?",
    ),
    Misconception(
        "any measure word but 个",
        edited(pair_by_pair, ("[noun, measure] in ours", "any(own == noun and other != 1 for own, other in ours)")),
        "a horse that is counted like a book was let through",
        "the flaw is 个, so its absence looks like the cure",
        "Is each measure word right for each noun?",
    ),
    Misconception(
        "the noun alone",
        edited(pair_by_pair, ("[noun, measure] in ours", "noun in dict(ours)")),
        "these are the nouns that were kept, whatever stands before them",
        "the noun is what one looks up",
        "What does a translator score who writes 个 everywhere?",
    ),
    Misconception(
        "the measure word alone",
        edited(pair_by_pair, ("[noun, measure] in ours", "measure in [own for _, own in ours]")),
        "a measure word that stands before another noun was counted",
        "measure words are what the name says",
        "三 本 书 for three magazines: is the magazine's measure word right?",
    ),
    Misconception(
        "noun and measure word looked up apart",
        edited(pair_by_pair, ("[noun, measure] in ours", "noun in dict(ours) and measure in [own for _, own in ours]")),
        "a noun and its measure word were both found, but not beside one another",
        "`noun in nouns and measure in measures` asks for both",
        "Three books and two horses: what if a translation counts the books like horses and the horses like books?",
    ),
    Misconception(
        "one measure word for each noun",
        edited(pair_by_pair, ("[noun, measure] in ours", "dict(ours).get(noun) == measure")),
        "of a noun that the translation says twice only the last measure word was looked at",
        "`dict(pairs)` makes the look-up a line",
        "What does `dict` keep when a key comes twice?",
    ),
    Misconception(
        "what a reference says twice is asked once",
        each_pair_once,
        "a noun that stands twice in a reference is two of its nouns",
        "a set of pairs makes the look-up a line",
        "A reference says `three books and two books and a horse`. How many nouns has it?",
    ),
    Misconception(
        "of the translation's nouns",
        edited(
            pair_by_pair, ("translations.tolist(), references.tolist()", "references.tolist(), translations.tolist()")
        ),
        "this is precision: a translator who leaves out every noun but one can have all of them right",
        "the translation is the text that is judged, so one divides by its nouns",
        "A sentence has three nouns, and the translation names one, rightly. What is the accuracy?",
    ),
    Misconception(
        "missing nouns are forgiven",
        edited(pair_by_pair, ("wanted += noun > 0", "wanted += noun > 0 and noun in dict(ours)")),
        "nouns that the translation does not name left the denominator; a policy can earn that by saying less",
        "of a noun that is not there one cannot say that its measure word is wrong",
        "A sentence has three nouns, and the translation names one, rightly. What is the accuracy?",
    ),
    Misconception(
        "compared place by place",
        edited(
            pair_by_pair,
            ("for noun, measure in theirs", "for place, (noun, measure) in enumerate(theirs)"),
            ("in ours", "in ours[place : place + 1]"),
        ),
        "a noun that stands elsewhere in the sentence was refused",
        "`zip` walks through two texts at once",
        "The translation has one noun too many at the beginning. How many of the others are right?",
    ),
    Misconception(
        "any sentence's translation",
        edited(pair_by_pair, ("in ours", "in sum(translations.tolist(), [])")),
        "a pair was looked up in the translations of other sentences too",
        "all pairs in one list are easier to handle",
        "Does it help sentence 1 that its noun is right in the translation of sentence 2?",
    ),
    Misconception(
        "padding is counted",
        edited(measure_word_accuracy, ("[references[..., 0] != 0]", "")),
        "pairs of zeros were counted, some of them as right",
        "`.mean()` divides by all that stands in the rectangle",
        "How many nouns are there?",
    ),
    Misconception(
        "a number instead of a share",
        edited(by_one_number_for_a_pair, ("right.sum() / real.sum()", "right.sum().float()")),
        "more sentences would make it larger",
        "counting is the main part of the work",
        "Twice the same sentences: should the answer double?",
    ),
)

EXERCISE = Exercise(
    function=measure_word_accuracy,
    title="Whose measure word is right?",
    section="Which flaw stays?",
    minutes=10,
    difficulty=2,
    goal="Each sentence is a row of pairs (noun, measure word), words being numbers; a noun of 0 is padding, and 1 is "
    "个. Return the share of the references' nouns, over all sentences together, that stand in the translation of "
    "their own sentence with their own measure word. Where in the sentence does not matter. A noun that is missing is "
    "not right, and neither is one with 个, which is no noun's own here.",
    entry="accuracy",
    worked=sentences([[[7, 3], [0, 0]], [[8, 1], [6, 5]]], [[[7, 3], [0, 0]], [[8, 4], [9, 5]]]),
    answer=1 / 3,
    cases=(
        sentences([[[7, 3], [8, 1]]], [[[8, 4], [7, 3]]]),
        sentences([[[7, 4], [8, 3]]], [[[7, 3], [8, 4]]]),
        sentences([[[7, 3], [7, 1]]], [[[7, 3]]]),
        sentences([[[7, 3], [6, 2], [8, 4]]], [[[7, 3], [8, 5], [0, 0]]]),
        sentences([[[7, 3]], [[8, 4]]], [[[8, 4]], [[8, 4]]]),
        sentences([[[7, 3], [7, 3]]], [[[7, 3], [7, 3], [8, 4]]]),
        sentences([[[8, 4], [7, 3]], [[6, 2], [0, 0]]], [[[7, 3], [8, 4]], [[9, 2], [0, 0]]]),
        sentences([[[7, 3]]], [[[7, 3], [0, 9], [0, 0]]], law="What stands at padding changes nothing"),
        sentences([[[7, 3], [7, 3]]], [[[7, 3], [8, 4]]], law="What is said twice is right once"),
    ),
    random_case=random_sentences,
    hints=(
        "On paper: three nouns stand in the references. Which of them stand beside their own measure word?",
        "A noun and its measure word are right together or not at all. Of what is the answer a share?",
        "found = (references[:, :, None] == translations[:, None]).all(dim=-1).any(dim=-1); then the mean of found "
        "where references[..., 0] != 0.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(pair_by_pair, by_one_number_for_a_pair, by_sets_of_sentences),
)
