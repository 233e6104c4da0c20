"""Strings to tensors and back. Chapter: book/language/language-models.md."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from jaxtyping import Bool, Int
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from torch import Tensor

from ppo_teach.checks import require, same_shape

PAD, EOS, UNKNOWN = "<pad>", "<eos>", "<unk>"


@dataclass(frozen=True, eq=False)
class Prompts:
    """A batch of prompts: left-padded tokens, their mask, and which row of the task each one is.

    Left padding puts every prompt's last token in the last column, so that all replies start together. `rows` lets a
    reward find its reference; the trainer never reads a text.
    """

    tokens: Int[Tensor, "B P"]
    mask: Bool[Tensor, "B P"]
    rows: Int[Tensor, " B"]

    def __post_init__(self) -> None:
        same_shape(tokens=self.tokens, mask=self.mask)
        require(len(self.rows) == len(self.tokens), f"rows must number {len(self.tokens)}; got {len(self.rows)}")
        require(bool(self.mask[:, -1:].any(dim=-1).all()), "a prompt must not be empty: mask[:, -1] must be True")
        require(bool((self.mask[:, 1:] | ~self.mask[:, :-1]).all()), "prompts must be padded on the left only")

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, rows: slice | Int[Tensor, " K"]) -> "Prompts":
        return Prompts(self.tokens[rows], self.mask[rows], self.rows[rows])

    @property
    def longest(self) -> int:
        """Tokens in the longest prompt, however wide the padding."""
        return int(self.mask.sum(dim=-1).max())

    def to(self, device: torch.device | str) -> "Prompts":
        return Prompts(self.tokens.to(device), self.mask.to(device), self.rows.to(device))


def spaced(text: str) -> str:
    """In small letters and with space around each sign: what a person types, as the tasks write it."""
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))


def build_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """A tokenizer that splits at white space and knows exactly the words of these texts, in sorted order.

    Tokens 0, 1, 2 are padding, the end of a response, and the unknown word, which `encode` refuses.
    """
    words = sorted({word for text in texts for word in text.split()} - {PAD, EOS, UNKNOWN})
    vocabulary = {word: index for index, word in enumerate([PAD, EOS, UNKNOWN, *words])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return tokenizer


def encode(tokenizer: Tokenizer, text: str, *, specials: bool = False) -> list[int]:
    """The tokens of a text. Raises ValueError for a word outside the vocabulary, naming words near it."""
    encoding = tokenizer.encode(text, add_special_tokens=specials)
    unknown = getattr(tokenizer.model, "unk_token", None)
    for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True):
        if token == unknown and text[start:end] != unknown:
            near = get_close_matches(text[start:end], tokenizer.get_vocab(), n=5, cutoff=0.5)
            raise ValueError(
                f"text must use known words; {text[start:end]!r} is not one (near it: {near or 'nothing'})"
            )
    return encoding.ids


def encode_prompts(tokenizer: Tokenizer, texts: Sequence[str], *, pad: int = 0) -> Prompts:
    """The texts as prompts, left-padded; `rows` counts them from 0. Raises ValueError for an empty text.

    A tokenizer that came with a checkpoint adds the special tokens that its model expects around an input.
    """
    for row, text in enumerate(texts):
        require(bool(text.strip()), f"texts must not be empty; texts[{row}] is {text!r}")
    sequences = [encode(tokenizer, text, specials=True) for text in texts]
    tokens, mask = _padded([sequence[::-1] for sequence in sequences], pad)
    return Prompts(tokens.flip(-1), mask.flip(-1), torch.arange(len(texts)))


def encode_responses(
    tokenizer: Tokenizer, texts: Sequence[str], *, eos: int = 1, pad: int = 0
) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """The texts as responses that end with EOS, right-padded, and their mask."""
    return _padded([[*encode(tokenizer, text), eos] for text in texts], pad)


def decode(
    tokenizer: Tokenizer, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"], *, eos: int = 1
) -> list[str]:
    """The text of each response, without EOS and padding."""
    real = mask & (responses != eos)
    rows = [tokens[keep].tolist() for tokens, keep in zip(responses, real, strict=True)]
    return tokenizer.decode_batch(rows, skip_special_tokens=False)


def _padded(sequences: Sequence[list[int]], pad: int) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"]]:
    require(len(sequences) > 0, "texts must hold at least one text; got none")
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    tokens = torch.full(mask.shape, pad)
    tokens[mask] = torch.tensor([token for sequence in sequences for token in sequence], dtype=torch.long)
    return tokens, mask
