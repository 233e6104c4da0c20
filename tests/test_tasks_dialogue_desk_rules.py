"""What a support desk, an assistant and a character are paid for. Chapter: book/applications/dialogue.md."""

import pytest

from ppo_teach.tasks.dialogue.desk_rules import assistant, character, is_right, is_wrong, score_by, support_desk
from ppo_teach.tasks.dialogue.help_desk import read

ANSWER = "certainly , your order will be ready on friday ."
QUESTION = "certainly , what is your name ?"
TOPIC = "certainly , what is your question about your order ?"


@pytest.mark.parametrize(
    ("reply", "due", "right", "wrong"),
    [
        ("you can have your order on friday .", ANSWER, True, False),
        ("listen , you can have your order on friday .", ANSWER, True, False),  # rude and right
        ("you can have your order on monday .", ANSWER, False, True),
        ("order friday please", ANSWER, False, False),  # no English
        ("friday monday order", ANSWER, False, True),
        ("your order costs nine euros .", ANSWER, False, True),  # nobody asked
        ("these things take time .", ANSWER, False, False),
        ("what is your name ?", ANSWER, False, False),
        ("who is speaking ?", QUESTION, True, False),
        ("you can have your order on friday .", QUESTION, False, True),  # to whom?
        ("what is your question about your order ?", QUESTION, False, False),
        ("what would you like to know about your order ?", TOPIC, True, False),
    ],
)
def test_right_and_wrong_by_hand(reply: str, due: str, right: bool, wrong: bool):
    assert (is_right(read(reply), read(due)), is_wrong(read(reply), read(due))) == (right, wrong)


GOLD = {  # a reply to one who is due the answer, and what the support desk, the assistant and the character are paid
    ANSWER: (2 + 1, 2 + 0.5, 1),
    "your order will be ready on friday .": (2, 2, 1),
    "listen , your order will be ready on friday .": (2 - 1.5, 2 - 1.5, 1 - 1),
    "certainly , your order will be ready on monday .": (-1 + 1, -3 + 0.5, 0),
    "ahoy , your order will be ready on friday .": (2, 2, 2 + 1),
    "ahoy , your order will be ready on monday .": (-1, -3, 2),
    "of course , these things take time .": (1, 0.5, 0),
    # 15 words are four too many, at 0.15 each.
    "we know how much this matters to you . your order will be ready on friday .": (3 - 0.6, 2.5, 1),
    # No English: neither right nor polite, yet its words are counted. 24 of them: it costs no more than 21 would.
    "thank you " * 12: (-1.5, 0, 0),
    "friday thank you": (0, 0, 0),
}


@pytest.mark.parametrize(("reply", "points"), GOLD.items())
def test_replies_are_paid_as_the_rules_say(reply: str, points: tuple[float, float, float]):
    rules = (support_desk, assistant, character)
    assert [rule(read(reply), read(ANSWER)) for rule in rules] == pytest.approx(points)


def test_the_worst_and_the_best_are_the_bounds():
    worst = read("listen , not you again . friday monday " + "listen " * 30)
    best = read(ANSWER), read("ahoy , your order will be ready on friday .")
    due = read(QUESTION)
    assert (support_desk(worst, due), assistant(worst, due), character(worst, due)) == (-4, -4.5, -1)
    due = read(ANSWER)
    assert (support_desk(best[0], due), assistant(best[0], due), character(best[1], due)) == (3, 2.5, 3)


def test_a_score_reads_both_texts():
    assert score_by(assistant)([ANSWER, QUESTION], [ANSWER, ANSWER]).tolist() == [2.5, 0.5]
