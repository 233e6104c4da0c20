"""Where language models come from: random weights of a small size, or a checkpoint.

Chapter: book/language/language-models.md. The only module that imports `transformers`.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import BPE
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
from ppo_teach.texts import Prompts

VALUE_HEAD = "value_head.safetensors"
TOLERANCE = 1e-2  # nats; rounding in a large model stays far below it, what is wrong goes far beyond
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

    Weights are float32 whatever the file says, and a warning tells when it says otherwise: a step of Adam is lost in
    the rounding of half precision. The tokenizer neither pads nor truncates nor splits at random, whatever it was saved
    with. Runs no code from the checkpoint.

    Raises ValueError, one line with the checkpoint's name, when it cannot be read, wants to run code, has no tokenizer
    of the `tokenizers` library, names no end-of-sequence token, or holds a model that acts otherwise than it scores.
    """
    config = _read(AutoConfig, folder_or_name)
    tokenizer, eos, pad = _tokens(folder_or_name, config)
    if config.is_encoder_decoder:
        kind, trunk = Seq2SeqActorCritic, _trunk(AutoModelForSeq2SeqLM, folder_or_name)
    else:
        kind, trunk = CausalActorCritic, _trunk(AutoModelForCausalLM, folder_or_name)
    with _one_line(f"the checkpoint {folder_or_name} of type {config.model_type} is not supported"):
        model = kind(trunk, eos=eos, pad=pad)
        _require_agreement(model, tokenizer.get_vocab_size())
    value_head = Path(folder_or_name) / VALUE_HEAD
    if value_head.exists():
        with _one_line(f"{value_head} cannot be read"):
            model.value_head.load_state_dict(load_file(value_head))
    if config.dtype not in (None, torch.float32):
        said = str(config.dtype).removeprefix("torch.")
        warnings.warn(f"the checkpoint {folder_or_name} is in {said}; it is trained in float32", stacklevel=2)
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


def _read(auto_class: Any, folder_or_name: str | Path, **options: Any) -> Any:
    """Left to its own, transformers asks at the keyboard whether to run a checkpoint's code; we never do."""
    with _one_line(f"the checkpoint {folder_or_name} cannot be read"):
        return auto_class.from_pretrained(folder_or_name, trust_remote_code=False, **options)


@contextmanager
def _one_line(what: str) -> Iterator[None]:
    """Whatever goes wrong inside is a ValueError of one line: damaged and strange files raise every kind of error."""
    try:
        yield
    except Exception as error:
        reason = next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)
        raise ValueError(f"{what}: {reason}") from error


def _tokens(folder_or_name: str | Path, config: Any) -> tuple[Tokenizer, int, int]:
    """The checkpoint's tokenizer, the end of a response, and padding."""
    fast = _read(AutoTokenizer, folder_or_name)
    tokenizer = getattr(fast, "backend_tokenizer", None)
    require(tokenizer is not None, f"the checkpoint {folder_or_name} must have a tokenizer.json; it has none")
    eos = fast.eos_token_id if fast.eos_token_id is not None else getattr(config, "eos_token_id", None)
    require(isinstance(eos, int), f"the checkpoint {folder_or_name} must name one end-of-sequence token; got {eos}")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if isinstance(tokenizer.model, BPE):
        tokenizer.model.dropout = None  # it would leave out merges by chance
    return tokenizer, eos, fast.pad_token_id if fast.pad_token_id is not None else eos


def _trunk(auto_class: Any, folder_or_name: str | Path) -> PreTrainedModel:
    """The checkpoint's model, all of it: weights that a file lacks would be random ones."""
    trunk, report = _read(auto_class, folder_or_name, dtype=torch.float32, output_loading_info=True)
    missing = sorted(report["missing_keys"])
    count = f"{len(missing)} are missing: {missing[:3]}"
    require(not missing, f"the checkpoint {folder_or_name} must hold all weights; {count}")
    return trunk


@torch.no_grad()
def _require_agreement(model: CausalActorCritic | Seq2SeqActorCritic, vocabulary_size: int) -> None:
    """Nothing when acting on two prompts, one of them padded, gives the numbers of scoring each of them alone."""
    words = [token for token in range(min(vocabulary_size, 4)) if token not in (model.eos, model.pad)]
    first, last = words[0], words[-1]
    mask = torch.tensor([[False, True], [True, True]])
    prompts = Prompts(torch.tensor([[model.pad, first], [last, first]]), mask, torch.arange(2))
    responses = torch.tensor([[last, first], [first, last]])
    step = model.start(prompts)
    acting = torch.stack([step.logits, model.advance(step.state, responses[:, 0]).logits], dim=1).log_softmax(dim=-1)
    for row in range(2):
        alone = Prompts(prompts.tokens[row : row + 1, mask[row]], mask[row : row + 1, mask[row]], torch.arange(1))
        scored, _ = model(alone, responses[row : row + 1], torch.ones(1, 2, dtype=torch.bool))
        agree = torch.allclose(scored[0].log_softmax(dim=-1), acting[row], rtol=0, atol=TOLERANCE)
        require(agree, f"acting and scoring must agree within {TOLERANCE} nats; they do not")
