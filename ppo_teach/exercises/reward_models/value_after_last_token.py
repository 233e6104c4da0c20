"""Write `value_after_last_token`. Chapter: book/language/reward-models.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
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


def by_a_single_true(values, mask):
    """All that has been read, less all that was read before the last token."""
    read = torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)
    last = read & ~torch.cat([mask, torch.zeros_like(mask[:, :1])], dim=1)
    return torch.where(last, values, 0.0).sum(dim=1)


def row_by_row(values, mask):
    return torch.stack([row[int(real.sum())] for row, real in zip(values.double(), mask, strict=True)])


MISCONCEPTIONS = (
    Misconception(
        "the last column",
        edited(by_index, ("mask.sum(dim=1)", "-1")),
        "a short response is judged by what the network says at padding, so its score hangs on how long the longest of "
        "the batch is",
        "`values[:, -1]` is the end of every response, as long as all are of the same length",
        "A response of one token stands beside one of a hundred. What does the last column hold?",
    ),
    Misconception(
        "before the last token",
        edited(by_index, ("mask.sum(dim=1)", "mask.sum(dim=1) - 1")),
        "the last token was not read yet: nobody would notice whether the response ended or broke off",
        "the last of n tokens has the index n − 1",
        "Column t stands before token t. Which column stands after token n − 1?",
    ),
    Misconception(
        "the first padding, which a full row has not",
        edited(by_the_first_padding, ("torch.cat([~mask, torch.ones_like(mask[:, :1])], dim=1)", "~mask")),
        "a response as wide as the batch has no padding; `argmin` then answers 0, where nothing has been read",
        "the first False of the mask stands where the response has ended",
        "A response fills its row. What does the search for its first padding find?",
    ),
    Misconception(
        "the column before the last",
        edited(by_index, ("mask.sum(dim=1)", "-2")),
        "one index was used for all rows, and not even the last",
        "`values[:, -2]` or `values[:, mask.shape[1] - 1]`: the last token of the widest response",
        "How many tokens has the response in this row?",
    ),
    Misconception(
        "one column too far",
        edited(by_index, ("mask.sum(dim=1)", "(mask.sum(dim=1) + 1).clamp(max=mask.shape[1])")),
        "a padding token was read after the response, where there was room for one",
        "'after the last token' was counted twice: by the extra column, and by a + 1",
        "A response of one token: which column stands before it, and which after it?",
    ),
    Misconception(
        "before the first token",
        edited(by_index, ("mask.sum(dim=1)", "0")),
        "nothing but the prompt has been read there: all responses to it get the same score",
        "column 0 exists in every row, and is where a classifier of the encoder kind is read",
        "What does the network know in column 0?",
    ),
    Misconception(
        "where the longest response ends",
        edited(by_index, ("mask.sum(dim=1)", "mask.sum(dim=1).max()")),
        "one index was used for all rows",
        "`mask.sum(dim=1).max()` is the number of columns that are in use",
        "How many numbers do you need to say where two responses end?",
    ),
    Misconception(
        "the first response's length for all",
        edited(by_index, ("mask.sum(dim=1)", "mask[0].sum()")),
        "the length of the first response was taken for that of all",
        "`mask[0].sum()` is what one looks at while trying things out",
        "How long is the second response?",
    ),
    Misconception(
        "where the shortest response ends",
        edited(by_index, ("mask.sum(dim=1)", "mask.sum(dim=1).min()")),
        "one index was used for all rows",
        "there every response still has a token, so nothing of padding is read",
        "How many tokens of the longest response have been read there?",
    ),
    Misconception(
        "the mean over tokens",
        lambda values, mask: torch.where(mask, values[:, 1:], 0.0).sum(dim=1) / mask.sum(dim=1),
        "half a sentence was asked for its opinion as often as the whole",
        "a mean over real positions needs no index and never reads padding",
        "What can the network say about a response of which it has read one word?",
    ),
    Misconception(
        "the sum over tokens",
        lambda values, mask: torch.where(mask, values[:, 1:], 0.0).sum(dim=1),
        "a long response has more numbers to add up than a short one",
        "the return of an episode is a sum of rewards",
        "Is a value a reward? What do two values of the same response have in common?",
    ),
    Misconception(
        "the mean over all that was read, the prompt included",
        edited(
            by_a_single_true, ("(last, values, 0.0).sum(dim=1)", "(read, values, 0.0).sum(dim=1) / read.sum(dim=1)")
        ),
        "half a sentence was asked for its opinion as often as the whole",
        "the columns up to the end are averaged with one line",
        "What can the network say about a response of which it has read no word?",
    ),
    Misconception(
        "the largest value",
        edited(by_a_single_true, ("(last, values, 0.0).sum(dim=1)", "(read, values, -torch.inf).amax(dim=1)")),
        "one promising word in the middle is enough",
        "a maximum needs no index, and padding can be ruled out with −∞",
        "A review begins brilliantly and ends in the middle of a word. What is it worth?",
    ),
    Misconception(
        "multiplied by a mask",
        edited(by_a_single_true, ("torch.where(last, values, 0.0)", "(values * last)")),
        "NaN times zero is NaN",
        "a mask with a single 1 picks a number, and for every finite number the rest is gone",
        "What is 0 · NaN? And what do `gather` and `torch.where` do there?",
    ),
    Misconception(
        "no gradient",
        edited(value_after_last_token, (".squeeze(1)", ".squeeze(1).detach()")),
        "the number is right, but a judge read like this cannot learn",
        "when PPO asks the judge, it needs none",
        "Who learns from this number while the judge is trained?",
    ),
)

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
    variants=(by_index, by_the_first_padding, by_a_single_true, row_by_row),
)
