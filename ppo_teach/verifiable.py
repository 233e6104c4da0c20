"""Rewards that are 0 or 1 and true: how to measure with them, and what they do to a batch.

Chapter: book/beyond/verifiable.md.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ppo_teach.checks import at_least_0, require, same_shape
from ppo_teach.masks import masked_mean, zero_padding
from ppo_teach.models import ActorCritic
from ppo_teach.rewards import Reward
from ppo_teach.rollouts import generate
from ppo_teach.surrogate import importance_ratio
from ppo_teach.texts import Prompts


def pass_at_k(correct: Int[Tensor, " N"], *, n: int, k: int) -> Float[Tensor, " N"]:
    """Of each problem, the chance that at least one of k answers is right; from 0 to 1.

        1 − C(n − c, k) / C(n, k) = 1 − Π_{i = n − c + 1}^{n} (1 − k / i)

    `correct` says how many of n sampled answers were right, c. Over the draws of the n the estimate is unbiased, where
    1 − (1 − c/n)^k is too low. Where at least k are wrong all factors lie in [0, 1]; where fewer are, that of i = k is
    0, and those before it are cut off at 0, for their product may overflow. Raises ValueError unless 0 ≤ c ≤ n and
    1 ≤ k ≤ n. Source: Chen et al. (2021), section 2.1.
    """
    require(1 <= k <= n, f"k must lie between 1 and n = {n}; got {k}")
    require(bool(((correct >= 0) & (correct <= n)).all()), f"correct must lie between 0 and n = {n}; got {correct}")
    draws = torch.arange(1, n + 1)
    factors = (1 - k / draws).clamp(min=0)
    return 1 - torch.where(draws > n - correct[:, None], factors, 1.0).prod(dim=1)


def groups_with_signal(scores: Float[Tensor, " N"], *, group_size: int) -> Bool[Tensor, " G"]:
    """Which groups say anything: those in which not all scores are the same.

    `scores` hold the answers to one prompt after those to another. Where all are right, or all wrong, no answer is
    better than its group's mean. Raises ValueError unless the groups are whole.
    """
    require(len(scores) % group_size == 0, f"group_size must divide {len(scores)}; got {group_size}")
    groups = scores.view(-1, group_size)
    return (groups != groups[:, :1]).any(dim=1)


def asymmetric_surrogate(
    logprobs: Float[Tensor, "*B"],
    old_logprobs: Float[Tensor, "*B"],
    advantages: Float[Tensor, "*B"],
    mask: Bool[Tensor, "*B"],
    *,
    clip: float,
    clip_high: float,
) -> Float[Tensor, ""]:
    """PPO's clipped objective with an interval that reaches farther up than down, to maximise.

        mean_t min( ρ_t Â_t, clamp(ρ_t, 1 − ε, 1 + ε_high) Â_t )

    With ε_high = ε it is `clipped_surrogate`. The lower ε is called `clip` because that is what a trainer hands to its
    objective: `partial(asymmetric_surrogate, clip_high=0.28)` is one. Source: Yu et al. (2025), clip-higher.
    """
    same_shape(logprobs=logprobs, old_logprobs=old_logprobs, advantages=advantages, mask=mask)
    at_least_0(clip=clip, clip_high=clip_high)
    ratio = importance_ratio(zero_padding(logprobs, mask), zero_padding(old_logprobs, mask))
    advantages = zero_padding(advantages.detach(), mask)
    return masked_mean(torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip_high) * advantages), mask)


def values_by_continuing(
    policy: ActorCritic,
    prompts: Prompts,
    prefixes: Int[Tensor, "B T"],
    reward: Reward,
    *,
    max_tokens: int,
    draws: int,
    rng: torch.Generator,
) -> Float[Tensor, " B"]:
    """V of each unfinished response: the mean reward of what the policy makes of it, `draws` times, in units of reward.

    The prefixes are all of the same length T, without EOS and padding; with T = 0 it is the value of the prompt.
    Unbiased, with a standard error of √(V(1 − V) / draws) where rewards are 0 or 1. `reward` sees the whole response.
    """
    written = prefixes.shape[1]
    real = torch.ones_like(prefixes, dtype=torch.bool)
    longer = Prompts(torch.cat([prompts.tokens, prefixes], 1), torch.cat([prompts.mask, real], 1), prompts.rows)
    scores = []
    for _ in range(draws):
        rest = generate(policy, longer, max_tokens=max_tokens - written, rng=rng)
        whole = torch.cat([prefixes, rest.responses], 1), torch.cat([real, rest.mask], 1)
        scores.append(reward(prompts, *whole))
    return torch.stack(scores).mean(dim=0)
