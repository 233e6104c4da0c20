"""Known wrong ways to write `kl_loss`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import masked_mean, zero_padding


def altered(
    *,
    gap: Callable = lambda new, ref: new - ref.detach(),
    estimate: Callable = lambda gap: 0.5 * gap.square(),
    mean: Callable = masked_mean,
) -> Callable:
    """The loss with one part replaced."""

    def kl_loss(logprobs, ref_logprobs, mask):
        return mean(estimate(gap(zero_padding(logprobs, mask), zero_padding(ref_logprobs, mask))), mask)

    return kl_loss


def unmasked(mean: Callable) -> Callable:
    """Nothing is replaced at padding before the square."""
    return lambda new, ref, mask: mean(0.5 * (new - ref.detach()).square(), mask)


def weights_alone(logprobs: Tensor, ref_logprobs: Tensor, mask: Tensor) -> Tensor:
    new, ref = zero_padding(logprobs, mask), zero_padding(ref_logprobs, mask).detach()
    return masked_mean((new - ref).detach() * new, mask)


def mean_of_means(x: Tensor, mask: Tensor) -> Tensor:
    return (x.sum(dim=-1) / mask.sum(dim=-1)).mean()


MISCONCEPTIONS = (
    Misconception(
        "k1: unbiased value, so unbiased gradient",
        altered(estimate=lambda gap: gap),
        "the gradient of k1 is ∇ log π, and that averages to 0: it teaches nothing",
        "k1 is the definition, and its mean is the divergence",
        "What is the mean of ∇ log π over tokens that π drew?",
    ),
    Misconception(
        "k3: the other divergence's gradient",
        altered(estimate=lambda gap: torch.expm1(-gap) + gap),
        "the gradient of k3 is (1 − q) ∇ log π, on average that of KL(π_ref ‖ π)",
        "k3 has the right mean and never is negative; near the reference its *value* is the best of the three",
        "What does E[q ∇ log π] become when q π is written as π_ref?",
    ),
    Misconception(
        "the ½ is missing",
        altered(estimate=torch.square),
        "the loss, and its gradient, are twice as large as they should be: β would be 2β",
        "a squared difference has no ½ in most losses",
        "What is the slope of x², and what is that of x²/2?",
    ),
    Misconception(
        "the sign",
        altered(estimate=lambda gap: -0.5 * gap.square()),
        "minimising it drives the policy away",
        "the reward has −β; a loss has the other sign",
        "Should a loss be large or small near the reference?",
    ),
    Misconception(
        "the absolute log-ratio",
        altered(estimate=torch.abs),
        "its slope is the sign of the log-ratio, whatever its size",
        "it is never negative and in nats",
        "How strong should the pull be when the log-ratio is 2, and how strong when it is 0.01?",
    ),
    Misconception(
        "the right gradient, and another number",
        weights_alone,
        "log-ratio times log π, with the log-ratio held constant, has the right gradient; but its value is none of "
        "k1, k2, k3",
        "it is the policy gradient's form",
        "What is your loss where both policies agree?",
    ),
    Misconception(
        "the reference is not held constant",
        altered(gap=lambda new, ref: new - ref),
        "the reference has a gradient",
        "the number is the same, and a frozen model has none anyway",
        "Which of the two policies never changes?",
    ),
    Misconception(
        "the wrong policy is held constant",
        altered(gap=lambda new, ref: new.detach() - ref),
        "the policy we train has no gradient, and the reference has it",
        "one of the two needs a detach, and the names are long",
        "Which of the two policies do we train?",
    ),
    Misconception(
        "no gradient",
        altered(gap=lambda new, ref: (new - ref).detach()),
        "the number is right, but no gradient reaches the policy",
        "in the reward the log-ratio is held constant, and rightly",
        "What is a loss worth through which no gradient flows?",
    ),
    Misconception(
        "the sum instead of the mean",
        altered(mean=lambda x, mask: x.sum()),
        "the tokens were added up, so a longer batch weighs more",
        "a reply's KL is a sum",
        "Should a batch twice as large give a loss twice as large?",
    ),
    Misconception(
        "a sum for each reply",
        altered(mean=lambda x, mask: x.sum(dim=-1).mean()),
        "tokens were added up along the reply: a KL per sequence, not per token",
        "everywhere else in the chapter a KL is per sequence",
        "By how many numbers is the sum to be divided?",
    ),
    Misconception(
        "divided by all positions",
        altered(mean=lambda x, mask: x.mean()),
        "padding was counted as tokens",
        "with replies of equal length the mask is true everywhere",
        "How many tokens are real?",
    ),
    Misconception(
        "the mean of the replies' means",
        altered(mean=mean_of_means),
        "a token of a short reply counted more than one of a long reply",
        "first along the row, then along the batch, is how one thinks of a batch",
        "Two replies of one and of three tokens: what does each token weigh?",
    ),
    Misconception(
        "padding is counted",
        unmasked(lambda x, mask: x.mean()),
        "what stands at padding entered the loss",
        "with replies of equal length the mask is true everywhere",
        "What may stand at padding?",
    ),
    Misconception(
        "padding is multiplied by zero",
        unmasked(lambda x, mask: (x * mask).sum() / mask.sum()),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "padding is hidden after the square",
        unmasked(lambda x, mask: torch.where(mask, x, 0.0).sum() / mask.sum()),
        "the number is right, but the gradient of what was hidden is NaN",
        "`torch.where` at the end looks as good as at the beginning",
        "The gradient of a square multiplies by what was squared. What stood at padding?",
    ),
)
