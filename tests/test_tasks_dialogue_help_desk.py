"""What a help desk sees and says, and the reader of that. Chapter: book/applications/dialogue.md."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppo_teach.tasks.dialogue.help_desk import (
    OPENINGS,
    QUESTIONS,
    TONES,
    VALUES,
    evasion,
    question,
    read,
    screens,
    spell,
    statement,
    toned,
)

seeds = st.integers(0, 2**32)
topics, slots, tones = (st.sampled_from(list(names)) for names in (VALUES, QUESTIONS, TONES))


@given(seeds, topics, tones)
def test_a_statement_is_read_as_it_was_meant(seed: int, topic: str, tone: str):
    rng = Random(seed)
    value = rng.choice(VALUES[topic])
    reading = read(toned(statement(topic, value, rng), tone, rng))
    assert (reading.values, reading.asked) == ({value}, set())
    assert reading.fluent
    assert not reading.vague
    assert (reading.polite, reading.rude, reading.piratical) == (tone == "polite", tone == "rude", tone == "pirate")


@given(seeds, slots, tones)
def test_a_question_is_read_as_the_slot_that_it_asks_for(seed: int, slot: str, tone: str):
    rng = Random(seed)
    reading = read(toned(question(slot, rng), tone, rng))
    assert (reading.values, reading.asked) == (set(), {slot})
    assert reading.fluent
    assert not reading.vague
    assert (reading.polite, reading.rude, reading.piratical) == (tone == "polite", tone == "rude", tone == "pirate")


@given(seeds, tones)
def test_an_evasion_is_vague_in_any_tone(seed: int, tone: str):
    rng = Random(seed)
    reading = read(toned(evasion(rng), tone, rng))
    assert reading.vague
    assert reading.fluent
    assert (reading.polite, reading.rude) == (tone == "polite", tone == "rude")


@given(seeds, topics)
def test_a_reply_that_stops_early_or_runs_backwards_is_not_fluent(seed: int, topic: str):
    words = statement(topic, VALUES[topic][0], Random(seed)).split()
    assert not any(read(" ".join(words[:end])).fluent for end in range(len(words)))
    assert not read(" ".join(reversed(words))).fluent


BROKEN = [
    "your order will be ready at friday .",  # no such preposition
    "your order is waiting at the friday .",  # a day is no place
    "your order will be ready on friday",  # no end
    "friday . certainly ,",
    "certainly , certainly , your order will be ready on friday .",
    "your order will be ready on friday . your order costs nine euros .",  # one thing at a time
    "thank you thank you thank you",
    "",
]


@pytest.mark.parametrize("text", BROKEN)
def test_what_the_grammar_would_not_write_is_not_fluent(text: str):
    assert not read(text).fluent


def test_the_reader_takes_the_words_also_from_what_is_broken():
    reading = read("friday nine order thank you listen")
    assert reading.values == {"friday", "nine"}
    assert reading.rude
    assert not reading.polite  # who is rude is not polite, whatever he says besides
    assert reading.words == 6


def test_words_are_counted_without_punctuation():
    assert read("certainly , your order will be ready on friday .").words == 8


def test_every_opening_shows_its_tone():
    for tone, openings in OPENINGS.items():
        for opening in openings:
            reading = read(f"{opening} it will all be fine .")
            assert {"polite": reading.polite, "rude": reading.rude, "pirate": reading.piratical}[tone]


def test_no_two_screens_are_the_same_and_no_word_means_two_things():
    assert len({spell(screen) for screen in screens()}) == len(screens()) == 7**3
    assert spell({"time": "friday", "place": "station", "cost": "nine"}) == "friday station nine"
    everything = [word for words in VALUES.values() for word in words]
    assert len(everything) == len(set(everything))
