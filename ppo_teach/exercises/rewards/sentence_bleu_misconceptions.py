"""Known wrong ways to write `sentence_bleu`: each is the right one with one part replaced."""

import math
from collections import Counter
from collections.abc import Callable

import torch

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.exercises.rewards.n_grams import n_grams


def clipped(said: Counter, wanted: Counter) -> float:
    return (said & wanted).total() / max(said.total(), 1)


def geometric(precisions: list[float]) -> float:
    return math.prod(precisions) ** (1 / len(precisions))


def penalty(H: int, R: int) -> float:
    return math.exp(min(0.0, 1 - R / H))


def effective(H: int, R: int) -> int:
    return min(4, H)


def altered(
    *,
    precision: Callable = clipped,
    mean: Callable = geometric,
    brevity: Callable = penalty,
    orders: Callable = effective,
    of_nothing: float = 0.0,
) -> Callable:
    """BLEU with one part replaced."""

    def sentence_bleu(hypothesis, reference):
        ours, theirs = hypothesis.tolist(), reference.tolist()
        if not ours:
            return torch.tensor(of_nothing)
        precisions = [
            precision(n_grams(ours, n), n_grams(theirs, n)) for n in range(1, orders(len(ours), len(theirs)) + 1)
        ]
        return torch.tensor(brevity(len(ours), len(theirs)) * mean(precisions))

    return sentence_bleu


def against_itself(hypothesis, reference):
    return altered()(hypothesis, hypothesis)


def swapped(hypothesis, reference):
    return altered()(reference, hypothesis) if len(hypothesis) else torch.tensor(0.0)


def unclipped(said: Counter, wanted: Counter) -> float:
    return sum(count for gram, count in said.items() if gram in wanted) / max(said.total(), 1)


def without_zeros(precisions: list[float]) -> float:
    found = [p for p in precisions if p > 0]
    return geometric(found) if found else 0.0


def add_one(precisions: list[float], H: int) -> float:
    """Add-one smoothing of all orders but the first, on precisions of H − n + 1 n-grams each."""
    totals = [H - n for n in range(len(precisions))]
    smooth = [(p * total + 1) / (total + 1) for p, total in zip(precisions[1:], totals[1:], strict=True)]
    return geometric([precisions[0], *smooth])


def smoothed(hypothesis, reference):
    return altered(mean=lambda precisions: add_one(precisions, len(hypothesis)))(hypothesis, reference)


MISCONCEPTIONS = (
    Misconception(
        "a text against itself",
        against_itself,
        "the reference was not looked at, so every text is perfect",
        "with two lists of n-grams in hand it is easy to take the same one twice; a whole article does",
        "Change the reference. Does your BLEU change?",
    ),
    Misconception(
        "the brevity penalty is inverted",
        altered(brevity=lambda H, R: math.exp(min(0.0, 1 - H / R))),
        "a text that is too long was punished, one that is too short was not",
        "nobody remembers which of the two lengths stands on top",
        "H = 3 and R = 4: is 1 − R/H below 0? It should be.",
    ),
    Misconception(
        "the brevity penalty is missing",
        altered(brevity=lambda H, R: 1.0),
        "a text that says too little keeps its precision",
        "the n-grams are all the work, and long texts have no penalty",
        "What does one safe word of ten earn?",
    ),
    Misconception(
        "a bonus for length",
        altered(brevity=lambda H, R: math.exp(1 - R / H)),
        "exp(1 − R/H) is above 1 where the hypothesis is the longer one",
        "the minimum with 1 looks like a precaution that is never needed",
        "What is your brevity penalty for H = 6 and R = 5?",
    ),
    Misconception(
        "counts are not clipped",
        altered(precision=unclipped),
        "an n-gram counted as often as it was said, though the reference has it less often",
        "'is it in the reference?' is the question that comes first",
        "What is p_1 of 4 4 4 4 against a reference with a single 4?",
    ),
    Misconception(
        "each kind of n-gram counts once",
        altered(precision=lambda said, wanted: len(set(said) & set(wanted)) / max(len(said), 1)),
        "repetitions were lost, those that the reference has included",
        "`set` is the quickest way to ask what two texts share",
        "1 2 1 2 against 1 2 1 3: how many of the four words are right?",
    ),
    Misconception(
        "precisions of 0 are left out",
        altered(mean=without_zeros),
        "a text without a single right pair is judged by its words alone",
        "log 0 has to go somewhere, and leaving it out raises no error",
        "What is a product with a factor of 0?",
    ),
    Misconception(
        "an arithmetic mean",
        altered(mean=lambda precisions: sum(precisions) / len(precisions)),
        "the largest precision, that of single words, rules the mean",
        "a mean is a mean",
        "With p_4 = 0, what should BLEU be?",
    ),
    Misconception(
        "the root is missing",
        altered(mean=math.prod),
        "this is the product of the precisions, not their geometric mean",
        "the product is what the formula shows first; the exponent 1/N is small print",
        "If all four precisions are ½, what is their mean?",
    ),
    Misconception(
        "the longest n-grams are left out",
        altered(orders=lambda H, R: max(1, min(4, H) - 1)),
        "the last n was not counted",
        "`range(1, N)` stops before N",
        "What is list(range(1, 4))?",
    ),
    Misconception(
        "in percent",
        lambda hypothesis, reference: 100 * altered()(hypothesis, reference),
        "100 times too large for a reward; the scores here are in [0, 1]",
        "papers report BLEU in percent, and sacrebleu returns it so",
        "What should the reference itself earn?",
    ),
    Misconception(
        "4-grams are asked of a text that has none",
        altered(orders=lambda H, R: 4),
        "a hypothesis of fewer than four words has no 4-grams, and was given 0 for it",
        "N = 4 is printed in every definition",
        "How many 4-grams has a text of three words?",
    ),
    Misconception(
        "a short reference limits the order",
        altered(orders=lambda H, R: min(4, H, R)),
        "N was taken from the reference; the hypothesis has 4-grams, and none of them is right",
        "a reference without 4-grams seems to have nothing to compare with",
        "The hypothesis has a 4-gram. Has the reference got it?",
    ),
    Misconception(
        "divided by the n-grams of the reference",
        lambda hypothesis, reference: altered(
            precision=lambda said, wanted: (said & wanted).total() / max(wanted.total(), 1)
        )(hypothesis, reference),
        "this is recall: of what was wanted, how much was said",
        "both texts have n-grams, and the shared ones are the same",
        "Precision is a share of what was *said*. How many n-grams were said?",
    ),
    Misconception(
        "hypothesis and reference are swapped",
        swapped,
        "the reference was judged by the hypothesis",
        "some libraries take the reference first",
        "Whose n-grams stand in the denominator?",
    ),
    Misconception(
        "smoothed by adding one",
        smoothed,
        "this is a known variant; the exercise asks for BLEU as it is defined, where a precision of 0 is 0",
        "sentence BLEU is nearly always smoothed in practice",
        "What is p_2 if none of the pairs is right?",
    ),
    Misconception(
        "nothing said is perfect",
        altered(of_nothing=1.0),
        "an empty product is 1, and an empty text got it",
        "`prod([])` is 1, and nothing in an empty text is wrong",
        "Should a policy be paid for saying nothing?",
    ),
)
