"""Write `asymmetric_surrogate`. Chapter: book/beyond/verifiable.md."""

import torch

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.clip.clipped_surrogate import tokens
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.masks import masked_mean, zero_padding
from ppo_teach.verifiable import asymmetric_surrogate


def sided(*rows: list, clip: float = 0.2, clip_high: float = 0.3, law: str = "") -> Case:
    """A case from probabilities, new and old, advantages, and perhaps a mask: 0.3 after 0.2 is a ratio of 1.5."""
    case = tokens(*rows, clip=clip, law=law)
    return Case({**case.inputs, "clip_high": clip_high}, law=law)


def random_sided(rng: torch.Generator) -> Case:
    """Both signs of Â with ratios below, inside and above both intervals, and padding with junk."""
    clip, clip_high = pick(rng, (0.1, 0.3), (0.2, 0.4), (0.3, 0.1))
    ratio = torch.tensor([0.6, 0.85, 1.05, 1.25, 1.5]).repeat(2) + 0.02 * torch.rand(10, generator=rng)
    old = 0.2 + 0.2 * torch.rand(10, generator=rng)
    advantages = torch.tensor([1.0] * 5 + [-1.0] * 5) * torch.randint(20, 151, (10,), generator=rng) / 100
    order = torch.randperm(10, generator=rng)
    rows = torch.stack([old * ratio, old, advantages])[:, order]
    rows = torch.cat([rows, torch.tensor([[0.9, 0.8], [0.1, 0.2], [5, -4]])], dim=1).view(3, 2, 6)
    return sided(*rows.tolist(), [[1] * 6, [1, 1, 1, 1, 0, 0]], clip=clip, clip_high=clip_high)


def step_by_step(logprobs, old_logprobs, advantages, mask, *, clip, clip_high):
    """Padding filled before anything else, and a line for each idea."""
    logprobs, old_logprobs, advantages = (zero_padding(x, mask) for x in (logprobs, old_logprobs, advantages))
    ratio = torch.exp(logprobs - old_logprobs.detach())
    clipped = ratio.clamp(1 - clip, 1 + clip_high)
    weight = advantages.detach()
    gain, bounded = ratio * weight, clipped * weight
    objective = torch.minimum(gain, bounded)
    return masked_mean(objective, mask)


def by_the_sign_of_the_advantage(logprobs, old_logprobs, advantages, mask, *, clip, clip_high):
    """A positive advantage needs the upper bound only, a negative one the lower."""
    ratio = torch.exp(logprobs[mask] - old_logprobs[mask].detach())
    advantages = advantages[mask].detach()
    bounded = torch.where(advantages > 0, ratio.clamp(max=1 + clip_high), ratio.clamp(min=1 - clip))
    return (bounded * advantages).mean()


def as_a_loss(logprobs, old_logprobs, advantages, mask, *, clip, clip_high):
    """The maximum of the negated terms, negated; padding filled before anything else."""
    log_ratio = (logprobs - old_logprobs.detach()).masked_fill(~mask, 0)
    advantages = advantages.detach().masked_fill(~mask, 0)
    first = -advantages * log_ratio.exp()
    second = -advantages * torch.clamp(log_ratio.exp(), 1 - clip, 1 + clip_high)
    return -torch.max(first, second).sum() / mask.sum()


def token_by_token(logprobs, old_logprobs, advantages, mask, *, clip, clip_high):
    """A loop over real tokens, in float64."""
    new, old, weights = (x[mask].double() for x in (logprobs, old_logprobs.detach(), advantages.detach()))
    total = 0.0
    for i in range(len(new)):
        ratio = torch.exp(new[i] - old[i])
        total = total + min(ratio * weights[i], ratio.clamp(1 - clip, 1 + clip_high) * weights[i])
    return total / len(new)


