"""Write `advantages_and_returns`. Chapter: book/ppo/ppo.md."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from ppo_teach.advantages import gae
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, Misshapen, pick
from ppo_teach.masks import whiten, zero_padding


def advantages_and_returns(
    rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    next_values: Float[Tensor, "B T"],
    terminated: Bool[Tensor, "B T"],
    truncated: Bool[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    gamma: float,
    lam: float,
) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
    """What the policy learns from, and what the critic does: whitened advantages, and returns in units of reward."""
    advantages = gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
    return whiten(advantages, mask), advantages + values


def play(
    function: Callable,
    rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    next_values: Float[Tensor, "B T"],
    terminated: Bool[Tensor, "B T"],
    truncated: Bool[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    gamma: float,
    lam: float,
) -> Float[Tensor, "2 B T"]:
    """The two tensors that the function returns, one above the other; whatever they hold at padding becomes 0."""
    pair = function(rewards, values, next_values, terminated, truncated, mask, gamma=gamma, lam=lam)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        told = f"{len(pair)} things" if isinstance(pair, tuple | list) else f"one {type(pair).__name__}"
        told = "nothing" if pair is None else told
        raise Misshapen(f"it returns {told}", f"it returned {told}; there should be two tensors: advantages, returns")
    for name, x in zip(("advantages", "returns"), pair, strict=True):
        if getattr(x, "shape", None) != mask.shape:
            raise Misshapen(
                f"its {name} have the wrong shape",
                f"the {name} have the shape {tuple(getattr(x, 'shape', ()))} (expected {tuple(mask.shape)})",
            )
    return torch.stack([zero_padding(torch.as_tensor(x).double(), mask) for x in pair])


def entry(index: tuple[int, ...]) -> str:
    which, row, token = index
    return f"{('whitened advantage', 'return')[which]} of token {token}" + (f" in row {row}" if row else "")


def rollout(
    ends: list[str], rewards: list, values: list, after: list, *, gamma: float, lam: float, law: str = ""
) -> Case:
    """A case from a picture: 'T' terminated, 't' truncated, '.' neither, and ' ' where there is only padding.

    The value of the next state is the next of `values`, but behind an end and in the last column it is that of `after`.
    """
    flags = [torch.tensor([[symbol == flag for symbol in row] for row in ends]) for flag in "Tt "]
    terminated, truncated, padding = flags
    values, after = torch.tensor(values, dtype=torch.float32), torch.tensor(after, dtype=torch.float32)
    last = torch.arange(values.shape[1]) == values.shape[1] - 1
    next_values = torch.where(terminated | truncated | last, after, values.roll(-1, dims=1))
    inputs = {"rewards": torch.tensor(rewards, dtype=torch.float32), "values": values, "next_values": next_values}
    inputs |= {"terminated": terminated, "truncated": truncated, "mask": ~padding}
    return Case({**inputs, "gamma": gamma, "lam": lam}, law=law)


def random_rollout(rng: torch.Generator) -> Case:
    """A short reply with junk behind it, a row of several episodes, and one that goes on behind the edge."""
    ends = [pick(rng, ".T   ", "..T  "), pick(rng, ".t.T ", "T..t "), pick(rng, ".T...", ".t...")]
    order = torch.randperm(3, generator=rng).tolist()
    rewards, values, after = torch.randint(20, 151, (3, 3, 5), generator=rng) / 100
    gamma, lam = pick(rng, 0.8, 0.9), pick(rng, 0.5, 0.7)
    case = rollout([ends[i] for i in order], rewards.tolist(), values.tolist(), after.tolist(), gamma=gamma, lam=lam)
    padding = ~case.inputs["mask"]
    junk = {name: torch.where(padding, 7.0, case.inputs[name]) for name in ("rewards", "values", "next_values")}
    return Case(case.inputs | junk)


def by_hand(rewards, values, next_values, terminated, truncated, mask, *, gamma, lam):
    """Everything in one function, with the returns built first."""
    ended = terminated | truncated
    ahead, columns = next_values[:, -1], []
    for t in reversed(range(rewards.shape[1])):
        ahead = torch.where(ended[:, t], next_values[:, t], ahead)
        following = (1 - lam) * next_values[:, t] + lam * ahead
        ahead = rewards[:, t] + gamma * torch.where(terminated[:, t], 0.0, following)
        columns.insert(0, ahead)
    returns = torch.stack(columns, dim=1)
    advantages = returns - values
    real = advantages[mask]
    return (advantages - real.mean()) / (real.std(correction=0) + 1e-8), returns


def in_double_precision(rewards, values, next_values, terminated, truncated, mask, *, gamma, lam):
    """The package's pieces in float64; padding filled with 0 at every step, and a list returned."""
    rows = (zero_padding(x.double(), mask) for x in (rewards, values, next_values))
    advantages = zero_padding(gae(*rows, terminated, truncated, gamma=gamma, lam=lam), mask)
    returns = values.double() + advantages
    centred = advantages - advantages.sum() / mask.sum()
    variance = zero_padding(centred.square(), mask).sum() / mask.sum()
    return [zero_padding(centred, mask) * (variance + 1e-8).rsqrt(), zero_padding(returns, mask)]


