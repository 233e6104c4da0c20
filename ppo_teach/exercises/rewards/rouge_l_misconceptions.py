"""Known wrong ways to write `rouge_l`: each is the right one with one part replaced."""

from collections import Counter
from collections.abc import Callable

import torch

from ppo_teach.exercises.exercise import Misconception


def subsequence(ours: list[int], theirs: list[int]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(theirs) + 1)
    for word in ours:
        above, row = row, [0]
        for j, other in enumerate(theirs):
            row.append(above[j] + 1 if word == other else max(above[j + 1], row[j]))
    return row[-1]


def substring(ours: list[int], theirs: list[int]) -> int:
    """The length of the longest run that both have."""
    ends = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i, word in enumerate(ours):
        for j, other in enumerate(theirs):
            ends[i + 1][j + 1] = ends[i][j] + 1 if word == other else 0
    return max(map(max, ends))


def greedy(ours: list[int], theirs: list[int]) -> int:
    """Each word of the hypothesis takes the next place in the reference where it occurs."""
    found, start = 0, 0
    for word in ours:
        if word in theirs[start:]:
            start, found = theirs.index(word, start) + 1, found + 1
    return found


def beside(ours: list[int], theirs: list[int]) -> int:
    """A shared word adds 1 to the larger neighbour, which may have used it already."""
    row = [0] * (len(theirs) + 1)
    for word in ours:
        above, row = row, [0]
        for j, other in enumerate(theirs):
            row.append(max(above[j + 1], row[j]) + (word == other))
    return row[-1]


def f_measure(L: int, H: int, R: int) -> float:
    return 2 * L / (H + R)


def altered(*, common: Callable = subsequence, measure: Callable = f_measure) -> Callable:
    """ROUGE-L with one part replaced."""

    def rouge_l(hypothesis, reference):
        ours, theirs = hypothesis.tolist(), reference.tolist()
        return torch.tensor(float(measure(common(ours, theirs), len(ours), len(theirs))))

    return rouge_l


def of_sets(hypothesis, reference):
    ours, theirs = set(hypothesis.tolist()), set(reference.tolist())
    return torch.tensor(f_measure(len(ours & theirs), len(ours), len(theirs)))


def nan_of_nothing(L: int, H: int, R: int) -> float:
    return f_measure(L, H, R) if L else float("nan")


MISCONCEPTIONS = (
    Misconception(
        "a substring instead of a subsequence",
        altered(common=substring),
        "this is the longest run of neighbours; a subsequence may have gaps",
        "the two words are alike, and the tables differ in one place",
        "On a mismatch, is what was common so far lost?",
    ),
    Misconception(
        "recall instead of F",
        altered(measure=lambda L, H, R: L / R),
        "what was said too much is not held against the text",
        "the R of ROUGE stands for recall",
        "A text says everything there is to say. What is its score, and should it be?",
    ),
    Misconception(
        "precision instead of F",
        altered(measure=lambda L, H, R: L / max(H, 1)),
        "what was left out is not held against the text",
        "the hypothesis is the text that is judged, so one divides by its length",
        "A text says one right word of ten. What is its score, and should it be?",
    ),
    Misconception(
        "words without order",
        altered(common=lambda ours, theirs: (Counter(ours) & Counter(theirs)).total()),
        "this is ROUGE-1: it cannot tell a sentence from its words in another order",
        "counting what is shared is a line, and a subsequence is a table",
        "1 2 3 and 3 2 1: which words have both in the same order?",
    ),
    Misconception(
        "sets of words",
        of_sets,
        "neither order nor repetition was looked at",
        "`set(a) & set(b)` is what two texts share",
        "1 2 3 and 3 2 1: which words have both in the same order? And how long is 1 1 2?",
    ),
    Misconception(
        "one more than above or beside, not than the diagonal",
        altered(common=beside),
        "one word was matched twice, and the common row may be longer than a text",
        "in a text without repetitions the neighbours are nearly always right",
        "In 1 1 against 1, which cell says what was common before both words?",
    ),
    Misconception(
        "compared place by place",
        altered(common=lambda ours, theirs: sum(a == b for a, b in zip(ours, theirs, strict=False))),
        "one word too many at the beginning, and nothing fits any more",
        "`zip` walks through two texts at once",
        "1 2 3 and 0 1 2 3: how much do they share?",
    ),
    Misconception(
        "each word takes the first place that it finds",
        altered(common=greedy),
        "a word far ahead was taken, and all that lay between was lost",
        "one pass through both texts is enough in most examples",
        "Does it pay to match a word whose place in the reference is at the very end?",
    ),
    Misconception(
        "an arithmetic mean of recall and precision",
        altered(measure=lambda L, H, R: (L / max(H, 1) + L / R) / 2),
        "the larger of the two rules it, so saying everything is worth half a point at least",
        "F is said to be the mean of the two",
        "With recall 1 and precision 0.02, should F be above ½?",
    ),
    Misconception(
        "the length itself",
        altered(measure=lambda L, H, R: L),
        "the longest common subsequence was not divided by anything",
        "the table gives a length, and a longer one is better",
        "Should a long text be able to earn more than a short one?",
    ),
    Misconception(
        "the 2 is missing",
        altered(measure=lambda L, H, R: L / (H + R)),
        "the reference itself would have ½",
        "2PR/(P + R) loses its 2 when it is written with lengths",
        "What does a text earn that is the reference, word for word?",
    ),
    Misconception(
        "shared over all",
        altered(measure=lambda L, H, R: L / (H + R - L)),
        "this is intersection over union, not F",
        "it too is 1 for the reference itself and 0 where nothing is shared",
        "With recall ½ and precision ½, what is F?",
    ),
    Misconception(
        "divided by the longer text",
        altered(measure=lambda L, H, R: L / max(H, R)),
        "this is the smaller of recall and precision, not F",
        "dividing by the longer of two texts keeps the result below 1",
        "With recall 1 and precision ½, what is F?",
    ),
    Misconception(
        "0/0 where nothing is shared",
        altered(measure=nan_of_nothing),
        "2PR/(P + R) is 0/0 when P = R = 0; NaN was returned, and goes on into every weight",
        "the formula is right for every text that shares a word",
        "What are P and R when nothing is shared, and what is F?",
    ),
)
