"""Couplets, and how they sound."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppo_teach.tasks.poetry.verses import ENDINGS, is_couplet, metre, random_couplet, rhyme

seeds = st.integers(0, 2**32)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("my silver river sang beneath the tree", 1.0),  # 0 10 10 1 01 0 1
        ("the sea remained beside a golden lane", 1.0),  # 0 1 01 01 0 10 1
        ("beneath the crow appeared a lonely bee", 1.0),  # 01 0 1 01 0 10 1
        ("the wild crow slept below a sea", 0.7),  # 0 1 1 1 01 0 1: seven in place, one not, two missing
        ("my silver river sang beneath the house", 0.9),  # a word that the grammar does not know
        ("my silver river sang beneath the tree the tree", 10 / 12),  # two too many
        ("", 0.0),
    ],
)
def test_the_metre_of_lines_by_hand(line: str, right: float):
    assert metre(line) == pytest.approx(right)


def test_lines_rhyme_when_they_end_alike_and_not_in_the_same_word():
    assert rhyme("the river slept below a tree", "beside the sea remained a bee")
    assert not rhyme("below a tree", "above a tree")
    assert not rhyme("below a tree", "below a crow")
    assert not rhyme("the river slept", "the shepherd slept")
    assert not rhyme("the river slept", "the shepherd sang")  # words without an ending rhyme with nothing
    assert not rhyme("", "below a tree")
    assert not rhyme("", "")


@given(seeds)
def test_the_reader_accepts_what_the_grammar_makes(seed: int):
    couplet = random_couplet(Random(seed))
    assert is_couplet(couplet.text)
    assert all(line.split()[-1] in ENDINGS for line in couplet.text.split(" / "))


@given(seeds)
def test_the_reader_refuses_what_stops_early_or_has_lost_a_word(seed: int):
    rng = Random(seed)
    words = random_couplet(rng).text.split()
    assert not any(is_couplet(" ".join(words[:end])) for end in range(len(words)))
    verbs = [i for i, word in enumerate(words) if word.endswith("ed") or word in {"slept", "sang", "wept", "lay"}]
    for verb in verbs:
        assert not is_couplet(" ".join(words[:verb] + words[verb + 1 :]))


def test_by_chance_few_lines_scan_and_some_couplets_rhyme():
    rng = Random(0)
    couplets = [random_couplet(rng).text.split(" / ") for _ in range(2000)]
    scanning = sum(metre(line) == 1 for lines in couplets for line in lines) / 4000
    rhyming = sum(rhyme(*lines) for lines in couplets) / 2000
    assert 0.03 < scanning < 0.12
    assert rhyming == pytest.approx(5 / 24, abs=0.04)  # one of four endings, and not the same of its six words


def test_a_row_of_nouns_may_sound_right_and_is_no_couplet():
    assert metre("below below below below below") == 1
    assert not is_couplet("below below below below below / beside beside beside beside beside")