def as_arrays(rewards, values, next_values, terminated, truncated, mask, *, gamma, lam):
    """A double sum over residuals; NumPy arrays returned."""
    B, T = rewards.shape
    deltas = rewards + gamma * next_values.masked_fill(terminated, 0) - values
    advantages = torch.zeros(B, T, dtype=torch.float64)
    for b in range(B):
        for t in range(T):
            for end in range(t, T):
                advantages[b, t] += (gamma * lam) ** (end - t) * deltas[b, end]
                if terminated[b, end] or truncated[b, end]:
                    break
    returns = advantages + values
    return whiten(advantages, mask).numpy(), returns.numpy()


MISCONCEPTIONS = (
    Misconception(
        "the returns are formed after whitening",
        edited(advantages_and_returns, ("advantages + values", "whiten(advantages, mask) + values")),
        "a whitened advantage has no unit, and was added to a value, which has one",
        "the line with + stands below the one that whitens, and the name `advantages` was used for both",
        "In which unit is a value, and in which a whitened advantage?",
    ),
    Misconception(
        "the returns are whitened, too",
        edited(advantages_and_returns, ("advantages + values", "whiten(advantages + values, mask)")),
        "the critic would have to guess numbers whose mean is 0 in every batch",
        "what is good for the one seems good for the other",
        "All replies get better. What should happen to the critic's targets?",
    ),
    Misconception(
        "nothing is whitened",
        edited(advantages_and_returns, ("whiten(advantages, mask)", "advantages")),
        "the advantages have the scale of the rewards",
        "GAE gives advantages, and the policy could learn from them",
        "What are the mean and the variance of your advantages?",
    ),
    Misconception(
        "the advantages are shifted, not scaled",
        edited(advantages_and_returns, ("whiten(advantages, mask)", "advantages - advantages[mask].mean()")),
        "their mean is 0, their variance is not 1",
        "subtracting a mean is a baseline, and is the half that cannot go wrong",
        "What is the variance of your advantages?",
    ),
    Misconception(
        "padding is counted in whitening",
        edited(advantages_and_returns, ("whiten(advantages, mask)", "whiten(advantages, torch.ones_like(mask))")),
        "what stands at padding went into the mean and the variance",
        "with replies of equal length the mask is true everywhere",
        "Over which positions did you take the mean?",
    ),
    Misconception(
        "padding is counted in whitening as 0",
        edited(
            advantages_and_returns,
            ("whiten(advantages, mask)", "whiten(zero_padding(advantages, mask), torch.ones_like(mask))"),
        ),
        "padding was filled with 0, and counted in the mean and the variance",
        "0 adds nothing to a sum; to a mean it does",
        "Over how many positions did you take the mean?",
    ),
    Misconception(
        "padding is counted in whitening, and n − 1 divides",
        edited(
            advantages_and_returns,
            ("whiten(advantages, mask)", "(advantages - advantages.mean()) / (advantages.std() + 1e-8)"),
        ),
        "what stands at padding went into the mean and the variance, which was divided by n − 1",
        "it is the line of most repositories, where nothing is padded",
        "Over which positions did you take the mean?",
    ),
    Misconception(
        "each row is whitened for itself",
        edited(
            advantages_and_returns,
            ("whiten(advantages, mask)", "torch.stack([whiten(*row) for row in zip(advantages, mask)])"),
        ),
        "a good reply and a bad one were given the same mean",
        "a mean over the last axis is the usual one in a network",
        "A good reply and a bad one: should the advantages of both have the mean 0?",
    ),
    Misconception(
        "the variance is divided by n − 1",
        edited(
            advantages_and_returns,
            whiten=edited(whiten, ("masked_variance(x, mask)", "centred.square().sum() / (mask.sum() - 1)")),
        ),
        "the numbers are too small, and a single real token gives 0/0",
        "`std()` and `var()` of torch do so unless told otherwise",
        "One real token: what is n − 1?",
    ),
    Misconception(
        "the rewards are whitened instead",
        edited(
            advantages_and_returns,
            ("gae(rewards", "gae(whiten(rewards, mask)"),
            ("whiten(advantages, mask)", "advantages"),
        ),
        "the rewards lost their mean and their scale, and the returns with them",
        "published code has an option of this name",
        "Rewards of 0, 0 and 1: what does the critic hear of them in your version?",
    ),
    Misconception(
        "the returns are the advantages",
        edited(advantages_and_returns, (" + values", "")),
        "the value was not added back",
        "GAE sums discounted things from t on, and that is what a return is",
        "A perfect critic has advantages of 0. Should its targets be 0?",
    ),
    Misconception(
        "the returns are rewards-to-go",
        edited(
            advantages_and_returns,
            (
                "advantages + values",
                "gae(rewards, 0 * values, 0 * values, terminated, truncated, gamma=gamma, lam=1.0)",
            ),
        ),
        "only what was paid within the batch was counted, with λ = 1 and without a bootstrap",
        "that is what the word says; and where each row is one whole episode and λ is 1, they agree",
        "Somebody stopped the clock. Which term of δ speaks for the rewards that were still to come?",
    ),
    Misconception(
        "the returns have λ = 1",
        edited(
            advantages_and_returns,
            (
                "advantages + values",
                "gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=1.0) + values",
            ),
        ),
        "the critic's targets have another λ than the advantages",
        "with λ = 1 the return is what was paid, with the bootstrap where we stopped looking",
        "Â + V = R̂. Which λ does your Â have?",
    ),
    Misconception(
        "the returns look one step ahead",
        edited(
            advantages_and_returns, ("advantages + values", "rewards + gamma * torch.where(terminated, 0, next_values)")
        ),
        "these are targets with λ = 0",
        "r + γV is the target of TD learning",
        "Â + V = R̂. Which λ does your Â have?",
    ),
    Misconception(
        "the returns and the advantages are swapped",
        edited(
            advantages_and_returns,
            ("whiten(advantages, mask), advantages + values", "advantages + values, whiten(advantages, mask)"),
        ),
        "the policy gets the critic's targets, and the critic the policy's",
        "libraries return either order",
        "Which of the two comes first in the exercise?",
    ),
    Misconception(
        "a truncated episode loses its bootstrap",
        edited(advantages_and_returns, ("terminated, truncated, gamma", "terminated | truncated, truncated, gamma")),
        "the rewards we did not wait for were taken to be zero",
        "both flags end the episode, and much published code merges them into one `done`",
        "Somebody stopped the clock. Was nothing to come, or did we not look?",
    ),
    Misconception(
        "the two flags are swapped",
        edited(advantages_and_returns, ("terminated, truncated, gamma", "truncated, terminated, gamma")),
        "an episode that ended was given a future, and one that was cut off was not",
        "both are rows of flags, and `gae` takes one after the other",
        "Which of the two says that nothing is to come?",
    ),
    Misconception(
        "the sum runs on through a truncation",
        edited(advantages_and_returns, gae=edited(gae, ("ended = terminated | truncated", "ended = terminated"))),
        "what the next episode earned was credited to this one",
        "an episode that was cut off is not over, and so it seems to go on in the next column",
        "The clock stopped at t. To which episode does column t + 1 belong?",
    ),
    Misconception(
        "the next value is that of the next column",
        edited(
            advantages_and_returns,
            ("next_values, terminated, truncated, gamma", "pad(values[:, 1:], (0, 1)), terminated, truncated, gamma"),
            pad=pad,
        ),
        "behind an end the next column belongs to another episode, and behind the last column nothing is known",
        "where each row is one whole reply it is right, and the trainer for words does it",
        "The clock stopped at t. Which state came next, and does column t + 1 show it?",
    ),
)

