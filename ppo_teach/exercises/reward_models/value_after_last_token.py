"""Write `value_after_last_token`. Chapter: book/language/reward-models.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.reward_models.value_after_last_token_misconceptions import MISCONCEPTIONS
from ppo_teach.reward_model import value_after_last_token

NAN = float("nan")


def replies(values: list, lengths: list, *, law: str = "") -> Case:
    mask = torch.arange(len(values[0]) - 1) < torch.tensor(lengths)[:, None]
    return Case({"values": torch.tensor(values, dtype=torch.float32), "mask": mask}, law=law)


def random_replies(rng: torch.Generator) -> Case:
    """Three lengths, the full one and a single token among them, in any order; no two values alike."""
    lengths = torch.tensor([1, 3, 4])[torch.randperm(3, generator=rng)]
    values = torch.randperm(15, generator=rng).view(3, 5) - 7 + 0.5 * torch.rand(3, 5, generator=rng)
    return replies(values.tolist(), lengths.tolist())


def by_index(values, mask):
    return values[torch.arange(len(values)), mask.sum(dim=1)]


def by_the_first_padding(values, mask):
    """Where the widened mask is False for the first time."""
    ended = torch.cat([~mask, torch.ones_like(mask[:, :1])], dim=1)
    return values.gather(1, ended.int().argmax(dim=1, keepdim=True))[:, 0]


def row_by_row(values, mask):
    return torch.stack([row[int(real.sum())] for row, real in zip(values.double(), mask, strict=True)])


EXERCISE = Exercise(
    function=value_after_last_token,
    title="Read when all has been read",
    section="A judge with one number",
    minutes=10,
    difficulty=2,
    goal="Return one value for each response: the one that the network gives after it has read all of its tokens. "
    "Column t of `values` stands before token t, and there is one column more than there are tokens. Responses are "
    "padded on the right and have at least one token; what stands further right, NaN included, changes nothing.",
    entry=lambda index: f"score of response {index[0]}" if index else "scores",
    worked=replies([[1, 2, 3, 4], [5, 6, 7, 8]], [2, 1]),
    answer=[3, 6],
    cases=(
        replies([[4, 1, 3, 2]], [3]),
        replies([[2, 5, 1, 4], [3, 1, 7, 6], [8, 2, 6, 9]], [1, 3, 2]),
        replies(
            [[1, 4, NAN, NAN], [2, 5, 3, 7]], [1, 3], law="What stands behind a response changes nothing, NaN included"
        ),
        replies([[1, 4, 2, 8, 8], [1, 4, 2, 8, 9]], [2, 2], law="A score does not depend on the width of the padding"),
    ),
    random_case=random_replies,
    gradients=("values",),
    hints=(
        "On paper: the first response has two tokens. Which columns stand before them, and which after?",
        "The number of tokens is an index here, one for each row.",
        "values.gather(1, mask.sum(dim=1, keepdim=True)).squeeze(1)",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_index, by_the_first_padding, row_by_row),
)
