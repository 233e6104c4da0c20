"""Write `success_rate`. Chapter: book/applications/dialogue.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.checks import require, same_shape
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception

OPEN, SOLVED, MISLED, GIVEN_UP = range(4)


def success_rate(conversations: Int[Tensor, " R"], outcomes: Int[Tensor, " R"]) -> Float[Tensor, ""]:
    """The share of conversations that were solved, from a log of replies.

    Row i is a reply: the number of its conversation, any number, and how that conversation stood after it: 0 open,
    1 solved, 2 misled, 3 given up. Conversations run side by side, so their rows are mixed; one that the log leaves
    open was not solved. Raises ValueError for an empty log.
    """
    same_shape(conversations=conversations, outcomes=outcomes)
    require(len(outcomes) > 0, "outcomes must hold at least one reply; got none")
    return (outcomes == SOLVED).sum() / len(conversations.unique())


def log(conversations: list, outcomes: list, *, law: str = "") -> Case:
    return Case({"conversations": torch.tensor(conversations), "outcomes": torch.tensor(outcomes)}, law=law)


def random_log(rng: torch.Generator) -> Case:
    """Six conversations of every ending, with odd numbers, mixed; the replies of each are in order."""
    numbers = (torch.randperm(20, generator=rng)[:6] + 3).tolist()
    endings = [[OPEN, SOLVED], [SOLVED], [OPEN, OPEN, SOLVED], [MISLED], [OPEN, GIVEN_UP], [OPEN, OPEN]]
    left = {number: list(ending) for number, ending in zip(numbers, endings, strict=True)}
    rows = [number for number, ending in left.items() for _ in ending]
    order = [rows[i] for i in torch.randperm(len(rows), generator=rng)]
    return log(order, [left[number].pop(0) for number in order])


def with_a_dictionary(conversations, outcomes):
    """The last word on each conversation."""
    ends = list(dict(zip(conversations.tolist(), outcomes.tolist(), strict=True)).values())
    return torch.tensor(ends.count(SOLVED) / len(ends))


def with_sets(conversations, outcomes):
    """Those that were solved, of those that there were."""
    solved = set(conversations[outcomes == SOLVED].tolist())
    return torch.tensor(len(solved) / len(set(conversations.tolist())), dtype=torch.float64)


def one_by_one(conversations, outcomes):
    """Each conversation's rows by themselves: the last of them counts."""
    solved = [outcomes[conversations == number][-1] == SOLVED for number in conversations.unique()]
    return torch.stack(solved).float().mean()


