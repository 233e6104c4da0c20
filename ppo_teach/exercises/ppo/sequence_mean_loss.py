"""Write `sequence_mean_loss`. Chapter: book/ppo/ppo.md."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.masks import masked_mean, zero_padding


def sequence_mean_loss(losses: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Each reply's own mean over its real tokens, averaged over replies: every reply weighs the same."""
    return (zero_padding(losses, mask).sum(dim=1) / mask.sum(dim=1)).mean()


def batch(losses: list, mask: list, *, law: str = "") -> Case:
    return Case({"losses": torch.tensor(losses, dtype=torch.float32), "mask": torch.tensor(mask).bool()}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Four replies of different length in a tensor one wider than the longest, and junk at padding."""
    losses = torch.randint(20, 151, (4, 5), generator=rng) / 100
    mask = torch.arange(5) < torch.tensor([1, 2, 3, 4])[torch.randperm(4, generator=rng)][:, None]
    return batch(torch.where(mask, losses, 7.0).tolist(), mask.tolist())


def step_by_step(losses, mask):
    """What each reply adds up to, and how long it is."""
    sums = zero_padding(losses, mask).sum(dim=1)
    lengths = mask.sum(dim=1)
    return (sums / lengths).mean()


def reply_by_reply(losses, mask):
    """The mean over tokens, one row at a time."""
    return sum(masked_mean(row, real) for row, real in zip(losses, mask, strict=True)) / len(losses)


def as_a_weighted_sum(losses, mask):
    """One weight for each token, 1 / (B · length of its reply), in float64."""
    weights = (mask / mask.sum(dim=1, keepdim=True)).double() / mask.shape[0]
    return torch.einsum("bt,bt->", losses.double().masked_fill(~mask, 0), weights)


def by_nanmean(losses, mask):
    """Padding made NaN, which the library's mean leaves out."""
    return torch.where(mask, losses, torch.nan).nanmean(dim=1).mean()


MISCONCEPTIONS = (
    Misconception(
        "the mean over all tokens",
        edited(step_by_step, ("(sums / lengths).mean()", "sums.sum() / lengths.sum()")),
        "every token weighs the same, so a reply weighs as much as it is long",
        "it is the average of every other loss in this book, and PPO's usual one",
        "A reply of one token and a reply of nine: how much should each reply weigh?",
    ),
    Misconception(
        "every reply is divided by the same length",
        edited(step_by_step, ("/ lengths", "/ mask.shape[1]")),
        "each sum was divided by the width of the tensor, whatever the reply's own length",
        "it is a published choice, which lets a long reply count for its length, and `losses.mean()` is short",
        "How many real tokens has the second reply, and by how many did you divide it?",
    ),
    Misconception(
        "every reply is divided by the longest one's length",
        edited(step_by_step, ("/ lengths", "/ lengths.amax()")),
        "each sum was divided by one length for all",
        "the longest reply is what the batch was padded to, most of the time",
        "How many real tokens has the shortest reply, and by how many did you divide it?",
    ),
    Misconception(
        "the sum of each reply, averaged over replies",
        edited(step_by_step, (" / lengths", "")),
        "the tokens of a reply were added up, not averaged",
        "the log-probability of a reply is the sum of its tokens', and REINFORCE averages such sums",
        "A reply of one token and a reply of nine, every loss a 1: what is the mean of each?",
    ),
    Misconception(
        "the means are added up",
        edited(step_by_step, (".mean()", ".sum()")),
        "the replies' means were summed, not averaged",
        "the direction of the gradient is the same",
        "Should twice as many replies give a number twice as large?",
    ),
    Misconception(
        "everything is added up",
        edited(step_by_step, ("(sums / lengths).mean()", "sums.sum()")),
        "nothing was averaged",
        "padding is zero by then, so a sum seems safe",
        "Should twice as many tokens give a number twice as large?",
    ),
    Misconception(
        "a mean of the columns' means",
        edited(
            step_by_step,
            ("(sums / lengths).mean()", "(zero_padding(losses, mask).sum(dim=0) / mask.sum(dim=0)).nanmean()"),
        ),
        "the mean was taken over replies first, place by place",
        "`mean(dim=0)` or `mean(dim=1)`: on a square they look alike",
        "Which axis runs along one reply?",
    ),
    Misconception(
        "padding is counted",
        edited(step_by_step, ("(sums / lengths).mean()", "losses.mean(dim=1).mean()")),
        "what stands at padding went into the means",
        "with replies of equal length the mask is true everywhere",
        "Which positions of each row are tokens?",
    ),
    Misconception(
        "divided by one token too many",
        edited(step_by_step, ("/ lengths", "/ (lengths + 1)")),
        "each reply was taken to be one token longer than it is",
        "the position of the last token and the number of tokens differ by one, and + 1 keeps 0/0 away",
        "A reply ends at position 0. How many tokens has it?",
    ),
    Misconception(
        "padding is multiplied by zero",
        edited(step_by_step, ("zero_padding(losses, mask)", "(losses * mask)")),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "the mask is read the other way round",
        edited(
            step_by_step,
            ("zero_padding(losses, mask)", "zero_padding(losses, ~mask)"),
            ("mask.sum(dim=1)", "(~mask).sum(dim=1)"),
        ),
        "these are the means of the padding",
        "several libraries mark what is to be left out, `masked_fill` among them",
        "Is True a token here, or a hole?",
    ),
    Misconception(
        "the result is detached",
        edited(step_by_step, ("(sums / lengths).mean()", "(sums / lengths).mean().detach()")),
        "the number is right, but no gradient comes through",
        "a list of means is easily made of `.item()` or `float()`",
        "This is the last line of a loss. What is its gradient in each real token?",
    ),
)

NAN = float("nan")
EXERCISE = Exercise(
    function=sequence_mean_loss,
    title="Every reply weighs the same",
    section="Whose mean?",
    minutes=10,
    difficulty=2,
    goal="Return the mean over replies of each reply's own mean over its real tokens, so that every reply weighs the "
    "same, however long it is. Every row has a real token. What stands where the mask is False, NaN included, reaches "
    "neither the result nor a gradient.",
    entry="loss",
    worked=batch([[1, 3, 9], [5, 9, 9]], [[1, 1, 0], [1, 0, 0]]),
    answer=3.5,
    cases=(
        batch([[1, 3]], [[1, 1]]),
        batch([[1, 2, 3], [5, 7, 7]], [[1, 1, 1], [1, 0, 0]]),
        batch([[4, 8, 9, 9], [1, 9, 9, 9]], [[1, 1, 0, 0], [1, 0, 0, 0]]),
        batch([[1, 2], [3, 6]], [[1, 1], [1, 1]], law="When all replies are equally long, it is the mean over tokens"),
        batch(
            [[1, 3, 9, 9, 9], [5, 9, 9, 9, 9]],
            [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]],
            law="A wider tensor changes nothing",
        ),
        batch(
            [[1, NAN, NAN], [3, 5, NAN]],
            [[1, 0, 0], [1, 1, 0]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_batch,
    gradients=("losses",),
    hints=(
        "On paper: what is the mean of each reply, and what the mean of those?",
        "Fill padding with 0. Add up along each row, divide by that row's own number of real tokens, and only then "
        "average.",
        "torch.where(mask, losses, 0).sum(dim=1) / mask.sum(dim=1), and its mean.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, reply_by_reply, as_a_weighted_sum, by_nanmean),
)
