"""Known wrong ways to write `advantages_and_returns`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    rewards: Callable = lambda it: it.rewards,
    terminated: Callable = lambda it: it.terminated,
    ended: Callable = lambda it: it.terminated | it.truncated,
    next_values: Callable = lambda it: it.next_values,
    whitened: Callable = lambda it: whitened_over(it.raw, it.mask),
    returns: Callable = lambda it: it.raw + it.values,
    pair: Callable = lambda it: (it.advantages, it.returns),
) -> Callable:
    """Both, with one part replaced; `it` holds the arguments and the parts before."""

    def advantages_and_returns(rewards_, values, next_values_, terminated_, truncated, mask, *, gamma, lam):
        it = SimpleNamespace(rewards=rewards_, values=values, next_values=next_values_, mask=mask, gamma=gamma, lam=lam)
        it.terminated, it.truncated = terminated_, truncated
        it.ended, it.next_values = ended(it), next_values(it)
        it.rewards, it.terminated = rewards(it), terminated(it)
        it.raw = faded(it, lam)
        it.advantages = whitened(it)
        it.returns = returns(it)
        return pair(it)

    return advantages_and_returns


def faded(it: SimpleNamespace, lam: float) -> Tensor:
    """Generalised advantage estimates."""
    deltas = it.rewards + it.gamma * torch.where(it.terminated, 0.0, it.next_values) - it.values
    advantages, running = torch.zeros_like(deltas), 0.0
    for t in reversed(range(deltas.shape[1])):
        running = deltas[:, t] + it.gamma * lam * torch.where(it.ended[:, t], 0.0, running)
        advantages[:, t] = running
    return advantages


def whitened_over(x: Tensor, mask: Tensor, *, correction: int = 0) -> Tensor:
    real = x[mask]
    variance = (real - real.mean()).square().sum() / (len(real) - correction)
    return (x - real.mean()) / (variance + 1e-8).sqrt()


def whitened_by_row(x: Tensor, mask: Tensor) -> Tensor:
    return torch.stack([whitened_over(row, real) for row, real in zip(x, mask, strict=True)])


def one_column_later(it: SimpleNamespace) -> Tensor:
    return torch.cat([it.values[:, 1:], torch.zeros_like(it.values[:, :1])], dim=1)


def rewards_to_go(it: SimpleNamespace) -> Tensor:
    """What was paid until the end, or until we stopped looking."""
    nothing = torch.zeros_like(it.values)
    seen = SimpleNamespace(**vars(it) | {"values": nothing, "next_values": nothing})
    return faded(seen, 1.0)


MISCONCEPTIONS = (
    Misconception(
        "the returns are formed after whitening",
        altered(returns=lambda it: it.advantages + it.values),
        "a whitened advantage has no unit, and was added to a value, which has one",
        "the line with + stands below the one that whitens, and the name `advantages` was used for both",
        "In which unit is a value, and in which a whitened advantage?",
    ),
    Misconception(
        "the returns are whitened, too",
        altered(returns=lambda it: whitened_over(it.raw + it.values, it.mask)),
        "the critic would have to guess numbers whose mean is 0 in every batch",
        "what is good for the one seems good for the other",
        "All replies get better. What should happen to the critic's targets?",
    ),
    Misconception(
        "nothing is whitened",
        altered(whitened=lambda it: it.raw),
        "the advantages have the scale of the rewards",
        "GAE gives advantages, and the policy could learn from them",
        "What are the mean and the variance of your advantages?",
    ),
    Misconception(
        "the advantages are shifted, not scaled",
        altered(whitened=lambda it: it.raw - it.raw[it.mask].mean()),
        "their mean is 0, their variance is not 1",
        "subtracting a mean is a baseline, and is the half that cannot go wrong",
        "What is the variance of your advantages?",
    ),
    Misconception(
        "padding is counted in whitening",
        altered(whitened=lambda it: whitened_over(it.raw, torch.ones_like(it.mask))),
        "what stands at padding went into the mean and the variance",
        "with replies of equal length the mask is true everywhere",
        "Over which positions did you take the mean?",
    ),
    Misconception(
        "padding is counted in whitening as 0",
        altered(whitened=lambda it: whitened_over(torch.where(it.mask, it.raw, 0.0), torch.ones_like(it.mask))),
        "padding was filled with 0, and counted in the mean and the variance",
        "0 adds nothing to a sum; to a mean it does",
        "Over how many positions did you take the mean?",
    ),
    Misconception(
        "padding is counted in whitening, and n − 1 divides",
        altered(whitened=lambda it: (it.raw - it.raw.mean()) / (it.raw.std() + 1e-8)),
        "what stands at padding went into the mean and the variance, which was divided by n − 1",
        "it is the line of most repositories, where nothing is padded",
        "Over which positions did you take the mean?",
    ),
    Misconception(
        "each row is whitened for itself",
        altered(whitened=lambda it: whitened_by_row(it.raw, it.mask)),
        "a good reply and a bad one were given the same mean",
        "a mean over the last axis is the usual one in a network",
        "A good reply and a bad one: should the advantages of both have the mean 0?",
    ),
    Misconception(
        "the variance is divided by n − 1",
        altered(whitened=lambda it: whitened_over(it.raw, it.mask, correction=1)),
        "the numbers are too small, and a single real token gives 0/0",
        "`std()` and `var()` of torch do so unless told otherwise",
        "One real token: what is n − 1?",
    ),
    Misconception(
        "the rewards are whitened instead",
        altered(rewards=lambda it: whitened_over(it.rewards, it.mask), whitened=lambda it: it.raw),
        "the rewards lost their mean and their scale, and the returns with them",
        "published code has an option of this name",
        "Rewards of 0, 0 and 1: what does the critic hear of them in your version?",
    ),
    Misconception(
        "the returns are the advantages",
        altered(returns=lambda it: it.raw),
        "the value was not added back",
        "GAE sums discounted things from t on, and that is what a return is",
        "A perfect critic has advantages of 0. Should its targets be 0?",
    ),
    Misconception(
        "the returns are rewards-to-go",
        altered(returns=rewards_to_go),
        "only what was paid within the batch was counted, with λ = 1 and without a bootstrap",
        "that is what the word says; and where each row is one whole episode and λ is 1, they agree",
        "Somebody stopped the clock. Which term of δ speaks for the rewards that were still to come?",
    ),
    Misconception(
        "the returns have λ = 1",
        altered(returns=lambda it: faded(it, 1.0) + it.values),
        "the critic's targets have another λ than the advantages",
        "with λ = 1 the return is what was paid, with the bootstrap where we stopped looking",
        "Â + V = R̂. Which λ does your Â have?",
    ),
    Misconception(
        "the returns look one step ahead",
        altered(returns=lambda it: it.rewards + it.gamma * torch.where(it.terminated, 0.0, it.next_values)),
        "these are targets with λ = 0",
        "r + γV is the target of TD learning",
        "Â + V = R̂. Which λ does your Â have?",
    ),
    Misconception(
        "the returns and the advantages are swapped",
        altered(pair=lambda it: (it.returns, it.advantages)),
        "the policy gets the critic's targets, and the critic the policy's",
        "libraries return either order",
        "Which of the two comes first in the exercise?",
    ),
    Misconception(
        "a truncated episode loses its bootstrap",
        altered(terminated=lambda it: it.ended),
        "the rewards we did not wait for were taken to be zero",
        "both flags end the episode, and much published code merges them into one `done`",
        "Somebody stopped the clock. Was nothing to come, or did we not look?",
    ),
    Misconception(
        "the two flags are swapped",
        altered(terminated=lambda it: it.truncated),
        "an episode that ended was given a future, and one that was cut off was not",
        "both are rows of flags, and `gae` takes one after the other",
        "Which of the two says that nothing is to come?",
    ),
    Misconception(
        "the sum runs on through a truncation",
        altered(ended=lambda it: it.terminated),
        "what the next episode earned was credited to this one",
        "an episode that was cut off is not over, and so it seems to go on in the next column",
        "The clock stopped at t. To which episode does column t + 1 belong?",
    ),
    Misconception(
        "the next value is that of the next column",
        altered(next_values=one_column_later),
        "behind an end the next column belongs to another episode, and behind the last column nothing is known",
        "where each row is one whole reply it is right, and the trainer for words does it",
        "The clock stopped at t. Which state came next, and does column t + 1 show it?",
    ),
)
