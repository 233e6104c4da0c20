"""Models small enough to test everything on, one of each kind, and prompts that would show a slip."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import BartConfig, BartForConditionalGeneration

from ppo_teach.actor_critics import Seq2SeqActorCritic
from ppo_teach.language_models import tiny_causal, tiny_seq2seq
from ppo_teach.models import TabularActorCritic
from ppo_teach.texts import Prompts

VOCABULARY, POSITIONS, MAX_TOKENS = 7, 16, 5


def gpt2(*, pad: int = 0) -> nn.Module:
    """Decoder-only, with learned positions."""
    return _stirred(tiny_causal(VOCABULARY, pad=pad, layers=1, width=16, heads=2, positions=POSITIONS))


def t5(*, pad: int = 0) -> nn.Module:
    """Encoder–decoder, with relative positions."""
    return _stirred(tiny_seq2seq(VOCABULARY, pad=pad, layers=1, width=16, heads=2))


def bart(*, pad: int = 0) -> nn.Module:
    """Encoder–decoder, with learned positions, which left padding would move."""
    sizes = {
        f"{part}_{name}": size
        for part in ("encoder", "decoder")
        for name, size in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 16))
    }
    config = BartConfig(
        vocab_size=VOCABULARY,
        d_model=16,
        max_position_embeddings=POSITIONS,
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=pad,
        decoder_start_token_id=1,
        forced_eos_token_id=None,
        **sizes,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trunk = BartForConditionalGeneration(config)
    return _stirred(Seq2SeqActorCritic(trunk, eos=1, pad=pad))


def table(*, pad: int = 0) -> nn.Module:
    """A row of logits for every prefix."""
    return _stirred(TabularActorCritic(vocabulary_size=VOCABULARY, max_tokens=MAX_TOKENS, eos=1, pad=pad))


TRANSFORMERS: dict[str, Callable[..., nn.Module]] = {"gpt2": gpt2, "t5": t5, "bart": bart}
MODELS = {**TRANSFORMERS, "table": table}


def ragged_prompts(*, padding: int = 0, junk: int = 0) -> Prompts:
    """Four prompts of 1, 3, 2 and 4 tokens, 0 and 1 (padding and EOS) among the real ones, and so much more padding."""
    texts = [[3], [0, 5, 2], [4, 1], [6, 2, 1, 5]]
    width = max(map(len, texts)) + padding
    tokens = torch.tensor([[junk] * (width - len(text)) + text for text in texts])
    mask = torch.tensor([[False] * (width - len(text)) + [True] * len(text) for text in texts])
    return Prompts(tokens, mask, torch.arange(len(texts)))


def ragged_responses(*, junk: int = 0) -> tuple[Tensor, Tensor]:
    """Four responses of 5, 1, 3 and 2 tokens; the first was cut off before its EOS. Padding holds junk."""
    texts = [[2, 0, 4, 6, 3], [1], [5, 5, 1], [0, 1]]
    tokens = torch.tensor([text + [junk] * (MAX_TOKENS - len(text)) for text in texts])
    mask = torch.tensor([[True] * len(text) + [False] * (MAX_TOKENS - len(text)) for text in texts])
    return tokens, mask


def _stirred(model: nn.Module) -> nn.Module:
    """The model with larger weights: fresh ones make every policy nearly uniform, and mistakes would not show."""
    rng = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.4 * torch.randn(parameter.shape, generator=rng))
    return model
