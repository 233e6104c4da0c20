"""Known wrong ways to write `clip_fraction`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.averages import mean_of_row_means
from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import masked_mean, zero_padding


def active_tokens(ratio: Tensor, advantages: Tensor, clip: float) -> Tensor:
    return ((advantages > 0) & (ratio > 1 + clip)) | ((advantages < 0) & (ratio < 1 - clip))


def altered(
    *,
    ratio: Callable = lambda new, old: torch.exp(new - old),
    active: Callable = active_tokens,
    average: Callable = masked_mean,
) -> Callable:
    """The clip fraction with one part replaced."""

    def clip_fraction(logprobs, old_logprobs, advantages, mask, *, clip):
        new, old, weight = (zero_padding(x, mask) for x in (logprobs, old_logprobs, advantages))
        return average((active(ratio(new, old), weight, clip) & mask).float(), mask)

    return clip_fraction


def unmasked(logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, mask: Tensor, *, clip: float) -> Tensor:
    return active_tokens(torch.exp(logprobs - old_logprobs), advantages, clip).float().mean()


MISCONCEPTIONS = (
    Misconception(
        "all ratios outside the interval are counted",
        altered(active=lambda ratio, advantages, clip: (ratio - 1).abs() > clip),
        "this is another metric, published under the same name; it does not look at the advantage",
        "CleanRL and Stable-Baselines3 log it so, and it needs no advantage",
        "In how many of the four cases outside the interval is the gradient zero?",
    ),
    Misconception(
        "tokens whose gradient pulls back are counted",
        altered(active=lambda ratio, advantages, clip: active_tokens(ratio, -advantages, clip)),
        "these are the tokens outside the interval where the objective is *not* flat",
        "a bad token that became likelier looks like the one to be stopped",
        "ρ = 1.5 and Â = −2: is the objective flat there?",
    ),
    Misconception(
        "counted above the interval only",
        altered(active=lambda ratio, advantages, clip: (advantages > 0) & (ratio > 1 + clip)),
        "bad tokens that became much rarer were left out",
        "the upper bound is the one that every picture shows first",
        "ρ = 0.5 and Â = −2: is the objective flat there?",
    ),
    Misconception(
        "counted below the interval only",
        altered(active=lambda ratio, advantages, clip: (advantages < 0) & (ratio < 1 - clip)),
        "good tokens that became much likelier were left out",
        "one side is half of the work",
        "ρ = 1.5 and Â = 2: is the objective flat there?",
    ),
    Misconception(
        "the edge is counted",
        altered(
            active=lambda ratio, advantages, clip: (
                ((advantages > 0) & (ratio >= 1 + clip)) | ((advantages < 0) & (ratio <= 1 - clip))
            )
        ),
        "a ratio of exactly 1 + ε or 1 − ε was counted",
        "≥ and > differ in one number, and ratios hardly ever hit it",
        "At ρ = 1 + ε, do ρÂ and clip(ρ)Â differ yet?",
    ),
    Misconception(
        "tokens inside the interval are counted",
        altered(active=lambda ratio, advantages, clip: ~active_tokens(ratio, advantages, clip)),
        "this is the share that still has a gradient",
        "1 minus a share is a share",
        "What should the clip fraction be before the first update?",
    ),
    Misconception(
        "tokens without an advantage are counted",
        altered(
            active=lambda ratio, advantages, clip: (
                ((advantages >= 0) & (ratio > 1 + clip)) | ((advantages <= 0) & (ratio < 1 - clip))
            )
        ),
        "with Â = 0 the objective is 0 everywhere, clip or no clip",
        "zero has to go somewhere",
        "With Â = 0, what would the gradient be without the clip?",
    ),
    Misconception(
        "tokens without an advantage count as bad ones",
        altered(active=lambda ratio, advantages, clip: torch.where(advantages > 0, ratio > 1 + clip, ratio < 1 - clip)),
        "with Â = 0 the objective is 0 everywhere, clip or no clip",
        "what is not good is bad, with two branches",
        "With Â = 0, what would the gradient be without the clip?",
    ),
    Misconception(
        "divided after the exponential",
        altered(ratio=lambda new, old: torch.exp(new) / torch.exp(old)),
        "exp(−200) is 0 in float32, 0/0 is NaN, and NaN is neither above nor below anything",
        "it is the definition, word for word, and right for likely tokens",
        "What is exp(−200) in float32? And is 0/0 above 1 + ε?",
    ),
    Misconception(
        "the ratio of the log-probabilities",
        altered(ratio=lambda new, old: torch.where(old < 0, new / old, 1.0)),
        "log π was divided by log π_old",
        "the formula prints a fraction, and the arguments are the two sides of it",
        "The ratio is one of probabilities. What becomes of a quotient under the logarithm?",
    ),
    Misconception(
        "the exponential is missing",
        altered(ratio=lambda new, old: new - old),
        "the logarithm of the ratio was used as the ratio",
        "a difference of logarithms already is a quotient, up to one exp",
        "What is your ratio while both policies agree?",
    ),
    Misconception(
        "the interval in logarithms",
        altered(active=lambda ratio, advantages, clip: active_tokens(1 + ratio.log(), advantages, clip)),
        "log ρ was compared with ±ε",
        "for small ε, log ρ is nearly ρ − 1",
        "Which interval should the ratio itself leave?",
    ),
    Misconception(
        "the ratio is inverted",
        altered(ratio=lambda new, old: torch.exp(old - new)),
        "π_old stands above π",
        "'old over new' and 'new over old' are both 1 at first",
        "A good token became more likely. Should its ratio be above 1, or below?",
    ),
    Misconception(
        "ε is fixed at 0.2",
        lambda logprobs, old_logprobs, advantages, mask, *, clip: altered()(
            logprobs, old_logprobs, advantages, mask, clip=0.2
        ),
        "the argument `clip` was not used",
        "0.2 is the value in every paper",
        "Call your function with clip=0.1 and with clip=0.3. Should the answers differ?",
    ),
    Misconception(
        "the number instead of the share",
        altered(average=lambda x, mask: x.sum()),
        "the tokens were counted, not divided by how many there are",
        "it is the count that one has first",
        "Should twice as many tokens give a number twice as large?",
    ),
    Misconception(
        "divided by all positions",
        altered(average=lambda x, mask: x.mean()),
        "padding was counted in the denominator",
        "`.float().mean()` is how shares are usually taken",
        "How many real tokens are there, and by how many did you divide?",
    ),
    Misconception(
        "a mean of the rows' means",
        altered(average=mean_of_row_means),
        "a token of a short reply weighs more than one of a long reply",
        "one mean after the other comes naturally to a (B, T) tensor",
        "A reply of one token and a reply of nine: how much should each token weigh?",
    ),
    Misconception(
        "all ratios outside the interval are counted, padding too",
        lambda logprobs, old_logprobs, advantages, mask, *, clip: (
            ((torch.exp(logprobs - old_logprobs) - 1).abs() > clip).float().mean()
        ),
        "this is another metric, published under the same name, and it looked at padding as well",
        "it is the line that libraries for control have, where nothing is padded",
        "Which tokens have a flat objective? And which positions of the batch are tokens?",
    ),
    Misconception(
        "padding is counted",
        unmasked,
        "what stands at padding was looked at like a token",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
)
