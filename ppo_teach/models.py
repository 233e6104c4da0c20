"""The interface: what the package asks of a policy with a critic. Chapter: book/language/language-models.md.

Index t means response token t, everywhere: `logits[:, t]` is the distribution that token t was drawn from, and
`values[:, t]` is V(s_t), before token t is emitted. Language models shift by one; that shift lives behind this
interface and nowhere else.

Two faces, the same numbers: `forward` scores finished responses at once; `start` and `advance` act, a token at a time.
Both divide the logits by `temperature`, here and nowhere else.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ppo_teach.checks import require
from ppo_teach.texts import Prompts


class Step(NamedTuple):
    """What a policy says before a token is chosen, and what it needs to remember."""

    logits: Float[Tensor, "B V"]
    values: Float[Tensor, " B"]
    state: Any


@runtime_checkable
class ActorCritic(Protocol):
    """A torch module that is a policy and its critic."""

    eos: int
    pad: int
    temperature: float

    def forward(
        self, prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B T"]]:
        """Logits and values of every response token. What stands at padding does not matter."""

    def start(self, prompts: Prompts) -> Step:
        """The logits and values for the first token of each response."""

    def advance(self, state: Any, actions: Int[Tensor, " B"]) -> Step:
        """The logits and values for the next token, once `actions` were emitted. Uses the state up: a cache grows in
        place, so to go two ways from one state, start twice."""

    def require_room(self, prompts: Prompts, tokens: int) -> None:
        """Nothing when prompts and responses of so many tokens fit the model; otherwise a ValueError."""


class TabularActorCritic(nn.Module):
    """One row of logits and one value for every prefix of a language small enough to enumerate.

    A prompt is known by its last token. Prefixes are numbered like the nodes of a V-ary tree: the empty prefix is 0,
    and token a leads from prefix s to prefix s·V + a + 1. All zeros at first: the uniform policy, and a critic that
    expects 0.
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        max_tokens: int,
        eos: int,
        pad: int,
        temperature: float = 1.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.vocabulary_size, self.max_tokens = vocabulary_size, max_tokens
        self.eos, self.pad, self.temperature = eos, pad, temperature
        prefixes = sum(vocabulary_size**length for length in range(max_tokens))
        self.logits = nn.Parameter(torch.zeros(vocabulary_size, prefixes, vocabulary_size, dtype=dtype))
        self.values = nn.Parameter(torch.zeros(vocabulary_size, prefixes, dtype=dtype))

    def forward(
        self, prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B T"]]:
        """See `ActorCritic`."""
        self.require_room(prompts, responses.shape[1])
        steps = [self.start(prompts)]
        for actions in torch.where(mask, responses, self.pad)[:, :-1].unbind(dim=1):
            steps.append(self.advance(steps[-1].state, actions))
        return torch.stack([s.logits for s in steps], dim=1), torch.stack([s.values for s in steps], dim=1)

    def start(self, prompts: Prompts) -> Step:
        """See `ActorCritic`."""
        return self._step(prompts.tokens[:, -1], torch.zeros_like(prompts.rows))

    def advance(self, state: tuple[Tensor, Tensor], actions: Int[Tensor, " B"]) -> Step:
        """See `ActorCritic`."""
        prompt, prefix = state
        return self._step(prompt, prefix * self.vocabulary_size + actions + 1)

    def require_room(self, prompts: Prompts, tokens: int) -> None:
        """See `ActorCritic`."""
        require(tokens <= self.max_tokens, f"max_tokens must be at most {self.max_tokens}, the table's; got {tokens}")

    def _step(self, prompt: Int[Tensor, " B"], prefix: Int[Tensor, " B"]) -> Step:
        return Step(self.logits[prompt, prefix] / self.temperature, self.values[prompt, prefix], (prompt, prefix))
