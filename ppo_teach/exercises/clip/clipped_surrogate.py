"""Write `clipped_surrogate`. Chapter: book/ppo/clip.md."""

import torch

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.masks import masked_mean, whiten, zero_padding
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


def step_by_step(logprobs, old_logprobs, advantages, mask, *, clip):
    """Padding filled before anything else, and a line for each idea."""
    logprobs, old_logprobs, advantages = (zero_padding(x, mask) for x in (logprobs, old_logprobs, advantages))
    ratio = torch.exp(logprobs - old_logprobs.detach())
    clipped = ratio.clamp(1 - clip, 1 + clip)
    weight = advantages.detach()
    gain, bounded = ratio * weight, clipped * weight
    objective = torch.minimum(gain, bounded)
    return masked_mean(objective, mask)


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


MISCONCEPTIONS = (
    Misconception(
        "the maximum for the minimum",
        edited(step_by_step, ("torch.minimum", "torch.maximum")),
        "the gain beyond the interval was kept and the loss cut off",
        "published losses take a maximum, of the negated terms",
        "Should a gain beyond the interval be believed?",
    ),
    Misconception(
        "the maximum of terms that were not negated",
        edited(step_by_step, ("torch.minimum", "-torch.maximum")),
        "this falls when a good token becomes likelier",
        "published losses take a maximum, and the minus signs inside are easy to overlook",
        "−max(a, b) is min(−a, −b). Is that what was asked for, or its mirror image?",
    ),
    Misconception(
        "the loss is bounded as well",
        edited(by_the_sign_of_the_advantage, ("ratio.clamp(min=1 - clip)", "ratio.clamp(1 - clip, 3)")),
        "a bad token that became more than 3 times as likely has no gradient",
        "it is a published variant, dual-clip PPO, which many libraries offer beside the minimum",
        "ρ = 8 and Â = −1: what is the smaller of ρÂ and clip(ρ)Â?",
    ),
    Misconception(
        "the minimum is missing",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "bounded")),
        "a loss beyond the interval was cut off, so nothing pulls the policy back",
        "the clip looks as if it did the whole work",
        "A bad token became much more likely. Should the gradient of its objective be zero?",
    ),
    Misconception(
        "the minimum is taken before the advantage",
        edited(step_by_step, ("(gain, bounded)", "(ratio, clipped) * weight")),
        "with a negative advantage the smaller ratio is the larger objective",
        "it is one pair of brackets away from the right line",
        "For a negative Â, which is smaller: ρÂ or clip(ρ)Â? And which of the two ratios?",
    ),
    Misconception(
        "nothing is clipped",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "gain")),
        "the gain beyond the interval was not cut off",
        "inside the interval the objectives are the same, and before the first update all ratios are inside",
        "How much more should a ratio of 3 bring than one of 1 + ε?",
    ),
    Misconception(
        "clipped above only",
        edited(step_by_step, ("1 - clip, 1 + clip", "max=1 + clip")),
        "a ratio below 1 − ε still earned something",
        "the upper bound is the one that every picture shows first",
        "Making a bad token ever less likely: where does that stop paying?",
    ),
    Misconception(
        "clipped below only",
        edited(step_by_step, ("1 - clip, 1 + clip", "min=1 - clip")),
        "a ratio above 1 + ε still earned something",
        "a single bound seems enough, because the minimum is a bound as well",
        "Making a good token ever more likely: where does that stop paying?",
    ),
    Misconception(
        "the clip of the product",
        edited(step_by_step, ("clipped * weight", "(ratio * weight).clamp(1 - clip, 1 + clip)")),
        "ρÂ was held between 1 − ε and 1 + ε, not ρ",
        "clip(ρÂ) and clip(ρ)Â are the same when Â is 1",
        "What has the unit of an advantage, and what has none? Which of them can lie near 1?",
    ),
    Misconception(
        "nothing but the clip of the product",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "gain.clamp(1 - clip, 1 + clip)")),
        "every token's ρÂ became a number near 1",
        "clip(ρÂ) and clip(ρ)Â are the same when Â is 1",
        "What becomes of a negative advantage in your objective?",
    ),
    Misconception(
        "the minimum of the two means",
        edited(
            step_by_step,
            ("masked_mean(objective, mask)", "torch.minimum(masked_mean(gain, mask), masked_mean(bounded, mask))"),
        ),
        "the smaller mean was taken, not the mean of the smaller ones",
        "with a single token, or when all agree, the order does not matter",
        "Is each token to be bounded, or the batch as a whole?",
    ),
    Misconception(
        "the logarithm of the ratio is clipped",
        edited(step_by_step, ("ratio.clamp(1 - clip, 1 + clip)", "ratio.log().clamp(-clip, clip).exp()")),
        "the bounds became e^−ε and e^ε",
        "for small ε, e^ε is nearly 1 + ε",
        "Which interval should the ratio itself stay in?",
    ),
    Misconception(
        "the interval is −ε to ε",
        edited(step_by_step, ("1 - clip, 1 + clip", "-clip, clip")),
        "a ratio near 1 was pushed down to ε",
        "gradients are clipped like this, around zero",
        "What is the ratio before the first update? Is that inside your interval?",
    ),
    Misconception(
        "ε is fixed at 0.2",
        edited(step_by_step, ("1 - clip, 1 + clip", "0.8, 1.2")),
        "the argument `clip` was not used",
        "0.2 is the value in every paper",
        "Call your function with clip=0.1 and with clip=0.3. Should the answers differ?",
    ),
    Misconception(
        "outside the interval the objective is zero",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "torch.where(ratio == clipped, gain, 0)")),
        "tokens outside the interval were left out",
        "'clipped' is often explained as 'ignored', which is about the gradient, and true in two cases of four",
        "At ρ = 1.5 and Â = −1, what is the smaller of ρÂ and clip(ρ)Â?",
    ),
    Misconception(
        "where the clip is active the objective is zero",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "torch.where(bounded < gain, 0, gain)")),
        "the gain inside the interval was taken back as well",
        "the gradient is zero there, and a zero has a zero gradient",
        "At ρ = 1.5 and Â = 1, what is the smaller of ρÂ and clip(ρ)Â?",
    ),
    Misconception(
        "outside the interval the gradient is zero",
        edited(
            step_by_step,
            ("masked_mean(objective,", "masked_mean(torch.where(ratio == clipped, objective, objective.detach()),"),
        ),
        "the number is right, but nothing pulls the policy back where it has gone wrong",
        "it is true in two of the four cases outside",
        "A bad token became much more likely. Should the gradient of its objective be zero?",
    ),
    Misconception(
        "the ratio is detached",
        edited(step_by_step, ("old_logprobs.detach())", "old_logprobs).detach()")),
        "the number is right, but no gradient reaches the policy",
        "the ratio is a weight, and other weights are held constant",
        "Through which factor does the objective depend on the policy we train?",
    ),
    Misconception(
        "the advantages are not held constant",
        edited(step_by_step, ("advantages.detach()", "advantages")),
        "the gradient reaches the critic through Â",
        "the number is the same, and where advantages come from a rollout nothing depends on them",
        "May the objective grow by talking the advantages up?",
    ),
    Misconception(
        "the advantages are whitened here",
        edited(step_by_step, ("advantages.detach()", "whiten(advantages, mask).detach()"), whiten=whiten),
        "the mean and the scale of the advantages were removed",
        "PPO does whiten advantages, before this function is called",
        "Whose work is whitening, if the advantages are an argument?",
    ),
    Misconception(
        "the old policy is not held constant",
        edited(step_by_step, ("old_logprobs.detach()", "old_logprobs")),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the batch. Can it still change?",
    ),
    Misconception(
        "nothing is held constant",
        edited(step_by_step, ("old_logprobs.detach()", "old_logprobs"), ("advantages.detach()", "advantages")),
        "the gradient reaches the critic through Â, and the old log-probabilities",
        "the number is the same, and where both come from a rollout nothing depends on them",
        "Of the three rows of numbers, which belongs to the policy we train?",
    ),
    Misconception(
        "divided after the exponential",
        edited(
            step_by_step,
            ("torch.exp(logprobs - old_logprobs.detach())", "torch.exp(logprobs) / torch.exp(old_logprobs.detach())"),
        ),
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition, word for word, and right for likely tokens",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "the ratio of the log-probabilities",
        edited(step_by_step, ("torch.exp(logprobs - old_logprobs.detach())", "logprobs / old_logprobs.detach()")),
        "log π was divided by log π_old",
        "the paper prints a fraction, and the arguments are the two sides of it",
        "The ratio is one of probabilities. What becomes of a quotient under the logarithm?",
    ),
    Misconception(
        "the exponential is missing",
        edited(step_by_step, ("torch.exp(", "(")),
        "the logarithm of the ratio was used as the ratio",
        "a difference of logarithms already is a quotient, up to one exp",
        "What is your ratio when both policies agree?",
    ),
    Misconception(
        "the ratio is inverted",
        edited(step_by_step, ("logprobs - old_logprobs.detach()", "old_logprobs.detach() - logprobs")),
        "π_old stands above π",
        "'old over new' and 'new over old' are both 1 at first",
        "A good token became more likely. Should its ratio be above 1, or below?",
    ),
    Misconception(
        "no ratio, only the new probability",
        edited(step_by_step, (" - old_logprobs.detach()", "")),
        "the old policy was left out",
        "exp(log π) looks like the ratio when one forgets who drew the batch",
        "What is your ratio when both policies agree?",
    ),
    Misconception(
        "the policy gradient without a ratio",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "logprobs * weight")),
        "log π · Â is REINFORCE's objective",
        "at the first step the gradients agree",
        "What does PPO have that tells it how far it has moved since the batch was drawn?",
    ),
    Misconception(
        "one ratio for the whole sequence",
        edited(
            step_by_step,
            ("logprobs - old_logprobs.detach()", "(logprobs - old_logprobs.detach()).sum(dim=-1, keepdim=True)"),
        ),
        "the log-ratios of a reply were added up before the exponential",
        "the probability of a reply is the product of its tokens', and there are methods that do this",
        "Every token has an advantage of its own. Has it a ratio of its own?",
    ),
    Misconception(
        "the sign of a loss",
        edited(step_by_step, ("return masked_mean", "return -masked_mean")),
        "this is the loss; the objective is to be maximised",
        "optimisers minimise, so most code returns the negative",
        "With a good token made more likely, should the objective rise or fall?",
    ),
    *wrong_averages(
        careful=lambda average: edited(step_by_step, masked_mean=average),
        careless=lambda average: edited(step_by_step, zero_padding=lambda x, mask: x, masked_mean=average),
    ),
)

NAN = float("nan")
EXERCISE = Exercise(
    function=clipped_surrogate,
    title="The clipped surrogate",
    section="Stop paying",
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
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, by_the_sign_of_the_advantage, as_a_loss, token_by_token, with_bounds_in_logarithms),
)
