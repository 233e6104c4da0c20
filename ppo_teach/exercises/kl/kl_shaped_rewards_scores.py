"""Known wrong places for the score in `kl_shaped_rewards`."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.exercises.kl.kl_shaped_rewards_misconceptions import altered, length
from ppo_teach.masks import is_last_token


def at(column: Callable) -> Callable:
    """The score at one column of each row."""

    def bonus(it: SimpleNamespace) -> Tensor:
        positions = torch.arange(it.mask.shape[1])
        return torch.where(positions == column(it.mask)[:, None], it.scores[:, None], 0.0)

    return bonus


def every_last_column(it: SimpleNamespace) -> Tensor:
    bonus = torch.zeros_like(it.logprobs)
    bonus[:, length(it.mask) - 1] += it.scores
    return bonus


SCORES = (
    Misconception(
        "the score at every token",
        altered(bonus=lambda it: torch.where(it.mask, it.scores[:, None], 0.0)),
        "the score was counted once per token, so longer replies earn more",
        "broadcasting the score over the row needs no index",
        "What should the rewards of a reply sum to when β = 0?",
    ),
    Misconception(
        "the score at every position",
        altered(bonus=lambda it: it.scores[:, None].expand_as(it.logprobs)),
        "the score was added everywhere, padding included",
        "`+ scores[:, None]` broadcasts without complaint",
        "What should the rewards of a reply sum to when β = 0?",
    ),
    Misconception(
        "the mask was not used",
        altered(
            gap=lambda it: (it.raw.logprobs - it.raw.ref_logprobs).detach(),
            bonus=at(lambda mask: torch.full_like(length(mask), mask.shape[1] - 1)),
        ),
        "padding was penalised, and the score stands in the last column",
        "when all replies have the same length nobody needs a mask",
        "How long is the shortest reply of the batch?",
    ),
    Misconception(
        "the score is shared among the tokens",
        altered(bonus=lambda it: torch.where(it.mask, (it.scores / length(it.mask))[:, None], 0.0)),
        "each token got an equal part of the score",
        "the sum is right; but nobody knew the score before the last token",
        "At which token does the episode end, and the score become known?",
    ),
    Misconception(
        "the score in the last column",
        altered(bonus=at(lambda mask: torch.full_like(length(mask), mask.shape[1] - 1))),
        "the score stands at padding, where nobody reads it",
        "`rewards[:, -1]` is the last token when all replies have the same length",
        "Which is the last real token of a reply that is shorter than the batch is wide?",
    ),
    Misconception(
        "the score at the first padding",
        altered(bonus=at(length)),
        "the score stands one position behind the reply",
        "`mask.sum()` is the length, and the last index is one less",
        "A reply of two tokens: which indices has it?",
    ),
    Misconception(
        "the score one token too early",
        altered(bonus=at(lambda mask: (length(mask) - 2).clamp(min=0))),
        "the score stands before the last token",
        "indices that were shifted once already are shifted again",
        "Is the EOS a token of the reply? Who earns the score?",
    ),
    Misconception(
        "the score at the first token",
        altered(bonus=at(lambda mask: torch.zeros_like(length(mask)))),
        "the score stands before anything was written",
        "one reply, one score: index 0 looks as good as any",
        "At which token does the episode end, and the score become known?",
    ),
    Misconception(
        "every row's last column for every row",
        altered(bonus=every_last_column),
        "scores were added at the last columns of other rows, too",
        "`rewards[:, last] += scores` reads like 'at the last token of each row'",
        "Which index picks one entry from each row?",
    ),
    Misconception(
        "no score",
        altered(bonus=lambda it: torch.zeros_like(it.logprobs)),
        "only the penalty is left",
        "the penalty is the part with the formula",
        "What is the policy to be rewarded for?",
    ),
    Misconception(
        "the score replaces the penalty",
        altered(total=lambda it: torch.where(is_last_token(it.mask), it.bonus, it.penalty)),
        "the last token lost its penalty",
        "`rewards[b, last] = score` is an assignment; `+=` is meant",
        "How many terms has the reward of the last token?",
    ),
    Misconception(
        "β weighs the score, too",
        altered(bonus=lambda it: it.kl_coef * torch.where(is_last_token(it.mask), it.scores[:, None], 0.0)),
        "the score was multiplied by β",
        "β · (score − KL) is one pair of brackets away from the right line",
        "With β = 0, what should be left?",
    ),
)
