"""Write `position_ids`. Chapter: book/language/language-models.md."""

import torch
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, Misshapen
from ppo_teach.masks import position_ids


def padded(mask: list, *, law: str = "") -> Case:
    return Case({"mask": torch.tensor(mask, dtype=torch.bool)}, law=law)


def random_padding(rng: torch.Generator) -> Case:
    """Three texts of different lengths in a batch of width seven, the longest in any row."""
    lengths = torch.randperm(7, generator=rng)[:3] + 1
    return padded((torch.arange(7) >= 7 - lengths[:, None]).tolist())


def play(function, mask: Tensor) -> Tensor:
    """The positions as numbers. At padding any position that exists will do, and counts as 0."""
    positions = function(mask)
    kind = str(positions.dtype) if isinstance(positions, Tensor) else type(positions).__name__
    if not isinstance(positions, Tensor) or positions.dtype not in (torch.int64, torch.int32):
        raise Misshapen("its result are no positions", f"it returned {kind}; an embedding is looked up by torch.long")
    if positions.shape != mask.shape:
        return positions.float()
    harmless = ~mask & (positions >= 0) & (positions < mask.shape[1])
    return torch.where(harmless, 0, positions).float()


def with_ones_at_padding(mask):
    """As transformers has it: padding is given position 1, which nobody looks at."""
    return (mask.long().cumsum(-1) - 1).masked_fill(~mask, 1)


def by_the_first_real_token(mask):
    """The column, less that of the row's first real token."""
    columns = torch.arange(mask.shape[1]).expand(mask.shape)
    first = mask.int().argmax(dim=1, keepdim=True)
    return (columns - first).clamp_min(0)


def by_the_tokens_before(mask):
    """How many real tokens stand before each."""
    real = mask.long()
    return real.cumsum(dim=1) - real


def token_by_token(mask):
    """A loop that counts."""
    positions = torch.zeros(mask.shape, dtype=torch.long)
    for b, row in enumerate(mask.tolist()):
        count = 0
        for j, real in enumerate(row):
            positions[b, j] = count
            count += real
    return positions


