"""A customer who has a question, and whole conversations with a desk. Chapter: book/applications/dialogue.md.

The customer knows who he is and what he wants, but may leave out one of the two until he is asked. He cannot know the
right answer: he accepts the first that fits his question, and only we compare it with the screen. He has two points of
patience. A reply that does not help him costs one, and so does a rude one; when both are spent, he leaves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from ppo_teach.tasks.dialogue.help_desk import QUESTIONS, VALUES, Reading, Screen, read, spell
from ppo_teach.tasks.grammar import join

PATIENCE = 2
INQUIRIES = {  # how the customer asks
    "time": ["when will my order be ready ?", "on which day can i have my order ?"],
    "place": ["where can i collect my order ?", "where is my order waiting for me ?"],
    "cost": ["how much does my order cost ?", "how many euros do you ask for my order ?"],
}
NAMES = ["ada", "ben", "carl", "dora", "emil", "fay", "gus", "hana"]
Outcome = Literal["open", "solved", "misled", "given up"]


@dataclass(frozen=True)
class Customer:
    """Somebody who wants to know one thing about his order."""

    screen: Screen
    name: str
    topic: str
    untold: str  # the slot that he leaves out at first: "name", "topic", or none, ""

    @property
    def answer(self) -> str:
        """What the desk should tell him."""
        return self.screen[self.topic]


def random_customer(screen: Screen, rng: Random) -> Customer:
    """Half of the customers leave nothing out."""
    return Customer(screen, rng.choice(NAMES), rng.choice(list(VALUES)), rng.choice(["", "", "name", "topic"]))


@dataclass(frozen=True)
class Conversation:
    """A conversation so far. While it is open, the desk speaks next."""

    customer: Customer
    turns: tuple[str, ...]
    told: frozenset[str]  # the slots that the customer has filled
    patience: int = PATIENCE
    outcome: Outcome = "open"

    @property
    def prompt(self) -> str:
        """All that the desk knows."""
        return prompt(self.customer.screen, self.turns)

    @property
    def due(self) -> str:
        """What the desk should do: ask for a slot, "name" or "topic", or give the "answer"."""
        return next((slot for slot in QUESTIONS if slot not in self.told), "answer")

    @property
    def replies(self) -> list[str]:
        """What the desk has said."""
        return [turn.removeprefix("desk: ") for turn in self.turns if turn.startswith("desk: ")]


def prompt(screen: Screen, turns: Sequence[str]) -> str:
    """The screen, the last three turns, and the mark after which the desk speaks.

    Three are enough: a customer who has to repeat himself repeats everything he has said.
    """
    return " ".join(["screen:", spell(screen), *turns[-3:], "desk:"])


def begin(customer: Customer, rng: Random) -> Conversation:
    """A conversation in which the customer has said his first sentence."""
    told = frozenset(QUESTIONS) - {customer.untold}
    return Conversation(customer, (f"customer: hello , {inquiry(customer, told, rng)}",), told)


def inquiry(customer: Customer, told: frozenset[str], rng: Random) -> str:
    """Who he is and what he wants, as far as these slots are told."""
    named = f"this is {customer.name} ," if "name" in told else ""
    asked = rng.choice(INQUIRIES[customer.topic]) if "topic" in told else "i have a question about my order ."
    return join(named, asked)


def go_on(conversation: Conversation, reply: str, rng: Random) -> Conversation:
    """The conversation after the desk's reply, and after the customer's next sentence."""
    customer, told, reading = conversation.customer, conversation.told, read(reply)
    helped = bool(reading.asked - told)
    told, patience = told | reading.asked, conversation.patience - (not helped) - reading.rude
    if answers(reading, customer):
        said, outcome = "thank you , goodbye .", "solved" if reading.values == {customer.answer} else "misled"
    elif patience <= 0:
        said, outcome = "never mind , goodbye .", "given up"
    elif reading.asked == {"name"}:
        said, outcome = f"my name is {customer.name} .", "open"
    else:
        said, outcome = join("" if helped else "sorry , but", inquiry(customer, told, rng)), "open"
    turns = (*conversation.turns, f"desk: {reply}", f"customer: {said}")
    return Conversation(customer, turns, told, patience, outcome)


def answers(reading: Reading, customer: Customer) -> bool:
    """Whether the customer takes the reply for an answer: it says one value, which fits his question."""
    return len(reading.values) == 1 and reading.values <= set(VALUES[customer.topic])


Desk = Callable[[Sequence[Conversation]], Sequence[str]]  # a reply to each


def converse(desk: Desk, customers: Sequence[Customer], *, seed: int = 0) -> list[Conversation]:
    """Each customer's whole conversation with the desk. `seed` decides what words the customers choose."""
    rngs = [Random(f"{seed} {row}") for row in range(len(customers))]
    conversations = [begin(customer, rng) for customer, rng in zip(customers, rngs, strict=True)]
    while open_rows := [row for row, conversation in enumerate(conversations) if conversation.outcome == "open"]:
        replies = desk([conversations[row] for row in open_rows])
        for row, reply in zip(open_rows, replies, strict=True):
            conversations[row] = go_on(conversations[row], reply, rngs[row])
    return conversations


def summary(conversations: Sequence[Conversation]) -> dict[str, float]:
    """In percent: conversations by outcome, then polite and rude replies. Last, the mean number of replies in one."""
    ends = [conversation.outcome for conversation in conversations]
    readings = [read(reply) for conversation in conversations for reply in conversation.replies]
    return {
        "solved": 100 * ends.count("solved") / len(ends),
        "misled": 100 * ends.count("misled") / len(ends),
        "given up": 100 * ends.count("given up") / len(ends),
        "polite replies": 100 * sum(reading.polite for reading in readings) / len(readings),
        "rude replies": 100 * sum(reading.rude for reading in readings) / len(readings),
        "replies": len(readings) / len(ends),
    }
