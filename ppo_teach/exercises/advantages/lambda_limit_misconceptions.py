"""Known wrong ways to write `lambda_limit`: what is returned at either end, replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.advantages.gae_misconceptions import one_further
from ppo_teach.exercises.exercise import Misconception


def residual(rewards: Tensor, values: Tensor, gamma: float) -> Tensor:
    return rewards + gamma * one_further(values) - values


def returns(rewards: Tensor, gamma: float) -> Tensor:
    """G_t, from the back."""
    columns = [torch.zeros_like(rewards[:, 0])]
    for column in reversed(rewards.unbind(dim=1)):
        columns.insert(0, column + gamma * columns[0])
    return torch.stack(columns[:-1], dim=1)


def discounted_from_the_start(rewards: Tensor, gamma: float) -> Tensor:
    """Σ_{u ≥ t} γ^u r_u, which is γ^t G_t."""
    return gamma ** torch.arange(rewards.shape[1]) * returns(rewards, gamma)


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
        "λ = 1 sums the rewards from the left",
        altered(one=lambda rewards, values, gamma: rewards.cumsum(dim=1) - values),
        "the token was credited with what was paid before it, and nothing was discounted",
        "`cumsum` is one call, and runs from the left",
        "Can token 1 deserve credit for a reward at token 0?",
    ),
    Misconception(
        "λ = 1 sums the row, undiscounted, for every token",
        altered(one=lambda rewards, values, gamma: rewards.sum(dim=1, keepdim=True) - values),
        "γ was lost, and a token was credited with what came before it",
        "in text only the last reward is not 0, and γ is 1: there it is right",
        "Which rewards come after token 1, and how many tokens later?",
    ),
    Misconception(
        "λ = 1 discounts from the first token",
        altered(one=lambda rewards, values, gamma: discounted_from_the_start(rewards, gamma) - values),
        "a reward was discounted by its place in the reply, not by its distance from the token",
        "γᵗ r_t, summed from the right, looks like the return, and for token 0 it is",
        "How far is token 1 from the reward that it earns itself?",
    ),
    Misconception(
        "λ = 1 subtracts the first value from all",
        altered(one=lambda rewards, values, gamma: returns(rewards, gamma) - values[:, :1]),
        "V(s_0) was taken for what was expected before every token",
        "a reply has one baseline in REINFORCE",
        "Which of the values does not cancel when the residuals from t on telescope?",
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
        "λ = 0 does not shift the values",
        altered(zero=lambda rewards, values, gamma: rewards + gamma * values - values),
        "the same value was added and taken away",
        "V(s_{t+1}) and V(s_t) are both called V",
        "In which column of `values` stands V(s_{t+1})?",
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
