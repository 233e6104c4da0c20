"""Write `score_at_last_token`. Chapter: book/language/rewards.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.masks import score_at_last_token


def replies(scores: list, lengths: list, *, width: int, law: str = "") -> Case:
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    return Case({"scores": torch.tensor(scores, dtype=torch.float32), "mask": mask}, law=law)


def random_replies(rng: torch.Generator) -> Case:
    """Three lengths, the full one and a single token among them, in any order; scores of both signs."""
    order = torch.randperm(3, generator=rng)
    scores = torch.randn(3, generator=rng) + torch.tensor([2.0, -2.0, 4.0])[order]
    return replies(scores.tolist(), torch.tensor([1, 3, 5])[order].tolist(), width=5)


def by_counting(scores, mask):
    columns, lengths = torch.arange(mask.shape[1]), mask.sum(dim=1, keepdim=True)
    return torch.where(columns == lengths - 1, scores[:, None], 0.0)


def by_index(scores, mask):
    """An index for each row, and the score written there, in float64."""
    rewards = torch.zeros(mask.shape, dtype=torch.float64)
    rewards[torch.arange(len(scores)), mask.sum(dim=1) - 1] = scores.double()
    return rewards


def by_the_next_position(scores, mask):
    """Real here, and not real one place to the right."""
    right = torch.cat([mask[:, 1:], torch.zeros_like(mask[:, :1])], dim=1)
    return scores[:, None] * (mask & ~right)


def row_by_row(scores, mask):
    """A loop."""
    rewards = torch.zeros(mask.shape)
    for b, real in enumerate(mask):
        rewards[b, real.nonzero()[-1]] = scores[b]
    return rewards


MISCONCEPTIONS = (
    Misconception(
        "the last column",
        edited(by_counting, ("lengths - 1", "mask.shape[1] - 1")),
        "there is padding in the last column of a short reply, where nobody looks for a reward",
        "`rewards[:, -1]` is the end of every reply, as long as all are of the same length",
        "Where does a reply of two tokens end in a batch that is four wide?",
    ),
    Misconception(
        "the first padding",
        edited(by_counting, ("lengths - 1", "lengths")),
        "the score came one position too late, and a reply that fills the line got none",
        "the number of real tokens looks like the index of the last",
        "A reply has one token. What is the token's index?",
    ),
    Misconception(
        "every token",
        edited(by_counting, ("== lengths - 1", "< lengths")),
        "a reply is paid once for each of its tokens, so a long one is paid more",
        "a reward for each token is what the trainer asks for, and every token took part",
        "What do the rewards of a reply of three tokens add up to?",
    ),
    Misconception(
        "the last token and all that follows",
        edited(by_counting, ("==", ">=")),
        "padding was paid as well, where nobody looks for a reward",
        "`mask.cumsum(dim=1) == mask.sum(dim=1, keepdim=True)` finds the last token, and stays true behind it",
        "What does the running sum of the mask do at padding?",
    ),
    Misconception(
        "each row is paid where any row ends",
        edited(by_index, ("torch.arange(len(scores))", ":")),
        "the scores of other replies stand in the row too",
        "`rewards[:, last] = scores` looks like one index for each row; it takes all of them in every row",
        "`rewards[:, [1, 2]]`: which rows, and which columns?",
    ),
    Misconception(
        "every position",
        edited(by_counting, ("columns == lengths - 1", "columns >= 0")),
        "each position was paid, padding included",
        "a number for each row broadcasts over the row by itself",
        "What do the rewards of a reply add up to? And which positions of the batch are tokens?",
    ),
    Misconception(
        "the score is shared out among the tokens",
        edited(by_counting, ("== lengths - 1", "< lengths"), ("scores[:, None]", "scores[:, None] / lengths")),
        "the sum is right, but the score was earned when the reply was finished; who deserves it is for credit "
        "assignment to say",
        "each token deserves its share",
        "Before the last token is written, has the reply earned anything?",
    ),
    Misconception(
        "the first token",
        edited(by_counting, ("lengths - 1", "0")),
        "a reward for a token that came before the reply was written; the tokens after it get nothing",
        "`rewards[:, 0]` exists in every row, whatever its length",
        "With γ = 1, what is the return of the second token?",
    ),
    Misconception(
        "where the longest reply ends",
        edited(by_counting, ("lengths - 1", "lengths.max() - 1")),
        "one index was used for all rows",
        "`mask.sum(dim=1).max()` is the number of columns that are in use",
        "How many numbers do you need to say where two replies end?",
    ),
    Misconception(
        "a reply that fills the line is not paid",
        edited(by_the_next_position, ("zeros_like", "ones_like")),
        "the end was looked for as a step from real to padding, and a full line has none",
        "`mask[:, :-1] & ~mask[:, 1:]` finds the end of every padded reply",
        "Where is the last token of a reply without padding?",
    ),
)

EXERCISE = Exercise(
    function=score_at_last_token,
    title="Hand it over",
    section="Where the number goes",
    minutes=10,
    difficulty=1,
    goal="Return the reward of every token: the score of its reply at the last position where the mask is True, and 0 "
    "everywhere else. Replies are padded on the right and have at least one real token.",
    entry="reward",
    worked=replies([3, 5], [2, 3], width=4),
    answer=[[0, 3, 0, 0], [0, 0, 5, 0]],
    cases=(
        replies([2], [3], width=3),
        replies([4], [1], width=3),
        replies([2, -1], [1, 3], width=3),
        replies([2, 6], [3, 2], width=5),
        replies([6, 2], [3, 1], width=3, law="With γ = 1 the rewards of a reply add up to its score, padded or not"),
        replies([-1, -1], [2, 4], width=4, law="A score may be negative, and of a reply that fills the line"),
    ),
    random_case=random_replies,
    hints=(
        "How many real tokens has a row, and at which index is the last of them?",
        "Compare torch.arange(T) with one number for each row; mind the shapes (T,) and (B, 1).",
        "torch.where(torch.arange(T) == mask.sum(dim=1, keepdim=True) - 1, scores[:, None], 0.0).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_counting, by_index, by_the_next_position, row_by_row),
)
