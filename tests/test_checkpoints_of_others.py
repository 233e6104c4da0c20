"""Whatever checkpoint transformers can read acts as it scores, or is refused in one line."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf
from torch import nn

from ppo_teach.language_models import load
from ppo_teach.rollouts import generate, score_responses
from ppo_teach.texts import build_tokenizer, encode_prompts

WORDS = build_tokenizer(["the cat sat on a mat"])
VOCABULARY = WORDS.get_vocab_size()
IDS: dict[str, Any] = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
    **IDS,
}
GPT: dict[str, Any] = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 32, **IDS}
T5: dict[str, Any] = {
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 32,
    "num_layers": 1,
    "num_heads": 2,
    "decoder_start_token_id": 0,
}
BART: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 32,
    "decoder_start_token_id": 1,
    **IDS,
}
OPT: dict[str, Any] = {
    "hidden_size": 16,
    "ffn_dim": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
    **IDS,
}


def gemma3() -> tf.PreTrainedConfig:
    """A configuration of text nested in one of text and pictures."""
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    text = {**SIZES, "num_key_value_heads": 1, "head_dim": 8}
    return tf.Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=VOCABULARY - 1
    )


def two_berts() -> tf.PreTrainedConfig:
    return tf.EncoderDecoderConfig.from_encoder_decoder_configs(
        tf.BertConfig(**SIZES), tf.BertConfig(**SIZES), decoder_start_token_id=1, eos_token_id=1, pad_token_id=0
    )


WORKING: dict[str, Callable[[], tf.PreTrainedConfig]] = {
    "llama": lambda: tf.LlamaConfig(num_key_value_heads=1, **SIZES),
    "gemma2": lambda: tf.Gemma2Config(num_key_value_heads=1, head_dim=8, **SIZES),
    "gpt_neox": lambda: tf.GPTNeoXConfig(**SIZES),
    "bloom": lambda: tf.BloomConfig(hidden_size=16, n_layer=1, n_head=2, **IDS),
    "mixtral": lambda: tf.MixtralConfig(num_key_value_heads=1, num_local_experts=2, **SIZES),
    "bert as a decoder": lambda: tf.BertConfig(is_decoder=True, **SIZES),
    "opt": lambda: tf.OPTConfig(word_embed_proj_dim=16, **OPT),
    "opt, embeddings projected": lambda: tf.OPTConfig(word_embed_proj_dim=8, do_layer_norm_before=False, **OPT),
    "gemma3, text and pictures": gemma3,
    "mt5": lambda: tf.MT5Config(vocab_size=VOCABULARY, **T5),
    "pegasus": lambda: tf.PegasusConfig(**BART),
    "mbart": lambda: tf.MBartConfig(**BART),
    "two berts": two_berts,
}
REFUSED: dict[str, tuple[Callable[[], tf.PreTrainedConfig], str]] = {
    "mbart, start unnamed": (
        lambda: tf.MBartConfig(**{**BART, "decoder_start_token_id": None}),
        "decoder_start_token_id",
    ),
    "mamba": (lambda: tf.MambaConfig(hidden_size=16, num_hidden_layers=1, state_size=4, **IDS), "key-value cache"),
    "rwkv": (lambda: tf.RwkvConfig(hidden_size=16, num_hidden_layers=2, **IDS), "key-value cache"),
    "bert": (lambda: tf.BertConfig(**SIZES), "key-value cache"),
    "openai-gpt": (lambda: tf.OpenAIGPTConfig(**GPT), "key-value cache"),
    "xlnet": (lambda: tf.XLNetConfig(d_model=16, n_layer=1, n_head=2, d_inner=32, **IDS), ""),
}


def checkpoint(folder: Path, config: tf.PreTrainedConfig) -> Path:
    auto = tf.AutoModelForSeq2SeqLM if config.is_encoder_decoder else tf.AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what some old families say about themselves
        torch.manual_seed(0)
        model: nn.Module = auto.from_config(config)
        for weights in model.parameters():
            weights.data += 0.1 * torch.randn(weights.shape)  # fresh ones make every policy nearly uniform
        model.save_pretrained(folder)
    tf.PreTrainedTokenizerFast(tokenizer_object=WORDS, eos_token="<eos>", pad_token="<pad>").save_pretrained(folder)
    return folder


def llama(folder: Path) -> Path:
    return checkpoint(folder, WORKING["llama"]())


@pytest.mark.parametrize("family", WORKING)
def test_a_checkpoint_of_this_family_acts_as_it_scores(family: str, tmp_path: Path):
    model, tokenizer = load(checkpoint(tmp_path, WORKING[family]()))
    prompts = encode_prompts(tokenizer, ["the cat sat", "a", "on the"], pad=model.pad)
    rollout = generate(model, prompts, max_tokens=6, rng=torch.Generator().manual_seed(0))
    logprobs, values = score_responses(model, prompts, rollout.responses, rollout.mask)
    assert (logprobs - rollout.logprobs)[rollout.mask].abs().max() <= 2e-5
    assert values.shape == logprobs.shape
    assert logprobs.std() > 0.01  # there is something to agree on


@pytest.mark.parametrize("family", REFUSED)
def test_a_checkpoint_of_this_family_is_refused_in_one_line(family: str, tmp_path: Path):
    make, reason = REFUSED[family]
    folder, config = checkpoint(tmp_path, make()), make()
    with pytest.raises(
        ValueError, match=rf"^the checkpoint .* of type {config.model_type} is not supported: .*{reason}"
    ) as refusal:
        load(folder)
    assert "\n" not in str(refusal.value)
    assert str(folder) in str(refusal.value)


def test_a_model_that_scores_otherwise_than_it_acts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, forward = llama(tmp_path), tf.LlamaForCausalLM.forward

    def peeping(self, input_ids, **options):
        """What follows a token moves its logits."""
        output = forward(self, input_ids, **options)
        output.logits += input_ids.float().mean(dim=-1)[:, None, None] * torch.arange(VOCABULARY)
        return output

    monkeypatch.setattr(tf.LlamaForCausalLM, "forward", peeping)
    with pytest.raises(ValueError, match=r"acting and scoring must agree within 0\.01 nats; they do not"):
        load(folder)


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def without_a_layer(file: Path) -> None:
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**config, "num_hidden_layers": 2}), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        ("model.safetensors", halved, "cannot be read: "),
        ("model.safetensors", Path.unlink, "cannot be read: .*model.safetensors"),
        ("config.json", halved, "cannot be read: .*config.json"),
        ("config.json", lambda file: file.write_text("[]", encoding="utf-8"), "cannot be read: "),
        ("config.json", without_a_layer, "must hold all weights; 9 are missing: .'model.layers.1."),
        ("tokenizer.json", halved, "cannot be read: "),
    ],
)
def test_a_damaged_checkpoint_is_refused_in_one_line(name: str, damage: Callable, reason: str, tmp_path: Path):
    folder = llama(tmp_path)
    damage(folder / name)
    with pytest.raises(ValueError, match=f"^the checkpoint {folder} {reason}") as refusal:
        load(folder)
    assert "\n" not in str(refusal.value)


def test_a_damaged_value_head_is_named(tmp_path: Path):
    head = llama(tmp_path) / "value_head.safetensors"
    head.write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=f"^{head} cannot be read: "):
        load(tmp_path)
