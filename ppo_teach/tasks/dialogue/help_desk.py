"""A shop's help desk: its screen, its replies, and how to read them. Chapter: book/applications/dialogue.md.

    screen     friday station nine
    statement  your order will be ready on friday | we will look into it
    question   what is your name | what is your question about your order
    reply      (opening)? statement "." (closing)?, or with a question and "?"

Openings and closings carry the tone: polite, plain, rude, or a pirate's. `read` uses the words of this module, and none
of the functions that put them together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, product
from random import Random

from ppo_teach.tasks.grammar import any_of, join

VALUES = {  # topic: what may stand on the screen; no word stands twice
    "time": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "place": ["airport", "castle", "harbour", "library", "market", "museum", "station"],
    "cost": ["five", "six", "seven", "eight", "nine", "ten", "eleven"],
}
STATEMENTS = {
    "time": ["your order will be ready on {}", "you can have your order on {}"],
    "place": ["your order is waiting at the {}", "you can collect your order at the {}"],
    "cost": ["your order costs {} euros", "we ask {} euros for your order"],
}
QUESTIONS = {  # slot: how the desk asks for it
    "name": ["what is your name", "who is speaking"],
    "topic": ["what would you like to know about your order", "what is your question about your order"],
}
EVASIONS = ["we will look into it", "these things take time", "it will all be fine", "somebody will know"]
OPENINGS = {
    "polite": [
        *("certainly ,", "of course ,", "thank you for asking .", "i am happy to help ."),
        "we know how much this matters to you .",
    ],
    "rude": ["listen ,", "good grief ,", "not you again .", "i have no time for this ."],
    "pirate": ["aye , captain ,", "ahoy ,", "shiver my timbers ,"],
}
CLOSINGS = {
    "polite": ["have a nice day .", "thank you for choosing our shop ."],
    "rude": ["now go away .", "stop asking ."],
    "pirate": ["arr !", "fair winds !"],
}
TONES = ("polite", "plain", "rude", "pirate")

Screen = Mapping[str, str]  # topic: value


def screens() -> list[Screen]:
    """All 343 of them."""
    return [dict(zip(VALUES, values, strict=True)) for values in product(*VALUES.values())]


def spell(screen: Screen) -> str:
    """The screen as the desk sees it."""
    return " ".join(screen.values())


def statement(topic: str, value: str, rng: Random) -> str:
    return rng.choice(STATEMENTS[topic]).format(value) + " ."


def question(slot: str, rng: Random) -> str:
    return f"{rng.choice(QUESTIONS[slot])} ?"


def evasion(rng: Random) -> str:
    return f"{rng.choice(EVASIONS)} ."


def toned(content: str, tone: str, rng: Random) -> str:
    """The content with an opening or a closing of this tone."""
    if tone == "plain":
        return content
    return rng.choice([join(rng.choice(OPENINGS[tone]), content), join(content, rng.choice(CLOSINGS[tone]))])


@dataclass(frozen=True)
class Reading:
    """What a reply says, and how."""

    values: frozenset[str]
    asked: frozenset[str]  # slots
    polite: bool  # never if rude
    rude: bool
    piratical: bool
    fluent: bool  # whether the grammar could have written it
    words: int  # punctuation aside

    @property
    def vague(self) -> bool:
        """Nothing is said, nothing is asked."""
        return not self.values and not self.asked


SIGNS = {
    "name": r"your name|who is speaking",
    "topic": r"what (would you like to know|is your question)\b",
    "polite": r"certainly|of course|thank you|happy to help|matters to you|nice day",
    "rude": r"listen|good grief|not you again|no time for this|go away|stop asking",
    "pirate": r"captain|ahoy|timbers|arr\b|fair winds",
}


def read(reply: str) -> Reading:
    """Read any text, whoever wrote it, by its words."""
    words = re.findall(r"\w+", reply)
    shows = {name: re.search(rf"\b(?:{sign})", reply) is not None for name, sign in SIGNS.items()}
    return Reading(
        values=frozenset(chain(*VALUES.values())).intersection(words),
        asked=frozenset(slot for slot in QUESTIONS if shows[slot]),
        polite=shows["polite"] and not shows["rude"],
        rude=shows["rude"],
        piratical=shows["pirate"],
        fluent=_reply_pattern().fullmatch(reply) is not None,
        words=len(words),
    )


@cache
def _reply_pattern() -> re.Pattern[str]:
    """The grammar as a regular expression: a second description, independent of the functions above."""
    days, places, amounts = map(any_of, VALUES.values())
    said = any_of(
        [
            f"(?:your order will be ready|you can have your order) on {days}",
            f"(?:your order is waiting|you can collect your order) at the {places}",
            f"(?:your order costs {amounts} euros|we ask {amounts} euros for your order)",
            *EVASIONS,
        ]
    )
    asked = "(?:what is your name|who is speaking|what (?:would you like to know|is your question) about your order)"
    opening, closing = (any_of(map(re.escape, chain(*table.values()))) for table in (OPENINGS, CLOSINGS))
    return re.compile(rf"(?:{opening} )?(?:{said} \.|{asked} \?)(?: {closing})?")
