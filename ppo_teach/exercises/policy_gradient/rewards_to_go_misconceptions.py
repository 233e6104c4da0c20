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


def reward_discounted(rewards: Tensor, _returns: Tensor, gamma: float) -> Tensor:
    return gamma * undiscounted(rewards, rewards, gamma)


def short_of_the_start(_rewards: Tensor, returns: Tensor, _gamma: float) -> Tensor:
    return torch.cat([torch.zeros_like(returns[:, :1]), returns[:, 1:]], dim=1)


def short_of_the_end(rewards: Tensor, _returns: Tensor, gamma: float) -> Tensor:
    last = torch.zeros_like(rewards[:, :1])
    return torch.cat([summed(rewards[:, :-1], gamma), last], dim=1) if rewards.shape[1] > 1 else last


def one_long_row(rewards: Tensor, _returns: Tensor, gamma: float) -> Tensor:
    """Row after row from the top, each from its last token: the sum of one goes on in the next."""
    backwards = rewards.flip(1).flatten()
    return summed(backwards.flip(0)[None], gamma).flatten().flip(0).view_as(rewards).flip(1)


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
        "γ multiplies the reward, not what comes after it",
        from_right(reward_discounted),
        "every reward was discounted once, however far ahead it lies",
        "one line multiplies γ by something and adds the rest, and either order runs",
        "In G_t = r_t + γ G_{t+1}, what does γ stand in front of?",
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
        "the loop stops before token 0",
        from_right(short_of_the_start),
        "the first token was never written",
        "`range(T - 1, 0, -1)` looks as if it ended at 0",
        "What is the last number in `range(3, 0, -1)`?",
    ),
    Misconception(
        "the loop begins one column too early",
        from_right(short_of_the_end),
        "the last column was never reached, and its reward counts for nobody",
        "a loop that looks at t + 1 has to stop there",
        "What is the first number in `reversed(range(T - 1))`? And which column holds the last reward?",
    ),
    Misconception(
        "the sum goes on in the next row",
        from_right(one_long_row),
        "a reply began with what another had earned",
        "one running sum outside both loops is one line less",
        "Where is your running sum set to 0?",
    ),
    Misconception(
        "the mask is not used",
        lambda rewards, mask, *, gamma: summed(rewards, gamma),
        "what stands at padding was added up, and padding has returns of its own",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
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
