"""Write `position_ids`. Chapter: book/language/language-models.md."""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise, Misshapen
from ppo_teach.exercises.language_models.position_ids_misconceptions import MISCONCEPTIONS


def position_ids(mask: Bool[Tensor, "B N"]) -> Int[Tensor, "B N"]:
    """The position of each token of a padded text, counted from 0 at its first real one; 0 at padding before it.

        p_j = max(0, Σ_{i ≤ j} m_i − 1)

    In the package this line lives in `actor_critics`.
    """
    return (mask.long().cumsum(dim=1) - 1).clamp(min=0)


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
    first = mask.int().argmax(dim=1, keepdim=True)
    return (torch.arange(mask.shape[1]) - first).clamp_min(0)


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
