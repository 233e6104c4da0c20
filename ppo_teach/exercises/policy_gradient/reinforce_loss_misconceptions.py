"""Known wrong ways to write `reinforce_loss`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.masks import masked_mean, zero_padding


def altered(
    *,
    logprob: Callable[[Tensor], Tensor] = lambda logprobs: logprobs,
    weight: Callable[[Tensor, Tensor], Tensor] = lambda weights, mask: weights.detach(),
    average: Callable[[Tensor, Tensor], Tensor] = lambda products, mask: products.sum(dim=1).mean(),
    sign: int = -1,
) -> Callable:
    """The loss with one part replaced."""

    def reinforce_loss(logprobs, weights, mask):
        logprobs, weights = zero_padding(logprobs, mask), zero_padding(weights, mask)
        products = zero_padding(logprob(logprobs), mask) * zero_padding(weight(weights, mask), mask)
        return sign * average(products, mask)

    return reinforce_loss


def padding_treated(product: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable:
    """The right sum of products that treat padding otherwise."""
    return lambda logprobs, weights, mask: -product(logprobs, weights.detach(), mask).sum(dim=1).mean()


def one_weight_a_row(weights: Tensor, mask: Tensor) -> Tensor:
    return weights.detach().sum(dim=1, keepdim=True).expand_as(weights)


def again_to_go(weights: Tensor, mask: Tensor) -> Tensor:
    return weights.detach().flip(1).cumsum(dim=1).flip(1)


def the_rest_alone(logprobs: Tensor, weights: Tensor, mask: Tensor) -> Tensor:
    return zero_padding(logprobs, ~mask) * zero_padding(weights, ~mask)


MISCONCEPTIONS = (
    Misconception(
        "the reward is differentiated",
        altered(weight=lambda weights, mask: weights),
        "the number is right, but minimising it also moves whatever the weights were computed from, such as a critic",
        "where the weights come from a judge nothing hangs on them, and no harm is seen",
        "Which of the two is to be moved by this loss: the log-probabilities, or the weights?",
    ),
    Misconception(
        "the log-probabilities are detached",
        altered(logprob=torch.detach),
        "the number is right, but the policy learns nothing",
        "the rollout has log-probabilities too, recorded without a graph, and they are the same numbers",
        "Which of the two is to be moved by this loss: the log-probabilities, or the weights?",
    ),
    Misconception(
        "log-probabilities and weights are swapped",
        altered(logprob=torch.detach, weight=lambda weights, mask: weights),
        "the weights have the gradient, and the policy has none",
        "a product is the same in both orders",
        "Which of the two is to be moved by this loss: the log-probabilities, or the weights?",
    ),
    Misconception(
        "the sign of an objective",
        altered(sign=1),
        "minimising this would make rewarded tokens less likely",
        "the policy gradient is written without a minus, for climbing",
        "A token of weight 1: should a smaller loss make it more likely, or less?",
    ),
    Misconception(
        "the sum over replies instead of the mean",
        altered(average=lambda products, mask: products.sum()),
        "the replies were added up, not averaged",
        "the direction of the gradient is the same",
        "Should twice as many replies give a gradient twice as long?",
    ),
    Misconception(
        "a mean over all tokens",
        altered(average=masked_mean),
        "it was divided by the number of tokens, not of replies",
        "other losses are averaged so, token by token",
        "Two replies of three tokens in all: by which number does the policy gradient divide?",
    ),
    Misconception(
        "a mean over each reply's tokens",
        altered(average=lambda products, mask: (products.sum(dim=1) / mask.sum(dim=1)).mean()),
        "a reply of n tokens counts one n-th, so short replies weigh more than ∇J gives them",
        "one mean after the other comes naturally to a (B, T) tensor",
        "log π(y) of a reply is the sum of its tokens' log-probabilities. Did you divide by their number?",
    ),
    Misconception(
        "divided by all positions",
        altered(average=lambda products, mask: products.mean()),
        "it was divided by B · T, padding included",
        "`.mean()` is one call",
        "By which number does the policy gradient divide?",
    ),
    Misconception(
        "the gradient of π, not of log π",
        altered(logprob=torch.exp),
        "probabilities were weighted, not their logarithms, so likely tokens are pushed harder",
        "the expected score is a sum of π · R, and this looks like it",
        "The replies were drawn from π already. What is left in front of R when E takes the π away?",
    ),
    Misconception(
        "one weight for the whole reply",
        altered(weight=one_weight_a_row),
        "the weights of a reply were added up, and every token got the sum",
        "with a single reward per reply one multiplies log π(y) by R(y)",
        "Each token has a weight of its own. Which product belongs to token t?",
    ),
    Misconception(
        "the first token's weight for all",
        altered(weight=lambda weights, mask: weights.detach()[:, :1].expand_as(weights)),
        "log π(y) was multiplied by the weight of token 0",
        "the return of the first token is that of the whole reply, and R(y) log π(y) is right on average",
        "Each token has a weight of its own. Which product belongs to token t?",
    ),
    Misconception(
        "the weights are summed again",
        altered(weight=again_to_go),
        "each weight had those of the later tokens added to it",
        "the plain rewards would have to be summed; but G is that sum already",
        "Which letter stands in front of log π in L: r, or G?",
    ),
    Misconception(
        "a baseline is subtracted already",
        altered(weight=lambda weights, mask: weights.detach() - masked_mean(weights.detach(), mask)),
        "the mean weight of the batch was taken away",
        "a baseline is a good idea, but the caller's: this one contains the reply itself",
        "All weights are 1. Should the loss be 0?",
    ),
    Misconception(
        "padding is counted",
        padding_treated(lambda logprobs, weights, mask: logprobs * weights),
        "what stands at padding went into the sum",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
    Misconception(
        "the mask is read the other way round",
        padding_treated(the_rest_alone),
        "only what stands at padding was added up",
        "elsewhere, in torch's attention for one, True marks what is to be ignored",
        "Is the mask True at tokens, or at padding?",
    ),
    Misconception(
        "padding is multiplied by zero",
        padding_treated(lambda logprobs, weights, mask: logprobs * weights * mask),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "padding is left out too late",
        padding_treated(lambda logprobs, weights, mask: zero_padding(logprobs * weights, mask)),
        "the number is right, but the gradient at padding is 0 · NaN",
        "selecting the real tokens last gives the right number",
        "Going backwards, by what is the gradient of a padded position multiplied?",
    ),
)
