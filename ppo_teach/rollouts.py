"""Acting in text. Chapter: book/language/language-models.md."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ppo_teach.checks import require
from ppo_teach.masks import blank_padding, response_mask
from ppo_teach.models import ActorCritic
from ppo_teach.policy import action_logprobs, sample
from ppo_teach.texts import Prompts


@dataclass(frozen=True, eq=False)
class Rollout:
    """What happened while the policy acted: its replies, and what it thought of them at that moment.

    Responses are right-padded; the mask runs through EOS. `logprobs` are log π_old in nats, `values` V_old(s_t).
    """

    prompts: Prompts
    responses: Int[Tensor, "B T"]
    mask: Bool[Tensor, "B T"]
    logprobs: Float[Tensor, "B T"]
    values: Float[Tensor, "B T"]

    def __len__(self) -> int:
        return len(self.responses)

    def __getitem__(self, rows: slice | Int[Tensor, " K"]) -> "Rollout":
        return Rollout(
            self.prompts[rows], self.responses[rows], self.mask[rows], self.logprobs[rows], self.values[rows]
        )


def generate(model: ActorCritic, prompts: Prompts, *, max_tokens: int, rng: torch.Generator) -> Rollout:
    """One response to each prompt, sampled from the policy, with the log-probabilities and values met on the way."""
    return _decode(model, prompts, max_tokens, lambda logits: sample(logits, rng=rng))


def generate_greedily(model: ActorCritic, prompts: Prompts, *, max_tokens: int) -> Rollout:
    """One response to each prompt, the most probable token each time. For evaluation, never for training."""
    return _decode(model, prompts, max_tokens, lambda logits: logits.argmax(dim=-1))


@torch.no_grad()
def _decode(model: ActorCritic, prompts: Prompts, max_tokens: int, choose: Callable[[Tensor], Tensor]) -> Rollout:
    require(max_tokens >= 1, f"max_tokens must be at least 1; got {max_tokens}")
    model.require_room(prompts, max_tokens)
    responses, logprobs, values = [], [], []
    step = model.start(prompts)
    finished = torch.zeros_like(prompts.rows, dtype=torch.bool)
    while True:
        actions = torch.where(finished, model.pad, choose(step.logits))
        responses.append(actions)
        logprobs.append(action_logprobs(step.logits, actions))
        values.append(step.values)
        finished = finished | (actions == model.eos)
        if len(responses) == max_tokens or finished.all():
            break
        step = model.advance(step.state, actions)
    tokens = torch.stack(responses, dim=1)
    mask = response_mask(tokens, eos=model.eos)
    return Rollout(prompts, tokens, mask, torch.stack(logprobs, dim=1), torch.stack(values, dim=1))


def score_responses(
    model: ActorCritic, prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]
) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
    """Log-probabilities, in nats, and values of finished responses; of the rollout's own, the rollout's numbers.

    What the model says at padding, NaN included, reaches no gradient of the log-probabilities.
    """
    logits, values = model(prompts, responses, mask)
    return action_logprobs(*blank_padding(logits, responses, mask)), values
