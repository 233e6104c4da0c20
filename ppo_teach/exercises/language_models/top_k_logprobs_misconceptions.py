"""Known wrong ways to write `top_k_logprobs`."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def picked(table: Callable) -> Callable:
    """The action's entry of table(logits, k)."""

    def top_k_logprobs(logits: Tensor, actions: Tensor, *, k: int) -> Tensor:
        return table(logits, k).gather(-1, actions[..., None]).squeeze(-1)

    return top_k_logprobs


def kept(z: Tensor, k: int) -> Tensor:
    """Which tokens are among the k likeliest."""
    return z >= z.topk(k).values[..., -1:]


def filled(z: Tensor, keep: Tensor, value: float = -torch.inf) -> Tensor:
    return torch.where(keep, z, value)


def share(z: Tensor, k: int) -> Tensor:
    """log Z, the k likeliest tokens' share."""
    return z.log_softmax(dim=-1).topk(k).values.logsumexp(dim=-1, keepdim=True)


def over_all_for_the_cut(z: Tensor, k: int) -> Tensor:
    return torch.where(kept(z, k), filled(z, kept(z, k)).log_softmax(dim=-1), z.log_softmax(dim=-1))


def one_threshold(z: Tensor, k: int) -> Tensor:
    return filled(z, z >= z.flatten().topk(k).values[-1]).log_softmax(dim=-1)


MISCONCEPTIONS = (
    Misconception(
        "scored over the whole vocabulary",
        picked(lambda z, k: z.log_softmax(dim=-1)),
        "that is log π; what was drawn is likelier than that, since others could not be drawn: the ratio is Z, not 1",
        "top-k is an option of the sampler, and the scorer has never heard of it",
        "Three tokens with probabilities ½, 0.3 and 0.2; the sampler keeps two. How often does it draw the first?",
    ),
    Misconception(
        "cut off, but not scaled up",
        picked(lambda z, k: filled(z.log_softmax(dim=-1), kept(z, k))),
        "what is left sums to Z, not to 1",
        "the cut comes after the softmax, where the probabilities are at hand",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "logits of zero for what was cut off",
        picked(lambda z, k: (z * kept(z, k)).log_softmax(dim=-1)),
        "a logit of 0 is no small logit: its token has e⁰ = 1 in the sum",
        "a mask multiplies",
        "Which logit has a token of probability 0?",
    ),
    Misconception(
        "probabilities of zero for what was cut off, as logits",
        picked(lambda z, k: (z.softmax(dim=-1) * kept(z, k)).log_softmax(dim=-1)),
        "probabilities took the place of logits",
        "a probability of 0 is what the cut means",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "a large negative number in place of −∞",
        picked(lambda z, k: filled(z, kept(z, k), -1e9).log_softmax(dim=-1)),
        "the numbers of what was kept are right; but the difference of two such numbers is 0, so that a token that "
        "can be drawn by neither policy has the ratio 1, and nobody notices",
        "it cannot make NaN",
        "With which probability is a token drawn that was cut off? What is the logarithm of that?",
    ),
    Misconception(
        "the cut tokens keep their old log-probability",
        picked(over_all_for_the_cut),
        "a token that could not have been drawn has a probability, and all together sum to more than 1",
        "−∞ looks like a mistake, and somebody mended it",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "scaled up, but nothing cut off",
        picked(lambda z, k: z.log_softmax(dim=-1) - share(z, k)),
        "log π − log Z holds for the k likeliest; the others have a probability, too, and all sum to more than 1",
        "the formula says log π − log Z, and the rest of its line is easily missed",
        "With which probability is a token drawn that was cut off? What is the logarithm of that?",
    ),
    Misconception(
        "Z, not its logarithm",
        picked(lambda z, k: filled(z.log_softmax(dim=-1) - share(z, k).exp(), kept(z, k))),
        "a probability was taken from a log-probability",
        "π is divided by Z, and log π is at hand",
        "What is log(π / Z)?",
    ),
    Misconception(
        "Z on the wrong side",
        picked(lambda z, k: filled(z.log_softmax(dim=-1) + share(z, k), kept(z, k))),
        "log Z was added, and what is left became less likely by the cut",
        "log Z is negative, and a cut sounds like a loss",
        "When some tokens can no longer be drawn, are the others drawn more often, or less?",
    ),
    Misconception(
        "the k-th is cut off as well",
        picked(lambda z, k: filled(z, z > z.topk(k).values[..., -1:]).log_softmax(dim=-1)),
        "k − 1 tokens were kept",
        "`>` for `>=`",
        "With k = 1, how many tokens are left?",
    ),
    Misconception(
        "one too many is kept",
        picked(lambda z, k: filled(z, kept(z, min(k + 1, z.shape[-1]))).log_softmax(dim=-1)),
        "k + 1 tokens were kept",
        "`sorted[..., k]` is the k-th, counted from 0",
        "With k = 1, how many tokens are left?",
    ),
    Misconception(
        "the k least likely",
        picked(lambda z, k: filled(z, z <= z.topk(k, largest=False).values[..., -1:]).log_softmax(dim=-1)),
        "the unlikely tokens were kept",
        "sorted in ascending order, the first k are the smallest",
        "Which end of the order are the likeliest tokens at?",
    ),
    Misconception(
        "one threshold for the whole batch",
        picked(one_threshold),
        "the k-th largest logit of all rows was the bar for every row",
        "`.flatten().topk(k)` needs no thought about axes",
        "Which tokens compete with one another: those of a state, or those of a batch?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        picked(lambda z, k: filled(z, kept(z, k)).softmax(dim=-1)),
        "this is q, not log q",
        "the probability of the action is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the sign of a loss",
        picked(lambda z, k: -filled(z, kept(z, k)).log_softmax(dim=-1)),
        "this is −log q, the cross-entropy",
        "cross_entropy computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the logarithm of a probability that rounded to zero",
        picked(lambda z, k: filled(z, kept(z, k)).softmax(dim=-1).log()),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 200. What is the smaller probability in float32, and what is its logarithm?",
    ),
    Misconception(
        "no gradient reaches the logits",
        picked(lambda z, k: filled(z.detach(), kept(z, k)).log_softmax(dim=-1)),
        "the number is right, but the policy cannot learn from it",
        "a cut belongs to sampling, and samplers run without gradients",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)
