"""Strings to tensors and back. Chapter: book/language/language-models.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from unicodedata import normalize

import torch
from jaxtyping import Bool, Int
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split, WhitespaceSplit
from torch import Tensor

from ppo_teach.checks import require, same_shape

PAD, EOS, UNKNOWN = "<pad>", "<eos>", "<unk>"

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[[\p{{L}}\p{{M}}\p{{N}}_\x{{200c}}\x{{200d}}]&&[^{_UNSPACED}]]+"  # letters with their marks and joiners
_PIECES = Split(Regex(rf"{_WORD}|(?=\S)\X"), behavior="removed", invert=True)  # \X: what a reader sees as one sign


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
    """In small letters and with space around each word and each sign: what a person types, as the tasks write it.

    Scripts that put no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are spaced at every
    character. An accent stays with its letter, and is one with it however it was typed (NFC).
    """
    return " ".join(piece for piece, _ in _PIECES.pre_tokenize_str(normalize("NFC", text.lower())))


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
    """The tokens of a text. Raises ValueError for a text that would be lost, wholly or in part.

    Decoded again, the tokens must give the text back, but for white space and for what the tokenizer's own normaliser
    changes (letters made small, accents taken off); and the normaliser must leave something. Whatever is lost otherwise
    is named: an unknown word, with words near it, or characters that the vocabulary lacks.
    """
    return _encode_all(tokenizer, [text], specials=specials)[0]


def encode_prompts(tokenizer: Tokenizer, texts: Sequence[str], *, pad: int = 0) -> Prompts:
    """The texts as prompts, left-padded; `rows` counts them from 0. Raises ValueError for an empty text.

    A tokenizer that came with a checkpoint adds the special tokens that its model expects around an input.
    """
    for row, text in enumerate(texts):
        require(bool(text.strip()), f"texts must not be empty; texts[{row}] is {text!r}")
    sequences = _encode_all(tokenizer, texts, specials=True)
    tokens, mask = _padded([sequence[::-1] for sequence in sequences], pad)
    return Prompts(tokens.flip(-1), mask.flip(-1), torch.arange(len(texts)))


def encode_responses(
    tokenizer: Tokenizer, texts: Sequence[str], *, eos: int = 1, pad: int = 0
) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """The texts as responses that end with EOS, right-padded, and their mask."""
    return _padded([[*sequence, eos] for sequence in _encode_all(tokenizer, texts)], pad)


def decode(
    tokenizer: Tokenizer, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"], *, eos: int = 1
) -> list[str]:
    """The text of each response, without EOS and padding."""
    real = mask & (responses != eos)
    rows = [tokens[keep].tolist() for tokens, keep in zip(responses, real, strict=True)]
    return tokenizer.decode_batch(rows, skip_special_tokens=False)


def _encode_all(tokenizer: Tokenizer, texts: Sequence[str], *, specials: bool = False) -> list[list[int]]:
    """`encode`, for many texts at once."""
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=specials)
    own = [
        [token for token, added in zip(encoding.ids, encoding.special_tokens_mask, strict=True) if not added]
        for encoding in encodings
    ]
    for text, back in zip(texts, tokenizer.decode_batch(own, skip_special_tokens=False), strict=True):
        _require_whole(tokenizer, text, back)
    return [encoding.ids for encoding in encodings]


def _require_whole(tokenizer: Tokenizer, text: str, back: str) -> None:
    """Nothing when the text came back; otherwise a ValueError that names what was lost."""
    wanted, found = _normalised_words(tokenizer, text), _normalised_words(tokenizer, back)
    if "".join(wanted) == "".join(found) and (wanted or not text.strip()):
        return
    lost = [word for word in wanted if word not in found] or text.split()
    if isinstance(tokenizer.model, WordLevel):
        near = get_close_matches(lost[0], tokenizer.get_vocab(), n=5, cutoff=0.5)
        raise ValueError(f"text must use known words; {lost[0]!r} is not one (near it: {near or 'nothing'})")
    raise ValueError(
        f"text must come back whole from the tokenizer; {_brief(text)} comes back as {_brief(back)}: "
        f"lost is {_brief(' '.join(lost))}"
    )


def _normalised_words(tokenizer: Tokenizer, text: str) -> list[str]:
    """What the tokenizer's normaliser makes of a text, ▁ being its way to write a space."""
    normalizer = tokenizer.normalizer
    return (normalizer.normalize_str(text) if normalizer else text).replace("▁", " ").split()


def _brief(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _padded(sequences: Sequence[list[int]], pad: int) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"]]:
    require(len(sequences) > 0, "texts must hold at least one text; got none")
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    tokens = torch.full(mask.shape, pad)
    tokens[mask] = torch.tensor([token for sequence in sequences for token in sequence], dtype=torch.long)
    return tokens, mask
