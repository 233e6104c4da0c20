"""Write `lambda_limit`. Chapter: book/foundations/advantages.md."""

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.advantages import gae
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
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


MISCONCEPTIONS = (
    Misconception(
        "the limits are swapped",
        edited(lambda_limit, ("lam == 0", "lam == 1")),
        "this is what the other λ would give",
        "the weights of the n-step estimates carry 1 − λ, so it seems that λ = 1 keeps the short one",
        "With λ = 1, how much of the residual of the last token reaches the first?",
    ),
    Misconception(
        "λ = 1 is TD(0)",
        edited(lambda_limit, ("if lam == 0", "if True")),
        "this is one residual, which is the estimate for λ = 0",
        "TD(0) looks one step ahead, and 1 sounds like one step; the number in its name is λ",
        "With λ = 1, how much of the residual of the last token reaches the first?",
    ),
    Misconception(
        "λ = 0 is the return",
        edited(lambda_limit, ("if lam == 0", "if False")),
        "all later rewards were counted, which is the estimate for λ = 1",
        "λ = 0 sounds like leaving the critic out",
        "With λ = 0, which of the residuals are left?",
    ),
    Misconception(
        "λ = 0 takes the next value away",
        edited(lambda_limit, (" + gamma * following", "")),
        "the critic's opinion of the next state was dropped together with the later residuals",
        "λ = 0 looks as if it set all that comes later to 0",
        "λ multiplies residuals. Is V(s_{t+1}) inside the first one, or behind it?",
    ),
    Misconception(
        "λ = 1 needs no baseline",
        edited(lambda_limit, ("gamma=gamma) - values", "gamma=gamma)")),
        "V(s_t) was not subtracted",
        "with λ = 1 the critic is never asked what comes next, so it seems to be out of the game",
        "Which of the values does not cancel when the residuals telescope?",
    ),
    Misconception(
        "λ = 1 gives every token the whole score",
        edited(lambda_limit, ("gamma=gamma)", "gamma=gamma)[:, :1]")),
        "a token was credited with what came before it",
        "in text only the last reward is not 0, and with γ = 1 all returns are the same",
        "Can token 1 deserve credit for a reward at token 0?",
    ),
    Misconception(
        "λ = 1 sums the rewards from the left",
        edited(
            lambda_limit,
            ("rewards_to_go(rewards, torch.ones_like(rewards).bool(), gamma=gamma)", "rewards.cumsum(dim=1)"),
        ),
        "the token was credited with what was paid before it, and nothing was discounted",
        "`cumsum` is one call, and runs from the left",
        "Can token 1 deserve credit for a reward at token 0?",
    ),
    Misconception(
        "λ = 1 sums the row, undiscounted, for every token",
        edited(
            lambda_limit,
            (
                "rewards_to_go(rewards, torch.ones_like(rewards).bool(), gamma=gamma)",
                "rewards.sum(dim=1, keepdim=True)",
            ),
        ),
        "γ was lost, and a token was credited with what came before it",
        "in text only the last reward is not 0, and γ is 1: there it is right",
        "Which rewards come after token 1, and how many tokens later?",
    ),
    Misconception(
        "λ = 1 discounts from the first token",
        edited(
            lambda_limit,
            ("rewards_to_go(rewards", "rewards_to_go(gamma ** torch.arange(rewards.shape[1]) * rewards"),
            ("gamma=gamma", "gamma=1.0"),
        ),
        "a reward was discounted by its place in the reply, not by its distance from the token",
        "γᵗ r_t, summed from the right, looks like the return, and for token 0 it is",
        "How far is token 1 from the reward that it earns itself?",
    ),
    Misconception(
        "λ = 1 subtracts the first value from all",
        edited(lambda_limit, ("gamma=gamma) - values", "gamma=gamma) - values[:, :1]")),
        "V(s_0) was taken for what was expected before every token",
        "a reply has one baseline in REINFORCE",
        "Which of the values does not cancel when the residuals from t on telescope?",
    ),
    Misconception(
        "λ = 1 does not discount",
        edited(lambda_limit, ("gamma=gamma", "gamma=1.0")),
        "γ was lost together with λ",
        "γ and λ stand side by side, and one of them has become 1",
        "Only λ went to 1. What happened to γ?",
    ),
    Misconception(
        "λ = 0 does not discount",
        edited(lambda_limit, ("gamma * following", "following")),
        "γ was lost together with λ",
        "with γλ = 0 in the sum nothing seems to be left of γ",
        "γ stands in two places. Which of them has λ beside it?",
    ),
    Misconception(
        "λ = 0 does not shift the values",
        edited(lambda_limit, ("gamma * following", "gamma * values")),
        "the same value was added and taken away",
        "V(s_{t+1}) and V(s_t) are both called V",
        "In which column of `values` stands V(s_{t+1})?",
    ),
    Misconception(
        "the critic speaks for what comes after the end",
        edited(
            lambda_limit,
            ("torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)", "values.roll(-1, dims=1)"),
        ),
        "the value behind the last token was that of the first",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "What is to be expected after the last token of a reply?",
    ),
    Misconception(
        "returns instead of advantages",
        edited(
            lambda_limit, ("gamma * following - values", "gamma * following"), ("gamma=gamma) - values", "gamma=gamma)")
        ),
        "V(s_t) was not subtracted; this is the critic's target",
        "both limits have a name of their own, TD target and return, and neither contains V(s_t)",
        "A token did exactly as well as expected. What is its advantage?",
    ),
    Misconception(
        "expectation minus outcome",
        edited(column_by_column, ("outcome - values[:, t]", "values[:, t] - outcome")),
        "praise became blame",
        "an error is often written as prediction minus target",
        "A reward comes as a surprise. Should its token's advantage be positive?",
    ),
)

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
