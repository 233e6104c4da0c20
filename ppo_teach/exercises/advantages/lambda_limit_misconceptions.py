"""Known wrong ways to write `lambda_limit`: what is returned at either end, replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.advantages.td_residuals_misconceptions import one_further
from ppo_teach.exercises.exercise import Misconception


def residual(rewards: Tensor, values: Tensor, gamma: float) -> Tensor:
    return rewards + gamma * one_further(values) - values


def returns(rewards: Tensor, gamma: float) -> Tensor:
    """G_t, from the back."""
    columns = [torch.zeros_like(rewards[:, 0])]
    for column in reversed(rewards.unbind(dim=1)):
        columns.insert(0, column + gamma * columns[0])
    return torch.stack(columns[:-1], dim=1)


def surprise(rewards: Tensor, values: Tensor, gamma: float) -> Tensor:
    """The return minus V."""
    return returns(rewards, gamma) - values


def altered(*, zero: Callable = residual, one: Callable = surprise) -> Callable:
    """The two limits, each a function of rewards, values and γ."""

    def lambda_limit(rewards, values, *, gamma, lam):
        return (one if lam else zero)(rewards, values, gamma)

    return lambda_limit


MISCONCEPTIONS = (
    Misconception(
        "the limits are swapped",
        altered(zero=surprise, one=residual),
        "this is what the other λ would give",
        "the weights of the n-step estimates carry 1 − λ, so it seems that λ = 1 keeps the short one",
        "With λ = 1, how much of the residual of the last token reaches the first?",
    ),
    Misconception(
        "λ = 1 is TD(0)",
        altered(one=residual),
        "this is one residual, which is the estimate for λ = 0",
        "TD(0) looks one step ahead, and 1 sounds like one step; the number in its name is λ",
        "With λ = 1, how much of the residual of the last token reaches the first?",
    ),
    Misconception(
        "λ = 0 is the return",
        altered(zero=surprise),
        "all later rewards were counted, which is the estimate for λ = 1",
        "λ = 0 sounds like leaving the critic out",
        "With λ = 0, which of the residuals are left?",
    ),
    Misconception(
        "λ = 0 takes the next value away",
        altered(zero=lambda rewards, values, gamma: rewards - values),
        "the critic's opinion of the next state was dropped together with the later residuals",
        "λ = 0 looks as if it set all that comes later to 0",
        "λ multiplies residuals. Is V(s_{t+1}) inside the first one, or behind it?",
    ),
    Misconception(
        "λ = 1 needs no baseline",
        altered(one=lambda rewards, values, gamma: returns(rewards, gamma)),
        "V(s_t) was not subtracted",
        "with λ = 1 the critic is never asked what comes next, so it seems to be out of the game",
        "Which of the values does not cancel when the residuals telescope?",
    ),
    Misconception(
        "λ = 1 gives every token the whole score",
        altered(one=lambda rewards, values, gamma: returns(rewards, gamma)[:, :1] - values),
        "a token was credited with what came before it",
        "in text only the last reward is not 0, and with γ = 1 all returns are the same",
        "Can token 1 deserve credit for a reward at token 0?",
    ),
    Misconception(
        "λ = 1 does not discount",
        altered(one=lambda rewards, values, gamma: surprise(rewards, values, 1.0)),
        "γ was lost together with λ",
        "γ and λ stand side by side, and one of them has become 1",
        "Only λ went to 1. What happened to γ?",
    ),
    Misconception(
        "λ = 0 does not discount",
        altered(zero=lambda rewards, values, gamma: residual(rewards, values, 1.0)),
        "γ was lost together with λ",
        "with γλ = 0 in the sum nothing seems to be left of γ",
        "γ stands in two places. Which of them has λ beside it?",
    ),
    Misconception(
        "the critic speaks for what comes after the end",
        altered(zero=lambda rewards, values, gamma: rewards + gamma * values.roll(-1, dims=1) - values),
        "the value behind the last token was that of the first",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "What is to be expected after the last token of a reply?",
    ),
    Misconception(
        "returns instead of advantages",
        altered(
            zero=lambda rewards, values, gamma: residual(rewards, values, gamma) + values,
            one=lambda rewards, values, gamma: returns(rewards, gamma),
        ),
        "V(s_t) was not subtracted; this is the critic's target",
        "both limits have a name of their own, TD target and return, and neither contains V(s_t)",
        "A token did exactly as well as expected. What is its advantage?",
    ),
    Misconception(
        "expectation minus outcome",
        altered(
            zero=lambda rewards, values, gamma: -residual(rewards, values, gamma),
            one=lambda rewards, values, gamma: -surprise(rewards, values, gamma),
        ),
        "praise became blame",
        "an error is often written as prediction minus target",
        "A reward comes as a surprise. Should its token's advantage be positive?",
    ),
)