MISCONCEPTIONS = (
    Misconception(
        "a share of replies",
        edited(success_rate, ("len(conversations.unique())", "len(outcomes)")),
        "a conversation of three replies that ends well counts as one success and two failures",
        "the log has a row for each reply, and `.mean()` is at hand; a `set` of tensors too holds every row, for it "
        "takes no two tensors for the same",
        "Whom do you want to have helped: a reply, or a customer?",
    ),
    Misconception(
        "a mean of each conversation's share",
        edited(one_by_one, ("[-1] == SOLVED", ".eq(SOLVED).float().mean()")),
        "a desk that first asks what it must know is punished for the question",
        "a mean within, then a mean between, looks fair to long and short conversations",
        "A customer got his answer with the third reply. Was he helped by a third?",
    ),
    Misconception(
        "misled counts as solved",
        edited(success_rate, ("(outcomes == SOLVED)", "((outcomes == SOLVED) | (outcomes == MISLED))")),
        "whoever left content was counted, and some left with a falsehood",
        "the customer says thank you in both cases; from his side they are the same",
        "Who knows that an answer was false?",
    ),
    Misconception(
        "open conversations are left out",
        edited(with_a_dictionary, ("/ len(ends)", "/ max(1, len(ends) - ends.count(OPEN))")),
        "the desk that keeps everybody talking and answers one has a success rate of 1",
        "of an open conversation nobody knows how it will end",
        "What is the rate of a desk that answers one customer and never ends with the others?",
    ),
    Misconception(
        "customers who gave up are left out",
        edited(with_a_dictionary, ("/ len(ends)", "/ max(1, len(ends) - ends.count(GIVEN_UP))")),
        "those who left without an answer are not in the denominator",
        "surveys reach only those who stayed",
        "Which customers were least helped, and where are they in your share?",
    ),
    Misconception(
        "misled customers are left out",
        edited(with_a_dictionary, ("/ len(ends)", "/ max(1, len(ends) - ends.count(MISLED))")),
        "whoever was told a falsehood is not in the denominator",
        "a false answer is another kind of mistake, with a column of its own",
        "A desk tells nine falsehoods and one truth. How many of ten customers did it help?",
    ),
    Misconception(
        "all that have ended",
        edited(one_by_one, ("== SOLVED", "!= OPEN")),
        "an end of any kind counts",
        "a conversation that is over looks like one that is done",
        "Are all ends alike?",
    ),
    Misconception(
        "the first reply decides",
        edited(one_by_one, ("[-1]", "[0]")),
        "what came after the first reply was not read",
        "one reply is one episode in training, and the first is the one that all conversations have",
        "May a desk ask a question first?",
    ),
    Misconception(
        "a new conversation at each change of rows",
        edited(success_rate, ("unique()", "unique_consecutive()")),
        "rows that are apart were taken for different conversations",
        "in most logs a conversation's rows stand together",
        "Conversations run side by side. How many different numbers are there?",
    ),
    Misconception(
        "conversations are numbered from 0",
        edited(success_rate, ("len(conversations.unique())", "(conversations.max() + 1)")),
        "the highest number was taken for the number of conversations",
        "in a program of one's own it usually is",
        "The log on paper has the numbers 7, 9, 4 and 2. How many conversations is that?",
    ),
    Misconception(
        "solved for each that was not",
        edited(with_a_dictionary, ("/ len(ends)", "/ max(1, len(ends) - ends.count(SOLVED))")),
        "these are odds, and no share",
        "'three to one' is how such things are told",
        "If all are solved, what should the answer be?",
    ),
    Misconception(
        "a number instead of a share",
        edited(success_rate, (".sum() / len(conversations.unique())", ".sum().float()")),
        "a longer log would make a better desk",
        "counting comes first, and the division is forgotten",
        "Twice as many customers, equally well served: should the answer change?",
    ),
    Misconception(
        "percent",
        edited(success_rate, ("(outcomes == SOLVED).sum()", "100 * (outcomes == SOLVED).sum()")),
        "the answer is a hundred times too large",
        "tables print percent",
        "In which unit should the answer be?",
    ),
)

EXERCISE = Exercise(
    function=success_rate,
    title="How many were helped?",
    section="A customer, and a whole conversation",
    minutes=10,
    difficulty=2,
    goal="Return the share of conversations that were solved, a number from 0 to 1. Row i of the log is one reply: the "
    "number of its conversation (any number; rows of several conversations are mixed), and how that conversation "
    "stood after the reply: 0 open, 1 solved, 2 misled, 3 given up. A conversation that the log leaves open was not "
    "solved.",
    entry="share",
    worked=log([7, 9, 7, 4, 9, 2], [0, 0, 1, 2, 0, 1]),
    answer=0.5,
    cases=(
        log([3, 3], [0, 3]),
        log([1, 2, 1, 2, 1], [0, 0, 0, 1, 1]),
        log([8, 5, 8, 6], [0, 2, 1, 3]),
        log([5, 5, 5], [0, 0, 1], law="One conversation that is solved at last is all solved"),
    ),
    random_case=random_log,
    hints=(
        "Four conversations stand in the log on paper: 7, 9, 4 and 2. How did each of them end?",
        "What is counted above the line, and what below it? Which conversations may be left out below?",
        "(outcomes == 1).sum() / len(conversations.unique()).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_a_dictionary, with_sets, one_by_one),
)
