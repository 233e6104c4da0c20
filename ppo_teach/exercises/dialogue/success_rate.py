"""Write `success_rate`. Chapter: book/applications/dialogue.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.checks import require, same_shape
from ppo_teach.exercises.dialogue.success_rate_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.exercise import Case, Exercise

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
    ends = dict(zip(conversations.tolist(), outcomes.tolist(), strict=True))
    return torch.tensor(list(ends.values()).count(SOLVED) / len(ends))


def with_sets(conversations, outcomes):
    """Those that were solved, of those that there were."""
    solved = set(conversations[outcomes == SOLVED].tolist())
    return torch.tensor(len(solved) / len(set(conversations.tolist())), dtype=torch.float64)


def one_by_one(conversations, outcomes):
    """Each conversation's rows by themselves; only the last of them can be anything but open."""
    ended = [outcomes[conversations == number].max() == SOLVED for number in conversations.unique()]
    return torch.stack(ended).float().mean()


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
