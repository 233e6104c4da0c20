"""Known wrong ways to write `success_rate`: each is the right one with one part replaced."""

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception

OPEN, SOLVED, MISLED, GIVEN_UP = range(4)


def of_those(outcomes: Tensor, conversations: Tensor, left_out: int) -> Tensor:
    """The share among conversations without this ending; 0 where none is left."""
    ends = last(conversations, outcomes)
    return (ends == SOLVED).sum() / (ends != left_out).sum().clamp(min=1)


def last(conversations: Tensor, outcomes: Tensor) -> Tensor:
    """How each conversation stood at last."""
    return torch.stack([outcomes[conversations == number][-1] for number in conversations.unique()])


def first(conversations: Tensor, outcomes: Tensor) -> Tensor:
    return torch.stack([outcomes[conversations == number][0] for number in conversations.unique()])


def mean_of_shares(conversations: Tensor, outcomes: Tensor) -> Tensor:
    solved = (outcomes == SOLVED).float()
    return torch.stack([solved[conversations == number].mean() for number in conversations.unique()]).mean()


MISCONCEPTIONS = (
    Misconception(
        "a share of replies",
        lambda conversations, outcomes: (outcomes == SOLVED).float().mean(),
        "a conversation of three replies that ends well counts as one success and two failures",
        "the log has a row for each reply, and `.mean()` is at hand; a `set` of tensors too holds every row, for it "
        "takes no two tensors for the same",
        "Whom do you want to have helped: a reply, or a customer?",
    ),
    Misconception(
        "a mean of each conversation's share",
        mean_of_shares,
        "a desk that first asks what it must know is punished for the question",
        "a mean within, then a mean between, looks fair to long and short conversations",
        "A customer got his answer with the third reply. Was he helped by a third?",
    ),
    Misconception(
        "misled counts as solved",
        lambda conversations, outcomes: (
            ((outcomes == SOLVED) | (outcomes == MISLED)).sum() / len(conversations.unique())
        ),
        "whoever left content was counted, and some left with a falsehood",
        "the customer says thank you in both cases; from his side they are the same",
        "Who knows that an answer was false?",
    ),
    Misconception(
        "open conversations are left out",
        lambda conversations, outcomes: of_those(outcomes, conversations, OPEN),
        "the desk that keeps everybody talking and answers one has a success rate of 1",
        "of an open conversation nobody knows how it will end",
        "What is the rate of a desk that answers one customer and never ends with the others?",
    ),
    Misconception(
        "customers who gave up are left out",
        lambda conversations, outcomes: of_those(outcomes, conversations, GIVEN_UP),
        "those who left without an answer are not in the denominator",
        "surveys reach only those who stayed",
        "Which customers were least helped, and where are they in your share?",
    ),
    Misconception(
        "misled customers are left out",
        lambda conversations, outcomes: of_those(outcomes, conversations, MISLED),
        "whoever was told a falsehood is not in the denominator",
        "a false answer is another kind of mistake, with a column of its own",
        "A desk tells nine falsehoods and one truth. How many of ten customers did it help?",
    ),
    Misconception(
        "all that have ended",
        lambda conversations, outcomes: (last(conversations, outcomes) != OPEN).float().mean(),
        "an end of any kind counts",
        "a conversation that is over looks like one that is done",
        "Are all ends alike?",
    ),
    Misconception(
        "the first reply decides",
        lambda conversations, outcomes: (first(conversations, outcomes) == SOLVED).float().mean(),
        "what came after the first reply was not read",
        "one reply is one episode in training, and the first is the one that all conversations have",
        "May a desk ask a question first?",
    ),
    Misconception(
        "a new conversation at each change of rows",
        lambda conversations, outcomes: (outcomes == SOLVED).sum() / len(conversations.unique_consecutive()),
        "rows that are apart were taken for different conversations",
        "in most logs a conversation's rows stand together",
        "Conversations run side by side. How many different numbers are there?",
    ),
    Misconception(
        "conversations are numbered from 0",
        lambda conversations, outcomes: (outcomes == SOLVED).sum() / (conversations.max() + 1),
        "the highest number was taken for the number of conversations",
        "in a program of one's own it usually is",
        "The log on paper has the numbers 7, 9, 4 and 2. How many conversations is that?",
    ),
    Misconception(
        "solved for each that was not",
        lambda conversations, outcomes: (
            (outcomes == SOLVED).sum() / (last(conversations, outcomes) != SOLVED).sum().clamp(min=1)
        ),
        "these are odds, and no share",
        "'three to one' is how such things are told",
        "If all are solved, what should the answer be?",
    ),
    Misconception(
        "a number instead of a share",
        lambda conversations, outcomes: (outcomes == SOLVED).sum().float(),
        "a longer log would make a better desk",
        "counting comes first, and the division is forgotten",
        "Twice as many customers, equally well served: should the answer change?",
    ),
    Misconception(
        "percent",
        lambda conversations, outcomes: 100 * (outcomes == SOLVED).sum() / len(conversations.unique()),
        "the answer is a hundred times too large",
        "tables print percent",
        "In which unit should the answer be?",
    ),
)
