"""The grammar of news stories and their headlines."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppo_teach.tasks.summarisation.fact_checker import check_facts, claims, is_grammatical, made_up
from ppo_teach.tasks.summarisation.news import DAYS, KINDS, NUMBERS, TOWNS, Event, random_story

seeds = st.integers(0, 2**32)
ACCIDENT, CRIME, RESCUE, CUTS = KINDS
FIRE = Event(ACCIDENT, "a fire", "destroy", "three", "houses", "kelby", "nine")
HEADLINE = "fire destroys three houses in kelby , nine hurt"

WRITTEN_BY_HAND = [
    (
        FIRE,
        HEADLINE,
        "three houses destroyed by fire in kelby , nine hurt",
        "nine hurt as fire destroys three houses in kelby",
    ),
    (
        Event(CRIME, "a thief", "steal", "two", "violins", "hollin", "none"),
        "thief steals two violins in hollin , none arrested",
        "two violins stolen by thief in hollin , none arrested",
        "none arrested as thief steals two violins in hollin",
    ),
    (
        Event(RESCUE, "a diver", "find", "ten", "dogs", "ravensby", "four"),
        "diver finds ten dogs in ravensby , four missing",
        "ten dogs found by diver in ravensby , four missing",
        "four missing as diver finds ten dogs in ravensby",
    ),
    (
        Event(CUTS, "the council", "sell", "five", "libraries", "kelby", "six"),
        "council sells five libraries in kelby , six protest",
        "five libraries sold by council in kelby , six protest",
        "six protest as council sells five libraries in kelby",
    ),
]
CORRECT = [
    "fire in kelby",
    "a fire destroyed three houses in kelby on monday .",
    "three houses in kelby were destroyed by a fire on monday .",
    "a fire destroyed three houses on monday .",
    "a diver hurried to larkhill on sunday .",
    "the council announced cuts in hollin on friday .",
]
BROKEN = [
    "",
    "fire destroys three houses",  # where?
    "fire destroy three houses in kelby , nine hurt",  # no agreement
    "thief steal two violins in hollin , none arrested",
    "thief closes two violins in hollin , none arrested",  # not what thieves do
    "fire destroys three houses in kelby , nine arrested",  # not what becomes of people in a fire
    "fire destroys three houses in kelby nine hurt",  # no comma
    "three houses destroyed by a fire in kelby , nine hurt",  # an article, in a headline
    "nine hurt as fire destroys three houses in kelby , nine hurt",  # twice
    "nine hurt as three houses destroyed by fire in kelby",
    "a fire destroyed three houses in kelby on monday",  # no end
    "a fire destroys three houses in kelby on monday .",  # the wrong tense
    "three three three houses",
]


@pytest.mark.parametrize(("event", "active", "passive", "toll_first"), WRITTEN_BY_HAND)
def test_headlines_are_what_we_would_write_by_hand(event: Event, active: str, passive: str, toll_first: str):
    assert event.headlines() == (active, passive, toll_first)
    assert event.short_headline() == f"{active.split()[0]} in {event.town}"


@given(seeds)
def test_the_checker_reads_back_what_the_grammar_says(seed: int):
    event = random_story(Random(seed)).event
    said = {
        "who": event.who,
        "deed": event.deed,
        "count": event.count,
        "thing": event.thing,
        "town": event.town,
        "toll": f"{event.toll} {event.kind.toll}",
    }
    for headline in event.headlines():
        assert claims(headline) == {fact: {value} for fact, value in said.items()}


@given(seeds, st.data())
def test_a_changed_fact_is_found_and_no_other_is_blamed(seed: int, data: st.DataObject):
    event = random_story(Random(seed)).event
    choices = {
        "who": event.kind.actors,
        "deed": event.kind.verbs,
        "count": NUMBERS,
        "thing": event.kind.things,
        "town": TOWNS,
        "toll": ["none", *NUMBERS],
    }
    fact = data.draw(st.sampled_from(list(choices)))
    field = "actor" if fact == "who" else fact
    other = data.draw(st.sampled_from([value for value in choices[fact] if value != getattr(event, field)]))
    for truth in event.headlines():
        for headline in replace(event, **{field: other}).headlines():
            assert check_facts(headline, truth) == {name: "wrong" if name == fact else "right" for name in choices}


def test_facts_are_right_wrong_or_missing():
    def verdicts(text: str) -> list[str]:
        return list(check_facts(text, HEADLINE).values())

    right, wrong, missing = "right", "wrong", "missing"  # of who, deed, count, thing, town, toll
    assert verdicts("fire in kelby") == [right, missing, missing, missing, right, missing]
    assert verdicts("three houses in kelby were destroyed by a fire on monday .") == [right] * 5 + [missing]
    assert verdicts("nine hurt in hollin") == [missing, missing, missing, missing, wrong, right]
    assert verdicts("nine arrested") == [missing] * 5 + [wrong]
    assert verdicts("") == [missing] * 6
    # Who says two things has not said the truth; and three is the number of houses only where it stands before them.
    assert verdicts("fire destroys three houses four houses") == [right, right, wrong, right, missing, missing]
    assert verdicts("three fire houses") == [right, missing, missing, right, missing, missing]


def test_what_a_story_never_mentions_is_made_up():
    story = "a fire destroyed three houses in kelby on monday . nine people were hurt . it had rained for six days ."
    assert made_up(HEADLINE, story) == []
    assert made_up("six hurt as fire destroys nine houses in kelby", story) == []  # wrong, but out of the story
    assert made_up("two hurt as storm destroys three barns in hollin", story) == ["two", "storm", "barns", "hollin"]


@given(seeds)
def test_the_parser_accepts_all_that_the_grammar_makes(seed: int):
    story = random_story(Random(seed))
    assert all(map(is_grammatical, (*story.event.headlines(), story.event.short_headline(), story.lead)))


@pytest.mark.parametrize("text", CORRECT)
def test_the_parser_accepts_what_is_correct(text: str):
    assert is_grammatical(text)


@pytest.mark.parametrize("text", BROKEN)
def test_the_parser_refuses_what_is_broken(text: str):
    assert not is_grammatical(text)


@given(seeds)
def test_the_parser_refuses_a_lead_that_stops_early_and_a_headline_that_runs_backwards(seed: int):
    story = random_story(Random(seed))
    words = story.lead.split()
    assert not any(is_grammatical(" ".join(words[:end])) for end in range(len(words)))
    assert not any(is_grammatical(" ".join(reversed(headline.split()))) for headline in story.event.headlines())


@given(seeds)
def test_a_story_tells_every_fact_of_its_headline_and_uses_no_number_town_or_day_twice(seed: int):
    story = random_story(Random(seed))
    event, words = story.event, story.text.split()
    assert all(made_up(headline, story.text) == [] for headline in event.headlines())
    tolls = [event.kind.no_toll] if event.toll == "none" else event.kind.tolls
    assert sum(toll.format(number=event.toll) in story.rest for toll in tolls) == 1
    for kept in (NUMBERS, TOWNS, DAYS):
        used = [word for word in words if word in kept]
        assert len(used) == len(set(used))


def test_most_stories_hold_a_number_that_a_headline_must_pass_over():
    rng = Random(0)
    stories = [random_story(rng) for _ in range(1000)]
    spare = [set(NUMBERS) & set(story.text.split()) - {story.event.count, story.event.toll} for story in stories]
    assert {len(numbers) for numbers in spare} == {0, 1}
    share = 0.5 + 0.5 * 4 / 6  # last year's number, or that of four asides out of six
    assert abs(sum(map(len, spare)) - 1000 * share) < 4 * (1000 * share * (1 - share)) ** 0.5


def test_what_is_told_later_names_its_actor_again():
    rng = Random(0)
    stories = [random_story(rng) for _ in range(500)]
    split = [story for story in stories if f" {story.event.kind.arrival} " in story.lead]
    assert split
    for story in split:
        assert any(sentence.startswith(f"the {story.event.who} ") for sentence in story.rest)
