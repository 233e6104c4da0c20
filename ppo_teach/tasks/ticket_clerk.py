"""The ticket clerk: a language of four tokens, small enough to list. Chapters: book/foundations/.

Somebody asks when the train leaves. It leaves at nine. The clerk knows four tokens and says three at most, so there are
40 replies. `at nine <eos>` earns 1, the blunt `nine <eos>` earns ½, everything else nothing, and so does a reply
without <eos>. Every estimator of the book's first part is compared with the exact value on this language.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ppo_teach.exact import enumerate_responses
from ppo_teach.models import TabularActorCritic
from ppo_teach.texts import Prompts

WORDS = ("<eos>", "at", "nine", "ten")
EOS = PAD = 0
MAX_TOKENS = 3
SCORES = {"at nine <eos>": 1.0, "nine <eos>": 0.5}


def question(copies: int) -> Prompts:
    """The one prompt, copied: a single token that stands for "When does the train leave?"."""
    tokens = torch.zeros(copies, 1, dtype=torch.long)
    return Prompts(tokens, torch.ones_like(tokens, dtype=torch.bool), tokens[:, 0])


def replies() -> tuple[Int[Tensor, "N T"], Bool[Tensor, "N T"]]:
    """All 40 replies and their mask."""
    return enumerate_responses(vocabulary_size=len(WORDS), max_tokens=MAX_TOKENS, eos=EOS, pad=PAD)


def spell(responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> list[str]:
    """Each reply as words, EOS included."""
    rows = zip(responses.tolist(), mask.tolist(), strict=True)
    return [" ".join(WORDS[token] for token, real in zip(*row, strict=True) if real) for row in rows]


def reward(prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, " B"]:
    """1 for `at nine <eos>`, ½ for `nine <eos>`, 0 for every other reply."""
    return torch.tensor([SCORES.get(text, 0.0) for text in spell(responses, mask)])


def novice(*, seed: int, dtype: torch.dtype = torch.float32) -> TabularActorCritic:
    """A clerk who prefers some tokens for no reason: standard normal logits, and a critic that expects 0."""
    clerk = TabularActorCritic(vocabulary_size=len(WORDS), max_tokens=MAX_TOKENS, eos=EOS, pad=PAD, dtype=dtype)
    with torch.no_grad():
        clerk.logits.normal_(generator=torch.Generator().manual_seed(seed))
    return clerk
