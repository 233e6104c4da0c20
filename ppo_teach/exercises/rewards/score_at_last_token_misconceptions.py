"""Known wrong ways to write `score_at_last_token`: each puts the number somewhere else."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def put(place: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """The score wherever place(columns, lengths) says; `lengths` has one row for each reply."""

    def score_at_last_token(scores, mask):
        columns, lengths = torch.arange(mask.shape[1]), mask.sum(dim=1, keepdim=True)
        return torch.where(place(columns, lengths), scores[:, None], 0.0)

    return score_at_last_token


def at_the_ends_of_all_rows(scores: Tensor, mask: Tensor) -> Tensor:
    rewards = torch.zeros(mask.shape)
    rewards[:, mask.sum(dim=1) - 1] = scores
    return rewards


def in_the_last_column(columns: Tensor, lengths: Tensor) -> Tensor:
    return (columns == len(columns) - 1).expand(len(lengths), -1)


MISCONCEPTIONS = (
    Misconception(
        "the last column",
        put(in_the_last_column),
        "there is padding in the last column of a short reply, where nobody looks for a reward",
        "`rewards[:, -1]` is the end of every reply, as long as all are of the same length",
        "Where does a reply of two tokens end in a batch that is four wide?",
    ),
    Misconception(
        "the first padding",
        put(lambda columns, lengths: columns == lengths),
        "the score came one position too late, and a reply that fills the line got none",
        "the number of real tokens looks like the index of the last",
        "A reply has one token. What is the token's index?",
    ),
    Misconception(
        "every token",
        put(lambda columns, lengths: columns < lengths),
        "a reply is paid once for each of its tokens, so a long one is paid more",
        "a reward for each token is what the trainer asks for, and every token took part",
        "What do the rewards of a reply of three tokens add up to?",
    ),
    Misconception(
        "the last token and all that follows",
        put(lambda columns, lengths: columns >= lengths - 1),
        "padding was paid as well, where nobody looks for a reward",
        "`mask.cumsum(dim=1) == mask.sum(dim=1, keepdim=True)` finds the last token, and stays true behind it",
        "What does the running sum of the mask do at padding?",
    ),
    Misconception(
        "each row is paid where any row ends",
        at_the_ends_of_all_rows,
        "the scores of other replies stand in the row too",
        "`rewards[:, last] = scores` looks like one index for each row; it takes all of them in every row",
        "`rewards[:, [1, 2]]`: which rows, and which columns?",
    ),
    Misconception(
        "every position",
        put(lambda columns, lengths: (columns >= 0).expand(len(lengths), -1)),
        "each position was paid, padding included",
        "a number for each row broadcasts over the row by itself",
        "What do the rewards of a reply add up to? And which positions of the batch are tokens?",
    ),
    Misconception(
        "the score is shared out among the tokens",
        lambda scores, mask: torch.where(mask, (scores / mask.sum(dim=1))[:, None], 0.0),
        "the sum is right, but the score was earned when the reply was finished; who deserves it is for credit "
        "assignment to say",
        "each token deserves its share",
        "Before the last token is written, has the reply earned anything?",
    ),
    Misconception(
        "the first token",
        put(lambda columns, lengths: (columns == 0).expand(len(lengths), -1)),
        "a reward for a token that came before the reply was written; the tokens after it get nothing",
        "`rewards[:, 0]` exists in every row, whatever its length",
        "With γ = 1, what is the return of the second token?",
    ),
    Misconception(
        "where the longest reply ends",
        put(lambda columns, lengths: (columns == lengths.max() - 1).expand(len(lengths), -1)),
        "one index was used for all rows",
        "`mask.sum(dim=1).max()` is the number of columns that are in use",
        "How many numbers do you need to say where two replies end?",
    ),
    Misconception(
        "a reply that fills the line is not paid",
        put(lambda columns, lengths: (columns == lengths - 1) & (lengths < len(columns))),
        "the end was looked for as a step from real to padding, and a full line has none",
        "`mask[:, :-1] & ~mask[:, 1:]` finds the end of every padded reply",
        "Where is the last token of a reply without padding?",
    ),
)
