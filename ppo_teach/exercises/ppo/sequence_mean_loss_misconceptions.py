"""Known wrong ways to write `sequence_mean_loss`; three of them are published ways to aggregate a loss."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def careful(average: Callable) -> Callable:
    """An average that finds 0 at padding."""
    return lambda losses, mask: average(torch.where(mask, losses, 0.0), mask)


def of_the_columns(losses: Tensor, mask: Tensor) -> Tensor:
    count = mask.sum(dim=0)
    return (losses.sum(dim=0)[count > 0] / count[count > 0]).mean()


MISCONCEPTIONS = (
    Misconception(
        "the mean over all tokens",
        careful(lambda losses, mask: losses.sum() / mask.sum()),
        "every token weighs the same, so a reply weighs as much as it is long",
        "it is the average of every other loss in this book, and PPO's usual one",
        "A reply of one token and a reply of nine: how much should each reply weigh?",
    ),
    Misconception(
        "every reply is divided by the same length",
        careful(lambda losses, mask: losses.mean()),
        "each sum was divided by the width of the tensor, whatever the reply's own length",
        "it is a published choice, which lets a long reply count for its length, and `losses.mean()` is short",
        "How many real tokens has the second reply, and by how many did you divide it?",
    ),
    Misconception(
        "every reply is divided by the longest one's length",
        careful(lambda losses, mask: (losses.sum(dim=-1) / mask.sum(dim=-1).amax()).mean()),
        "each sum was divided by one length for all",
        "the longest reply is what the batch was padded to, most of the time",
        "How many real tokens has the shortest reply, and by how many did you divide it?",
    ),
    Misconception(
        "the sum of each reply, averaged over replies",
        careful(lambda losses, mask: losses.sum(dim=-1).mean()),
        "the tokens of a reply were added up, not averaged",
        "the log-probability of a reply is the sum of its tokens', and REINFORCE averages such sums",
        "A reply of one token and a reply of nine, every loss a 1: what is the mean of each?",
    ),
    Misconception(
        "the means are added up",
        careful(lambda losses, mask: (losses.sum(dim=-1) / mask.sum(dim=-1)).sum()),
        "the replies' means were summed, not averaged",
        "the direction of the gradient is the same",
        "Should twice as many replies give a number twice as large?",
    ),
    Misconception(
        "everything is added up",
        careful(lambda losses, mask: losses.sum()),
        "nothing was averaged",
        "padding is zero by then, so a sum seems safe",
        "Should twice as many tokens give a number twice as large?",
    ),
    Misconception(
        "a mean of the columns' means",
        careful(of_the_columns),
        "the mean was taken over replies first, place by place",
        "`mean(dim=0)` or `mean(dim=1)`: on a square they look alike",
        "Which axis runs along one reply?",
    ),
    Misconception(
        "padding is counted",
        lambda losses, mask: losses.mean(dim=-1).mean(),
        "what stands at padding went into the means",
        "with replies of equal length the mask is true everywhere",
        "Which positions of each row are tokens?",
    ),
    Misconception(
        "divided by one token too many",
        careful(lambda losses, mask: (losses.sum(dim=-1) / (mask.sum(dim=-1) + 1)).mean()),
        "each reply was taken to be one token longer than it is",
        "the position of the last token and the number of tokens differ by one, and + 1 keeps 0/0 away",
        "A reply ends at position 0. How many tokens has it?",
    ),
    Misconception(
        "padding is multiplied by zero",
        lambda losses, mask: ((losses * mask).sum(dim=-1) / mask.sum(dim=-1)).mean(),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "the mask is read the other way round",
        lambda losses, mask: (torch.where(mask, 0.0, losses).sum(dim=-1) / (~mask).sum(dim=-1)).mean(),
        "these are the means of the padding",
        "several libraries mark what is to be left out, `masked_fill` among them",
        "Is True a token here, or a hole?",
    ),
    Misconception(
        "the result is detached",
        careful(lambda losses, mask: (losses.detach().sum(dim=-1) / mask.sum(dim=-1)).mean()),
        "the number is right, but no gradient comes through",
        "a list of means is easily made of `.item()` or `float()`",
        "This is the last line of a loss. What is its gradient in each real token?",
    ),
)
