"""Models from nothing, and models from any checkpoint folder."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_models import gpt2, t5
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    ByT5Tokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)

from ppo_teach.actor_critics import CausalActorCritic, Seq2SeqActorCritic
from ppo_teach.language_models import load, save, tiny_causal, tiny_seq2seq
from ppo_teach.rollouts import generate, score_responses
from ppo_teach.texts import Prompts, build_tokenizer, decode, encode, encode_prompts, encode_responses

WORDS = build_tokenizer(["the cat sat"])  # 6 tokens; the models have 7
TEXTS = ["the cat sat on the mat", "a dog ran to the mat", "the dog sat"]


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Checkpoints made here have random weights, the same in every run."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def byte_pairs(special_tokens: list[str]) -> Tokenizer:
    """A byte-level BPE as GPT-2 has, trained on a few sentences."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    alphabet = ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=300, special_tokens=special_tokens, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def gpt2_folder(folder: Path, *, dtype: torch.dtype = torch.float32) -> Path:
    """What a decoder-only checkpoint looks like: dropout configured, no padding token, no value head."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_pairs(["<|unused|>", "<|endoftext|>"]), eos_token="<|endoftext|>"
    )
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_layer=1,
        n_embd=16,
        n_head=2,
        n_positions=32,
        bos_token_id=1,
        eos_token_id=1,
        initializer_range=0.5,
        resid_pdrop=0.5,
        embd_pdrop=0.5,
        attn_pdrop=0.5,
    )
    GPT2LMHeadModel(config).to(dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def bart_folder(folder: Path) -> Path:
    """What an encoder–decoder checkpoint looks like: learned positions, dropout, special tokens around its inputs."""
    tokens = byte_pairs(["<s>", "<pad>", "</s>"])
    tokens.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, bos_token="<s>", pad_token="<pad>", eos_token="</s>")
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=32,
        init_std=0.5,
        dropout=0.5,
    )
    BartForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


FOLDERS = {"gpt2": gpt2_folder, "bart": bart_folder}


def assert_same_weights(model: nn.Module, other: nn.Module) -> None:
    """Bit for bit."""
    state, other_state = model.state_dict(), other.state_dict()
    assert state.keys() == other_state.keys()
    for name, weights in state.items():
        assert weights.dtype == other_state[name].dtype
        assert torch.equal(weights, other_state[name]), name


# From nothing.


@pytest.mark.parametrize("build", [tiny_causal, tiny_seq2seq])
def test_the_seed_decides_the_weights_and_the_global_generator_is_left_alone(build):
    state = torch.get_rng_state()
    assert_same_weights(build(7, layers=1, width=16, seed=3), build(7, layers=1, width=16, seed=3))
    weights = [next(build(7, layers=1, width=16, seed=seed).trunk.parameters()) for seed in (3, 4)]
    assert not torch.equal(*weights)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_decoder_is_as_large_as_was_asked():
    config = tiny_causal(9, eos=3, pad=4, layers=3, width=24, heads=6, positions=11).trunk.config
    assert (config.vocab_size, config.n_layer, config.n_embd, config.n_head, config.n_positions) == (9, 3, 24, 6, 11)
    assert (config.eos_token_id, config.pad_token_id) == (3, 4)


def test_an_encoder_decoder_is_as_large_as_was_asked():
    model = tiny_seq2seq(9, eos=3, pad=4, layers=3, width=24, heads=6)
    config = model.trunk.config
    assert (config.vocab_size, config.d_model, config.num_heads, config.d_kv) == (9, 24, 6, 4)
    assert (config.num_layers, config.num_decoder_layers) == (3, 3)
    assert (model.eos, model.pad, config.decoder_start_token_id) == (3, 4, 4)


# Our own folders.


@pytest.mark.parametrize("build", [gpt2, t5])
def test_a_saved_model_comes_back_bit_for_bit(build, tmp_path: Path):
    model = build()
    save(model, WORDS, tmp_path)
    loaded, tokenizer = load(tmp_path)
    assert type(loaded) is type(model)
    assert_same_weights(model, loaded)
    assert (loaded.eos, loaded.pad) == (model.eos, model.pad)
    assert tokenizer.get_vocab() == WORDS.get_vocab()
    prompts, (responses, mask) = encode_prompts(tokenizer, ["the", "cat sat"]), encode_responses(WORDS, ["cat", "sat"])
    for output, same in zip(model(prompts, responses, mask), loaded(prompts, responses, mask), strict=True):
        assert torch.equal(output, same)


def test_a_saved_tokenizer_still_refuses_unknown_words(tmp_path: Path):
    save(gpt2(), WORDS, tmp_path)
    _, tokenizer = load(tmp_path)
    assert encode(tokenizer, "the cat sat") == encode(WORDS, "the cat sat")
    with pytest.raises(ValueError, match="'cats' is not one"):
        encode(tokenizer, "the cats")


def test_transformers_can_read_what_we_saved(tmp_path: Path):
    model = gpt2()
    save(model, WORDS, tmp_path)
    trunk, tokenizer = AutoModelForCausalLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    text = tokenizer("the cat", return_tensors="pt").input_ids
    assert torch.equal(trunk(text).logits, model.trunk(text).logits)
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<eos>", "<pad>")


def test_a_trained_value_head_travels_in_safetensors(tmp_path: Path):
    model = gpt2()
    assert model.value_head.weight.abs().max() > 0
    save(model, WORDS, tmp_path)
    assert torch.equal(load_file(tmp_path / "value_head.safetensors")["weight"], model.value_head.weight)
    assert torch.equal(load(tmp_path)[0].value_head.weight, model.value_head.weight)


# Anybody's folders.


@pytest.mark.parametrize(("name", "kind"), [("gpt2", CausalActorCritic), ("bart", Seq2SeqActorCritic)])
def test_any_checkpoint_folder_becomes_an_actor_with_a_fresh_critic(name: str, kind: type, tmp_path: Path):
    model, tokenizer = load(FOLDERS[name](tmp_path))
    assert type(model) is kind
    assert model.value_head.weight.abs().max() == 0
    rollout = generate(model, encode_prompts(tokenizer, TEXTS), max_tokens=8, rng=torch.Generator().manual_seed(0))
    logprobs, _ = score_responses(model, rollout.prompts, rollout.responses, rollout.mask)
    assert (logprobs - rollout.logprobs)[rollout.mask].abs().max() <= 1e-5


@pytest.mark.parametrize("name", FOLDERS)
def test_in_a_checkpoint_too_left_padding_moves_nothing(name: str, tmp_path: Path):
    model, tokenizer = load(FOLDERS[name](tmp_path))
    prompts = encode_prompts(tokenizer, TEXTS, pad=model.pad)
    responses, mask = encode_responses(tokenizer, TEXTS, eos=model.eos, pad=model.pad)
    model.double()
    logprobs, _ = score_responses(model, prompts, responses, mask)
    padding = torch.full((3, 50), 7)
    wide = Prompts(
        torch.cat([padding, prompts.tokens], dim=1), torch.cat([padding < 0, prompts.mask], dim=1), prompts.rows
    )
    torch.testing.assert_close(score_responses(model, wide, responses, mask)[0][mask], logprobs[mask])


@pytest.mark.parametrize("name", FOLDERS)
def test_dropout_configured_in_a_checkpoint_stays_off(name: str, tmp_path: Path):
    model, tokenizer = load(FOLDERS[name](tmp_path))
    prompts, (responses, mask) = encode_prompts(tokenizer, TEXTS), encode_responses(tokenizer, TEXTS, eos=model.eos)
    logprobs, _ = score_responses(model, prompts, responses, mask)
    model.trunk.train()
    assert not torch.equal(score_responses(model, prompts, responses, mask)[0], logprobs)  # there is dropout
    model.train()
    assert torch.equal(score_responses(model, prompts, responses, mask)[0], logprobs)


def test_a_checkpoint_without_a_padding_token_is_padded_with_eos(tmp_path: Path):
    model, tokenizer = load(gpt2_folder(tmp_path))
    assert model.pad == model.eos == tokenizer.token_to_id("<|endoftext|>") == 1


def test_byte_pairs_survive_the_round_trip_through_a_checkpoint(tmp_path: Path):
    model, tokenizer = load(bart_folder(tmp_path))
    texts = ["the cat", "naïve 猫  twice"]
    responses, mask = encode_responses(tokenizer, texts, eos=model.eos, pad=model.pad)
    assert decode(tokenizer, responses, mask, eos=model.eos) == texts
    prompt = encode_prompts(tokenizer, ["the cat"]).tokens[0].tolist()
    assert [prompt[0], prompt[-1]] == [0, 2]  # <s> and </s>, as the checkpoint's tokenizer adds them


@pytest.mark.parametrize("name", FOLDERS)
def test_a_checkpoint_saved_again_is_the_same_checkpoint(name: str, tmp_path: Path):
    model, tokenizer = load(FOLDERS[name](tmp_path / "first"))
    save(model, tokenizer, tmp_path / "second")
    again, same_tokenizer = load(tmp_path / "second")
    assert_same_weights(model, again)
    assert (again.eos, again.pad) == (model.eos, model.pad)
    for text in TEXTS:
        assert encode(same_tokenizer, text, specials=True) == encode(tokenizer, text, specials=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_checkpoint_in_half_precision_is_trained_in_float32_and_a_small_step_moves_all_of_it(
    dtype: torch.dtype, tmp_path: Path
):
    with pytest.warns(UserWarning, match=rf"is in {str(dtype)[6:]}; it is trained in float32$"):
        model, _ = load(gpt2_folder(tmp_path, dtype=dtype))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    before = {name: weights.clone() for name, weights in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5, fused=True)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    for name, weights in model.named_parameters():  # in bfloat16 no norm moves: half a digit at 1 is 2e-3
        assert (weights != before[name]).all(), name


def test_what_a_tokenizer_was_last_used_for_does_not_cling_to_it(tmp_path: Path):
    folder = gpt2_folder(tmp_path)
    fresh = load(folder)[1]
    used = AutoTokenizer.from_pretrained(folder)
    used.pad_token = used.eos_token
    used(["a", "b"], padding="max_length", truncation=True, max_length=4)
    used.save_pretrained(folder)
    written = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert written["padding"]
    assert written["truncation"]
    written["model"]["dropout"] = 0.9  # of merges, by chance
    (folder / "tokenizer.json").write_text(json.dumps(written), encoding="utf-8")
    _, tokenizer = load(folder)
    for text in [*TEXTS, "a"]:
        assert encode(tokenizer, text) == encode(fresh, text)
    assert encode_prompts(tokenizer, ["a", TEXTS[0]]).mask.sum(dim=-1).tolist() == [1, len(encode(fresh, TEXTS[0]))]


# What we refuse.


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def test_code_in_a_checkpoint_is_neither_run_nor_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    marker, asked = tmp_path / "ran", []
    monkeypatch.setattr("builtins.input", lambda *arguments: asked.append(arguments) or "y")
    folder = gpt2_folder(tmp_path / "checkpoint")
    code = f"from pathlib import Path\nPath({str(marker)!r}).touch()\n"
    (folder / "trap.py").write_text(
        code + "from transformers import GPT2Config as Config, GPT2LMHeadModel as Model\n", encoding="utf-8"
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "trap", "auto_map": {"AutoConfig": "trap.Config", "AutoModelForCausalLM": "trap.Model"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ValueError, match="custom code"):
        load(folder)
    assert not marker.exists()
    assert asked == []


def test_pickled_weights_that_would_run_code_are_refused(tmp_path: Path):
    marker, folder = tmp_path / "ran", gpt2_folder(tmp_path / "checkpoint")
    (folder / "model.safetensors").unlink()
    torch.save({"transformer.wte.weight": Trap(marker)}, folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="cannot be read: Weights only load failed") as refusal:
        load(folder)
    assert isinstance(refusal.value.__cause__, pickle.UnpicklingError)
    assert not marker.exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)  # the trap does work
    assert marker.exists()


def test_the_end_of_sequence_token_may_be_the_configurations_but_there_must_be_one(tmp_path: Path):
    folder = gpt2_folder(tmp_path)
    PreTrainedTokenizerFast(tokenizer_object=byte_pairs([])).save_pretrained(folder)  # names no special tokens
    model, _ = load(folder)
    assert model.eos == model.pad == 1
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "eos_token_id": None}), encoding="utf-8")
    with pytest.raises(ValueError, match="must name one end-of-sequence token; got None"):
        load(folder)


def test_a_tokenizer_of_another_library_is_refused(tmp_path: Path):
    folder = bart_folder(tmp_path)
    (folder / "tokenizer.json").unlink()
    ByT5Tokenizer().save_pretrained(folder)
    with pytest.raises(ValueError, match=r"must have a tokenizer\.json; it has none"):
        load(folder)
