"""Write `rouge_l`. Chapter: book/language/rewards.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.rewards.rouge_l_misconceptions import MISCONCEPTIONS


def rouge_l(hypothesis: Int[Tensor, " H"], reference: Int[Tensor, " R"]) -> Float[Tensor, ""]:
    """ROUGE-L of one sentence against one reference: the F of its longest common subsequence, in [0, 1].

        F = 2PR / (P + R) = 2L / (H + R),     P = L/H,     R = L/R

    L is the length of the longest row of words that both have in the same order, gaps allowed. The package leaves this
    to rouge_score (`rewards.rouge`). Source: Lin (2004).
    """
    table = torch.zeros(len(hypothesis) + 1, len(reference) + 1)
    for i, ours in enumerate(hypothesis):
        for j, theirs in enumerate(reference):
            longest = torch.maximum(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = table[i, j] + 1 if ours == theirs else longest
    return 2 * table[-1, -1] / (len(hypothesis) + len(reference))


def pair(hypothesis: list, reference: list, *, law: str = "") -> Case:
    texts = {"hypothesis": hypothesis, "reference": reference}
    return Case({name: torch.tensor(words, dtype=torch.long) for name, words in texts.items()}, law=law)


def random_pair(rng: torch.Generator) -> Case:
    """Seven words and five, out of four: some in the same order, some not."""
    longer, shorter = torch.randint(1, 5, (7,), generator=rng), torch.randint(1, 5, (5,), generator=rng)
    shorter[0] = longer[0]
    swap = bool(torch.randint(2, (), generator=rng))
    return pair(*((longer.tolist(), shorter.tolist()) if swap else (shorter.tolist(), longer.tolist())))


def by_recursion(hypothesis, reference):
    """Either the first words are the same, or one of them goes."""

    def longest(ours: tuple, theirs: tuple) -> int:
        if not ours or not theirs:
            return 0
        if ours[0] == theirs[0]:
            return 1 + longest(ours[1:], theirs[1:])
        return max(longest(ours[1:], theirs), longest(ours, theirs[1:]))

    L = longest(tuple(hypothesis.tolist()), tuple(reference.tolist()))
    return torch.tensor(2 * L / (len(hypothesis) + len(reference)), dtype=torch.float64)


def by_recall_and_precision(hypothesis, reference):
    """One row of the table at a time, and F as a harmonic mean."""
    row = [0] * (len(reference) + 1)
    for ours in hypothesis.tolist():
        above, row = row, [0]
        for j, theirs in enumerate(reference.tolist()):
            row.append(above[j] + 1 if ours == theirs else max(above[j + 1], row[j]))
    if row[-1] == 0:
        return 0.0
    recall, precision = row[-1] / len(reference), row[-1] / len(hypothesis)
    return 2 / (1 / recall + 1 / precision)


def by_deletions(hypothesis, reference):
    """H + R − 2L words have to be struck out of the two texts to make them the same."""
    ours, theirs = hypothesis.tolist(), reference.tolist()
    strikes = list(range(len(theirs) + 1))
    for i, word in enumerate(ours):
        above, strikes = strikes, [i + 1]
        for j, other in enumerate(theirs):
            strikes.append(above[j] if word == other else 1 + min(above[j + 1], strikes[j]))
    return torch.tensor(1 - strikes[-1] / (len(ours) + len(theirs)))


EXERCISE = Exercise(
    function=rouge_l,
    title="ROUGE-L by hand",
    section="What should have been said",
    minutes=15,
    difficulty=2,
    goal="Return the F-measure of the longest common subsequence of hypothesis and reference, words being numbers: the "
    "longest row of words that both have in the same order, gaps allowed, as a share of either text, and the harmonic "
    "mean of the two. 0 where nothing is shared; the hypothesis may be empty, the reference has a word.",
    entry="ROUGE-L",
    worked=pair([1, 2, 3, 4], [1, 5, 3, 4, 2, 6]),
    answer=6 / 10,
    cases=(
        pair([1, 2], [1, 3, 2, 4]),
        pair([1, 2, 3], [2, 1, 3]),
        pair([2, 3, 1], [1, 2, 3, 4, 5]),
        pair([1, 1, 2], [1, 2, 2, 1, 1]),
        pair([1, 2, 3, 4], [4, 1, 2, 3]),
        pair([1, 2, 3], [4, 5], law="Nothing shared, nothing earned"),
        pair([], [1, 2], law="An empty text has 0"),
    ),
    random_case=random_pair,
    hints=(
        "On paper: which words stand in both, in the same order? Must they stand side by side?",
        "A table with one row and one column more than there are words, all zeros at first. Fill it row by row.",
        "table[i + 1, j + 1] is table[i, j] + 1 if the words are the same, else the larger of table[i, j + 1] and "
        "table[i + 1, j]; then 2 * table[-1, -1] / (H + R).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_recursion, by_recall_and_precision, by_deletions),
)
