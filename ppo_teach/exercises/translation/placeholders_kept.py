"""Write `placeholders_kept`. Chapter: book/applications/translation.md."""

from collections import Counter

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.translation.placeholders_kept_misconceptions import MISCONCEPTIONS


def placeholders_kept(
    translations: Int[Tensor, "B T"], sources: Int[Tensor, "B S"], placeholders: Int[Tensor, " K"]
) -> Float[Tensor, " B"]:
    """1 where each placeholder stands in the translation as often as in its source, else 0.

    The order is free, and so is every other word. Of texts the task asks the same: `tasks.app_texts.kept`.
    """
    found, wanted = ((texts[:, :, None] == placeholders).sum(dim=1) for texts in (translations, sources))
    return (found == wanted).all(dim=1).float()


def texts(translations: list, sources: list, placeholders: list, *, law: str = "") -> Case:
    inputs = {"translations": translations, "sources": sources, "placeholders": placeholders}
    return Case({name: torch.tensor(words) for name, words in inputs.items()}, law=law)


def random_texts(rng: torch.Generator) -> Case:
    """Sources with two kinds of placeholder; of four translations two keep them, in another order."""
    sources = torch.randint(4, 9, (4, 6), generator=rng)
    sources[:, :3] = torch.tensor([1, 1, 2])
    translations = torch.cat([sources[:, :3], torch.randint(4, 9, (4, 2), generator=rng)], dim=1)
    translations[2, 0], translations[3, 3] = 5, 2
    shuffled = [row[torch.randperm(5, generator=rng)].tolist() for row in translations]
    order = torch.randperm(4, generator=rng).tolist()
    return texts([shuffled[row] for row in order], [sources[row].tolist() for row in order], [1, 2, 3])


def with_counters(translations, sources, placeholders):
    """Two dictionaries of counts for each text."""
    kinds = placeholders.tolist()

    def counts(words):
        return Counter(word for word in words.tolist() if word in kinds)

    return torch.tensor(
        [float(counts(ours) == counts(theirs)) for ours, theirs in zip(translations, sources, strict=True)]
    )


def by_sorting(translations, sources, placeholders):
    """What is left of each text when all other words are struck out, in order of size."""
    rows = zip(translations, sources, strict=True)
    left = [[row[torch.isin(row, placeholders)].sort().values.tolist() for row in pair] for pair in rows]
    return torch.tensor([float(ours == theirs) for ours, theirs in left], dtype=torch.float64)


def by_striking_out(translations, sources, placeholders):
    """Each placeholder of the translation strikes one out of the source; none may be left on either side."""
    kept = []
    for ours, theirs in zip(translations.tolist(), sources.tolist(), strict=True):
        owed = [word for word in theirs if word in placeholders]
        surplus = [word for word in ours if word in placeholders and (word not in owed or owed.remove(word))]
        kept.append(float(not owed and not surplus))
    return torch.tensor(kept)


EXERCISE = Exercise(
    function=placeholders_kept,
    title="Nothing lost, nothing added",
    section="What no reference says",
    minutes=10,
    difficulty=2,
    goal="Words are numbers. Return 1 for each translation in which every placeholder stands exactly as often as in "
    "its source, and 0 for every other. Their order is free, for the languages differ in it; the other words do not "
    "matter; and a text may have no placeholder at all.",
    entry=lambda index: f"verdict on text {index[0]}",
    worked=texts([[1, 5, 1], [5, 2, 6]], [[1, 4, 1], [2, 1, 4]], [1, 2]),
    answer=[1, 0],
    cases=(
        texts([[1, 1, 5], [5, 1, 2]], [[1, 4, 6], [2, 4, 1]], [1, 2]),
        texts([[1, 5, 6], [1, 2, 2]], [[1, 1, 4], [1, 1, 2]], [1, 2]),
        texts([[5, 6, 1, 2]], [[1, 4, 7, 7]], [1, 2]),
        texts([[5, 1]], [[2, 1]], [1, 2]),
        texts([[1, 1, 5]], [[2, 4, 6]], [1, 2]),
        texts([[5, 6], [5, 1]], [[4, 7], [4, 7]], [1, 2], law="Where there is none to keep, none may be added"),
        texts([[1, 2, 3, 7]], [[3, 4, 2, 1]], [1, 2, 3], law="The order is free"),
    ),
    random_case=random_texts,
    hints=(
        "How often does the first placeholder stand in each text? And what must be true of each kind?",
        "Compare counts, kind by kind: texts[:, :, None] == placeholders has a place for every word and every kind.",
        "found and wanted are (texts[:, :, None] == placeholders).sum(dim=1) of the two; (found == wanted).all(dim=1).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_counters, by_sorting, by_striking_out),
)