EXERCISE = Exercise(
    function=advantages_and_returns,
    title="One estimate for two learners",
    section="Assign credit",
    minutes=15,
    difficulty=3,
    goal="Return two tensors: the whitened advantages, for the policy, and the returns, for the critic. The returns "
    "are Â + V, in units of reward; only the advantages are whitened, to mean 0 and variance 1 over the real tokens of "
    "the whole batch (divide by their number; a single one gives 0). `gae` and `whiten` are there to be used. At "
    "padding you may return what you like.",
    entry=entry,
    worked=rollout([".T "], [[0, 1, 5]], [[0.2, 0.6, 9]], [[0, 0, 0]], gamma=1.0, lam=0.5),
    answer=[[[1.0, -1.0, 0.0]], [[0.8, 1.0, 0.0]]],
    answer_in_words="the whitened advantages 1 and −1, the returns 0.8 and 1, and anything behind them",
    cases=(
        rollout([".t"], [[0, 1]], [[0.5, 0.5]], [[0, 2]], gamma=0.5, lam=0.5),
        rollout(
            [".T ", "T  "], [[0, 1, 0], [0, 0, 0]], [[0.5, 0.25, 1], [0.5, 0, 0]], [[0] * 3] * 2, gamma=1.0, lam=0.5
        ),
        rollout(["T.t."], [[1, 0, 2, 1]], [[0.5, 0.5, 0.5, 0.5]], [[9, 0, 9, 1]], gamma=0.5, lam=0.5),
        rollout(
            ["T "], [[1, 5]], [[0.25, 9]], [[0, 0]], gamma=1.0, lam=0.5, law="A single real token has the advantage 0"
        ),
        rollout(
            ["..T"],
            [[0, 0, 1]],
            [[1, 1, 1]],
            [[0, 0, 0]],
            gamma=1.0,
            lam=0.5,
            law="A perfect critic hears what it said",
        ),
        rollout(
            ["..T", ".T "],
            [[1, 0, 2], [0, 1, 0]],
            [[0.5, 0.25, 0.5], [0.25, 0.5, 0]],
            [[0, 0, 0], [0, 0, 0]],
            gamma=0.5,
            lam=1.0,
            law="With λ = 1 the return of a whole episode is what was paid",
        ),
        rollout(
            [".T  ", "..T "],
            [[0, 1, 1000, -1000], [0, 0, 1, 1000]],
            [[0.5, 0.25, -1000, 500], [0.5, 0, 0.5, 1000]],
            [[0, 1000, 0, 1000], [0, 0, -1000, 500]],
            gamma=1.0,
            lam=0.5,
            law="What stands at padding changes nothing",
        ),
    ),
    random_case=random_rollout,
    hints=(
        "In which unit is a return? Which of the two results has that unit, and which has none?",
        "GAE first. From what it gives make both results, and let neither pass through the other.",
        "advantages = gae(…); then return whiten(advantages, mask), advantages + values.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_hand, in_double_precision, as_arrays),
    play=play,
)
