"""The softmax policy. Chapter: book/foundations/softmax-policy.md.

A network gives one number per token of the vocabulary, the logit; the softmax turns these into probabilities

    π(a | s) = exp(z_a) / Σ_b exp(z_b).

Everything here takes logits with the vocabulary last. They arrive already divided by the temperature, except in
`tempered_logprobs`.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.checks import finite, require


def action_logprobs(logits: Float[Tensor, "*B V"], actions: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """The log-probability, in nats, of each action taken.

        log π(a | s) = z_a − log Σ_b exp(z_b)

    log_softmax subtracts the largest logit first, so logits of 1000 do not overflow. Raises ValueError when actions and
    logits do not line up.
    """
    _require_one_action_each(logits, actions)
    return logits.log_softmax(dim=-1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)


def response_logprobs(
    logits: Float[Tensor, "B N V"], tokens: Int[Tensor, "B N"], *, prompt_width: int
) -> Float[Tensor, "B T"]:
    """The log-probability, in nats, of each token of the response, from a language model's logits over the whole text.

        log π(y_t | x, y_<t) = log softmax(z_{P−1+t})[y_t]

    The first P columns are the prompt's, the other T the response's. The logits at position j stand for token j + 1, so
    those at the last position stand for nothing. Our models make this shift inside (`actor_critics`); this is for the
    logits of a bare network. Raises ValueError unless there is a prompt.
    """
    require(prompt_width >= 1, f"prompt_width must be at least 1; got {prompt_width}")
    return action_logprobs(logits[:, prompt_width - 1 : -1], tokens[:, prompt_width:])


def tempered_logprobs(
    logits: Float[Tensor, "*B V"], actions: Int[Tensor, "*B"], *, temperature: float
) -> Float[Tensor, "*B"]:
    """The log-probability, in nats, of each action, when it was drawn at this temperature.

        log π_τ(a | s) = z_a/τ − log Σ_b exp(z_b/τ)

    Logits (*B, V), one action (*B) for each, and one number (*B) out. Our models divide inside (`models`), so that
    drawing and scoring share the temperature; this is for logits that nobody has divided yet. Raises ValueError as
    `action_logprobs` does.
    """
    _require_one_action_each(logits, actions)
    tempered = logits / temperature
    taken = tempered.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    return taken - tempered.logsumexp(dim=-1)


def entropy(logits: Float[Tensor, "*B V"]) -> Float[Tensor, "*B"]:
    """The entropy of each distribution, in nats: 0 for a certain choice, log V for a uniform one.

        H(π) = −Σ_a π(a | s) log π(a | s)

    A logit of −∞ is an impossible token and contributes 0, the limit of p log p.
    """
    logprobs = logits.log_softmax(dim=-1)
    return -(logprobs.exp() * logprobs.clamp(min=torch.finfo(logprobs.dtype).min)).sum(dim=-1)


def sample(logits: Float[Tensor, "*B V"], *, rng: torch.Generator) -> Int[Tensor, "*B"]:
    """One action drawn from each distribution: the one we score, with no top-k and no top-p.

    The probabilities lie end to end on a line, and a dart, uniform on it, hits action a with probability π(a | s):

        a = min { a : u < Σ_{b ≤ a} π(b | s) },  u uniform on [0, 1).

    The generator alone decides where the darts fall, on every machine. Raises ValueError when no probability is known:
    a logit is NaN or +∞, or all are −∞.
    """
    ends = logits.softmax(dim=-1, dtype=_widest(logits)).cumsum(dim=-1)
    total = ends[..., -1:]  # 1, but for rounding
    finite("total probability of the logits", total)
    darts = torch.rand(total.shape, generator=rng, dtype=ends.dtype, device=ends.device) * total
    return torch.searchsorted(ends, darts, right=True).squeeze(-1)


def softmax_score(logits: Float[Tensor, "*B V"], actions: Int[Tensor, "*B"]) -> Float[Tensor, "*B V"]:
    """The score, ∇_z log π(a | s): the gradient of the log-probability with respect to the logits.

        ∂ log π(a | s) / ∂ z_b = 1[a = b] − π(b | s)

    It sums to 0 over the vocabulary, and its expectation under π is 0. Raises ValueError as `action_logprobs` does.
    """
    _require_one_action_each(logits, actions)
    onehot = torch.nn.functional.one_hot(actions, logits.shape[-1]).to(logits.dtype)
    return onehot - logits.softmax(dim=-1)


def top_k_logprobs(logits: Float[Tensor, "*B V"], actions: Int[Tensor, "*B"], *, k: int) -> Float[Tensor, "*B"]:
    """The log-probability, in nats, of each action, when it was drawn from the k likeliest; −∞ for any other.

        log q(a | s) = log π(a | s) − log Z,     Z = Σ_{b among the k likeliest} π(b | s)

    No two logits of a distribution are equal. The package never draws so in training. Raises ValueError as
    `action_logprobs` does, and unless k is between 1 and V.
    """
    require(1 <= k <= logits.shape[-1], f"k must be between 1 and the {logits.shape[-1]} tokens there are; got {k}")
    kth = logits.topk(k).values[..., -1:]
    return action_logprobs(logits.masked_fill(logits < kth, -torch.inf), actions)


def _widest(logits: Tensor) -> torch.dtype:
    """float64, in which the tail of a large vocabulary is not rounded away; Apple's GPUs have none."""
    return torch.float32 if logits.device.type == "mps" else torch.float64


def _require_one_action_each(logits: Tensor, actions: Tensor) -> None:
    require(
        logits.shape[:-1] == actions.shape,
        f"actions must have the shape of logits without the vocabulary; got actions {tuple(actions.shape)}, "
        f"logits {tuple(logits.shape)}",
    )
