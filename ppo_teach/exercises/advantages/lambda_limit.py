"""Write `lambda_limit`. Chapter: book/foundations/advantages.md."""

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.advantages import gae
from ppo_teach.exercises.advantages.lambda_limit_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.reinforce import rewards_to_go


def lambda_limit(
    rewards: Float[Tensor, "B T"], values: Float[Tensor, "B T"], *, gamma: float, lam: float
) -> Float[Tensor, "B T"]:
    """GAE for λ = 0 or λ = 1, without any sum of residuals. Every row is one reply and ends with its last token."""
    if lam == 0:
        following = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
        return rewards + gamma * following - values
    return rewards_to_go(rewards, torch.ones_like(rewards).bool(), gamma=gamma) - values


def replies(rewards: list, values: list, *, gamma: float, lam: float, law: str = "") -> Case:
    inputs = {"rewards": torch.tensor(rewards, dtype=torch.float32), "values": torch.tensor(values)}
    return Case({**inputs, "gamma": gamma, "lam": lam}, law=law)


def random_replies(rng: torch.Generator) -> Case:
    """Two replies of four tokens, with a reward at each, and either λ."""
    rewards, values = (torch.randint(20, 151, (2, 2, 4), generator=rng) / 100).tolist()
    return replies(rewards, values, gamma=pick(rng, 0.8, 0.9), lam=pick(rng, 0.0, 1.0))


def through_gae(rewards, values, *, gamma, lam):
    """The general formula at its edge."""
    following, last = torch.zeros_like(values), torch.zeros_like(values, dtype=torch.bool)
    following[:, :-1], last[:, -1] = values[:, 1:], True
    return gae(rewards, values, following, last, torch.zeros_like(last), gamma=gamma, lam=lam)


def as_a_blend(rewards, values, *, gamma, lam):
    """Both limits, the second from a matrix of discounts, weighted by 1 − λ and λ, in float64."""
    rewards, values = rewards.double(), values.double()
    place = torch.arange(rewards.shape[1])
    discounts = torch.tril(gamma ** (place[:, None] - place).clamp(min=0).double())
    one_step = rewards - values
    one_step[:, :-1] += gamma * values[:, 1:]
    return (1 - lam) * one_step + lam * (rewards @ discounts - values)


def column_by_column(rewards, values, *, gamma, lam):
    """From the back: what is believed to come after token t is V(s_{t+1}), or what did come."""
    ahead, columns = torch.zeros_like(rewards[:, 0]), []
    for t in reversed(range(rewards.shape[1])):
        outcome = rewards[:, t] + gamma * ahead
        columns.insert(0, outcome - values[:, t])
        ahead = outcome if lam == 1 else values[:, t]
    return torch.stack(columns, dim=1)


EXERCISE = Exercise(
    function=lambda_limit,
    title="The two limits of λ",
    section="From residuals to advantages",
    minutes=10,
    difficulty=2,
    goal="Return what GAE gives for λ = 0, and for λ = 1, without summing residuals; no other λ is asked for. Every "
    "row is one reply that ends with its last token.",
    entry="advantage",
    worked=replies([[0, 0, 1]], [[0.2, 0.4, 0.9]], gamma=1.0, lam=1.0),
    answer=[[0.8, 0.6, 0.1]],
    cases=(
        replies([[0, 0, 1]], [[0.2, 0.4, 0.9]], gamma=1.0, lam=0.0),
        replies([[1, 3]], [[0.5, 0.25]], gamma=0.5, lam=0.0),
        replies([[1, 3]], [[0.5, 0.25]], gamma=0.5, lam=1.0),
        replies([[0, 1], [0, 0]], [[0.5, 0.5], [0.25, 0.5]], gamma=1.0, lam=1.0),
        replies([[0.5]], [[0.25]], gamma=0.5, lam=0.0, law="At the last token the two limits agree: r − V"),
        replies([[0.5]], [[0.25]], gamma=0.5, lam=1.0, law="At the last token the two limits agree: r − V"),
    ),
    random_case=random_replies,
    hints=(
        "Which of the two limits asks the critic about the next state, and which never does?",
        "λ = 0 keeps one residual. λ = 1 lets them telescope: all values cancel but one.",
        "λ = 0: r_t + γV(s_{t+1}) − V(s_t), with 0 behind the last token. λ = 1: G_t − V(s_t).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(through_gae, as_a_blend, column_by_column),
)
