"""Known wrong ways to write `distinct_n`: each is the right one with one part replaced."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception

Row = list[int]


def windows(row: Row, n: int) -> list:
    return [tuple(row[i : i + n]) for i in range(len(row) - n + 1)]


def share(ngrams: list) -> float:
    return len(set(ngrams)) / max(len(ngrams), 1)


def of_all(rows: list[Row], n: int, cut: Callable[[Row, int], list]) -> list:
    return [ngram for row in rows for ngram in cut(row, n)]


def altered(
    *,
    cut: Callable[[Row, int], list] = windows,
    count: Callable[[list[Row], int, Callable], float] = lambda rows, n, cut: share(of_all(rows, n, cut)),
    real: Callable[[Tensor, Tensor], Tensor] = lambda text, mask: text[mask],
) -> Callable:
    """The share with one part replaced."""

    def distinct_n(texts, mask, *, n):
        rows = [real(*pair).tolist() for pair in zip(texts, mask, strict=True)]
        return torch.tensor(float(count(rows, n, cut)))

    return distinct_n


def mean_of_shares(rows: list[Row], n: int, cut: Callable) -> float:
    return sum(share(cut(row, n)) for row in rows) / len(rows)


def across_borders(rows: list[Row], n: int, cut: Callable) -> float:
    return share(cut([word for row in rows for word in row], n))


def inverted(rows: list[Row], n: int, cut: Callable) -> float:
    ngrams = of_all(rows, n, cut)
    return len(ngrams) / max(len(set(ngrams)), 1)


def never_repeated(rows: list[Row], n: int, cut: Callable) -> float:
    counts = Counter(of_all(rows, n, cut))
    return sum(count == 1 for count in counts.values()) / max(counts.total(), 1)


def repeated(rows: list[Row], n: int, cut: Callable) -> float:
    return 1 - share(of_all(rows, n, cut))


def of_every_order(rows: list[Row], n: int, cut: Callable) -> float:
    return share([ngram for order in range(1, n + 1) for ngram in of_all(rows, order, cut)])


def by_words(rows: list[Row], n: int, cut: Callable) -> float:
    return len(set(of_all(rows, n, cut))) / max(sum(map(len, rows)), 1)


MISCONCEPTIONS = (
    Misconception(
        "a mean of the texts' own shares",
        altered(count=mean_of_shares),
        "each text was asked whether it repeats itself, none whether it repeats another",
        "a metric is a number per text, and the number of a set is their mean",
        "Three copies of one text without a repetition: how varied is the set?",
    ),
    Misconception(
        "words are counted, not n-grams",
        altered(cut=lambda row, n: windows(row, 1)),
        "`n` was not looked at",
        "the words are what the rows hold",
        "1 2 and 2 1 have the same words. Have they the same pairs?",
    ),
    Misconception(
        "n-grams across the borders of texts",
        altered(count=across_borders),
        "the end of one text and the beginning of the next were taken for neighbours",
        "one long list is easier to cut than many short ones",
        "How many pairs have the texts 1 2 and 2 1 together?",
    ),
    Misconception(
        "turned upside down",
        altered(count=inverted),
        "this is how often each n-gram is used on average; it rises as variety falls",
        "'how many n-grams per different one' is also a quotient of the two",
        "Should a set of texts that are all the same have a high number or a low one?",
    ),
    Misconception(
        "whole texts are counted",
        altered(cut=lambda row, n: [tuple(row)] if len(row) >= n else []),
        "two texts that share all but a word are both new",
        "`set(texts)` is the quickest way to look for repetitions",
        "Do 1 2 3 and 4 1 2 3 have a triple in common?",
    ),
    Misconception(
        "an n-gram that comes again does not count at all",
        altered(count=never_repeated),
        "only what is said exactly once was counted as different",
        "'distinct' sounds like 'unlike all others'",
        "Of the pairs ab, ab, bc: how many different ones are there?",
    ),
    Misconception(
        "divided by the number of words",
        altered(count=by_words),
        "a text of T words has T − n + 1 n-grams, so even a set without a repetition stays below 1. (Li et al. divide "
        "so; ours is the share of n-grams.)",
        "the paper that proposed the measure does so",
        "A text of four words, all different. How many triples has it, and how many are different?",
    ),
    Misconception(
        "the last n-gram is left out",
        altered(cut=lambda row, n: [tuple(row[i : i + n]) for i in range(len(row) - n)]),
        "range(T − n) stops one short of the end",
        "range excludes its end, and that was excluded once more",
        "How many pairs has a text of two words?",
    ),
    Misconception(
        "fragments at the end count as n-grams",
        altered(cut=lambda row, n: [tuple(row[i : i + n]) for i in range(len(row))]),
        "a slice that runs over the end of a list is shorter, and raises nothing",
        "a slice is forgiving",
        "What is [1, 2, 3][2:4]?",
    ),
    Misconception(
        "n-grams side by side, not overlapping",
        altered(cut=lambda row, n: windows(row, n)[::n]),
        "each word was used once; a row of T words has T − n + 1 n-grams",
        "a text cut into pairs of words falls into T/2 of them",
        "Which pairs has 1 2 3?",
    ),
    Misconception(
        "the order within an n-gram is lost",
        altered(cut=lambda row, n: [tuple(sorted(ngram)) for ngram in windows(row, n)]),
        "1 2 and 2 1 were taken for the same pair",
        "sets and counters of words forget the order",
        "Is 'dog bites' the pair 'bites dog'?",
    ),
    Misconception(
        "padding is text",
        altered(real=lambda text, mask: text),
        "the mask was not looked at, and padding repeats itself",
        "the rows have one length, and a loop over them looks complete",
        "Change a number where the mask is False. May your answer change?",
    ),
    Misconception(
        "the share that is repeated",
        altered(count=repeated),
        "this is 1 less the share of different n-grams: it rises as variety falls",
        "repetitions are what one looks for",
        "Should a set in which nothing comes twice have 0 or 1?",
    ),
    Misconception(
        "all orders up to n together",
        altered(count=of_every_order),
        "single words and shorter n-grams were counted with those of n words",
        "BLEU takes all orders up to 4",
        "How many words has each entry of your list?",
    ),
    Misconception(
        "a set of tensors",
        altered(cut=lambda row, n: [torch.tensor(row[i : i + n]) for i in range(len(row) - n + 1)]),
        "a set asks whether two tensors are the same object, not whether they hold the same words; so all differ",
        "a tensor can be put into a set, and nothing is raised",
        "What is len({torch.tensor(1), torch.tensor(1)})?",
    ),
    Misconception(
        "the number of different n-grams, not their share",
        altered(count=lambda rows, n, cut: float(len(set(of_all(rows, n, cut))))),
        "longer texts, and more of them, have more",
        "'how many different ones' is half of the definition",
        "By what would you divide, so that the answer lies between 0 and 1?",
    ),
)
