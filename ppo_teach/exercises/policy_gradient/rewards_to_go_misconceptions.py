"""Known wrong ways to write `rewards_to_go`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import zero_padding


def summed(rewards: Tensor, gamma: float) -> Tensor:
    """The right returns of rows without padding."""
    columns = [torch.zeros_like(rewards[:, 0])]
    for reward in reversed(rewards.unbind(dim=1)):
        columns.insert(0, reward + gamma * columns[0])
    return torch.stack(columns[:-1], dim=1)


def from_right(result: Callable[[Tensor, Tensor, float], Tensor]) -> Callable:
    """Made out of the rewards, with 0 at padding, and the right returns; padding is set to 0 at the end."""

    def wrong(rewards, mask, *, gamma):
        rewards = zero_padding(rewards, mask)
        return zero_padding(result(rewards, summed(rewards, gamma), gamma), mask)

    return wrong


def padding_treated(treat: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """The right recursion on rewards whose padding was treated otherwise."""
    return lambda rewards, mask, *, gamma: zero_padding(summed(treat(rewards, mask), gamma), mask)


def forwards(rewards: Tensor, _returns: Tensor, gamma: float) -> Tensor:
    columns = [rewards[:, 0]]
    for t in range(1, rewards.shape[1]):
        columns.append(rewards[:, t] + gamma * columns[-1])
    return torch.stack(columns, dim=1)


def since_the_start(rewards: Tensor, returns: Tensor, gamma: float) -> Tensor:
    return returns * gamma ** torch.arange(rewards.shape[1])


def next_of(x: Tensor) -> Tensor:
    return torch.cat([x[:, 1:], torch.zeros_like(x[:, :1])], dim=1)


def undiscounted(rewards: Tensor, _returns: Tensor, _gamma: float) -> Tensor:
    return rewards.flip(1).cumsum(dim=1).flip(1)


def loop_over_rows(rewards: Tensor, _returns: Tensor, gamma: float) -> Tensor:
    return summed(rewards.T, gamma).T


MISCONCEPTIONS = (
    Misconception(
        "the sum runs forwards in time",
        from_right(forwards),
        "the token was credited with what was paid before it",
        "loops over time usually start at 0",
        "Can token 3 deserve credit for a reward at token 1?",
    ),
    Misconception(
        "a plain sum from the start",
        from_right(lambda rewards, returns, gamma: rewards.cumsum(dim=1)),
        "the token was credited with what was paid before it, and nothing was discounted",
        "`cumsum` is one call, and runs from the left",
        "Can token 3 deserve credit for a reward at token 1?",
    ),
    Misconception(
        "γ is off by one",
        from_right(lambda rewards, returns, gamma: gamma * returns),
        "even the token's own reward was discounted",
        "the sum is often written with γ to the power of t, counted from 1",
        "With what weight should r_t itself count in G_t?",
    ),
    Misconception(
        "discounting counts from the episode's start",
        from_right(since_the_start),
        "every return was discounted once more for each token before it",
        "it is what differentiating the discounted sum gives; but no later token would learn from it",
        "The last token earns 1. What is its return, whatever γ is?",
    ),
    Misconception(
        "γ is missing",
        from_right(undiscounted),
        "later rewards count in full",
        "a cumulative sum from the right needs no loop, and in text γ is 1",
        "Set γ = 0. What should be left of the sum?",
    ),
    Misconception(
        "every token gets the whole return",
        from_right(lambda rewards, returns, gamma: returns[:, :1].expand_as(returns)),
        "rewards from before the token are in it",
        "the plain policy gradient weighs all tokens alike, and is right on average",
        "What had already been paid when token t was drawn?",
    ),
    Misconception(
        "the token's own reward is left out",
        from_right(lambda rewards, returns, gamma: returns - rewards),
        "the sum begins one token too late",
        "the reward comes after the action, so it looks like the future's",
        "The last token earns 1. What is its return?",
    ),
    Misconception(
        "the return of the next token",
        from_right(lambda rewards, returns, gamma: next_of(returns)),
        "this is G of the token behind it",
        "storing the running sum before adding the reward is one line too early",
        "In which order do you add r_t and store the sum?",
    ),
    Misconception(
        "only one token ahead",
        from_right(lambda rewards, returns, gamma: rewards + gamma * next_of(rewards)),
        "rewards two or more tokens later are missing",
        "r_t + γ r_{t+1} looks like the recursion r_t + γ G_{t+1}",
        "A reward comes three tokens later. What does token 0 get?",
    ),
    Misconception(
        "the list is not reversed",
        from_right(lambda rewards, returns, gamma: returns.flip(1)),
        "this is the return of the token at the other end of the row",
        "a loop from the right appends the last token first",
        "Which token did your loop write first, and where does it stand in your result?",
    ),
    Misconception(
        "the loop runs over the rows",
        from_right(loop_over_rows),
        "rewards went from one row to the row above",
        "`len(rewards)` and `rewards[t]` are right for a single episode; here axis 0 is the batch",
        "Which axis of a (B, T) tensor is time?",
    ),
    Misconception(
        "padding leaks",
        padding_treated(lambda rewards, mask: rewards),
        "what stands at padding was added to the returns before it",
        "rewards at padding are usually 0, so nothing seems to need a mask",
        "Where does your loop begin, and what stands there?",
    ),
    Misconception(
        "padding is multiplied by zero",
        padding_treated(lambda rewards, mask: rewards * mask),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
)
