"""Write `rewards_to_go`. Chapter: book/foundations/policy-gradient.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.policy_gradient.rewards_to_go_misconceptions import MISCONCEPTIONS
from ppo_teach.reinforce import rewards_to_go


def episodes(rewards: list, lengths: list[int], *, gamma: float, law: str = "") -> Case:
    """Rows of rewards; what stands behind a row's length is padding."""
    rewards = torch.tensor(rewards, dtype=torch.float32)
    mask = torch.arange(rewards.shape[1]) < torch.tensor(lengths)[:, None]
    return Case({"rewards": rewards, "mask": mask, "gamma": gamma}, law=law)


def random_episodes(rng: torch.Generator) -> Case:
    """Three rows of different length, a reward at every token, and junk at padding."""
    rewards = torch.randint(20, 151, (3, 5), generator=rng) / 100
    lengths = torch.tensor([2, 3, 5])[torch.randperm(3, generator=rng)]
    return episodes(rewards.tolist(), lengths.tolist(), gamma=pick(rng, 0.5, 0.8, 0.9))


def as_a_matrix(rewards, mask, *, gamma):
    """One triangular matrix of γ^{k−t}."""
    time = torch.arange(rewards.shape[1])
    distance = time[:, None] - time[None, :]
    weights = torch.where(distance >= 0, gamma ** distance.clamp(min=0), 0.0)
    return rewards.masked_fill(~mask, 0) @ weights * mask


def token_by_token(rewards, mask, *, gamma):
    """The sum written out, in Python's floats."""
    returns = torch.zeros_like(rewards)
    for row, length in enumerate(mask.sum(dim=1).tolist()):
        for t in range(length):
            returns[row, t] = sum(gamma ** (k - t) * rewards[row, k].item() for k in range(t, length))
    return returns


def reply_by_reply(rewards, mask, *, gamma):
    """A running sum over each reply's real rewards, in float64."""
    returns = torch.zeros_like(rewards).double()
    for row, real in enumerate(mask):
        total = 0.0
        for t in reversed(real.nonzero().flatten().tolist()):
            total = rewards[row, t].double() + gamma * total
            returns[row, t] = total
    return returns


NAN = float("nan")
EXERCISE = Exercise(
    function=rewards_to_go,
    title="Rewards to go",
    section="What was earned before",
    minutes=10,
    difficulty=2,
    goal="Return the discounted sum of the rewards from each token on, G_t = r_t + γ G_{t+1}, and 0 at padding. "
    "Discounting counts from token t. What stands where the mask is False, NaN included, does not matter.",
    entry="return",
    worked=episodes([[1, 2, 4, 9]], [3], gamma=0.5),
    answer=[[3.0, 4.0, 4.0, 0.0]],
    cases=(
        episodes([[0, 0, 8]], [3], gamma=0.5),
        episodes([[1, 2], [4, 8]], [2, 2], gamma=0.5),
        episodes([[1, 2, 3], [4, 50, 50]], [3, 1], gamma=1.0),
        episodes([[1, 2, 3]], [3], gamma=0.0, law="With γ = 0 a return is the token's own reward"),
        episodes([[1, NAN], [2, 4]], [1, 2], gamma=0.5, law="What stands at padding changes nothing, NaN included"),
    ),
    random_case=random_episodes,
    hints=(
        "Which token's return can you write down at once?",
        "Set padding to 0 first. Then go from the last column to the first, with one running sum for each row.",
        "running = rewards[:, t] + gamma * running, for t in reversed(range(T)); store it at t.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(as_a_matrix, token_by_token, reply_by_reply),
)
