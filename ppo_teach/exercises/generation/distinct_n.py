"""Write `distinct_n`. Chapter: book/applications/generation.md."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ppo_teach.checks import require
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


def distinct_n(texts: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"], *, n: int) -> Float[Tensor, ""]:
    """The share of different n-grams among all n-grams of these texts, from 0 to 1; 0 where there are none.

    A row is a text, `mask` is true at its words. An n-gram is n words of one text, side by side. On strings the package
    has `ppo_teach.tasks.generation.task.distinct_n`. Source: Li et al. (2016), who divide by the number of words.
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


def mean_of_shares(texts, mask, *, n):
    ones = zip(texts.split(1), mask.split(1), strict=True)
    return sum(with_a_dictionary(*one, n=n) for one in ones) / len(texts)


MISCONCEPTIONS = (
    Misconception(
        "a mean of the texts' own shares",
        mean_of_shares,
        "each text was asked whether it repeats itself, none whether it repeats another",
        "a metric is a number per text, and the number of a set is their mean",
        "Three copies of one text without a repetition: how varied is the set?",
    ),
    Misconception(
        "words are counted, not n-grams",
        edited(
            distinct_n,
            (
                "tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1)",
                "word for row in rows for word in row",
            ),
        ),
        "`n` was not looked at",
        "the words are what the rows hold",
        "1 2 and 2 1 have the same words. Have they the same pairs?",
    ),
    Misconception(
        "n-grams across the borders of texts",
        edited(distinct_n, ("[texts[i, mask[i]].tolist() for i in range(len(texts))]", "[texts[mask].tolist()]")),
        "the end of one text and the beginning of the next were taken for neighbours",
        "one long list is easier to cut than many short ones",
        "How many pairs have the texts 1 2 and 2 1 together?",
    ),
    Misconception(
        "turned upside down",
        edited(distinct_n, ("len(set(ngrams)) / max(len(ngrams), 1)", "len(ngrams) / max(len(set(ngrams)), 1)")),
        "this is how often each n-gram is used on average; it rises as variety falls",
        "'how many n-grams per different one' is also a quotient of the two",
        "Should a set of texts that are all the same have a high number or a low one?",
    ),
    Misconception(
        "whole texts are counted",
        edited(
            distinct_n,
            (
                "tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1)",
                "tuple(row) for row in rows if len(row) >= n",
            ),
        ),
        "two texts that share all but a word are both new",
        "`set(texts)` is the quickest way to look for repetitions",
        "Do 1 2 3 and 4 1 2 3 have a triple in common?",
    ),
    Misconception(
        "an n-gram that comes again does not count at all",
        edited(distinct_n, ("len(set(ngrams))", "sum(ngrams.count(ngram) == 1 for ngram in ngrams)")),
        "only what is said exactly once was counted as different",
        "'distinct' sounds like 'unlike all others'",
        "Of the pairs ab, ab, bc: how many different ones are there?",
    ),
    Misconception(
        "divided by the number of words",
        edited(distinct_n, ("len(ngrams), 1", "sum(map(len, rows)), 1")),
        "a text of T words has T − n + 1 n-grams, so even a set without a repetition stays below 1. (Li et al. divide "
        "so; ours is the share of n-grams.)",
        "the paper that proposed the measure does so",
        "A text of four words, all different. How many triples has it, and how many are different?",
    ),
    Misconception(
        "the last n-gram is left out",
        edited(distinct_n, ("len(row) - n + 1", "len(row) - n")),
        "range(T − n) stops one short of the end",
        "range excludes its end, and that was excluded once more",
        "How many pairs has a text of two words?",
    ),
    Misconception(
        "fragments at the end count as n-grams",
        edited(distinct_n, ("len(row) - n + 1", "len(row)")),
        "a slice that runs over the end of a list is shorter, and raises nothing",
        "a slice is forgiving",
        "What is [1, 2, 3][2:4]?",
    ),
    Misconception(
        "n-grams side by side, not overlapping",
        edited(distinct_n, ("range(len(row) - n + 1)", "range(0, len(row) - n + 1, n)")),
        "each word was used once; a row of T words has T − n + 1 n-grams",
        "a text cut into pairs of words falls into T/2 of them",
        "Which pairs has 1 2 3?",
    ),
    Misconception(
        "the order within an n-gram is lost",
        edited(distinct_n, ("tuple(row[i : i + n])", "tuple(sorted(row[i : i + n]))")),
        "1 2 and 2 1 were taken for the same pair",
        "sets and counters of words forget the order",
        "Is 'dog bites' the pair 'bites dog'?",
    ),
    Misconception(
        "n-grams glued together",
        edited(with_a_dictionary, ('" ".join', '"".join')),
        "1 12 and 11 2 are different pairs, and without a gap both are '112'",
        "with words of one character nothing goes wrong",
        "What is the string of the pair 1, 12, and what is that of 11, 2?",
    ),
    Misconception(
        "nothing at all counts as varied",
        edited(with_a_dictionary, ("else 0.0", "else 1.0")),
        "texts without a single n-gram got the highest number that there is",
        "where there is nothing, nothing comes twice",
        "A policy that writes one word and stops: should it be called varied?",
    ),
    Misconception(
        "padding is text",
        edited(distinct_n, ("texts[i, mask[i]]", "texts[i]")),
        "the mask was not looked at, and padding repeats itself",
        "the rows have one length, and a loop over them looks complete",
        "Change a number where the mask is False. May your answer change?",
    ),
    Misconception(
        "the share that is repeated",
        edited(distinct_n, ("torch.tensor(", "torch.tensor(1 - ")),
        "this is 1 less the share of different n-grams: it rises as variety falls",
        "repetitions are what one looks for",
        "Should a set in which nothing comes twice have 0 or 1?",
    ),
    Misconception(
        "all orders up to n together",
        edited(distinct_n, ("for row in rows", "for n in range(1, n + 1) for row in rows")),
        "single words and shorter n-grams were counted with those of n words",
        "BLEU takes all orders up to 4",
        "How many words has each entry of your list?",
    ),
    Misconception(
        "a set of tensors",
        edited(distinct_n, ("tuple(row[i : i + n])", "torch.tensor(row[i : i + n])")),
        "a set asks whether two tensors are the same object, not whether they hold the same words; so all differ",
        "a tensor can be put into a set, and nothing is raised",
        "What is len({torch.tensor(1), torch.tensor(1)})?",
    ),
    Misconception(
        "the number of different n-grams, not their share",
        edited(distinct_n, ("len(set(ngrams)) / max(len(ngrams), 1)", "float(len(set(ngrams)))")),
        "longer texts, and more of them, have more",
        "'how many different ones' is half of the definition",
        "By what would you divide, so that the answer lies between 0 and 1?",
    ),
)

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
        written([1, 12], [11, 2], n=2),
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
