"""Known wrong penalties in `kl_shaped_rewards`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import is_last_token, zero_padding


def altered(
    *,
    gap: Callable = lambda it: (it.logprobs - it.ref_logprobs).detach(),
    penalty: Callable = lambda it: -it.kl_coef * it.gap,
    bonus: Callable = lambda it: torch.where(is_last_token(it.mask), it.scores[:, None], 0.0),
    total: Callable = lambda it: it.penalty + it.bonus,
) -> Callable:
    """The shaped rewards with one part replaced; `it` holds the arguments and the parts before."""

    def kl_shaped_rewards(scores, logprobs, ref_logprobs, mask, *, kl_coef):
        raw = SimpleNamespace(logprobs=logprobs, ref_logprobs=ref_logprobs)
        logprobs, ref_logprobs = zero_padding(logprobs, mask), zero_padding(ref_logprobs, mask)
        it = SimpleNamespace(**locals())
        it.gap = gap(it)
        it.penalty, it.bonus = penalty(it), bonus(it)
        return total(it)

    return kl_shaped_rewards


def with_the_first_rows_mask(scores, logprobs, ref_logprobs, mask, *, kl_coef):
    return altered()(scores, logprobs, ref_logprobs, mask[:1].expand_as(mask), kl_coef=kl_coef)


def length(mask: Tensor) -> Tensor:
    return mask.sum(dim=-1)


MISCONCEPTIONS = (
    Misconception(
        "+β: the penalty is a reward",
        altered(penalty=lambda it: it.kl_coef * it.gap),
        "drifting away from the reference was rewarded",
        "two minus signs meet: −β, and log π_ref with a minus",
        "π is more sure of a token than π_ref is. Should its reward be higher or lower for it?",
    ),
    Misconception(
        "the old policy as the reference",
        altered(gap=lambda it: it.logprobs.detach() - it.logprobs.detach()),
        "the policy was compared with itself, so there is no penalty",
        "two frozen policies are about; π_old drew the batch and is not the one to stay near",
        "Which policy stays the same during the whole training: π_old or π_ref?",
    ),
    Misconception(
        "β is missing",
        altered(penalty=lambda it: -it.gap),
        "the penalty has the weight 1",
        "the difference of log-probabilities already has the right sign and shape",
        "How many units of reward is one nat worth?",
    ),
    Misconception(
        "probabilities instead of log-probabilities",
        altered(gap=lambda it: (it.logprobs.exp() - it.ref_logprobs.exp()).detach()),
        "a difference of probabilities is not in nats",
        "it has the right sign, and is 0 when both agree",
        "Which difference, averaged under π, is a KL divergence?",
    ),
    Misconception(
        "each difference weighted by its probability",
        altered(gap=lambda it: zero_padding(it.logprobs.exp() * (it.logprobs - it.ref_logprobs), it.mask).detach()),
        "the probability of the token was multiplied in",
        "the formula of the KL divergence has π in front; but sampling from π already weighs by it",
        "How often is a token drawn whose probability is ½?",
    ),
    Misconception(
        "the penalty is divided by the length",
        altered(penalty=lambda it: -it.kl_coef * it.gap / length(it.mask)[:, None]),
        "long replies pay less for each nat",
        "a KL per token is what some curves show",
        "How many units of reward is one nat worth?",
    ),
    Misconception(
        "the ratio without its logarithm",
        altered(gap=lambda it: torch.where(it.mask, (it.logprobs - it.ref_logprobs).exp(), 0.0).detach()),
        "π/π_ref is 1, not 0, when both agree",
        "the ratio of PPO's objective is made like this",
        "What is the penalty when both policies agree?",
    ),
    Misconception(
        "negative samples are cut off",
        altered(gap=lambda it: (it.logprobs - it.ref_logprobs).clamp(min=0).detach()),
        "a token that π_ref finds likelier than π does should count with the other sign",
        "a KL divergence is never negative; a single sample of it may be",
        "What is the mean of the samples after you cut off their negative half?",
    ),
    Misconception(
        "the absolute difference",
        altered(gap=lambda it: (it.logprobs - it.ref_logprobs).abs().detach()),
        "a token that π_ref finds likelier than π does should count with the other sign",
        "a KL divergence is never negative; a single sample of it may be",
        "What is the sum of the penalties of a reply supposed to be?",
    ),
    Misconception(
        "half the square (k2)",
        altered(gap=lambda it: 0.5 * (it.logprobs - it.ref_logprobs).square().detach()),
        "this is the estimator k2",
        "it is never negative; in the reward the plain difference is meant",
        "What is the sum of the penalties of a reply supposed to be?",
    ),
    Misconception(
        "the estimator k3",
        altered(gap=lambda it: (torch.expm1(it.ref_logprobs - it.logprobs) - (it.ref_logprobs - it.logprobs)).detach()),
        "this is (q − 1) − log q, with q = π_ref/π",
        "it is never negative and unbiased; in the reward the plain difference is meant",
        "What is the sum of the penalties of a reply supposed to be?",
    ),
    Misconception(
        "the whole penalty at the last token",
        altered(
            penalty=lambda it: torch.where(is_last_token(it.mask), -it.kl_coef * it.gap.sum(dim=-1, keepdim=True), 0.0)
        ),
        "the penalties of all tokens were paid by the last one",
        "the sum is right; but each token's own share is known when it is drawn",
        "Which token caused how much of the drift?",
    ),
    Misconception(
        "the mean penalty at every token",
        altered(
            penalty=lambda it: torch.where(
                it.mask, -it.kl_coef * it.gap.sum(dim=-1, keepdim=True) / length(it.mask)[:, None], 0.0
            )
        ),
        "all tokens of a reply paid the same",
        "one KL for a reply is what the curve shows",
        "Which token caused how much of the drift?",
    ),
    Misconception(
        "the penalty is not held constant",
        altered(gap=lambda it: it.logprobs - it.ref_logprobs),
        "a gradient flows through the reward; it would be recomputed, and would change, with every epoch",
        "the number is the same, and a KL term in the loss does have a gradient",
        "The reply was drawn and rewarded. Can a later epoch change what it was paid?",
    ),
    Misconception(
        "padding is penalised",
        altered(gap=lambda it: (it.raw.logprobs - it.raw.ref_logprobs).detach()),
        "what stands at padding was given a reward",
        "with replies of equal length the mask is true everywhere",
        "What should stand at padding?",
    ),
    Misconception(
        "padding is multiplied by zero",
        altered(gap=lambda it: ((it.raw.logprobs - it.raw.ref_logprobs) * it.mask).detach()),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "the first row's mask for every row",
        with_the_first_rows_mask,
        "the length of the first reply was taken for that of all",
        "`mask[0]` is what one looks at while trying things out",
        "How long is the second reply of the batch?",
    ),
)
