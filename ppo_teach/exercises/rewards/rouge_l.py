"""Write `rouge_l`. Chapter: book/language/rewards.md."""

from collections import Counter

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


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


def in_common(ours: list[int], theirs: list[int]) -> int:
    """The length of the longest common subsequence: either the first words are the same, or one of them goes."""
    if not ours or not theirs:
        return 0
    if ours[0] == theirs[0]:
        return 1 + in_common(ours[1:], theirs[1:])
    return max(in_common(ours[1:], theirs), in_common(ours, theirs[1:]))


def by_recursion(hypothesis, reference):
    ours, theirs = hypothesis.tolist(), reference.tolist()
    L = in_common(ours, theirs)
    return torch.tensor(2 * L / (len(ours) + len(theirs)), dtype=torch.float64)


def by_recall_and_precision(hypothesis, reference):
    """One row of the table at a time, and F as papers print it."""
    row = [0] * (len(reference) + 1)
    for ours in hypothesis.tolist():
        above, row = row, [0]
        for j, theirs in enumerate(reference.tolist()):
            row.append(above[j] + 1 if ours == theirs else max(above[j + 1], row[j]))
    L = torch.tensor(float(row[-1]))
    if L == 0:
        return L
    recall, precision = L / len(reference), L / len(hypothesis)
    return 2 * recall * precision / (recall + precision)


def by_deletions(hypothesis, reference):
    """H + R − 2L words have to be struck out of the two texts to make them the same."""
    ours, theirs = hypothesis.tolist(), reference.tolist()
    strikes = list(range(len(theirs) + 1))
    for i, word in enumerate(ours):
        above, strikes = strikes, [i + 1]
        for j, other in enumerate(theirs):
            strikes.append(above[j] if word == other else 1 + min(above[j + 1], strikes[j]))
    return torch.tensor(1 - strikes[-1] / (len(ours) + len(theirs)))


def greedily(ours: list[int], theirs: list[int]) -> int:
    """Each word of the hypothesis takes the next place in the reference where it occurs."""
    found, start = 0, 0
    for word in ours:
        if word in theirs[start:]:
            start, found = theirs.index(word, start) + 1, found + 1
    return found


MISCONCEPTIONS = (
    Misconception(
        "a substring instead of a subsequence",
        edited(rouge_l, ("else longest", "else 0"), ("table[-1, -1]", "table.max()")),
        "this is the longest run of neighbours; a subsequence may have gaps",
        "the two words are alike, and the tables differ in one place",
        "On a mismatch, is what was common so far lost?",
    ),
    Misconception(
        "recall instead of F",
        edited(by_recall_and_precision, ("2 * recall * precision / (recall + precision)", "recall")),
        "what was said too much is not held against the text",
        "the R of ROUGE stands for recall",
        "A text says everything there is to say. What is its score, and should it be?",
    ),
    Misconception(
        "precision instead of F",
        edited(by_recall_and_precision, ("2 * recall * precision / (recall + precision)", "precision")),
        "what was left out is not held against the text",
        "the hypothesis is the text that is judged, so one divides by its length",
        "A text says one right word of ten. What is its score, and should it be?",
    ),
    Misconception(
        "words without order",
        edited(by_recursion, in_common=lambda ours, theirs: (Counter(ours) & Counter(theirs)).total()),
        "this is ROUGE-1: it cannot tell a sentence from its words in another order",
        "counting what is shared is a line, and a subsequence is a table",
        "1 2 3 and 3 2 1: which words have both in the same order?",
    ),
    Misconception(
        "sets of words",
        edited(
            by_recursion,
            ("hypothesis.tolist(), reference.tolist()", "set(hypothesis.tolist()), set(reference.tolist())"),
            ("in_common(ours, theirs)", "len(ours & theirs)"),
        ),
        "neither order nor repetition was looked at",
        "`set(a) & set(b)` is what two texts share",
        "1 2 3 and 3 2 1: which words have both in the same order? And how long is 1 1 2?",
    ),
    Misconception(
        "one more than above or beside, not than the diagonal",
        edited(rouge_l, ("table[i, j] + 1 if ours == theirs else longest", "longest + (ours == theirs)")),
        "one word was matched twice, and the common row may be longer than a text",
        "in a text without repetitions the neighbours are nearly always right",
        "In 1 1 against 1, which cell says what was common before both words?",
    ),
    Misconception(
        "compared place by place",
        edited(by_recursion, in_common=lambda ours, theirs: sum(a == b for a, b in zip(ours, theirs, strict=False))),
        "one word too many at the beginning, and nothing fits any more",
        "`zip` walks through two texts at once",
        "1 2 3 and 0 1 2 3: how much do they share?",
    ),
    Misconception(
        "each word takes the first place that it finds",
        edited(by_recursion, in_common=greedily),
        "a word far ahead was taken, and all that lay between was lost",
        "one pass through both texts is enough in most examples",
        "Does it pay to match a word whose place in the reference is at the very end?",
    ),
    Misconception(
        "an arithmetic mean of recall and precision",
        edited(by_recall_and_precision, ("2 * recall * precision / (recall + precision)", "(recall + precision) / 2")),
        "the larger of the two rules it, so saying everything is worth half a point at least",
        "F is said to be the mean of the two",
        "With recall 1 and precision 0.02, should F be above ½?",
    ),
    Misconception(
        "the length itself",
        edited(by_recursion, ("2 * L / (len(ours) + len(theirs))", "L")),
        "the longest common subsequence was not divided by anything",
        "the table gives a length, and a longer one is better",
        "Should a long text be able to earn more than a short one?",
    ),
    Misconception(
        "the 2 is missing",
        edited(by_recursion, ("2 * L", "L")),
        "the reference itself would have ½",
        "2PR/(P + R) loses its 2 when it is written with lengths",
        "What does a text earn that is the reference, word for word?",
    ),
    Misconception(
        "shared over all",
        edited(by_recursion, ("2 * L", "L"), ("len(theirs))", "len(theirs) - L)")),
        "this is intersection over union, not F",
        "it too is 1 for the reference itself and 0 where nothing is shared",
        "With recall ½ and precision ½, what is F?",
    ),
    Misconception(
        "divided by the longer text",
        edited(by_recursion, ("2 * L / (len(ours) + len(theirs))", "L / max(len(ours), len(theirs))")),
        "this is the smaller of recall and precision, not F",
        "dividing by the longer of two texts keeps the result below 1",
        "With recall 1 and precision ½, what is F?",
    ),
    Misconception(
        "0/0 where nothing is shared",
        edited(by_recall_and_precision, ("    if L == 0:\n        return L\n", "")),
        "2PR/(P + R) is 0/0 when P = R = 0; NaN was returned, and goes on into every weight",
        "the formula is right for every text that shares a word",
        "What are P and R when nothing is shared, and what is F?",
    ),
)

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
