"""A transformer as actor and critic, behind the interface. Chapter: book/language/language-models.md.

One trunk, two heads: the language model's own logits, and a linear value head on the last hidden state that starts at
zero. The trunk is any of transformers' language models; how it came to be is the business of `language_models`.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils import skip_init

from ppo_teach.checks import require
from ppo_teach.masks import position_ids
from ppo_teach.models import Step
from ppo_teach.texts import Prompts


class _TransformerActorCritic(nn.Module):
    """What the two kinds of transformer share."""

    def __init__(self, trunk: nn.Module, *, eos: int, pad: int, temperature: float = 1.0) -> None:
        super().__init__()
        self.trunk, self.eos, self.pad, self.temperature = trunk, eos, pad, temperature
        width = trunk.get_output_embeddings().weight.shape[-1]  # of what the logits are made of
        self.value_head = skip_init(nn.Linear, width, 1, dtype=trunk.dtype, device=trunk.device)
        nn.init.zeros_(self.value_head.weight)
        nn.init.zeros_(self.value_head.bias)
        self.eval()

    def train(self, mode: bool = True) -> "_TransformerActorCritic":
        """Stays in eval mode: with dropout the policy that is scored would not be the policy that acted."""
        return super().train(False)

    def _heads(self, logits: Float[Tensor, "B L V"], hidden: Float[Tensor, "B L D"]) -> tuple[Tensor, Tensor]:
        """Logits over the temperature and values, in float32 at least: log-probabilities need the digits."""
        precision = torch.promote_types(logits.dtype, torch.float32)
        return logits.to(precision) / self.temperature, self.value_head(hidden).squeeze(-1).to(precision)

    def _require_positions(self, needed: int, what: str) -> None:
        limit = getattr(self.trunk.config, "max_position_embeddings", None)
        require(limit is None or needed <= limit, f"{what} must fit the model's {limit} positions; got {needed}")


@dataclass(frozen=True)
class _CausalState:
    cache: Any
    mask: Bool[Tensor, "B L"]


class CausalActorCritic(_TransformerActorCritic):
    """A decoder-only language model: the prompt and the response are one text."""

    def forward(
        self, prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B T"]]:
        """See `ActorCritic`. The logits at the prompt's last token are the first response token's, and so on: the last
        response token is never fed in. Padding stands to the right of it, where causal attention does not look."""
        width = responses.shape[1]
        self.require_room(prompts, width)
        fed = torch.where(mask, responses, self.pad)[:, :-1]
        tokens = torch.cat([prompts.tokens, fed], dim=1)
        seen = torch.cat([prompts.mask, torch.ones_like(fed, dtype=torch.bool)], dim=1)
        output = self._run(tokens, seen, use_cache=False, logits_to_keep=width)
        return self._heads(output.logits, output.hidden_states[-1][:, -width:])

    def start(self, prompts: Prompts) -> Step:
        """See `ActorCritic`."""
        return self._step(prompts.tokens, prompts.mask, cache=None)

    def advance(self, state: _CausalState, actions: Int[Tensor, " B"]) -> Step:
        """See `ActorCritic`."""
        seen = torch.cat([state.mask, torch.ones_like(state.mask[:, :1])], dim=1)
        return self._step(actions[:, None], seen, cache=state.cache)

    def require_room(self, prompts: Prompts, tokens: int) -> None:
        """See `ActorCritic`. The last token is never fed in, so it needs no position."""
        self._require_positions(prompts.longest + tokens - 1, "prompt and response together, less one,")

    def _step(self, tokens: Int[Tensor, "B L"], seen: Bool[Tensor, "B S"], cache: Any) -> Step:
        output = self._run(tokens, seen, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cached = getattr(output, "past_key_values", None) is not None
        require(cached, "the model must keep a key-value cache; recurrent and encoder-only models have none")
        logits, values = self._heads(output.logits, output.hidden_states[-1][:, -1:])
        return Step(logits[:, -1], values[:, -1], _CausalState(output.past_key_values, seen))

    def _run(self, tokens: Int[Tensor, "B L"], seen: Bool[Tensor, "B S"], **options: Any) -> Any:
        """The trunk on tokens whose positions count from the first real one."""
        positions = position_ids(seen)[:, -tokens.shape[1] :]
        return self.trunk(
            input_ids=torch.where(seen[:, -tokens.shape[1] :], tokens, self.pad),
            attention_mask=seen,
            position_ids=positions,
            output_hidden_states=True,
            **options,
        )


@dataclass(frozen=True)
class _Seq2SeqState:
    encoded: Any
    source_mask: Bool[Tensor, "B P"]
    cache: Any


class Seq2SeqActorCritic(_TransformerActorCritic):
    """An encoder–decoder: the encoder reads the prompt, the decoder writes the response."""

    def forward(
        self, prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B T"]]:
        """See `ActorCritic`. The decoder reads a start token, then the response without its last token."""
        self.require_room(prompts, responses.shape[1])
        encoded, source_mask = self._encode(prompts)
        fed = torch.where(mask, responses, self.pad)[:, :-1]
        tokens = torch.cat([self._start_tokens(prompts), fed], dim=1)
        output = self._run(tokens, encoded, source_mask, use_cache=False)
        return self._heads(output.logits, output.decoder_hidden_states[-1])

    def start(self, prompts: Prompts) -> Step:
        """See `ActorCritic`."""
        encoded, source_mask = self._encode(prompts)
        return self._step(self._start_tokens(prompts), _Seq2SeqState(encoded, source_mask, None))

    def advance(self, state: _Seq2SeqState, actions: Int[Tensor, " B"]) -> Step:
        """See `ActorCritic`."""
        return self._step(actions[:, None], state)

    def require_room(self, prompts: Prompts, tokens: int) -> None:
        """See `ActorCritic`."""
        self._require_positions(prompts.longest, "prompt")
        self._require_positions(tokens, "response")

    def _encode(self, prompts: Prompts) -> tuple[Any, Bool[Tensor, "B P"]]:
        """The encoded prompts, padded on the right: with padding on the left, learned positions would be off."""
        tokens = torch.where(prompts.mask, prompts.tokens, self.pad)
        order = torch.argsort((~prompts.mask).long(), dim=1, stable=True)[:, : prompts.longest]
        tokens, mask = tokens.gather(1, order), prompts.mask.gather(1, order)
        return self.trunk.get_encoder()(input_ids=tokens, attention_mask=mask), mask

    def _start_tokens(self, prompts: Prompts) -> Int[Tensor, "B 1"]:
        start = self.trunk.config.decoder_start_token_id
        require(start is not None, "the configuration must name decoder_start_token_id; got None")
        return torch.full_like(prompts.tokens[:, :1], start)

    def _step(self, tokens: Int[Tensor, "B 1"], state: _Seq2SeqState) -> Step:
        output = self._run(tokens, state.encoded, state.source_mask, past_key_values=state.cache, use_cache=True)
        logits, values = self._heads(output.logits, output.decoder_hidden_states[-1])
        new_state = _Seq2SeqState(state.encoded, state.source_mask, output.past_key_values)
        return Step(logits[:, -1], values[:, -1], new_state)

    def _run(self, tokens: Int[Tensor, "B L"], encoded: Any, source_mask: Tensor, **options: Any) -> Any:
        return self.trunk(
            decoder_input_ids=tokens,
            encoder_outputs=encoded,
            attention_mask=source_mask,
            output_hidden_states=True,
            **options,
        )
