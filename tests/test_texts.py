"""Strings to tensors and back."""

import jaxtyping
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE, Unigram, WordPiece
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
    spaced,
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


def some_bytes() -> Tokenizer:
    """Byte-level BPE that lacks the byte that 猫 begins with, and has no unknown token: it drops the byte."""
    letters = sorted({*ByteLevel.alphabet()} - {"ç"})
    tokenizer = Tokenizer(BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    return tokenizer


def letters_only() -> Tokenizer:
    """BPE of the small letters without an unknown token."""
    tokenizer = Tokenizer(BPE({letter: i for i, letter in enumerate("▁abcdefghijklmnopqrstuvwxyz")}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return tokenizer


def unigram() -> Tokenizer:
    """A Unigram of small letters with an unknown token, as T5 has."""
    pieces = ["<unk>", *"▁abcdefghijklmnopqrstuvwxyz"]
    tokenizer = Tokenizer(Unigram([(piece, -2.0) for piece in pieces], unk_id=0))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return tokenizer


def word_piece() -> Tokenizer:
    """A WordPiece of small letters, as BERT has: its normaliser makes letters small and takes accents off."""
    pieces = ["[UNK]", *"abcdefghijklmnopqrstuvwxyz.'", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    tokenizer = Tokenizer(WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.decoder = normalizers.BertNormalizer(), decoders.WordPiece()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


@pytest.mark.parametrize(
    ("tokenizer", "text", "lost"),
    [
        (some_bytes(), "the 猫 sat", "猫"),
        (letters_only(), "the 猫 sat", "猫"),
        (letters_only(), "猫", "猫"),
        (unigram(), "the 猫 sat", "猫"),
        (word_piece(), "The 猫 sat.", "猫"),
    ],
    ids=["bytes", "BPE without unknown", "nothing left", "Unigram", "WordPiece"],
)
def test_a_text_that_does_not_come_back_is_refused_and_what_was_lost_is_named(tokenizer, text: str, lost: str):
    assert encode(tokenizer, "the cat")
    with pytest.raises(ValueError, match=rf"text must come back whole .*'{text}' comes back as .*: lost is '{lost}'"):
        encode(tokenizer, text)
    with pytest.raises(ValueError, match="lost is"):
        encode_prompts(tokenizer, ["the cat", text])
    with pytest.raises(ValueError, match="lost is"):
        encode_responses(tokenizer, ["the cat", text])


def test_what_a_tokenizers_own_normaliser_changes_is_no_loss_but_all_of_it_is():
    tokenizer = word_piece()
    assert encode(tokenizer, "The  Café isn't a cat.") == encode(tokenizer, "the cafe isn ' t a cat .")
    tokenizer.normalizer = normalizers.Replace("the cat", "")
    assert encode(tokenizer, "the cat sat") == encode(tokenizer, "sat")
    with pytest.raises(ValueError, match="lost is 'the cat'"):
        encode(tokenizer, "the cat")


def test_a_normaliser_may_write_spaces_in_its_own_way():
    tokenizer = letters_only()
    tokenizer.pre_tokenizer = None
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    assert len(encode(tokenizer, "the cat")) == len("▁the▁cat")


def test_a_text_cut_short_is_refused():
    tokenizer = build_tokenizer(["a b c"])
    tokenizer.enable_truncation(2)
    assert len(encode(tokenizer, "a b")) == 2
    with pytest.raises(ValueError, match="'c' is not one"):
        encode(tokenizer, "a b c")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("It's 3.5 a_b, NOT so?", "it ' s 3 . 5 a_b , not so ?"),
        ("床前明月光，疑是abc霜。", "床 前 明 月 光 ， 疑 是 abc 霜 。"),
        ("ひらカナ", "ひ ら カ ナ"),
        ("สวัสดี", "ส วั ส ดี"),  # a vowel sign stays with its letter
        ("नमस्ते दुनिया, क्या?", "नमस्ते दुनिया , क्या ?"),
        ("안녕 하세요", "안녕 하세요"),
        ("cafe\u0301 e\u0301te\u0301", "caf\u00e9 \u00e9t\u00e9"),
        ("👩\u200d👧 ❤\ufe0f!", "👩\u200d👧 ❤\ufe0f !"),
    ],
)
def test_words_and_signs_are_spaced_as_readers_of_each_script_see_them(text: str, pieces: str):
    assert spaced(text) == pieces
    assert spaced(pieces) == pieces
