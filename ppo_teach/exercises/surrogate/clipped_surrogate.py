"""Write `clipped_surrogate`. Chapter: book/ppo/surrogate.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.surrogate.clipped_surrogate_clips import CLIPS
from ppo_teach.exercises.surrogate.clipped_surrogate_misconceptions import MISCONCEPTIONS
from ppo_teach.surrogate import clipped_surrogate


def tokens(
    new: list, old: list, advantages: list, mask: list | None = None, *, clip: float = 0.2, law: str = ""
) -> Case:
    """A case from probabilities, so that ratios can be seen: 0.3 after 0.2 is 1.5."""
    new, old, advantages = (torch.tensor(x, dtype=torch.float32) for x in (new, old, advantages))
    mask = torch.ones_like(new).bool() if mask is None else torch.tensor(mask).bool()
    inputs = {"logprobs": new.log(), "old_logprobs": old.log(), "advantages": advantages, "mask": mask}
    return Case({**inputs, "clip": clip}, law=law)


def rare_tokens(new: list, old: list, advantages: list) -> Case:
    """A case from log-probabilities that float32 cannot exponentiate."""
    rows = {"logprobs": new, "old_logprobs": old, "advantages": advantages}
    rows = {name: torch.tensor(x, dtype=torch.float32) for name, x in rows.items()}
    mask = torch.ones_like(rows["logprobs"]).bool()
    return Case({**rows, "mask": mask, "clip": 0.2}, law="A probability too small for float32 has a ratio all the same")


def random_tokens(rng: torch.Generator) -> Case:
    """All six cases of the clip, a seventh token, and padding with junk: Â of either sign, ρ below, inside, above."""
    clip = pick(rng, 0.1, 0.2, 0.3)
    span = torch.tensor([[0.5 * (1 - clip), 1 - 0.4 * clip, 1.2 * (1 + clip)], [0.8 * (1 - clip), 1 + 0.4 * clip, 2]])
    zone = torch.cat([torch.arange(6), torch.randint(6, (1,), generator=rng)])[torch.randperm(7, generator=rng)]
    low, high = span[:, zone % 3]
    sign = torch.where(zone < 3, 1.0, -1.0)
    old = 0.2 + 0.3 * torch.rand(7, generator=rng)
    new = old * (low + (high - low) * torch.rand(7, generator=rng))
    advantages = sign * torch.randint(20, 151, (7,), generator=rng) / 100
    rows = torch.cat([torch.stack([new, old, advantages]), torch.tensor([[0.9], [0.1], [5]])], dim=1).view(3, 2, 4)
    return tokens(*rows.tolist(), [[1, 1, 1, 1], [1, 1, 1, 0]], clip=clip)


def by_the_sign_of_the_advantage(logprobs, old_logprobs, advantages, mask, *, clip):
    """A positive advantage needs the upper bound only, a negative one the lower."""
    ratio = torch.exp(logprobs[mask] - old_logprobs[mask].detach())
    advantages = advantages[mask].detach()
    bounded = torch.where(advantages > 0, ratio.clamp(max=1 + clip), ratio.clamp(min=1 - clip))
    return (bounded * advantages).mean()


def as_a_loss(logprobs, old_logprobs, advantages, mask, *, clip):
    """The maximum of the negated terms, negated; padding filled before anything else."""
    log_ratio = (logprobs - old_logprobs.detach()).masked_fill(~mask, 0)
    advantages = advantages.detach().masked_fill(~mask, 0)
    first = -advantages * log_ratio.exp()
    second = -advantages * torch.clamp(log_ratio.exp(), 1 - clip, 1 + clip)
    return -torch.max(first, second).sum() / mask.sum()


def with_a_ceiling(logprobs, old_logprobs, advantages, mask, *, clip):
    """min(ρÂ, (1 ± ε)Â), the ± by the sign of Â."""
    chosen, advantages = mask.nonzero(as_tuple=True), advantages.detach()
    ratio, advantages = (logprobs[chosen] - old_logprobs[chosen].detach()).exp(), advantages[chosen]
    ceiling = torch.where(advantages > 0, (1 + clip) * advantages, (1 - clip) * advantages)
    return torch.minimum(ratio * advantages, ceiling).mean()


def token_by_token(logprobs, old_logprobs, advantages, mask, *, clip):
    """A loop over real tokens, in float64, from the last to the first."""
    new, old, weights = (x.flatten().double() for x in (logprobs, old_logprobs.detach(), advantages.detach()))
    total, count = 0.0, 0
    for i in reversed(range(mask.numel())):
        if mask.flatten()[i]:
            ratio = torch.exp(new[i] - old[i])
            total = total + min(ratio * weights[i], ratio.clamp(1 - clip, 1 + clip) * weights[i])
            count += 1
    return total / count


def with_bounds_in_logarithms(logprobs, old_logprobs, advantages, mask, *, clip):
    """log ρ between log(1 − ε) and log(1 + ε)."""
    log_ratio = torch.where(mask, logprobs - old_logprobs.detach(), 0.0)
    weights = torch.where(mask, advantages.detach(), 0.0) / mask.sum()
    low, high = torch.log(torch.tensor([1 - clip, 1 + clip]))
    return (torch.minimum(log_ratio.exp() * weights, log_ratio.clamp(low, high).exp() * weights)).sum(-1).sum()


NAN = float("nan")
EXERCISE = Exercise(
    function=clipped_surrogate,
    title="The clipped surrogate",
    section="The clip",
    minutes=15,
    difficulty=3,
    goal="Return PPO's objective, to be maximised: the mean over real tokens of min(ρÂ, clip(ρ, 1 − ε, 1 + ε)Â). The "
    "advantages and the old policy are held constant. What stands where the mask is False, NaN included, reaches "
    "neither the result nor a gradient. Log-probabilities of −200 are no trouble. Batches may be (B, T) or flat.",
    entry="objective",
    worked=tokens([[0.3, 0.4]], [[0.2, 0.8]], [[1, -1]]),
    answer=0.2,
    cases=(
        tokens([[0.22]], [[0.2]], [[2]]),
        tokens([[0.1, 0.6]], [[0.2, 0.4]], [[1, -1]]),
        tokens([[0.3]], [[0.2]], [[1]], clip=0.1),
        tokens([[0.3]], [[0.2]], [[4]]),
        tokens([[0.8]], [[0.1]], [[-1]]),
        tokens([[0.3, 0.3], [0.3, 0.9]], [[0.3, 0.3], [0.3, 0.1]], [[1, 2], [3, 9]], [[1, 1], [1, 0]]),
        tokens(
            [[0.3, 0.5]], [[0.3, 0.5]], [[1, -3]], law="While both policies agree, the objective is the mean advantage"
        ),
        tokens([0.3, 0.1, 0.6, 0.9], [0.2, 0.2, 0.4, 0.1], [1, 1, -1, 9], [1, 1, 1, 0], law="A flat batch is a batch"),
        tokens(
            [[0.33, NAN], [0.3, 0.6]],
            [[0.3, NAN], [0.3, 0.4]],
            [[1, NAN], [2, -1]],
            [[1, 0], [1, 1]],
            law="What stands at padding changes nothing, NaN included",
        ),
        rare_tokens([[-200, -202]], [[-200.1, -201]], [[1, 2]]),
    ),
    random_case=random_tokens,
    gradients=("logprobs", "old_logprobs", "advantages"),
    hints=(
        "What are ρ, ρÂ and clip(ρ)Â for one token on paper?",
        "The ratio comes from a difference of log-probabilities. Clip the ratio, multiply both by Â, take the smaller.",
        "Fill padding with 0; detach Â and log π_old; then exp, clamp, torch.minimum, and a sum divided by mask.sum().",
    ),
    misconceptions=(*CLIPS, *MISCONCEPTIONS),
    variants=(
        by_the_sign_of_the_advantage,
        as_a_loss,
        with_a_ceiling,
        token_by_token,
        with_bounds_in_logarithms,
    ),
)
