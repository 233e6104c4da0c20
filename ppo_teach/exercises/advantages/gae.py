"""Write `gae`. Chapter: book/foundations/advantages.md."""

import numpy as np
import torch
from torch import Tensor

from ppo_teach.advantages import gae
from ppo_teach.exercises.advantages.gae_ends import ENDS
from ppo_teach.exercises.advantages.gae_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.exercise import Case, Exercise, pick


def rollout(
    ends: list[str], rewards: Tensor, values: Tensor, after: Tensor, *, gamma: float, lam: float, law: str = ""
) -> Case:
    """A case from a picture of its ends: 'T' where an episode terminated, 't' where it was truncated, '.' elsewhere.

    The value of the next state is the next of `values`, but behind an end and in the last column it is that of `after`.
    """
    end = torch.tensor([[symbol != "." for symbol in row] for row in ends])
    terminated = torch.tensor([[symbol == "T" for symbol in row] for row in ends])
    last = torch.arange(end.shape[1]) == end.shape[1] - 1
    next_values = torch.where(end | last, after, values.roll(-1, dims=1))
    inputs = {"rewards": rewards, "values": values, "next_values": next_values}
    flags = {"terminated": terminated, "truncated": end & ~terminated}
    return Case({**inputs, **flags, "gamma": gamma, "lam": lam}, law=law)


def row(*numbers: float | int) -> Tensor:
    return torch.tensor([numbers], dtype=torch.float32)


def random_rollout(rng: torch.Generator, *, lam: float | None = None, law: str = "") -> Case:
    """Six tokens of two rows, each with a terminated and a truncated end inside; the second row stops without one."""
    ends = [pick(rng, "T.t..T", ".T.t.t", "t..T.t", ".t.T.T"), pick(rng, ".T.t..", ".t.T..", "T..t..", "t..T..")]
    rewards, values, after = torch.randint(20, 151, (3, 2, 6), generator=rng) / 100
    gamma, usual = pick(rng, 0.8, 0.9), pick(rng, 0.6, 0.7, 0.9)
    return rollout(ends, rewards, values, after, gamma=gamma, lam=usual if lam is None else lam, law=law)


def with_brackets(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """Masks by multiplication, as most published code does."""
    deltas = rewards + gamma * next_values * (1 - terminated.float()) - values
    going_on = 1 - (terminated | truncated).float()
    advantages, running = torch.zeros_like(rewards), 0
    for t in range(rewards.shape[1] - 1, -1, -1):
        running = deltas[:, t] + gamma * lam * going_on[:, t] * running
        advantages[:, t] = running
    return advantages


def as_a_sum(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """Σ (γλ)^l δ_{t+l}, written out token by token, in Python's floats."""
    B, T = rewards.shape
    advantages = torch.zeros(B, T)
    for b in range(B):
        for t in range(T):
            for end in range(t, T):
                bootstrap = 0.0 if terminated[b, end] else next_values[b, end].item()
                delta = rewards[b, end].item() + gamma * bootstrap - values[b, end].item()
                advantages[b, t] += (gamma * lam) ** (end - t) * delta
                if terminated[b, end] or truncated[b, end]:
                    break
    return advantages


def from_the_lambda_return(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """G_t = r_t + γ((1 − λ)V(s_{t+1}) + λG_{t+1}), minus V(s_t), in float64."""
    rewards, values, next_values = rewards.double(), values.double(), next_values.double()
    following, returns = next_values[:, -1], torch.zeros_like(rewards)
    for t in reversed(range(rewards.shape[1])):
        following = torch.where(terminated[:, t] | truncated[:, t], next_values[:, t], following)
        mixture = (1 - lam) * next_values[:, t] + lam * following
        following = returns[:, t] = rewards[:, t] + gamma * torch.where(terminated[:, t], 0.0, mixture)
    return returns - values


def as_a_matrix(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """One triangular matrix a row: its entry (t, u) is (γλ)^{u−t} when both stand in one episode, else 0."""
    deltas = rewards + gamma * next_values.masked_fill(terminated, 0) - values
    ended = (terminated | truncated).long()
    episode = ended.cumsum(1) - ended
    distance = torch.arange(rewards.shape[1])[None, :] - torch.arange(rewards.shape[1])[:, None]
    together = (episode[:, :, None] == episode[:, None, :]) & (distance >= 0)
    weights = torch.where(together, (gamma * lam) ** distance.clamp(min=0), 0.0)
    return (weights @ deltas[:, :, None]).squeeze(-1)


def in_numpy(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """The recursion in NumPy, returned as an array."""
    rewards, values, next_values, terminated, truncated = map(
        np.asarray, (rewards, values, next_values, terminated, truncated)
    )
    advantages = rewards + gamma * np.where(terminated, 0, next_values) - values
    for t in reversed(range(rewards.shape[1] - 1)):
        advantages[:, t] += gamma * lam * np.where(terminated[:, t] | truncated[:, t], 0, advantages[:, t + 1])
    return advantages


EXERCISE = Exercise(
    function=gae,
    title="Generalised advantage estimation",
    section="From residuals to advantages",
    minutes=15,
    difficulty=3,
    goal="Return the advantage of every token, Â_t = δ_t + γλ Â_{t+1}. A row may hold several episodes: nothing "
    "crosses an end. A truncated episode keeps its bootstrap, a terminated one has none.",
    entry="advantage",
    worked=rollout(["..T"], row(0, 0, 1), row(0.2, 0.4, 0.9), row(0, 0, 0), gamma=1.0, lam=0.5),
    answer=[[0.475, 0.55, 0.1]],
    cases=(
        rollout([".T.T"], row(0, 1, 0, 1), row(0, 0, 0, 0), row(0, 0, 0, 0), gamma=1.0, lam=0.95),
        rollout(["T"], row(1), row(0.25), row(0.5), gamma=1.0, lam=0.95),
        rollout([".T"], row(0, 1), row(0, 0), row(0, 0), gamma=0.5, lam=0.5),
        rollout(["T", "."], row(1, 0).T, row(0, 0).T, row(0, 0).T, gamma=1.0, lam=0.95),
        rollout(["t."], row(0, 0), row(0.5, 0.2), row(0.8, 0.6), gamma=0.5, lam=0.9),
        random_rollout(torch.Generator().manual_seed(0), lam=0.0, law="With λ = 0 the advantage is the TD residual"),
        random_rollout(
            torch.Generator().manual_seed(1), lam=1.0, law="With λ = 1 the advantage is the discounted return minus V"
        ),
        rollout(
            ["..T.."],
            row(0, 0, 1, 1000, -1000),
            row(0.2, 0.4, 0.9, 1000, 500),
            row(0, 0, 1000, 0, 1000),
            gamma=1.0,
            lam=0.5,
            law="What stands behind the end of an episode changes nothing before it",
        ),
    ),
    random_case=random_rollout,
    hints=(
        "Which advantage can you write down without knowing any other?",
        "Go from the last token to the first and carry a running sum. An end cuts the sum; termination also cuts V.",
        "running = δ_t + γλ · (0 if token t ended the episode, else running), with δ_t = r_t + γV(s_{t+1}) − V(s_t).",
    ),
    misconceptions=(*ENDS, *MISCONCEPTIONS),
    variants=(with_brackets, as_a_sum, from_the_lambda_return, as_a_matrix, in_numpy),
)
