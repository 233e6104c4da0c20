"""Known wrong ways to write `leave_one_out_baseline`."""

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def mean_of_all(scores: Tensor) -> Tensor:
    return scores.mean(dim=-1, keepdim=True).expand_as(scores)


def others(scores: Tensor) -> Tensor:
    """Of each reply the others' scores, one row more: (*B, N, N − 1)."""
    count = scores.shape[-1]
    columns = [[j for j in range(count) if j != i] for i in range(count)]
    return scores[..., torch.tensor(columns)]


def divided_by_all(scores: Tensor) -> Tensor:
    return (scores.sum(dim=-1, keepdim=True) - scores) / scores.shape[-1]


def itself_not_removed(scores: Tensor) -> Tensor:
    return (scores.sum(dim=-1, keepdim=True) / (scores.shape[-1] - 1)).expand_as(scores)


def prompts_counted(scores: Tensor) -> Tensor:
    return (scores.sum(dim=-1, keepdim=True) - scores) / (len(scores) - 1)


def across_prompts(scores: Tensor) -> Tensor:
    return others(scores.flatten()).mean(dim=-1).view_as(scores)


def over_prompts(scores: Tensor) -> Tensor:
    """Along the first dimension; a lone prompt has no others, and 0 / 0 is NaN."""
    return (scores.sum(dim=0, keepdim=True) - scores) / (scores.shape[0] - 1)


MISCONCEPTIONS = (
    Misconception(
        "the same batch is used for fit and estimate",
        mean_of_all,
        "the reply's own score is in its baseline, so the expected gradient is too short by the factor 1 − 1/N",
        "the mean of the batch is one call, and in a large batch the difference is small",
        "Raise the score of reply 0 by 1. Should its own baseline move?",
    ),
    Misconception(
        "the reply is its own baseline",
        lambda scores: scores.clone(),
        "it depends on the action through and through: every reply is worth exactly what was expected",
        "the best guess of a score is the score",
        "What is left of the weight R − b? And what is learned from it?",
    ),
    Misconception(
        "divided by N",
        divided_by_all,
        "the others are N − 1, and were divided by N",
        "the batch has N replies",
        "All scores are 1. What should the mean of the others be?",
    ),
    Misconception(
        "the reply itself is still in the sum",
        itself_not_removed,
        "N scores were added up and divided by N − 1",
        "N − 1 is right, and known from the unbiased variance",
        "All scores are 1. What should the mean of the others be?",
    ),
    Misconception(
        "the sum of the others",
        lambda scores: scores.sum(dim=-1, keepdim=True) - scores,
        "the others were added up, not averaged",
        "leaving one out is a subtraction",
        "All scores are 1. What should the mean of the others be?",
    ),
    Misconception(
        "the best score",
        lambda scores: scores.amax(dim=-1, keepdim=True).expand_as(scores),
        "the best reply is its own baseline, so the baseline depends on the action",
        "a high standard sounds useful, and a greedy reply's score is a known baseline",
        "Raise the score of the best reply by 1. Should its own baseline move?",
    ),
    Misconception(
        "the best of the others",
        lambda scores: others(scores).amax(dim=-1),
        "it is unbiased, but it is not the mean: nearly every weight becomes negative",
        "it leaves the reply itself out, which is the point",
        "By how much should a rise of one other score move the baseline?",
    ),
    Misconception(
        "the baseline is subtracted already",
        lambda scores: scores - others(scores).mean(dim=-1),
        "this is the score minus the baseline",
        "it is what one needs next",
        "All scores are 1. What should the baseline be?",
    ),
    Misconception(
        "the mean is subtracted already",
        lambda scores: scores - scores.mean(dim=-1, keepdim=True),
        "this is the score minus the mean of all",
        "it is what one needs next, and nearly unbiased",
        "All scores are 1. What should the baseline be?",
    ),
    Misconception(
        "the mean of everything",
        lambda scores: torch.full_like(scores, scores.mean().item()),
        "the reply's own score is in its baseline, and those of other prompts too",
        "`scores.mean()` is right for a single prompt, but for the reply itself",
        "Raise the score of reply 0 by 1. Should its own baseline move? And the baselines of other prompts?",
    ),
    Misconception(
        "the prompts were counted, not the replies",
        prompts_counted,
        "the sum of the others was divided by the number of prompts less one",
        "`len(scores)` is the number of replies as long as there is one prompt",
        "What is `len` of a tensor of shape (2, 3, 4), and how many replies has each prompt?",
    ),
    Misconception(
        "the replies of all prompts in one",
        across_prompts,
        "replies to other prompts are in the mean: an easy prompt makes its replies look good",
        "a sum without `dim` is shorter",
        "Which replies tell how hard *this* prompt is?",
    ),
    Misconception(
        "along the wrong dimension",
        over_prompts,
        "each reply was held against replies to other prompts",
        "axis 0 is the batch almost everywhere",
        "Which dimension holds the replies to one prompt?",
    ),
)
