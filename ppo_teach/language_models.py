"""Where language models come from: random weights of a small size, or a checkpoint.

Chapter: book/language/language-models.md. The only module that imports `transformers`.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    GPT2Config,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
)
from transformers.utils.logging import disable_progress_bar

from ppo_teach.actor_critics import CausalActorCritic, Seq2SeqActorCritic
from ppo_teach.checks import require

VALUE_HEAD = "value_head.safetensors"
disable_progress_bar()  # a bar for each file read or written would bury the bars of training


def tiny_causal(
    vocabulary_size: int,
    *,
    eos: int = 1,
    pad: int = 0,
    layers: int = 2,
    width: int = 64,
    heads: int = 4,
    positions: int = 64,
    seed: int = 0,
) -> CausalActorCritic:
    """A GPT-2 of this size with random weights."""
    config = GPT2Config(
        vocab_size=vocabulary_size,
        n_layer=layers,
        n_embd=width,
        n_head=heads,
        n_positions=positions,
        bos_token_id=eos,
        eos_token_id=eos,
        pad_token_id=pad,
    )
    return CausalActorCritic(_random(AutoModelForCausalLM, config, seed), eos=eos, pad=pad)


def tiny_seq2seq(
    vocabulary_size: int,
    *,
    eos: int = 1,
    pad: int = 0,
    layers: int = 2,
    width: int = 64,
    heads: int = 4,
    seed: int = 0,
) -> Seq2SeqActorCritic:
    """A T5 of this size with random weights. Its positions are relative, so no length is too long for it."""
    config = T5Config(
        vocab_size=vocabulary_size,
        num_layers=layers,
        num_decoder_layers=layers,
        d_model=width,
        d_kv=width // heads,
        d_ff=4 * width,
        num_heads=heads,
        eos_token_id=eos,
        pad_token_id=pad,
        decoder_start_token_id=pad,
    )
    return Seq2SeqActorCritic(_random(AutoModelForSeq2SeqLM, config, seed), eos=eos, pad=pad)


def load(folder_or_name: str | Path) -> tuple[CausalActorCritic | Seq2SeqActorCritic, Tokenizer]:
    """A model and its tokenizer from a checkpoint folder, or from a hub where the reader names a model of one.

    Runs no code from the checkpoint. Raises ValueError when it asks for that, when its tokenizer is not one of the
    `tokenizers` library, and when it names no end-of-sequence token.
    """
    config, fast = _read(AutoConfig, folder_or_name), _read(AutoTokenizer, folder_or_name)
    tokenizer = getattr(fast, "backend_tokenizer", None)
    require(tokenizer is not None, f"the checkpoint {folder_or_name} must have a tokenizer.json; it has none")
    eos = fast.eos_token_id if fast.eos_token_id is not None else config.eos_token_id
    require(isinstance(eos, int), f"the checkpoint {folder_or_name} must name one end-of-sequence token; got {eos}")
    pad = fast.pad_token_id if fast.pad_token_id is not None else eos
    if config.is_encoder_decoder:
        model = Seq2SeqActorCritic(_read(AutoModelForSeq2SeqLM, folder_or_name), eos=eos, pad=pad)
    else:
        model = CausalActorCritic(_read(AutoModelForCausalLM, folder_or_name), eos=eos, pad=pad)
    value_head = Path(folder_or_name) / VALUE_HEAD
    if value_head.exists():
        model.value_head.load_state_dict(load_file(value_head))
    return model, tokenizer


def save(model: CausalActorCritic | Seq2SeqActorCritic, tokenizer: Tokenizer, folder: str | Path) -> None:
    """Write a checkpoint folder that `load`, and transformers itself, can read."""
    names = {"pad_token": tokenizer.id_to_token(model.pad), "eos_token": tokenizer.id_to_token(model.eos)}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    model.trunk.save_pretrained(folder)
    save_file(model.value_head.state_dict(), Path(folder) / VALUE_HEAD)


def _random(auto_class: Any, config: Any, seed: int) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return auto_class.from_config(config)


def _read(auto_class: Any, folder_or_name: str | Path) -> Any:
    """Left to its own, transformers asks at the keyboard whether to run a checkpoint's code; we never do."""
    return auto_class.from_pretrained(folder_or_name, trust_remote_code=False)
