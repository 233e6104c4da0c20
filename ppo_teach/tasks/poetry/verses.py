"""Couplets from a grammar that knows how its words sound. Chapter: book/applications/generation.md.

    couplet   opening rest / line
    opening   my silver river
    rest      sang beneath the tree
    line      the wild crow slept below a moon | below a moon the wild crow slept

A word is a row of syllables, stressed (1) or not (0). Five pairs of an unstressed and a stressed syllable make a
line of iambic pentameter: "my SILver RIVer SANG beNEATH the TREE". Two lines rhyme when their last words end in the
same sound and differ.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import chain
from random import Random

from ppo_teach.tasks.grammar import any_of, join, perhaps

PENTAMETER = "0101010101"
DETERMINERS = ["the", "a", "my", "your", "her", "our", "this", "that"]
ADJECTIVES = {
    "1": ["cold", "grey", "pale", "dark", "bright", "deep", "wild", "young"],
    "10": ["silver", "lonely", "golden", "quiet", "weary", "frozen", "distant", "gentle", "hollow", "secret"],
}
NOUNS = {"10": ["river", "shadow", "meadow", "garden", "forest", "harbour", "valley", "sparrow", "lantern", "shepherd"]}
RHYMES = {  # an ending: nouns of one stressed syllable
    "ight": ["night", "light", "knight", "kite", "height", "site"],
    "ee": ["sea", "tree", "bee", "key", "quay", "lea"],
    "ain": ["rain", "lane", "plain", "grain", "crane", "train"],
    "ow": ["snow", "crow", "glow", "bow", "doe", "hoe"],
}
VERBS = {
    "1": ["slept", "sang", "wept", "shone", "stayed", "stood", "lay"],
    "10": ["wandered", "whispered", "listened"],
    "01": ["remained", "returned", "appeared"],
}
PREPOSITIONS = {"0": ["by", "near", "in"], "01": ["beside", "below", "above", "beneath"], "10": ["under", "over"]}

STRESSES = dict.fromkeys(DETERMINERS, "0") | {
    word: stresses
    for kind in (ADJECTIVES, NOUNS, VERBS, PREPOSITIONS, {"1": chain(*RHYMES.values())})
    for stresses, words in kind.items()
    for word in words
}
ENDINGS = {word: ending for ending, words in RHYMES.items() for word in words}
ALL_NOUNS = [*chain(*NOUNS.values()), *ENDINGS]


@dataclass(frozen=True)
class Couplet:
    opening: str
    rest: str

    @property
    def text(self) -> str:
        return f"{self.opening} {self.rest}"


def random_couplet(rng: Random) -> Couplet:
    """Two lines whose syllables are not counted; they rhyme only by chance."""
    opening = f"{rng.choice(DETERMINERS)} {rng.choice(ADJECTIVES['10'])} {rng.choice(ALL_NOUNS)}"
    return Couplet(opening, f"{_random_rest(rng)} / {_random_line(rng)}")


def _random_line(rng: Random) -> str:
    things = _random_things(rng, ALL_NOUNS)
    if rng.random() < 0.5:
        return f"{things} {_random_rest(rng)}"
    return join(_any(PREPOSITIONS, rng), things, _any(VERBS, rng), _random_things(rng, list(ENDINGS)))


def _random_rest(rng: Random) -> str:
    return join(_any(VERBS, rng), _any(PREPOSITIONS, rng), _random_things(rng, list(ENDINGS)))


def _random_things(rng: Random, nouns: list[str]) -> str:
    adjective = perhaps(tuple(chain(*ADJECTIVES.values())), rng, probability=0.4)
    return join(rng.choice(DETERMINERS), adjective, rng.choice(nouns))


def _any(words: dict[str, list[str]], rng: Random) -> str:
    return rng.choice(list(chain(*words.values())))


def metre(line: str) -> float:
    """The share of syllables that have the stress of an iambic pentameter, position by position; from 0 to 1.

    Surplus and missing syllables count as wrong. A word that is not in the grammar counts as one wrong syllable.
    """
    stresses = "".join(STRESSES.get(word, "?") for word in line.split())
    right = sum(sound == wanted for sound, wanted in zip(stresses, PENTAMETER, strict=False))
    return right / max(len(stresses), len(PENTAMETER))


def rhyme(line: str, other: str) -> bool:
    """Whether the last words end in the same sound and are not the same."""
    last, last_of_other = (text.split()[-1] if text.split() else "" for text in (line, other))
    return last != last_of_other and ENDINGS.get(last, line) == ENDINGS.get(last_of_other, other)


def is_couplet(text: str) -> bool:
    """Whether the grammar could have written the text."""
    return _couplet_pattern().fullmatch(text) is not None


@cache
def _couplet_pattern() -> re.Pattern[str]:
    """The grammar as a regular expression: a second description, independent of the functions above."""
    determiner, noun, last = any_of(DETERMINERS), any_of(ALL_NOUNS), any_of(ENDINGS)
    adjective, verb, preposition = (any_of(chain(*words.values())) for words in (ADJECTIVES, VERBS, PREPOSITIONS))
    things, place = f"{determiner}(?: {adjective})? {noun}", f"{determiner}(?: {adjective})? {last}"
    line = any_of([f"{things} {verb} {preposition} {place}", f"{preposition} {things} {verb} {place}"])
    return re.compile(f"{things} {verb} {preposition} {place} / {line}")
