"""Ground truth by enumeration. Chapters: book/foundations/policy-gradient.md and every one that measures an estimator.

A language with three words and replies of up to three tokens has few replies: list them all, with their probabilities,
and every expectation is a sum. N is the number of replies. One prompt at a time.
"""

from collections.abc import Sequence
from itertools import product
from math import log

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ppo_teach.checks import require, same_shape
from ppo_teach.masks import response_mask, zero_padding
from ppo_teach.reinforce import rewards_to_go


def enumerate_responses(
    *, vocabulary_size: int, max_tokens: int, eos: int, pad: int
) -> tuple[Int[Tensor, "N T"], Bool[Tensor, "N T"]]:
    """Every response there is, right-padded, and its mask: those that end with EOS, and those cut at `max_tokens`."""
    everything = torch.tensor(list(product(range(vocabulary_size), repeat=max_tokens)))
    mask = response_mask(everything, eos=eos)
    once = (mask | (everything == 0)).all(dim=-1)  # of the rows that agree up to EOS, the one that goes on with zeros
    return torch.where(mask, everything, pad)[once], mask[once]


def expected_return(logprobs: Float[Tensor, " N"], scores: Float[Tensor, " N"]) -> Float[Tensor, ""]:
    """J = Σ_y π(y) R(y), differentiable in the responses' log-probabilities."""
    same_shape(logprobs=logprobs, scores=scores)
    return (logprobs.exp() * scores).sum()


def exact_policy_gradient(
    logprobs: Float[Tensor, " N"], scores: Float[Tensor, " N"], parameters: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """∇J with respect to each parameter, by differentiating the sum over all responses."""
    return torch.autograd.grad(expected_return(logprobs, scores), parameters)


def exact_values(
    logprobs: Float[Tensor, "N T"],
    rewards: Float[Tensor, "N T"],
    responses: Int[Tensor, "N T"],
    mask: Bool[Tensor, "N T"],
    *,
    gamma: float,
) -> Float[Tensor, "N T"]:
    """V(s_t) of every prefix that is visited, in units of reward; 0 at padding.

        V(s_t) = Σ_{y that continue the prefix} π(y | prefix) · G_t(y)

    `logprobs` and `rewards` are per token and must list all responses, as `enumerate_responses` does.
    """
    same_shape(logprobs=logprobs, rewards=rewards, responses=responses, mask=mask)
    logprobs = zero_padding(logprobs, mask)
    returns = rewards_to_go(rewards, mask, gamma=gamma)
    values = torch.zeros_like(returns)
    for t in range(mask.shape[1]):
        same_prefix = (responses[:, None, :t] == responses[None, :, :t]).all(dim=-1)
        continuations = logprobs[:, t:].sum(dim=-1).exp()
        values[:, t] = same_prefix.to(returns.dtype) @ (continuations * returns[:, t])
    return values


def kl_optimal_policy(
    ref_logprobs: Float[Tensor, " N"], scores: Float[Tensor, " N"], *, kl_coef: float
) -> Float[Tensor, " N"]:
    """Log-probabilities of the policy that maximises E[R] − β KL(π ‖ π_ref).

        π*(y) = π_ref(y) exp(R(y)/β) / Z

    Raises ValueError for β = 0, when the best policy need not be unique.
    """
    same_shape(ref_logprobs=ref_logprobs, scores=scores)
    require(kl_coef > 0, f"kl_coef must be greater than 0; got {kl_coef}")
    return (ref_logprobs + scores / kl_coef).log_softmax(dim=-1)


def frontier_point(scores: Float[Tensor, " N"], *, kl_coef: float) -> Float[Tensor, " 2"]:
    """The expected score of `kl_optimal_policy` and its KL in nats, as N samples of the reference know them.

        w_i = exp(s_i / β) / Σ_j exp(s_j / β),     [ Σ_i w_i s_i,  Σ_i w_i log(N w_i) ]

    `scores` are those of N responses to one prompt, drawn from the reference: where all responses are too many to list,
    samples stand for them. The KL is at most log N: among N samples nothing is rarer than one in N. Raises ValueError
    unless kl_coef is greater than 0.
    """
    require(kl_coef > 0, f"kl_coef must be greater than 0; got {kl_coef}")
    logweights = (scores / kl_coef).log_softmax(dim=0)
    weights = logweights.exp()
    return torch.stack([weights @ scores, weights @ logweights + log(len(scores))])
