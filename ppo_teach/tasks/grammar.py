"""Three helpers for grammars. Chapter: book/applications/generation.md."""

from collections.abc import Iterable, Sequence
from random import Random


def join(*words: str) -> str:
    """The words that are there, with a space between each two; empty ones are dropped."""
    return " ".join(word for word in words if word)


def perhaps(words: Sequence[str], rng: Random, *, probability: float) -> str:
    """One of the words with this probability, else the empty string."""
    return rng.choice(words) if rng.random() < probability else ""


def any_of(patterns: Iterable[str]) -> str:
    """A regular expression that matches what any of the patterns matches."""
    return f"(?:{'|'.join(patterns)})"
