"""Write `pass_at_k`. Chapter: book/beyond/verifiable.md."""

from math import comb

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.verifiable import pass_at_k


def counts(correct: list, *, n: int, k: int, law: str = "") -> Case:
    return Case({"correct": torch.tensor(correct), "n": n, "k": k}, law=law)


def random_counts(rng: torch.Generator) -> Case:
    """Six problems: none right, all right, and some between; one of them with fewer than k wrong answers."""
    n, k = pick(rng, (9, 4), (10, 4), (12, 5))
    between = torch.randint(1, n - k + 1, (3,), generator=rng).tolist()
    return counts([0, n, n - k + 2, *between], n=n, k=k)


def by_binomials(correct, *, n, k):
    """The definition: of all subsets of k, those without a right answer."""
    silent = [comb(n - c, k) / comb(n, k) for c in correct.tolist()]
    return 1 - torch.tensor(silent, dtype=torch.float64)


def one_draw_after_the_other(correct, *, n, k):
    """Without putting back: the chance that the first is wrong, then the second of those left, and so on."""
    misses = torch.ones(len(correct))
    for drawn in range(k):
        misses = misses * (n - correct - drawn).clamp(min=0) / (n - drawn)
    return 1 - misses


def by_the_product(correct, *, n, k):
    """The product over the right answers, in Python."""
    chances = []
    for c in correct.tolist():
        misses = 1.0
        for i in range(n - c + 1, n + 1):
            misses *= 1 - k / i
        chances.append(1 - misses)
    return torch.tensor(chances)


MISCONCEPTIONS = (
    Misconception(
        "drawn with putting back",
        lambda correct, *, n, k: 1 - (1 - correct / n) ** k,
        "c/n was taken for the true chance; over the draws of the n answers this estimate is too low",
        "1 − (1 − p)^k is the right formula for a p that is known",
        "One of four answers is right. If two different ones of the four are drawn, how often is it among them?",
    ),
    Misconception(
        "the share of right answers, whatever k",
        lambda correct, *, n, k: correct / n,
        "this is pass@1",
        "a share of successes is what all other tables print",
        "May k attempts do no better than one?",
    ),
    Misconception(
        "any right answer counts as passed",
        lambda correct, *, n, k: (correct > 0).float(),
        "this is pass@n: all n answers were looked at, not k of them",
        "with n = k it is the same",
        "Of ten answers one is right, and only two are drawn. Is it certain to be among them?",
    ),
    Misconception(
        "all k must be right",
        edited(one_draw_after_the_other, ("(n - correct - drawn)", "(correct - drawn)"), ("1 - misses", "misses")),
        "this is the chance that every one of the k is right",
        "'passes k times' can be heard as 'every time'",
        "Is a problem solved by one right answer, or by k of them?",
    ),
    Misconception(
        "the chance that none is right",
        edited(by_binomials, ("1 - torch", "torch")),
        "this falls when more answers are right",
        "the wrong answers are the ones that are easy to count",
        "With c = n, what should the answer be?",
    ),
    Misconception(
        "some answer is wrong",
        edited(by_binomials, ("comb(n - c, k)", "comb(c, k)")),
        "C(c, k) counts the subsets in which all are right",
        "c is the number at hand, and n − c has to be thought of",
        "Which subsets of k hold no right answer: from how many answers are they made?",
    ),
    Misconception(
        "an order for the draws below, none above",
        lambda correct, *, n, k: 1 - torch.tensor([comb(n - c, k) / n**k for c in correct.tolist()]),
        "the subsets were divided by the sequences",
        "n · n · … is the number of ways to draw k times, with putting back and in order",
        "How many subsets of two have four answers?",
    ),
    Misconception(
        "only the numerator shrinks",
        edited(one_draw_after_the_other, ("(n - drawn)", "n")),
        "with every draw one answer fewer is left, right and wrong together",
        "the wrong ones that are left are the ones one thinks of",
        "After the first draw, how many answers are left in all?",
    ),
    Misconception(
        "the wrong ones are put back",
        edited(one_draw_after_the_other, ("- correct - drawn", "- correct")),
        "with every wrong answer that is drawn one fewer is left",
        "the answers that are left in all shrink, and it seems to be enough",
        "After a wrong answer was drawn, how many wrong ones are left?",
    ),
    Misconception(
        "the product begins one too early",
        edited(by_the_product, ("range(n - c + 1,", "range(max(n - c, 1),")),
        "there was a factor too many",
        "the wrong answers number n − c, and a range begins with its first number",
        "How many factors has the product when no answer is right?",
    ),
    Misconception(
        "the product ends one too early",
        edited(by_the_product, ("n + 1)", "n)")),
        "the factor of i = n is missing",
        "Python's ranges leave out their end",
        "With one right answer of n, which i is in the product?",
    ),
    Misconception(
        "one number for all problems",
        edited(
            by_binomials,
            (
                "return 1 - torch.tensor(silent, dtype=torch.float64)",
                "return (0 * correct + 1.0) * (1 - sum(silent) / len(silent))",
            ),
        ),
        "each problem got the mean of all",
        "what is reported in the end is a mean over problems",
        "Has each problem a chance of its own?",
    ),
    Misconception(
        "right answers are pooled over the problems",
        lambda correct, *, n, k: by_the_product(
            (correct.float().mean() * torch.ones(len(correct))).round().long(), n=n, k=k
        ),
        "an easy problem lent its right answers to a hard one",
        "the share of right answers over all problems is pass@1",
        "Two problems: one always solved, one never. Is pass@10 of the second 1?",
    ),
    Misconception(
        "percent",
        edited(by_binomials, ("return 1 -", "return 100 - 100 *")),
        "the answer is a hundred times too large",
        "tables print percent",
        "In which unit should the answer be?",
    ),
)

EXERCISE = Exercise(
    function=pass_at_k,
    title="One of k",
    section="At least one of k",
    minutes=15,
    difficulty=3,
    goal="For each problem n answers were sampled, and `correct` says how many of them were right. Return for each "
    "problem the chance that at least one is right among k different ones of the n, each subset of k as likely as any "
    "other: a number from 0 to 1. It must hold for n = 200 and k = 100, where C(n, k) has 59 digits.",
    entry=lambda index: f"chance for problem {index[0]}",
    worked=counts([1], n=4, k=2),
    answer=[0.5],
    cases=(
        counts([2], n=4, k=2),
        counts([3, 0], n=5, k=3),
        counts([1, 2, 4], n=5, k=2),
        counts([0, 6], n=6, k=2, law="Where no answer is right the chance is 0, and where all are it is 1"),
        counts([1, 2, 4], n=4, k=1, law="pass@1 is the share of right answers"),
        counts([0, 1, 4], n=4, k=4, law="With k = n one right answer is enough"),
        counts([1, 20], n=200, k=100, law="Two hundred answers are no trouble"),
    ),
    random_case=random_counts,
    hints=(
        "Of four answers one is right. Write down the six pairs. How many hold the right one?",
        "Count the subsets without a right answer: k of the n − c wrong ones. Divide by all subsets, and take 1 less.",
        "math.comb(n - c, k) / math.comb(n, k) for each c of correct.tolist(); it is 0 where n − c < k.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_binomials, one_draw_after_the_other, by_the_product),
)
