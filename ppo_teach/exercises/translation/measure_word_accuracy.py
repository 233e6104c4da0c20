"""Write `measure_word_accuracy`. Chapter: book/applications/translation.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.translation.measure_word_accuracy_misconceptions import MISCONCEPTIONS


def measure_word_accuracy(translations: Int[Tensor, "B N 2"], references: Int[Tensor, "B M 2"]) -> Float[Tensor, ""]:
    """The share of the references' nouns that stand in the translation of the same sentence with their measure word.

    A row of the last dimension is (noun, measure word); a noun of 0 is padding. `tasks.translation.report` does this
    with texts.
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


def by_one_number_for_a_pair(translations, references):
    """A pair becomes a single number, and membership is a comparison of numbers."""
    base = torch.cat([translations, references], dim=1).max() + 1
    ours, theirs = (pairs[..., 0] * base + pairs[..., 1] for pairs in (translations, references))
    right = (theirs[:, :, None] == ours[:, None, :]).any(dim=2) & (references[..., 0] != 0)
    return right.sum().double() / (references[..., 0] != 0).sum()


def by_sets_of_sentences(translations, references):
    """Each pair with the number of its sentence: what both sets have, over the references'."""
    right = real = 0
    for row, (ours, theirs) in enumerate(zip(translations.tolist(), references.tolist(), strict=True)):
        said = {(row, *pair) for pair in ours}
        hits = [(row, *pair) in said for pair in theirs if pair[0]]
        right, real = right + sum(hits), real + len(hits)
    return torch.tensor(right / real)


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
