"""Known wrong ways to clip, and to take the minimum, in `clipped_surrogate`."""

from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.exercises.surrogate.clipped_surrogate_misconceptions import altered


def flat_outside(it: SimpleNamespace) -> Tensor:
    """The right number, with a gradient inside the interval only."""
    x = torch.minimum(it.ratio * it.weight, it.clipped * it.weight)
    return torch.where(it.ratio == it.clipped, x, x.detach())


def beyond(it: SimpleNamespace) -> Tensor:
    return it.clipped * it.weight < it.ratio * it.weight


def dual(it: SimpleNamespace, bound: float) -> Tensor:
    x = torch.minimum(it.ratio * it.weight, it.clipped * it.weight)
    return torch.where(it.weight < 0, torch.maximum(x, bound * it.weight), x)


def minimum_of_means(
    logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, mask: Tensor, *, clip: float
) -> Tensor:
    means = [
        altered(objective=objective)(logprobs, old_logprobs, advantages, mask, clip=clip)
        for objective in (lambda it: it.ratio * it.weight, lambda it: it.clipped * it.weight)
    ]
    return torch.minimum(*means)


CLIPS = (
    Misconception(
        "the maximum for the minimum",
        altered(objective=lambda it: torch.maximum(it.ratio * it.weight, it.clipped * it.weight)),
        "the gain beyond the interval was kept and the loss cut off",
        "published losses take a maximum, of the negated terms",
        "Should a gain beyond the interval be believed?",
    ),
    Misconception(
        "the maximum of terms that were not negated",
        altered(objective=lambda it: -torch.maximum(it.ratio * it.weight, it.clipped * it.weight)),
        "this falls when a good token becomes likelier",
        "published losses take a maximum, and the minus signs inside are easy to overlook",
        "−max(a, b) is min(−a, −b). Is that what was asked for, or its mirror image?",
    ),
    Misconception(
        "the loss is bounded as well",
        altered(objective=lambda it: dual(it, 3.0)),
        "a bad token that became more than 3 times as likely has no gradient",
        "it is a published variant, dual-clip PPO, which many libraries offer beside the minimum",
        "ρ = 8 and Â = −1: what is the smaller of ρÂ and clip(ρ)Â?",
    ),
    Misconception(
        "the minimum is missing",
        altered(objective=lambda it: it.clipped * it.weight),
        "a loss beyond the interval was cut off, so nothing pulls the policy back",
        "the clip looks as if it did the whole work",
        "A bad token became much more likely. Should the gradient of its objective be zero?",
    ),
    Misconception(
        "the minimum is taken before the advantage",
        altered(objective=lambda it: torch.minimum(it.ratio, it.clipped) * it.weight),
        "with a negative advantage the smaller ratio is the larger objective",
        "it is one pair of brackets away from the right line",
        "For a negative Â, which is smaller: ρÂ or clip(ρ)Â? And which of the two ratios?",
    ),
    Misconception(
        "nothing is clipped",
        altered(objective=lambda it: it.ratio * it.weight),
        "the gain beyond the interval was not cut off",
        "inside the interval the objectives are the same, and before the first update all ratios are inside",
        "How much more should a ratio of 3 bring than one of 1 + ε?",
    ),
    Misconception(
        "clipped above only",
        altered(clipped=lambda it: it.ratio.clamp(max=1 + it.clip)),
        "a ratio below 1 − ε still earned something",
        "the upper bound is the one that every picture shows first",
        "Making a bad token ever less likely: where does that stop paying?",
    ),
    Misconception(
        "clipped below only",
        altered(clipped=lambda it: it.ratio.clamp(min=1 - it.clip)),
        "a ratio above 1 + ε still earned something",
        "a single bound seems enough, because the minimum is a bound as well",
        "Making a good token ever more likely: where does that stop paying?",
    ),
    Misconception(
        "the clip of the product",
        altered(objective=lambda it: torch.minimum(x := it.ratio * it.weight, x.clamp(1 - it.clip, 1 + it.clip))),
        "ρÂ was held between 1 − ε and 1 + ε, not ρ",
        "clip(ρÂ) and clip(ρ)Â are the same when Â is 1",
        "What has the unit of an advantage, and what has none? Which of them can lie near 1?",
    ),
    Misconception(
        "nothing but the clip of the product",
        altered(objective=lambda it: (it.ratio * it.weight).clamp(1 - it.clip, 1 + it.clip)),
        "every token's ρÂ became a number near 1",
        "clip(ρÂ) and clip(ρ)Â are the same when Â is 1",
        "What becomes of a negative advantage in your objective?",
    ),
    Misconception(
        "the minimum of the two means",
        minimum_of_means,
        "the smaller mean was taken, not the mean of the smaller ones",
        "with a single token, or when all agree, the order does not matter",
        "Is each token to be bounded, or the batch as a whole?",
    ),
    Misconception(
        "the logarithm of the ratio is clipped",
        altered(clipped=lambda it: torch.exp((it.logprobs - it.old).clamp(-it.clip, it.clip))),
        "the bounds became e^−ε and e^ε",
        "for small ε, e^ε is nearly 1 + ε",
        "Which interval should the ratio itself stay in?",
    ),
    Misconception(
        "the interval is −ε to ε",
        altered(clipped=lambda it: it.ratio.clamp(-it.clip, it.clip)),
        "a ratio near 1 was pushed down to ε",
        "gradients are clipped like this, around zero",
        "What is the ratio before the first update? Is that inside your interval?",
    ),
    Misconception(
        "ε is fixed at 0.2",
        altered(clipped=lambda it: it.ratio.clamp(0.8, 1.2)),
        "the argument `clip` was not used",
        "0.2 is the value in every paper",
        "Call your function with clip=0.1 and with clip=0.3. Should the answers differ?",
    ),
    Misconception(
        "outside the interval the objective is zero",
        altered(objective=lambda it: torch.where(it.ratio == it.clipped, it.ratio * it.weight, 0.0)),
        "tokens outside the interval were left out",
        "'clipped' is often explained as 'ignored', which is about the gradient, and true in two cases of four",
        "At ρ = 1.5 and Â = −1, what is the smaller of ρÂ and clip(ρ)Â?",
    ),
    Misconception(
        "where the clip is active the objective is zero",
        altered(objective=lambda it: torch.where(beyond(it), 0.0, it.ratio * it.weight)),
        "the gain inside the interval was taken back as well",
        "the gradient is zero there, and a zero has a zero gradient",
        "At ρ = 1.5 and Â = 1, what is the smaller of ρÂ and clip(ρ)Â?",
    ),
    Misconception(
        "outside the interval the gradient is zero",
        altered(objective=flat_outside),
        "the number is right, but nothing pulls the policy back where it has gone wrong",
        "it is true in two of the four cases outside",
        "A bad token became much more likely. Should the gradient of its objective be zero?",
    ),
)
