"""Film reviews from a grammar that can also read them. Chapter: book/applications/generation.md.

    review      opening predicate (connective clause)* "."
    opening     the plot in this early western
    clause      the songs predicate | opinion
    predicate   was utterly charming | were not very funny
    opinion     i truly enjoyed the clever ending | we did not like the songs

The first word of praise or blame in a clause decides whether it is good (+1) or bad (−1); "not" reverses it.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from random import Random

from ppo_teach.tasks.grammar import any_of, join, perhaps

ASPECTS = {  # verb: what it goes with
    "was": ["acting", "plot", "ending", "music", "dialogue", "camerawork", "pacing", "humour", "script", "cast"],
    "were": ["jokes", "songs", "characters", "costumes", "effects", "scenes", "twists", "fights", "dances", "sets"],
}
STYLES = ["early", "late", "french", "italian", "silent", "short", "famous", "forgotten", "modern", "classic"]
GENRES = ["western", "comedy", "thriller", "musical", "documentary", "romance", "drama", "sequel"]
QUALITIES = {
    +1: ["brilliant", "funny", "charming", "moving", "clever", "gripping", "fresh", "superb", "warm", "inventive"],
    -1: ["boring", "dull", "predictable", "clumsy", "silly", "bland", "tired", "awful", "forced", "shallow"],
}
VERBS = {  # base: past
    +1: {"enjoy": "enjoyed", "love": "loved", "admire": "admired", "like": "liked"},
    -1: {"hate": "hated", "dislike": "disliked", "regret": "regretted", "resent": "resented"},
}
DEGREES, DENIED_DEGREES = ["very", "really", "rather", "quite", "utterly"], ["very", "really"]
MANNERS = ["truly", "really", "deeply", "quietly"]
PEOPLE = ["i", "we", "critics", "audiences"]
CONNECTIVES = {True: [", and", ", while"], False: [", but", ", though"]}  # key: do the two clauses agree?
SIGNS = {word: sign for sign in (+1, -1) for word in (*QUALITIES[sign], *VERBS[sign], *VERBS[sign].values())}


@dataclass(frozen=True)
class Review:
    opening: str
    rest: str
    positive: bool  # what its author thinks of the film: most clauses agree, not all

    @property
    def text(self) -> str:
        return f"{self.opening} {self.rest}"


def random_review(rng: Random) -> Review:
    """A review of two or three clauses. Four authors in ten liked the film, and 85 % of their clauses say so."""
    opinion = +1 if rng.random() < 0.4 else -1
    signs = [opinion if rng.random() < 0.85 else -opinion for _ in range(rng.choice((2, 2, 3)))]
    verb = rng.choice(tuple(ASPECTS))
    opening = f"the {rng.choice(ASPECTS[verb])} in this {rng.choice(STYLES)} {rng.choice(GENRES)}"
    rest = _random_predicate(verb, signs[0], rng)
    for previous, sign in pairwise(signs):
        rest += f" {rng.choice(CONNECTIVES[previous == sign])} {_random_clause(sign, rng)}"
    return Review(opening, f"{rest} .", opinion > 0)


def _random_predicate(verb: str, sign: int, rng: Random) -> str:
    if rng.random() < 0.25:
        return join(verb, "not", perhaps(DENIED_DEGREES, rng, probability=0.5), rng.choice(QUALITIES[-sign]))
    return join(verb, perhaps(DEGREES, rng, probability=0.5), rng.choice(QUALITIES[sign]))


def _random_clause(sign: int, rng: Random) -> str:
    verb = rng.choice(tuple(ASPECTS))
    aspect = rng.choice(ASPECTS[verb])
    if rng.random() < 0.5:
        return f"the {aspect} {_random_predicate(verb, sign, rng)}"
    if rng.random() < 0.25:
        return f"{rng.choice(PEOPLE)} did not {rng.choice(tuple(VERBS[-sign]))} the {aspect}"
    felt, quality = rng.choice(tuple(VERBS[sign].values())), perhaps(QUALITIES[sign], rng, probability=0.5)
    return join(rng.choice(PEOPLE), perhaps(MANNERS, rng, probability=0.5), felt, "the", quality, aspect)


def is_review(text: str) -> bool:
    """Whether the text has the form of the grammar's reviews; its clauses may contradict each other."""
    return _review_pattern().fullmatch(text) is not None


def clause_signs(text: str) -> list[int]:
    """What each clause of a review says: +1 good, −1 bad. Raises ValueError for a text that `is_review` refuses."""
    if not is_review(text):
        raise ValueError(f"text must be a review of the grammar; got {text!r}")
    clauses = [clause.split() for clause in text.split(" , ")]
    first_signs = [next(SIGNS[word] for word in clause if word in SIGNS) for clause in clauses]
    return [-sign if "not" in clause else sign for sign, clause in zip(first_signs, clauses, strict=True)]


@cache
def _review_pattern() -> re.Pattern[str]:
    """The grammar as a regular expression: a second description, independent of the functions above."""
    quality, base, past = (
        any_of([*words[+1], *words[-1]]) for words in (QUALITIES, VERBS, {sign: VERBS[sign].values() for sign in VERBS})
    )
    predicate = f"(?:not (?:{any_of(DENIED_DEGREES)} )?|(?:{any_of(DEGREES)} )?){quality}"
    statement = any_of(f"{any_of(aspects)} {verb} {predicate}" for verb, aspects in ASPECTS.items())
    aspect = any_of(chain(*ASPECTS.values()))
    feeling = any_of([f"did not {base} the", f"(?:{any_of(MANNERS)} )?{past} the(?: {quality})?"])
    clause = any_of([f"the {statement}", f"{any_of(PEOPLE)} {feeling} {aspect}"])
    film = f"in this {any_of(STYLES)} {any_of(GENRES)}"
    opening = any_of(f"the {any_of(aspects)} {film} {verb} {predicate}" for verb, aspects in ASPECTS.items())
    connective = any_of(chain(*CONNECTIVES.values()))
    return re.compile(f"{opening}(?: {connective} {clause})* \\.")
