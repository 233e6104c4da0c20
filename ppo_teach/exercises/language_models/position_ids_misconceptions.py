"""Known wrong ways to write `position_ids`."""

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def columns(mask: Tensor) -> Tensor:
    return torch.arange(mask.shape[1]).expand(mask.shape)


def first_real(mask: Tensor) -> Tensor:
    """The column of each row's first real token."""
    return mask.int().argmax(dim=1, keepdim=True)


MISCONCEPTIONS = (
    Misconception(
        "positions counted from the padding",
        columns,
        "the same text gets other positions in a wider batch, and so other log-probabilities: the ratio leaves 1",
        "it is what a model does by itself when nobody passes positions",
        "How does the position of a text's first token change when its neighbour in the batch is longer?",
    ),
    Misconception(
        "the minus one is missing",
        lambda mask: mask.long().cumsum(dim=1),
        "the first token stands at position 1, where the model learned to expect the second",
        "`cumsum` of the mask counts tokens, and a count begins at 1",
        "Which position has the first token of a text without padding?",
    ),
    Misconception(
        "negative positions",
        lambda mask: mask.long().cumsum(dim=1) - 1,
        "padding has a position that does not exist; on a CPU the look-up fails, on a GPU it may take any row",
        "at the real tokens it is right, and nobody looks at padding",
        "What does an embedding give for −1?",
    ),
    Misconception(
        "negative positions counted down to the text",
        lambda mask: columns(mask) - first_real(mask),
        "padding has positions that do not exist, each its own",
        "subtracting the column of the first real token is right from there on",
        "What does an embedding give for −2?",
    ),
    Misconception(
        "one shift for the whole batch",
        lambda mask: (columns(mask) - first_real(mask).min()).clamp(min=0),
        "the longest text's padding was taken off every row",
        "with rows of one length it is right",
        "Two texts of different length: how many columns of padding stand before each?",
    ),
    Misconception(
        "the first row's padding for every row",
        lambda mask: (columns(mask) - first_real(mask)[0]).clamp(min=0),
        "each row has padding of its own",
        "with a batch of one it is right",
        "Two texts of different length: how many columns of padding stand before each?",
    ),
    Misconception(
        "the count goes on in the next row",
        lambda mask: mask.long().flatten().cumsum(0).view(mask.shape).sub(1).where(mask, 0),
        "the second text begins where the first one ended",
        "in a loop the counter was set to 0 once, before the rows",
        "Which position has the first token of the second text?",
    ),
    Misconception(
        "the padding on the right taken off as well",
        lambda mask: (columns(mask) - (~mask).sum(dim=1, keepdim=True)).clamp(min=0),
        "a short reply has padding behind it, which moves nothing, but was counted with that in front",
        "as long as there is padding on the left only, N less the length is where the text begins",
        "Padding is put behind a text. Which of its tokens moves?",
    ),
    Misconception(
        "counted down the batch",
        lambda mask: (mask.long().cumsum(dim=0) - 1).clamp(min=0),
        "the sum ran over the texts, not along them",
        "`dim=0` is the first that one tries",
        "Along which axis does a text run?",
    ),
    Misconception(
        "counted from the end",
        lambda mask: (mask.long().flip(1).cumsum(dim=1).flip(1) - 1).clamp(min=0),
        "the last token stands at position 0, and the text is numbered backwards",
        "padded on the left, all texts end in one column, which makes a convenient zero",
        "Which position has the first token of a text without padding?",
    ),
    Misconception(
        "the length taken for the padding",
        lambda mask: (columns(mask) - mask.sum(dim=1, keepdim=True)).clamp(min=0),
        "as many columns were taken off as there are tokens, not as many as there is padding",
        "`mask.sum` is the number at hand",
        "A text of three tokens in a batch of width four: in which column does it begin?",
    ),
    Misconception(
        "the padding is counted",
        lambda mask: ((~mask).long().cumsum(dim=1) - 1).clamp(min=0),
        "positions grow along the padding and stand still in the text",
        "several libraries mark what is to be left out",
        "Is True a token here, or a hole?",
    ),
    Misconception(
        "the mask itself",
        lambda mask: mask.long(),
        "every token stands at position 1",
        "0 at padding and something else at tokens is half of it",
        "How many tokens of a text may share a position?",
    ),
    Misconception(
        "position 0 everywhere",
        lambda mask: torch.zeros(mask.shape, dtype=torch.long),
        "the model cannot tell the order of the words",
        "with one token to a text it is right",
        "How many tokens of a text may share a position?",
    ),
)
