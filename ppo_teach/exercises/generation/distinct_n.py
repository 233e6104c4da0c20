"""Write `distinct_n`. Chapter: book/applications/generation.md."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ppo_teach.checks import require
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.generation.distinct_n_misconceptions import MISCONCEPTIONS


def distinct_n(texts: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"], *, n: int) -> Float[Tensor, ""]:
    """The share of different n-grams among all n-grams of these texts, from 0 to 1; 0 where there are none.

    A row is a text, `mask` is true at its words. An n-gram is n words of one text, side by side. On strings the package
    has `ppo_teach.tasks.generation.distinct_n`. Source: Li et al. (2016), who divide by the number of words.
    """
    require(n >= 1, f"n must be at least 1; got {n}")
    rows = [texts[i, mask[i]].tolist() for i in range(len(texts))]
    ngrams = [tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1)]
    return torch.tensor(len(set(ngrams)) / max(len(ngrams), 1))


def written(*texts: list, n: int, junk: int = 0, law: str = "") -> Case:
    """A case from rows of words; shorter rows are filled up with junk."""
    width = max(map(len, texts))
    rows = torch.tensor([[*text, *[junk] * (width - len(text))] for text in texts])
    mask = torch.tensor([[i < len(text) for i in range(width)] for text in texts])
    return Case({"texts": rows, "mask": mask, "n": n}, law=law)


def random_texts(rng: torch.Generator) -> Case:
    """Five texts of three to seven words out of four, one of them twice; padding that looks like words."""
    lengths = torch.randperm(5, generator=rng)[:4] + 3
    rows = [torch.randint(1, 5, (length,), generator=rng).tolist() for length in lengths.tolist()]
    n = int(torch.randint(2, 4, (), generator=rng))
    return written(*rows, rows[0], n=n, junk=1)


def with_unfold(texts, mask, *, n):
    """Windows of tensors, and `unique` for the set."""
    windows = [text[real].unfold(0, n, 1) for text, real in zip(texts, mask, strict=True) if real.sum() >= n]
    if not windows:
        return torch.tensor(0.0)
    ngrams = torch.cat(windows)
    return torch.tensor(len(ngrams.unique(dim=0)) / len(ngrams), dtype=torch.float64)


def with_a_dictionary(texts, mask, *, n):
    """Each n-gram as a string, counted."""
    counts = {}
    for text, length in zip(texts.tolist(), mask.sum(dim=1).tolist(), strict=True):
        for end in range(n, length + 1):
            key = " ".join(map(str, text[end - n : end]))
            counts[key] = counts.get(key, 0) + 1
    return len(counts) / sum(counts.values()) if counts else 0.0


def by_repetitions(texts, mask, *, n):
    """1 less the share of the n-grams that have been there before."""
    seen, repeated, total = set(), 0, 0
    for text, real in zip(texts, mask, strict=True):
        words = [int(word) for word, is_real in zip(text, real, strict=True) if is_real]
        for ngram in zip(*(words[i:] for i in range(n)), strict=False):
            repeated, total = repeated + (ngram in seen), total + 1
            seen.add(ngram)
    return torch.tensor(1 - repeated / total if total else 0.0)


EXERCISE = Exercise(
    function=distinct_n,
    title="How varied are they?",
    section="Four judges of a review",
    minutes=10,
    difficulty=2,
    goal="Return how many different n-grams these texts have, as a share of all their n-grams. A row is a text, words "
    "being numbers, and `mask` is true at its words; an n-gram is n words of one text, side by side. All texts are "
    "counted together. 0 where there is no n-gram at all.",
    entry="share of different n-grams",
    worked=written([1, 2, 1, 2, 3], [2, 3, 4], n=2),
    answer=4 / 6,
    cases=(
        written([1, 2, 3], [1, 2, 3], [1, 2, 3], n=2),
        written([1, 2], [2, 1], n=2),
        written([3, 4], n=2),
        written([1, 2, 3, 4], [5, 6], n=3),
        written([1, 2, 3], [4, 1, 2, 3], n=3),
        written([1, 1, 1, 1], [2], n=2),
        written([1, 2, 3, 1], [3, 2], n=1),
        written([1, 2, 1], [2, 1], n=2, junk=9, law="Whatever stands at padding does not matter"),
        written([1], [2, 3], n=3, law="Where there are no n-grams the share is 0"),
    ),
    random_case=random_texts,
    hints=(
        "On paper: which pairs has 1 2 1 2 3, and which has 2 3 4? Which of the six have you seen before?",
        "One list of all n-grams of all texts, each a tuple. What is the length of its `set`?",
        "tuple(row[i : i + n]) for i in range(len(row) - n + 1), for each row of real words; then len(set(ngrams)) / "
        "len(ngrams), or 0.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_unfold, with_a_dictionary, by_repetitions),
)
