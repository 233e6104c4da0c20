"""Runs of words, counted: what BLEU is made of. Chapter: book/language/rewards.md."""

from collections import Counter


def n_grams(words: list[int], n: int) -> Counter:
    """How often each run of n words occurs."""
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
