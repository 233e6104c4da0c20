"""English sentences and their Chinese translations, from one grammar. Chapter: book/applications/translation.md.

A sentence is a small tree of English words, a `Deed` or a `Scene`, that can be written in either language. Its Chinese
may have flaws, the habits of a word-for-word translator:

    measure     个 as the measure word for everything     三 个 书       for  三 本 书        three books
    particle    adjectives without 的                     红色 书        for  红色 的 书      red book
    order       place and time last, as in English        买 书 在 学校  for  在 学校 买 书   buy books at school
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from random import Random

from ppo_teach.tasks.grammar import any_of, join, perhaps
from ppo_teach.tasks.translation.dictionary import (
    ADJECTIVES,
    AUXILIARIES,
    BE,
    DEFINITE,
    DETERMINERS,
    INDEFINITE,
    MEASURES,
    PEOPLE,
    PLACES,
    SINGULAR,
    THINGS,
    THIRD_PERSONS,
    TIMES,
    VERBS,
)

FLAWS = ("measure", "particle", "order")


@dataclass(frozen=True)
class Phrase:
    """Things and their number: "those three very cheap hats"."""

    determiner: str
    adjective: str  # may be empty
    thing: str

    def english(self) -> str:
        thing = self.thing if self.determiner in SINGULAR else THINGS[self.thing][0]
        described = join(self.adjective, thing)
        article = "an" if self.determiner == "a" and described[0] in "aeiou" else self.determiner
        return join(article, described)

    def chinese(self, flaws: Collection[str]) -> str:
        _, measure, thing = THINGS[self.thing]
        if "measure" in flaws:
            measure = "个"
        particle = "的" if self.adjective and "particle" not in flaws else ""
        return join(DETERMINERS[self.determiner], measure, ADJECTIVES.get(self.adjective, ""), particle, thing)


@dataclass(frozen=True)
class Deed:
    """Somebody does something, or does not: "her sister did not buy this hat at the market yesterday ."."""

    person: str
    verb: str
    tense: str
    denied: bool
    things: tuple[Phrase, ...]
    place: str  # may be empty, like the time
    time: str

    def english(self) -> str:
        third, past, _ = VERBS[self.verb]
        is_third = self.person in THIRD_PERSONS
        affirmed, denied = {
            "past": (past, f"did not {self.verb}"),
            "present": (third, f"does not {self.verb}") if is_third else (self.verb, f"do not {self.verb}"),
            "future": (f"will {self.verb}", f"will not {self.verb}"),
        }[self.tense]
        things = " and ".join(thing.english() for thing in self.things)
        return join(self.person, denied if self.denied else affirmed, things, self.place, self.time, ".")

    def chinese(self, flaws: Collection[str] = ()) -> str:
        person, auxiliary = PEOPLE[self.person], AUXILIARIES[self.tense][self.denied]
        verb = join(VERBS[self.verb][2], "了" if self.tense == "past" and not self.denied else "")
        things = " 和 ".join(thing.chinese(flaws) for thing in self.things)
        time, place = TIMES[self.tense].get(self.time, ""), f"在 {PLACES[self.place]}" if self.place else ""
        if "order" in flaws:
            return join(person, auxiliary, verb, things, place, time, "。")
        return join(person, time, auxiliary, place, verb, things, "。")


@dataclass(frozen=True)
class Scene:
    """Something is somewhere: "there were two white cats in the garden yesterday ."."""

    tense: str
    thing: Phrase
    place: str
    time: str  # may be empty

    def english(self) -> str:
        singular, plural = BE[self.tense]
        verb = singular if self.thing.determiner in SINGULAR else plural
        return join("there", verb, self.thing.english(), self.place, self.time, ".")

    def chinese(self, flaws: Collection[str] = ()) -> str:
        time, place = TIMES[self.tense].get(self.time, ""), PLACES[self.place]
        verb, thing = join(AUXILIARIES[self.tense][0], "有"), self.thing.chinese(flaws)
        if "order" in flaws:
            return join(verb, thing, "在", place, time, "。")
        return join(time, place, verb, thing, "。")


def random_sentence(rng: Random) -> Deed | Scene:
    """A sentence of the grammar. Denied things are definite: nobody says that he did not buy four hats."""
    tense = rng.choice(tuple(TIMES))
    time = perhaps(tuple(TIMES[tense]), rng, probability=0.7)
    place = rng.choice(tuple(PLACES))
    if rng.random() < 0.2:
        return Scene(tense, _random_phrase(rng, tuple(INDEFINITE)), place, time)
    denied = rng.random() < 0.25
    determiners = tuple(DEFINITE if denied or rng.random() < 0.3 else INDEFINITE)
    things = tuple(_random_phrase(rng, determiners) for _ in range(rng.choice((1, 1, 1, 2))))
    place = place if rng.random() < 0.7 else ""
    return Deed(rng.choice(tuple(PEOPLE)), rng.choice(tuple(VERBS)), tense, denied, things, place, time)


def _random_phrase(rng: Random, determiners: tuple[str, ...]) -> Phrase:
    adjective = perhaps(tuple(ADJECTIVES), rng, probability=0.7)
    return Phrase(rng.choice(determiners), adjective, rng.choice(tuple(THINGS)))


def crawled(sentence: Deed | Scene, rng: Random, *, flaw_rate: float) -> str:
    """The Chinese of a careless translator: each habit shows in a share `flaw_rate` of the sentences, independently."""
    return sentence.chinese([flaw for flaw in FLAWS if rng.random() < flaw_rate])


def is_chinese(text: str) -> bool:
    """Whether the text is a flawless Chinese sentence of the grammar."""
    return _chinese_pattern().fullmatch(text) is not None


def measure_words(text: str) -> list[tuple[str, str]]:
    """(noun, the measure word that stands before it, adjectives aside) of each noun of a Chinese text.

    The measure word is the empty string where none stands between this noun and the one before.
    """
    pairs, measure = [], ""
    for word in text.split():
        if word in MEASURES:
            pairs.append((word, measure))
            measure = ""
        elif word == "个" or word in MEASURES.values():
            measure = word
    return pairs


def flaws_in(text: str) -> set[str]:
    """Which of the three flaws a Chinese text shows, whatever else is wrong with it."""
    words, flaws = text.split(), set()
    if any(measure == "个" for _, measure in measure_words(text)):
        flaws.add("measure")
    if any(word in _ADJECTIVES and following in MEASURES for word, following in pairwise(words)):
        flaws.add("particle")
    first = next((place for place, word in enumerate(words) if word in MEASURES), len(words))
    if not _TIMES_AND_PLACES.isdisjoint(words[first:]):
        flaws.add("order")
    return flaws


_ADJECTIVES = {chinese.split()[-1] for chinese in ADJECTIVES.values()}
_TIMES_AND_PLACES = {
    word for chinese in (PLACES, *TIMES.values()) for phrase in chinese.values() for word in phrase.split()
}


@cache
def _chinese_pattern() -> re.Pattern[str]:
    """The grammar's Chinese side as a regular expression: a second description, independent of the methods above."""
    adjective = f"(?:{any_of(ADJECTIVES.values())} 的 )?"
    counted = any_of(f"{measure} {adjective}{thing}" for thing, measure in MEASURES.items())
    things = f"{any_of(DETERMINERS.values())} {counted}"
    place, person = any_of(PLACES.values()), any_of(PEOPLE.values())
    verb = any_of(chinese for _, _, chinese in VERBS.values())
    sentences = []
    for tense, (affirmed, denied) in AUXILIARIES.items():
        time = f"(?:{any_of(TIMES[tense].values())} )?"
        will, aspect = affirmed and f"{affirmed} ", " 了" if tense == "past" else ""
        deed = any_of([f"{will}(?:在 {place} )?{verb}{aspect}", f"{denied} (?:在 {place} )?{verb}"])
        sentences += [f"{person} {time}{deed} {things}(?: 和 {things})? 。", f"{time}{place} {will}有 {things} 。"]
    return re.compile(any_of(sentences))
