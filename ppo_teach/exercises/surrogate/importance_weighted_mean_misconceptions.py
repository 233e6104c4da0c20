"""Known wrong ways to write `importance_weighted_mean`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    ratio: Callable = lambda new, old: torch.exp(new - old.detach()),
    mean: Callable = lambda payoffs, ratio: (ratio * payoffs).mean(),
) -> Callable:
    """The importance-weighted mean with one part replaced."""

    def importance_weighted_mean(payoffs, logprobs, old_logprobs):
        return mean(payoffs, ratio(logprobs, old_logprobs))

    return importance_weighted_mean


def of_possible_draws(payoffs: Tensor, logprobs: Tensor, old_logprobs: Tensor) -> Tensor:
    possible = logprobs > -torch.inf
    ratio = torch.exp(torch.where(possible, logprobs - old_logprobs.detach(), -torch.inf))
    return (ratio * payoffs).sum() / possible.sum()


MISCONCEPTIONS = (
    Misconception(
        "proposal and target are swapped",
        altered(ratio=lambda new, old: torch.exp(old.detach() - new)),
        "each draw counted as often as it has become rarer",
        "'old over new' and 'new over old' are both 1 at first",
        "A draw has become twice as likely. Should it count twice, or half?",
    ),
    Misconception(
        "no weights",
        altered(ratio=lambda new, old: torch.ones_like(new)),
        "this is the mean under the old policy",
        "while both policies agree there is nothing to weigh",
        "Whose mean is the plain mean of these draws?",
    ),
    Misconception(
        "weighted by the new probability",
        altered(ratio=lambda new, old: torch.exp(new)),
        "a draw that both policies like is counted twice over: it was already drawn more often",
        "E[f] is Σ π f, and the draws look like the terms of that sum",
        "How often is a likely outcome on the list already?",
    ),
    Misconception(
        "the quotient of the log-probabilities",
        altered(ratio=lambda new, old: torch.where(new > -torch.inf, new / old.detach(), 0.0)),
        "log π was divided by log π_old",
        "the formula prints a fraction, and the arguments are the two sides of it",
        "The ratio is one of probabilities. What becomes of a quotient under the logarithm?",
    ),
    Misconception(
        "divided after the exponential",
        altered(ratio=lambda new, old: torch.exp(new) / torch.exp(old.detach())),
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition, word for word, and right for dice",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "the quotient of two sums",
        lambda payoffs, logprobs, old_logprobs: (
            (logprobs.exp() * payoffs).sum() / old_logprobs.detach().exp().sum().clamp(min=1e-30)
        ),
        "the new probabilities were added up, and the old ones, and the sums divided: no draw has a ratio of its own",
        "E[f] is Σ π f, and the draws look like the terms of that sum",
        "How often is a likely outcome on the list already?",
    ),
    Misconception(
        "the exponential is missing",
        altered(ratio=lambda new, old: torch.where(new > -torch.inf, new - old.detach(), 0.0)),
        "the logarithm of the ratio was used as the ratio",
        "a difference of logarithms already is a quotient, up to one exp",
        "What does a draw weigh while both policies agree?",
    ),
    Misconception(
        "divided by the sum of the weights",
        altered(mean=lambda payoffs, ratio: (ratio * payoffs).sum() / ratio.sum()),
        "this is the self-normalised estimator: a published one of smaller variance, but biased",
        "weights that sum to 1 make it look like an average",
        "With a single draw, what is your estimate, whatever its ratio?",
    ),
    Misconception(
        "the sum instead of the mean",
        altered(mean=lambda payoffs, ratio: (ratio * payoffs).sum()),
        "the draws were added up, not averaged",
        "an expectation is a sum, but one over outcomes, not over draws",
        "Should twice as many draws give a number twice as large?",
    ),
    Misconception(
        "one weight for all draws",
        altered(mean=lambda payoffs, ratio: ratio.mean() * payoffs.mean()),
        "the mean of a product is not the product of the means",
        "the mean of ρ is 1, so this looks harmless",
        "Which draws should count more: all alike, or those that became likelier?",
    ),
    Misconception(
        "draws that the new policy never makes are left out",
        of_possible_draws,
        "they were left out of the number of draws as well",
        "there is a support condition, but it is about what the *old* policy cannot draw",
        "The old policy made N draws. Does N change with what the new policy would have done?",
    ),
    Misconception(
        "the ratio is detached",
        altered(ratio=lambda new, old: torch.exp(new - old).detach()),
        "the number is right, but no gradient reaches the new policy",
        "a weight is a constant in most sums",
        "Through which factor does the estimate depend on the new policy?",
    ),
    Misconception(
        "the old policy is not held constant",
        altered(ratio=lambda new, old: torch.exp(new - old)),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the list. Can it still change?",
    ),
)
