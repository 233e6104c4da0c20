"""Known wrong ways to average over the real tokens of a padded batch: the last step of every loss and objective."""

from collections.abc import Callable

from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import masked_mean


def mean_of_row_means(x: Tensor, mask: Tensor) -> Tensor:
    return (x.sum(dim=-1) / mask.sum(dim=-1)).mean()


def wrong_averages(careful: Callable[[Callable], Callable], careless: Callable[[Callable], Callable]) -> tuple:
    """The misconceptions of an exercise that ends in a masked mean.

    Both arguments make an implementation out of an average(x, mask): `careful` has filled padding with 0 before all
    else, `careless` has not looked at the mask until then.
    """
    return (
        Misconception(
            "the sum instead of the mean",
            careful(lambda x, mask: x.sum()),
            "the tokens were added up, not averaged",
            "the direction of the gradient is the same",
            "Should twice as many tokens give a number twice as large?",
        ),
        Misconception(
            "summed over tokens, averaged over rows",
            careful(lambda x, mask: x.sum(dim=-1).mean() if x.dim() > 1 else x.sum()),
            "the sum of each row was averaged, so a long reply weighs more than a short one",
            "the policy gradient is averaged so, over episodes",
            "By how many numbers did you divide: the rows, or the real tokens?",
        ),
        Misconception(
            "a mean of the rows' means",
            careful(mean_of_row_means),
            "a token of a short reply weighs more than one of a long reply",
            "one mean after the other comes naturally to a (B, T) tensor",
            "A reply of one token and a reply of nine: how much should each token weigh?",
        ),
        Misconception(
            "divided by all positions",
            careful(lambda x, mask: x.mean()),
            "padding was zeroed, and counted",
            "`(x * mask).mean()` looks like a masked mean",
            "How many real tokens are there, and by how many did you divide?",
        ),
        Misconception(
            "padding is counted",
            careless(lambda x, mask: x.mean()),
            "what stands at padding went into the mean",
            "with replies of equal length the mask is true everywhere",
            "Which positions of the batch are tokens?",
        ),
        Misconception(
            "padding is multiplied by zero",
            careless(lambda x, mask: (x * mask).sum() / mask.sum()),
            "NaN times zero is NaN",
            "for every finite number, times zero is gone",
            "What is 0 · NaN? And what does `torch.where` do there?",
        ),
        Misconception(
            "padding is left out too late",
            careless(masked_mean),
            "the number is right, but the gradient at padding is 0 · NaN",
            "selecting the real tokens last gives the right number",
            "Going backwards, which functions does the gradient of a padded position still pass through?",
        ),
    )
