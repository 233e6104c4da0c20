"""Known wrong ratios, constants and averages in `clipped_surrogate`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import masked_mean, zero_padding


def altered(
    *,
    old: Callable = lambda it: it.old_logprobs.detach(),
    weight: Callable = lambda it: it.advantages.detach(),
    ratio: Callable = lambda it: torch.exp(it.logprobs - it.old),
    clipped: Callable = lambda it: it.ratio.clamp(1 - it.clip, 1 + it.clip),
    objective: Callable = lambda it: torch.minimum(it.ratio * it.weight, it.clipped * it.weight),
    average: Callable = masked_mean,
) -> Callable:
    """The clipped surrogate with one part replaced; `it` holds the arguments and the parts before."""

    def clipped_surrogate(logprobs, old_logprobs, advantages, mask, *, clip):
        rows = {"logprobs": logprobs, "old_logprobs": old_logprobs, "advantages": advantages}
        it = SimpleNamespace(**{name: zero_padding(x, mask) for name, x in rows.items()}, mask=mask, clip=clip)
        it.old, it.weight = old(it), weight(it)
        it.ratio = ratio(it)
        it.clipped = clipped(it)
        return average(objective(it), mask)

    return clipped_surrogate


def unmasked(average: Callable) -> Callable:
    """The clipped surrogate of every position, averaged afterwards."""

    def clipped_surrogate(logprobs, old_logprobs, advantages, mask, *, clip):
        ratio, weight = torch.exp(logprobs - old_logprobs.detach()), advantages.detach()
        return average(torch.minimum(ratio * weight, ratio.clamp(1 - clip, 1 + clip) * weight), mask)

    return clipped_surrogate


def whitened(it: SimpleNamespace) -> Tensor:
    mean = masked_mean(it.advantages, it.mask)
    centred = torch.where(it.mask, it.advantages - mean, 0.0)
    return (centred / (masked_mean(centred.square(), it.mask) + 1e-8).sqrt()).detach()


MISCONCEPTIONS = (
    Misconception(
        "the ratio is detached",
        altered(ratio=lambda it: torch.exp(it.logprobs - it.old).detach()),
        "the number is right, but no gradient reaches the policy",
        "the ratio is a weight, and other weights are held constant",
        "Through which factor does the objective depend on the policy we train?",
    ),
    Misconception(
        "the advantages are not held constant",
        altered(weight=lambda it: it.advantages),
        "the gradient reaches the critic through Â",
        "the number is the same, and where advantages come from a rollout nothing depends on them",
        "May the objective grow by talking the advantages up?",
    ),
    Misconception(
        "the advantages are whitened here",
        altered(weight=whitened),
        "the mean and the scale of the advantages were removed",
        "PPO does whiten advantages, before this function is called",
        "Whose work is whitening, if the advantages are an argument?",
    ),
    Misconception(
        "the old policy is not held constant",
        altered(old=lambda it: it.old_logprobs),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the batch. Can it still change?",
    ),
    Misconception(
        "nothing is held constant",
        altered(old=lambda it: it.old_logprobs, weight=lambda it: it.advantages),
        "the gradient reaches the critic through Â, and the old log-probabilities",
        "the number is the same, and where both come from a rollout nothing depends on them",
        "Of the three rows of numbers, which belongs to the policy we train?",
    ),
    Misconception(
        "divided after the exponential",
        altered(ratio=lambda it: torch.exp(it.logprobs) / torch.exp(it.old)),
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition, word for word, and right for likely tokens",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "the ratio of the log-probabilities",
        altered(ratio=lambda it: torch.where(it.mask, it.logprobs / it.old, 0.0)),
        "log π was divided by log π_old",
        "the paper prints a fraction, and the arguments are the two sides of it",
        "The ratio is one of probabilities. What becomes of a quotient under the logarithm?",
    ),
    Misconception(
        "the exponential is missing",
        altered(ratio=lambda it: it.logprobs - it.old),
        "the logarithm of the ratio was used as the ratio",
        "a difference of logarithms already is a quotient, up to one exp",
        "What is your ratio when both policies agree?",
    ),
    Misconception(
        "the ratio is inverted",
        altered(ratio=lambda it: torch.exp(it.old - it.logprobs)),
        "π_old stands above π",
        "'old over new' and 'new over old' are both 1 at first",
        "A good token became more likely. Should its ratio be above 1, or below?",
    ),
    Misconception(
        "no ratio, only the new probability",
        altered(ratio=lambda it: torch.exp(it.logprobs)),
        "the old policy was left out",
        "exp(log π) looks like the ratio when one forgets who drew the batch",
        "What is your ratio when both policies agree?",
    ),
    Misconception(
        "the policy gradient without a ratio",
        altered(objective=lambda it: it.logprobs * it.weight),
        "log π · Â is REINFORCE's objective",
        "at the first step the gradients agree",
        "What does PPO have that tells it how far it has moved since the batch was drawn?",
    ),
    Misconception(
        "one ratio for the whole sequence",
        altered(ratio=lambda it: torch.exp((it.logprobs - it.old).sum(dim=-1, keepdim=True)).expand_as(it.old)),
        "the log-ratios of a reply were added up before the exponential",
        "the probability of a reply is the product of its tokens', and there are methods that do this",
        "Every token has an advantage of its own. Has it a ratio of its own?",
    ),
    Misconception(
        "the sign of a loss",
        altered(average=lambda x, mask: -masked_mean(x, mask)),
        "this is the loss; the objective is to be maximised",
        "optimisers minimise, so most code returns the negative",
        "With a good token made more likely, should the objective rise or fall?",
    ),
    *wrong_averages(careful=lambda average: altered(average=average), careless=unmasked),
)