MISCONCEPTIONS = (
    Misconception(
        "positions counted from the padding",
        edited(by_the_first_real_token, ("(columns - first).clamp_min(0)", "columns")),
        "the same text gets other positions in a wider batch, and so other log-probabilities: the ratio leaves 1",
        "it is what a model does by itself when nobody passes positions",
        "How does the position of a text's first token change when its neighbour in the batch is longer?",
    ),
    Misconception(
        "the minus one is missing",
        edited(position_ids, (" - 1", "")),
        "the first token stands at position 1, where the model learned to expect the second",
        "`cumsum` of the mask counts tokens, and a count begins at 1",
        "Which position has the first token of a text without padding?",
    ),
    Misconception(
        "negative positions",
        edited(position_ids, (".clamp(min=0)", "")),
        "padding has a position that does not exist; on a CPU the look-up fails, on a GPU it may take any row",
        "at the real tokens it is right, and nobody looks at padding",
        "What does an embedding give for −1?",
    ),
    Misconception(
        "negative positions counted down to the text",
        edited(by_the_first_real_token, (".clamp_min(0)", "")),
        "padding has positions that do not exist, each its own",
        "subtracting the column of the first real token is right from there on",
        "What does an embedding give for −2?",
    ),
    Misconception(
        "one shift for the whole batch",
        edited(by_the_first_real_token, ("- first", "- first.min()")),
        "the longest text's padding was taken off every row",
        "with rows of one length it is right",
        "Two texts of different length: how many columns of padding stand before each?",
    ),
    Misconception(
        "the first row's padding for every row",
        edited(by_the_first_real_token, ("- first", "- first[0]")),
        "each row has padding of its own",
        "with a batch of one it is right",
        "Two texts of different length: how many columns of padding stand before each?",
    ),
    Misconception(
        "the count goes on in the next row",
        edited(with_ones_at_padding, ("cumsum(-1)", "flatten().cumsum(0).view(mask.shape)")),
        "the second text begins where the first one ended",
        "in a loop the counter was set to 0 once, before the rows",
        "Which position has the first token of the second text?",
    ),
    Misconception(
        "the padding on the right taken off as well",
        edited(by_the_first_real_token, ("mask.int().argmax(", "(~mask).sum(")),
        "a short reply has padding behind it, which moves nothing, but was counted with that in front",
        "as long as there is padding on the left only, N less the length is where the text begins",
        "Padding is put behind a text. Which of its tokens moves?",
    ),
    Misconception(
        "counted down the batch",
        edited(position_ids, ("dim=1", "dim=0")),
        "the sum ran over the texts, not along them",
        "`dim=0` is the first that one tries",
        "Along which axis does a text run?",
    ),
    Misconception(
        "counted from the end",
        edited(position_ids, ("cumsum(dim=1)", "flip(1).cumsum(dim=1).flip(1)")),
        "the last token stands at position 0, and the text is numbered backwards",
        "padded on the left, all texts end in one column, which makes a convenient zero",
        "Which position has the first token of a text without padding?",
    ),
    Misconception(
        "the length taken for the padding",
        edited(by_the_first_real_token, ("mask.int().argmax(", "mask.sum(")),
        "as many columns were taken off as there are tokens, not as many as there is padding",
        "`mask.sum` is the number at hand",
        "A text of three tokens in a batch of width four: in which column does it begin?",
    ),
    Misconception(
        "the padding is counted",
        edited(position_ids, ("mask.long()", "(~mask).long()")),
        "positions grow along the padding and stand still in the text",
        "several libraries mark what is to be left out",
        "Is True a token here, or a hole?",
    ),
    Misconception(
        "the mask itself",
        edited(position_ids, ("(mask.long().cumsum(dim=1) - 1).clamp(min=0)", "mask.long()")),
        "every token stands at position 1",
        "0 at padding and something else at tokens is half of it",
        "How many tokens of a text may share a position?",
    ),
    Misconception(
        "position 0 everywhere",
        edited(position_ids, ("(mask.long().cumsum(dim=1) - 1).clamp(min=0)", "0 * mask.long()")),
        "the model cannot tell the order of the words",
        "with one token to a text it is right",
        "How many tokens of a text may share a position?",
    ),
)

EXERCISE = Exercise(
    function=position_ids,
    title="Where does a text begin?",
    section="Padding on the left",
    minutes=10,
    difficulty=2,
    goal="`mask` is True where a token is real; texts are padded on the left, and behind a short "
    "reply on the right. Return the position of every real token in its own text, counted from 0, as whole numbers. At "
    "padding any position that exists will do (0 ≤ position < N): nobody looks there, but the embedding is looked up.",
    entry="position",
    worked=padded([[0, 0, 1, 1]]),
    answer=[[0, 0, 0, 1]],
    cases=(
        padded([[0, 1, 1, 1], [0, 0, 0, 1]]),
        padded([[0, 0, 0, 1, 1], [0, 1, 1, 1, 1]]),
        padded([[1, 1, 1], [0, 0, 1]], law="Where there is no padding, a position is a column"),
        padded([[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1]], law="More padding for all moves no position"),
        padded([[0, 1, 1, 1, 0], [0, 0, 1, 1, 1]], law="Padding on the right as well moves nothing"),
    ),
    random_case=random_padding,
    hints=(
        "The text stands alone, without padding. Which position has its first token? Then four columns of padding are "
        "put before it: which position has that token now?",
        "Count the real tokens up to each column, this one included. What does the first real token get, and what "
        "should it get?",
        "mask.long().cumsum(dim=1) − 1; at padding this is −1, and .clamp(min=0) makes it a position that exists.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_ones_at_padding, by_the_first_real_token, by_the_tokens_before, token_by_token),
    play=play,
)
