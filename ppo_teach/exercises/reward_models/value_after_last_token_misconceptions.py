"""Known wrong ways to write `value_after_last_token`: each reads the number somewhere else."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def read(column: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """The value in the column that column(mask, lengths) says."""

    def value_after_last_token(values, mask):
        lengths = mask.sum(dim=1)
        return values.gather(1, column(mask, lengths)[:, None]).squeeze(1)

    return value_after_last_token


def widened(mask: Tensor) -> Tensor:
    """True through the value after the last token."""
    return torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)


def mean_of_tokens(values: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, values[:, 1:], 0.0).sum(dim=1) / mask.sum(dim=1)


MISCONCEPTIONS = (
    Misconception(
        "the last column",
        read(lambda mask, lengths: torch.full_like(lengths, mask.shape[1])),
        "a short response is judged by what the network says at padding, so its score hangs on how long the longest of "
        "the batch is",
        "`values[:, -1]` is the end of every response, as long as all are of the same length",
        "A response of one token stands beside one of a hundred. What does the last column hold?",
    ),
    Misconception(
        "before the last token",
        read(lambda mask, lengths: lengths - 1),
        "the last token was not read yet: nobody would notice whether the response ended or broke off",
        "the last of n tokens has the index n − 1",
        "Column t stands before token t. Which column stands after token n − 1?",
    ),
    Misconception(
        "the first padding, which a full row has not",
        read(lambda mask, lengths: mask.int().argmin(dim=1)),
        "a response as wide as the batch has no padding; `argmin` then answers 0, where nothing has been read",
        "the first False of the mask stands where the response has ended",
        "A response fills its row. What does the search for its first padding find?",
    ),
    Misconception(
        "the column before the last",
        read(lambda mask, lengths: torch.full_like(lengths, mask.shape[1] - 1)),
        "one index was used for all rows, and not even the last",
        "`values[:, -2]` or `values[:, mask.shape[1] - 1]`: the last token of the widest response",
        "How many tokens has the response in this row?",
    ),
    Misconception(
        "one column too far",
        read(lambda mask, lengths: (lengths + 1).clamp(max=mask.shape[1])),
        "a padding token was read after the response, where there was room for one",
        "'after the last token' was counted twice: by the extra column, and by a + 1",
        "A response of one token: which column stands before it, and which after it?",
    ),
    Misconception(
        "before the first token",
        read(lambda mask, lengths: torch.zeros_like(lengths)),
        "nothing but the prompt has been read there: all responses to it get the same score",
        "column 0 exists in every row, and is where a classifier of the encoder kind is read",
        "What does the network know in column 0?",
    ),
    Misconception(
        "where the longest response ends",
        read(lambda mask, lengths: lengths.max().expand_as(lengths)),
        "one index was used for all rows",
        "`mask.sum(dim=1).max()` is the number of columns that are in use",
        "How many numbers do you need to say where two responses end?",
    ),
    Misconception(
        "the first response's length for all",
        read(lambda mask, lengths: lengths[:1].expand_as(lengths)),
        "the length of the first response was taken for that of all",
        "`mask[0].sum()` is what one looks at while trying things out",
        "How long is the second response?",
    ),
    Misconception(
        "where the shortest response ends",
        read(lambda mask, lengths: lengths.min().expand_as(lengths)),
        "one index was used for all rows",
        "there every response still has a token, so nothing of padding is read",
        "How many tokens of the longest response have been read there?",
    ),
    Misconception(
        "the mean over tokens",
        mean_of_tokens,
        "half a sentence was asked for its opinion as often as the whole",
        "a mean over real positions needs no index and never reads padding",
        "What can the network say about a response of which it has read one word?",
    ),
    Misconception(
        "the sum over tokens",
        lambda values, mask: torch.where(mask, values[:, 1:], 0.0).sum(dim=1),
        "a long response has more numbers to add up than a short one",
        "the return of an episode is a sum of rewards",
        "Is a value a reward? What do two values of the same response have in common?",
    ),
    Misconception(
        "the mean over all that was read, the prompt included",
        lambda values, mask: torch.where(widened(mask), values, 0.0).sum(dim=1) / widened(mask).sum(dim=1),
        "half a sentence was asked for its opinion as often as the whole",
        "the columns up to the end are averaged with one line",
        "What can the network say about a response of which it has read no word?",
    ),
    Misconception(
        "the largest value",
        lambda values, mask: torch.where(widened(mask), values, -torch.inf).amax(dim=1),
        "one promising word in the middle is enough",
        "a maximum needs no index, and padding can be ruled out with −∞",
        "A review begins brilliantly and ends in the middle of a word. What is it worth?",
    ),
    Misconception(
        "multiplied by a mask",
        lambda values, mask: (values * (widened(mask) & ~torch.cat([mask, mask[:, :1] & False], dim=1))).sum(dim=1),
        "NaN times zero is NaN",
        "a mask with a single 1 picks a number, and for every finite number the rest is gone",
        "What is 0 · NaN? And what do `gather` and `torch.where` do there?",
    ),
    Misconception(
        "no gradient",
        lambda values, mask: read(lambda mask, lengths: lengths)(values, mask).detach(),
        "the number is right, but a judge read like this cannot learn",
        "when PPO asks the judge, it needs none",
        "Who learns from this number while the judge is trained?",
    ),
)
