"""What is a good reply? Three rules on one reading. Chapter: book/applications/dialogue.md.

A support desk, an assistant and a fictional character are paid for different things. A rule compares a reply with the
one that was due, both as `help_desk.read` reads them, and returns a bounded number.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.rewards import Metric
from ppo_teach.tasks.dialogue.help_desk import Reading, read

Rule = Callable[[Reading, Reading], float]


def is_right(reply: Reading, due: Reading) -> bool:
    """Whether a reply is fluent, and says and asks exactly what was due."""
    return reply.fluent and (reply.values, reply.asked) == (due.values, due.asked)


def is_wrong(reply: Reading, due: Reading) -> bool:
    """Whether a reply says a value that was not due: a false one, or any before name and question are known."""
    return not reply.values <= due.values


def support_desk(reply: Reading, due: Reading) -> float:
    """Right, polite and brief: from −4 to 3. Each word from the twelfth to the twenty-first costs 0.15."""
    courtesy = 1.0 * (reply.polite and reply.fluent) - 1.5 * reply.rude
    return 2.0 * is_right(reply, due) - is_wrong(reply, due) + courtesy - 0.15 * min(max(reply.words - 11, 0), 10)


def assistant(reply: Reading, due: Reading) -> float:
    """Right, and rather vague than wrong: from −4.5 to 2.5. Length costs nothing."""
    courtesy = 0.5 * (reply.polite and reply.fluent) - 1.5 * reply.rude
    return 2.0 * is_right(reply, due) - 3.0 * is_wrong(reply, due) + courtesy


def character(reply: Reading, due: Reading) -> float:
    """A pirate behind a counter: from −1 to 3. What he says may be wrong, as long as he says it like a pirate."""
    return 2.0 * (reply.piratical and reply.fluent) + is_right(reply, due) - 1.0 * reply.rude


def score_by(rule: Rule) -> Metric:
    """The rule as a metric on texts."""

    def score(responses: Sequence[str], references: Sequence[str]) -> Float[Tensor, " B"]:
        pairs = zip(responses, references, strict=True)
        return torch.tensor([float(rule(read(response), read(reference))) for response, reference in pairs])

    return score
