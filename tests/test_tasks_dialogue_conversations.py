"""A customer, and whole conversations with a desk. Chapter: book/applications/dialogue.md."""

from collections.abc import Sequence
from random import Random

import pytest

from ppo_teach.tasks.dialogue.conversations import (
    Conversation,
    Customer,
    begin,
    converse,
    go_on,
    random_customer,
    summary,
)

SCREEN = {"time": "friday", "place": "station", "cost": "nine"}


def says(*replies: str, topic: str = "time", untold: str = "") -> Conversation:
    """The conversation of Ada after these replies."""
    conversation = begin(Customer(SCREEN, "ada", topic, untold), Random(0))
    for reply in replies:
        assert conversation.outcome == "open"
        conversation = go_on(conversation, reply, Random(0))
    return conversation


def test_a_conversation_by_hand():
    conversation = says("what is your name ?", untold="name", topic="place")
    first, *others = conversation.turns
    assert first in (
        "customer: hello , where can i collect my order ?",
        "customer: hello , where is my order waiting for me ?",
    )
    assert others == ["desk: what is your name ?", "customer: my name is ada ."]
    assert conversation.prompt == (
        f"screen: friday station nine {first} desk: what is your name ? customer: my name is ada . desk:"
    )
    conversation = go_on(conversation, "your order is waiting at the station .", Random(0))
    assert conversation.outcome == "solved"
    assert conversation.turns[-1] == "customer: thank you , goodbye ."
    assert conversation.replies == ["what is your name ?", "your order is waiting at the station ."]


@pytest.mark.parametrize(
    ("untold", "due", "first"),
    [
        ("", "answer", "hello , this is ada , when will my order be ready ?"),
        ("name", "name", "hello , when will my order be ready ?"),
        ("topic", "topic", "hello , this is ada , i have a question about my order ."),
    ],
)
def test_what_is_untold_is_due_to_be_asked_for(untold: str, due: str, first: str):
    conversation = says(untold=untold)
    assert conversation.due == due
    openings = {begin(conversation.customer, Random(seed)).turns[0] for seed in range(20)}
    assert f"customer: {first}" in openings
    assert len(openings) == (1 if untold == "topic" else 2)


def test_the_customer_tells_what_he_is_asked_for():
    conversation = says("what is your question about your order ?", untold="topic", topic="cost")
    assert (conversation.due, conversation.patience) == ("answer", 2)
    assert conversation.turns[-1].startswith("customer: this is ada , how ")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("your order will be ready on friday .", "solved"),
        ("listen , your order will be ready on friday .", "solved"),  # rude, but it is what he wanted to know
        ("your order will be ready on monday .", "misled"),  # how should he know?
        ("your order costs nine euros .", "open"),  # he asked for the time
        ("friday or monday", "open"),  # which of them?
        ("these things take time .", "open"),
        ("listen , these things take time .", "given up"),
        ("", "open"),
    ],
)
def test_the_customer_takes_the_first_value_that_fits_his_question(reply: str, outcome: str):
    assert says(reply).outcome == outcome


def test_a_customer_who_is_not_helped_says_it_again_and_then_leaves():
    conversation = says("it will all be fine .")
    assert conversation.turns[-1].startswith("customer: sorry , but this is ada , ")
    conversation = go_on(conversation, "somebody will know .", Random(0))
    assert conversation.outcome == "given up"
    assert conversation.turns[-1] == "customer: never mind , goodbye ."


def test_asking_for_what_was_told_does_not_help():
    assert says("what is your name ?").patience == 1


def test_a_rude_question_helps_and_costs_patience():
    conversation = says("listen , what is your name ?", untold="name")
    assert (conversation.due, conversation.patience) == ("answer", 1)


def test_the_prompt_holds_the_last_three_turns():
    conversation = says("what is your name ?", "it will all be fine .", untold="name")
    assert len(conversation.turns) == 5
    assert conversation.prompt == f"screen: friday station nine {' '.join(conversation.turns[2:])} desk:"
    assert "this is ada , " in conversation.turns[-1]  # he repeats all that he told


def some_customers(number: int) -> list[Customer]:
    return [random_customer(SCREEN, Random(seed)) for seed in range(number)]


def test_every_conversation_ends_whatever_the_desk_says():
    rng = Random(0)

    def babbling(conversations: Sequence[Conversation]) -> list[str]:
        said = ["what is your name ?", "what is your question about your order ?", "ahoy"]
        return [rng.choice(said) for _ in conversations]

    ended = converse(babbling, some_customers(50))
    assert {conversation.outcome for conversation in ended} == {"given up"}
    assert all(len(conversation.replies) <= 3 for conversation in ended)


def test_the_customers_words_depend_on_the_seed_alone():
    def first_words(seed: int) -> list[str]:
        ended = converse(lambda conversations: ["ahoy"] * len(conversations), some_customers(20), seed=seed)
        return [conversation.turns[0] for conversation in ended]

    assert first_words(0) == first_words(0) != first_words(1)


def test_the_summary_counts_what_it_says():
    ended = [
        says("certainly , your order will be ready on friday ."),
        says("your order will be ready on monday ."),
        says("it will all be fine .", "listen , it will all be fine ."),
        says("it will all be fine .", "your order will be ready on friday ."),
    ]
    assert summary(ended) == {
        "solved": 50.0,
        "misled": 25.0,
        "given up": 25.0,
        "polite replies": pytest.approx(100 / 6),
        "rude replies": pytest.approx(100 / 6),
        "replies": 1.5,
    }
