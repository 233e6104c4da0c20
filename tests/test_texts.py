"""Strings to tensors and back."""

import jaxtyping
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing

from ppo_teach.texts import (
    EOS,
    PAD,
    UNKNOWN,
    Prompts,
    build_tokenizer,
    decode,
    encode,
    encode_prompts,
    encode_responses,
)

WORDS = ["cat", "dog", "mat", "sat", "the", "猫"]
TOKENIZER = build_tokenizer(["the cat sat", "the dog", "mat 猫"])
known_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


def prompts_of(mask: list[list[bool]], *, rows: int | None = None) -> Prompts:
    tokens = torch.zeros(len(mask), len(mask[0]), dtype=torch.long)
    return Prompts(tokens, torch.tensor(mask, dtype=torch.bool), torch.arange(len(mask) if rows is None else rows))


def test_the_vocabulary_is_three_special_tokens_and_then_the_words_in_order():
    words = [TOKENIZER.id_to_token(index) for index in range(TOKENIZER.get_vocab_size())]
    assert words == [PAD, EOS, UNKNOWN, *WORDS]


def test_special_tokens_found_in_a_text_are_not_words_of_their_own():
    tokenizer = build_tokenizer(["the <eos> <pad> <unk>"])
    assert tokenizer.get_vocab() == {PAD: 0, EOS: 1, UNKNOWN: 2, "the": 3}


def test_prompts_are_padded_on_the_left():
    # cat = 3, sat = 6, the = 7
    prompts = encode_prompts(TOKENIZER, ["cat", "the cat sat"])
    assert prompts.tokens.tolist() == [[0, 0, 3], [7, 3, 6]]
    assert prompts.mask.tolist() == [[False, False, True], [True, True, True]]
    assert prompts.rows.tolist() == [0, 1]


def test_responses_end_with_eos_and_are_padded_on_the_right():
    tokens, mask = encode_responses(TOKENIZER, ["cat", "the cat sat", ""], eos=1, pad=9)
    assert tokens.tolist() == [[3, 1, 9, 9], [7, 3, 6, 1], [1, 9, 9, 9]]
    assert mask.sum(dim=-1).tolist() == [2, 4, 1]


def test_padding_is_the_token_that_was_asked_for():
    assert encode_prompts(TOKENIZER, ["cat", "the cat"], pad=5).tokens.tolist() == [[5, 3], [7, 3]]


@given(st.lists(known_texts, min_size=1, max_size=4))
def test_decoding_gives_back_what_was_encoded(texts: list[str]):
    assert decode(TOKENIZER, *encode_responses(TOKENIZER, texts)) == texts
    prompts = encode_prompts(TOKENIZER, texts)
    assert decode(TOKENIZER, prompts.tokens, prompts.mask) == texts


@given(st.integers(0, 8))
def test_what_stands_at_padding_is_not_decoded(junk: int):
    tokens, mask = encode_responses(TOKENIZER, ["cat", "the cat sat"], pad=junk)
    assert decode(TOKENIZER, tokens, mask) == ["cat", "the cat sat"]


def test_padding_with_eos_decodes_the_same():
    tokens, mask = encode_responses(TOKENIZER, ["cat", "the cat sat"], eos=1, pad=1)
    assert decode(TOKENIZER, tokens, mask, eos=1) == ["cat", "the cat sat"]


def test_a_text_of_bytes_survives_the_round_trip():
    bytes_only = {letter: index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(bytes_only, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    eos = tokenizer.token_to_id("Ā")  # stands for the byte 0, which no text holds
    texts = ["naïve 猫, twice  spaced", "x"]
    assert decode(tokenizer, *encode_responses(tokenizer, texts, eos=eos), eos=eos) == texts


def test_an_unknown_word_is_refused_and_words_near_it_are_named():
    with pytest.raises(ValueError, match=r"text must use known words; 'cats' is not one \(near it: .*'cat'"):
        encode(TOKENIZER, "the cats sat")
    with pytest.raises(ValueError, match=r"'xylophone' is not one \(near it: nothing\)"):
        encode_prompts(TOKENIZER, ["the cat", "the xylophone"])


def test_a_tokenizer_that_came_with_a_model_puts_its_special_tokens_around_prompts_only():
    tokenizer = build_tokenizer(["the cat"])
    tokenizer.post_processor = TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    assert encode_prompts(tokenizer, ["the cat"]).tokens.tolist() == [[4, 3, 1]]
    assert encode(tokenizer, "the cat") == [4, 3]
    assert encode_responses(tokenizer, ["the cat"])[0].tolist() == [[4, 3, 1]]


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_prompt_is_refused_even_where_special_tokens_would_fill_it(empty: str):
    tokenizer = build_tokenizer(["the cat"])
    with pytest.raises(ValueError, match=r"texts must not be empty; texts\[1\] is " + repr(empty).replace("\\", r"\\")):
        encode_prompts(tokenizer, ["the", empty])
    tokenizer.post_processor = TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    with pytest.raises(ValueError, match=r"texts\[0\]"):
        encode_prompts(tokenizer, [empty])


def test_no_texts_at_all_are_refused():
    with pytest.raises(ValueError, match="texts must hold at least one text; got none"):
        encode_prompts(TOKENIZER, [])
    with pytest.raises(ValueError, match="texts must hold at least one text; got none"):
        encode_responses(TOKENIZER, [])


def test_prompts_know_when_they_are_not_prompts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # readers run without shape checks
    with pytest.raises(ValueError, match=r"a prompt must not be empty: mask\[:, -1\] must be True"):
        prompts_of([[False, True], [False, False]])
    with pytest.raises(ValueError, match="must not be empty"):
        prompts_of([[]])
    with pytest.raises(ValueError, match="prompts must be padded on the left only"):
        prompts_of([[True, False, True]])
    with pytest.raises(ValueError, match="rows must number 2; got 3"):
        prompts_of([[True], [True]], rows=3)
    with pytest.raises(ValueError, match="tokens, mask must have the same shape"):
        Prompts(torch.zeros(1, 2, dtype=torch.long), torch.ones(1, 3, dtype=torch.bool), torch.arange(1))


@pytest.mark.parametrize("rows", [slice(1, 3), torch.tensor([2, 0, 2])])
def test_prompts_taken_from_a_batch_remember_their_rows(rows: slice | torch.Tensor):
    prompts = encode_prompts(TOKENIZER, ["cat", "the cat sat", "dog mat"])
    taken, kept = prompts[rows], torch.arange(3)[rows]
    assert len(taken) == len(kept)
    assert taken.rows.tolist() == kept.tolist()
    assert decode(TOKENIZER, taken.tokens, taken.mask) == [["cat", "the cat sat", "dog mat"][row] for row in kept]


def test_the_longest_prompt_is_counted_without_padding():
    assert prompts_of([[False, False, True], [False, True, True]]).longest == 2