MISCONCEPTIONS = (
    Misconception(
        "ε on both sides",
        edited(step_by_step, ("1 + clip_high", "1 + clip")),
        "the argument `clip_high` was not used: this is PPO's own clip",
        "one ε is what every earlier chapter had",
        "Call your function with clip_high=0.3 and with clip_high=0.5. Should the answers differ?",
    ),
    Misconception(
        "the high ε on both sides",
        edited(step_by_step, ("1 - clip,", "1 - clip_high,")),
        "the floor was lowered as well: a bad token may fall as far as a good one may rise",
        "a wider clip is a wider clip",
        "A bad token became rarer. Which of the two numbers says where that stops paying?",
    ),
    Misconception(
        "the two are exchanged",
        edited(step_by_step, ("1 - clip, 1 + clip_high", "1 - clip_high, 1 + clip")),
        "the interval reaches farther down than up",
        "with one ε the order did not matter, and one may choose the wide side for bad tokens",
        "A good token is at 1.25, clip is 0.2 and clip_high 0.3. Does it still pay?",
    ),
    Misconception(
        "nothing stops above",
        edited(step_by_step, ("1 - clip, 1 + clip_high", "min=1 - clip")),
        "a ratio above 1 + ε_high still earned something",
        "'higher' can be heard as 'no bound'",
        "How much more should a ratio of 3 bring than one of 1 + ε_high?",
    ),
    Misconception(
        "nothing stops below",
        edited(step_by_step, ("1 - clip, 1 + clip_high", "max=1 + clip_high")),
        "a ratio below 1 − ε still earned something",
        "only the upper side is new",
        "Making a bad token ever less likely: where does that stop paying?",
    ),
    Misconception(
        "ε_high is added to ε",
        edited(step_by_step, ("1 + clip_high", "1 + clip + clip_high")),
        "the upper side reached farther than it was told",
        "'higher by' and 'high' are one word apart",
        "With clip=0.2 and clip_high=0.3, where should the gain be cut off?",
    ),
    Misconception(
        "the mean of both sides",
        edited(step_by_step, ("1 - clip, 1 + clip_high", "1 - (clip + clip_high) / 2, 1 + (clip + clip_high) / 2")),
        "the interval has the right width and the wrong place",
        "its width is the sum of the two numbers",
        "Is 1 in the middle of the interval?",
    ),
    Misconception(
        "the minimum is missing",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "bounded")),
        "a loss beyond the interval was cut off, so nothing pulls the policy back",
        "the clip looks as if it did the whole work",
        "A bad token became much more likely. Should the gradient of its objective be zero?",
    ),
    Misconception(
        "the maximum for the minimum",
        edited(step_by_step, ("torch.minimum", "torch.maximum")),
        "the gain beyond the interval was kept and the loss cut off",
        "published losses take a maximum, of the negated terms",
        "Should a gain beyond the interval be believed?",
    ),
    Misconception(
        "the logarithm of the ratio is clipped",
        edited(step_by_step, ("ratio.clamp(1 - clip, 1 + clip_high)", "ratio.log().clamp(-clip, clip_high).exp()")),
        "the bounds became e^−ε and e^ε_high",
        "for small ε, e^ε is nearly 1 + ε",
        "Which interval should the ratio itself stay in?",
    ),
    Misconception(
        "the sign of a loss",
        edited(step_by_step, ("return masked_mean", "return -masked_mean")),
        "this is the loss; the objective is to be maximised",
        "optimisers minimise, so most code returns the negative",
        "With a good token made more likely, should the objective rise or fall?",
    ),
    Misconception(
        "the ratio is inverted",
        edited(step_by_step, ("logprobs - old_logprobs.detach()", "old_logprobs.detach() - logprobs")),
        "π_old stands above π",
        "'old over new' and 'new over old' are both 1 at first",
        "A good token became more likely. Should its ratio be above 1, or below?",
    ),
    Misconception(
        "the advantages are not held constant",
        edited(step_by_step, ("advantages.detach()", "advantages")),
        "the gradient reaches the critic through Â",
        "the number is the same, and where advantages come from a rollout nothing depends on them",
        "May the objective grow by talking the advantages up?",
    ),
    Misconception(
        "the old policy is not held constant",
        edited(step_by_step, ("old_logprobs.detach()", "old_logprobs")),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the batch. Can it still change?",
    ),
    *wrong_averages(
        careful=lambda average: edited(step_by_step, masked_mean=average),
        careless=lambda average: edited(step_by_step, zero_padding=lambda x, mask: x, masked_mean=average),
    ),
)

NAN = float("nan")
EXERCISE = Exercise(
    function=asymmetric_surrogate,
    title="More room above",
    section="More room above",
    minutes=10,
    difficulty=2,
    goal="Return PPO's clipped objective with an interval of two sides, to be maximised: the mean over real tokens of "
    "min(ρÂ, clip(ρ, 1 − clip, 1 + clip_high)Â). The advantages and the old policy are held constant. What stands "
    "where the mask is False, NaN included, reaches neither the result nor a gradient.",
    entry="objective",
    worked=sided([[0.3, 0.25, 0.2]], [[0.2, 0.2, 0.4]], [[1, 1, -1]]),
    answer=(1.3 + 1.25 - 0.8) / 3,
    cases=(
        sided([[0.25]], [[0.2]], [[2]]),
        sided([[0.27]], [[0.2]], [[2]]),
        sided([[0.3]], [[0.4]], [[-2]]),
        sided([[0.8]], [[0.1]], [[-1]]),
        sided([[0.3]], [[0.2]], [[1]], clip=0.3, clip_high=0.1),
        sided([[0.3, 0.3], [0.3, 0.9]], [[0.3, 0.2], [0.3, 0.1]], [[1, 2], [3, 9]], [[1, 1], [1, 0]]),
        sided([[0.3, 0.1]], [[0.2, 0.2]], [[1, -1]], clip_high=0.2, law="With two equal sides it is PPO's own clip"),
        sided([0.3, 0.1, 0.6, 0.9], [0.2, 0.2, 0.4, 0.1], [1, 1, -1, 9], [1, 1, 1, 0], law="A flat batch is a batch"),
        sided(
            [[0.33, NAN], [0.3, 0.6]],
            [[0.3, NAN], [0.3, 0.4]],
            [[1, NAN], [2, -1]],
            [[1, 0], [1, 1]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_sided,
    gradients=("logprobs", "old_logprobs", "advantages"),
    hints=(
        "On paper: three ratios, 1.5, 1.25 and 0.5. Which of them lie outside [0.8, 1.3]?",
        "It is `clipped_surrogate` with another upper bound. Nothing else changes.",
        "torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip_high) * advantages), and its masked mean.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, by_the_sign_of_the_advantage, as_a_loss, token_by_token),
)
