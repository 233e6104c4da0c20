"""What a headline says, and whether it is true. Chapter: book/applications/summarisation.md.

The grammar of `news` once more, as regular expressions: independent of the functions that write the stories.
"""

import re
from functools import cache
from itertools import chain

from ppo_teach.tasks.grammar import any_of
from ppo_teach.tasks.summarisation.news import DAYS, KINDS, NUMBERS, TOWNS, VERBS

BASES = {form: base for base, forms in VERBS.items() for form in (base, *forms)}


def claims(text: str) -> dict[str, set[str]]:
    """What a headline or a lead says about each fact: nothing, one thing, or several that contradict each other.

    A verb counts in any form, as its base.
    """
    return {fact: {BASES.get(word, word) for word in found.findall(text)} for fact, found in _claim_patterns().items()}


def check_facts(text: str, truth: str) -> dict[str, str]:
    """Whether the text has each fact of the headline `truth`: "right", "wrong" or "missing".

    A fact is wrong when the text says anything else about it, even together with the truth.
    """
    said, true = claims(text), claims(truth)
    verdict = {fact: "right" if said[fact] == true[fact] else "wrong" for fact in true}
    return verdict | {fact: "missing" for fact in true if not said[fact]}


def made_up(text: str, story: str) -> list[str]:
    """The actors, numbers, things and towns of a text that its story never mentions."""
    return [word for word in text.split() if word in _details() and word not in story.split()]


def is_grammatical(text: str) -> bool:
    """Whether the text is a headline, long or short, or a lead of the grammar, true or not."""
    return _pattern().fullmatch(text) is not None


@cache
def _details() -> set[str]:
    named = chain.from_iterable((*kind.names, *kind.things) for kind in KINDS)
    return {*NUMBERS, *TOWNS, *named}


@cache
def _claim_patterns() -> dict[str, re.Pattern[str]]:
    number, things = any_of(NUMBERS), any_of(chain.from_iterable(kind.things for kind in KINDS))
    patterns = {
        "who": any_of(chain.from_iterable(kind.names for kind in KINDS)),
        "deed": any_of(BASES),
        "count": f"{number}(?= {things})",
        "thing": things,
        "town": any_of(TOWNS),
        "toll": f"(?:none|{number}) {any_of(kind.toll for kind in KINDS)}",
    }
    return {fact: re.compile(rf"\b{pattern}\b") for fact, pattern in patterns.items()}


@cache
def _pattern() -> re.Pattern[str]:
    """Headlines and leads as a regular expression: a second description, independent of the functions above."""
    number, town, day = any_of(NUMBERS), any_of(TOWNS), any_of(DAYS)
    texts = []
    for kind in KINDS:
        actor, who = any_of(kind.actors), any_of(kind.names)
        present, past, participle = map(any_of, zip(*(VERBS[verb] for verb in kind.verbs), strict=True))
        things, toll = f"{number} {any_of(kind.things)}", f"(?:none|{number}) {kind.toll}"
        active, passive = f"{who} {present} {things} in {town}", f"{things} {participle} by {who} in {town}"
        texts += [f"{any_of([active, passive])} , {toll}", f"{toll} as {active}", f"{who} in {town}"]
        told = [f"{actor} {past} {things}(?: in {town})?", f"{actor} {kind.arrival} {town}"]
        texts.append(f"{any_of([*told, f'{things} in {town} were {participle} by {actor}'])} on {day} \\.")
    return re.compile(any_of(texts))
