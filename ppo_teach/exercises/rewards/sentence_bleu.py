"""Write `sentence_bleu`. Chapter: book/language/rewards.md."""

import math
from collections import Counter

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


def n_grams(words: list[int], n: int) -> Counter:
    """How often each run of n words occurs."""
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def sentence_bleu(hypothesis: Int[Tensor, " H"], reference: Int[Tensor, " R"]) -> Float[Tensor, ""]:
    """BLEU of one sentence against one reference, in [0, 1], as it is defined: without smoothing.

        min(1, exp(1 − R/H)) · (p_1 · … · p_N)^(1/N),     N = min(4, H)

    p_n is the share of the hypothesis' n-grams that the reference has too, each counted at most as often as the
    reference has it. An empty hypothesis has 0. The package leaves this to sacrebleu (`rewards.bleu`), which smooths a
    precision of 0. Source: Papineni et al. (2002).
    """
    if not len(hypothesis):
        return torch.tensor(0.0)
    ours, theirs = hypothesis.tolist(), reference.tolist()
    orders = min(4, len(ours))
    precisions = []
    for n in range(1, orders + 1):
        said, wanted = n_grams(ours, n), n_grams(theirs, n)
        precisions.append((said & wanted).total() / said.total())
    brevity = math.exp(min(0.0, 1 - len(theirs) / len(ours)))
    return torch.tensor(brevity * math.prod(precisions) ** (1 / orders))


def pair(hypothesis: list, reference: list, *, law: str = "") -> Case:
    return Case({"hypothesis": words(hypothesis), "reference": words(reference)}, law=law)


def words(numbers: list) -> Tensor:
    return torch.tensor(numbers, dtype=torch.long)


def random_pair(rng: torch.Generator) -> Case:
    """A reference of eight words out of three, and a hypothesis that leaves out or repeats one, or changes the last."""
    reference = torch.randint(1, 4, (8,), generator=rng).tolist()
    place = int(torch.randint(1, 7, (), generator=rng))
    spoilt = (reference[:6], [*reference, reference[place]], [*reference[:5], 4])
    return pair(spoilt[int(torch.randint(3, (), generator=rng))], reference)


def by_logarithms(hypothesis, reference):
    """As papers print it, in float64, with the zeros looked for first."""
    if len(hypothesis) == 0:
        return torch.tensor(0.0)
    ours, theirs = hypothesis.tolist(), reference.tolist()
    logs = []
    for n in range(1, min(4, len(ours)) + 1):
        said, wanted = n_grams(ours, n), n_grams(theirs, n)
        matches = sum(min(count, wanted[gram]) for gram, count in said.items())
        if matches == 0:
            return torch.tensor(0.0)
        logs.append(math.log(matches) - math.log(len(ours) - n + 1))
    penalty = 0.0 if len(ours) >= len(theirs) else 1 - len(theirs) / len(ours)
    return torch.tensor(penalty + sum(logs) / len(logs), dtype=torch.float64).exp()


def by_unfolding(hypothesis, reference):
    """Tensors: every run of n words as a row, and each row counted once."""
    H, R = len(hypothesis), len(reference)
    precisions = []
    for n in range(1, min(4, H) + 1):
        runs = hypothesis.unfold(0, n, 1)
        others = reference.unfold(0, n, 1) if n <= R else reference[:0, None].expand(-1, n)
        kinds, counts = runs.unique(dim=0, return_counts=True)
        wanted = (kinds[:, None] == others[None]).all(dim=-1).sum(dim=1)
        precisions.append(torch.minimum(counts, wanted).sum() / len(runs))
    if not precisions:
        return torch.zeros(())
    return torch.stack(precisions).prod() ** (1 / len(precisions)) * min(1.0, math.exp(1 - R / H))


def by_striking_out(hypothesis, reference):
    """Each n-gram of the reference is struck out when it has been used."""
    ours, theirs, product = hypothesis.tolist(), reference.tolist(), 1.0
    orders = min(4, len(ours))
    for n in range(1, orders + 1):
        left = [theirs[i : i + n] for i in range(len(theirs) - n + 1)]
        total = len(left)
        for i in range(len(ours) - n + 1):
            if ours[i : i + n] in left:
                left.remove(ours[i : i + n])
        product *= (total - len(left)) / (len(ours) - n + 1)
    return 0.0 if orders == 0 else product ** (1 / orders) * math.exp(-max(0, len(theirs) / len(ours) - 1))


MISCONCEPTIONS = (
    Misconception(
        "a text against itself",
        edited(sentence_bleu, ("reference.tolist()", "hypothesis.tolist()")),
        "the reference was not looked at, so every text is perfect",
        "with two lists of n-grams in hand it is easy to take the same one twice; a whole article does",
        "Change the reference. Does your BLEU change?",
    ),
    Misconception(
        "the brevity penalty is inverted",
        edited(sentence_bleu, ("len(theirs) / len(ours)", "len(ours) / len(theirs)")),
        "a text that is too long was punished, one that is too short was not",
        "nobody remembers which of the two lengths stands on top",
        "H = 3 and R = 4: is 1 − R/H below 0? It should be.",
    ),
    Misconception(
        "the brevity penalty is missing",
        edited(sentence_bleu, ("brevity * ", "")),
        "a text that says too little keeps its precision",
        "the n-grams are all the work, and long texts have no penalty",
        "What does one safe word of ten earn?",
    ),
    Misconception(
        "a bonus for length",
        edited(sentence_bleu, ("min(0.0, 1 - len(theirs) / len(ours))", "1 - len(theirs) / len(ours)")),
        "exp(1 − R/H) is above 1 where the hypothesis is the longer one",
        "the minimum with 1 looks like a precaution that is never needed",
        "What is your brevity penalty for H = 6 and R = 5?",
    ),
    Misconception(
        "counts are not clipped",
        edited(sentence_bleu, ("(said & wanted).total()", "sum(said[gram] for gram in said if gram in wanted)")),
        "an n-gram counted as often as it was said, though the reference has it less often",
        "'is it in the reference?' is the question that comes first",
        "What is p_1 of 4 4 4 4 against a reference with a single 4?",
    ),
    Misconception(
        "each kind of n-gram counts once",
        edited(sentence_bleu, ("(said & wanted).total() / said.total()", "len(said & wanted) / len(said)")),
        "repetitions were lost, those that the reference has included",
        "`set` is the quickest way to ask what two texts share",
        "1 2 1 2 against 1 2 1 3: how many of the four words are right?",
    ),
    Misconception(
        "precisions of 0 are left out",
        edited(
            sentence_bleu,
            ("    brevity =", "    precisions = [p for p in precisions if p > 0] or [0.0]\n    brevity ="),
            ("1 / orders", "1 / len(precisions)"),
        ),
        "a text without a single right pair is judged by its words alone",
        "log 0 has to go somewhere, and leaving it out raises no error",
        "What is a product with a factor of 0?",
    ),
    Misconception(
        "an arithmetic mean",
        edited(sentence_bleu, ("math.prod(precisions) ** (1 / orders)", "sum(precisions) / orders")),
        "the largest precision, that of single words, rules the mean",
        "a mean is a mean",
        "With p_4 = 0, what should BLEU be?",
    ),
    Misconception(
        "the root is missing",
        edited(sentence_bleu, (" ** (1 / orders)", "")),
        "this is the product of the precisions, not their geometric mean",
        "the product is what the formula shows first; the exponent 1/N is small print",
        "If all four precisions are ½, what is their mean?",
    ),
    Misconception(
        "the longest n-grams are left out",
        edited(by_logarithms, ("len(ours)) + 1", "len(ours))"), ("/ len(logs)", "/ max(len(logs), 1)")),
        "the last n was not counted",
        "`range(1, N)` stops before N",
        "What is list(range(1, 4))?",
    ),
    Misconception(
        "in percent",
        edited(sentence_bleu, ("brevity * ", "100 * brevity * ")),
        "100 times too large for a reward; the scores here are in [0, 1]",
        "papers report BLEU in percent, and sacrebleu returns it so",
        "What should the reference itself earn?",
    ),
    Misconception(
        "4-grams are asked of a text that has none",
        edited(sentence_bleu, ("min(4, len(ours))", "4"), ("/ said.total()", "/ max(said.total(), 1)")),
        "a hypothesis of fewer than four words has no 4-grams, and was given 0 for it",
        "N = 4 is printed in every definition",
        "How many 4-grams has a text of three words?",
    ),
    Misconception(
        "a short reference limits the order",
        edited(sentence_bleu, ("min(4, len(ours))", "min(4, len(ours), len(theirs))")),
        "N was taken from the reference; the hypothesis has 4-grams, and none of them is right",
        "a reference without 4-grams seems to have nothing to compare with",
        "The hypothesis has a 4-gram. Has the reference got it?",
    ),
    Misconception(
        "divided by the n-grams of the reference",
        edited(sentence_bleu, ("/ said.total()", "/ max(wanted.total(), 1)")),
        "this is recall: of what was wanted, how much was said",
        "both texts have n-grams, and the shared ones are the same",
        "Precision is a share of what was *said*. How many n-grams were said?",
    ),
    Misconception(
        "hypothesis and reference are swapped",
        edited(sentence_bleu, ("hypothesis.tolist(), reference.tolist()", "reference.tolist(), hypothesis.tolist()")),
        "the reference was judged by the hypothesis",
        "some libraries take the reference first",
        "Whose n-grams stand in the denominator?",
    ),
    Misconception(
        "smoothed by adding one",
        edited(
            sentence_bleu,
            (
                "(said & wanted).total() / said.total()",
                "((said & wanted).total() + (n > 1)) / (said.total() + (n > 1))",
            ),
        ),
        "this is a known variant; the exercise asks for BLEU as it is defined, where a precision of 0 is 0",
        "sentence BLEU is nearly always smoothed in practice",
        "What is p_2 if none of the pairs is right?",
    ),
    Misconception(
        "nothing said is perfect",
        edited(sentence_bleu, ("torch.tensor(0.0)", "torch.tensor(1.0)")),
        "an empty product is 1, and an empty text got it",
        "`prod([])` is 1, and nothing in an empty text is wrong",
        "Should a policy be paid for saying nothing?",
    ),
)

EXERCISE = Exercise(
    function=sentence_bleu,
    title="BLEU by hand",
    section="What is shared",
    minutes=20,
    difficulty=3,
    goal="Return BLEU of one hypothesis against one reference text, words being numbers: the brevity penalty "
    "min(1, exp(1 − R/H)) times the geometric mean of the clipped n-gram precisions for n = 1 … N, without smoothing. "
    "N is 4, or the number of words of a shorter hypothesis. An empty hypothesis has 0; the reference has a word.",
    entry="BLEU",
    worked=pair([1, 2, 3, 4, 4], [1, 2, 3, 4, 5, 6]),
    answer=math.exp(1 - 6 / 5) * (1 / 5) ** (1 / 4),
    answer_in_words="0.548, which is exp(−1/5) times the fourth root of 1/5",
    cases=(
        pair([1, 2, 3], [1, 2, 3, 4]),
        pair([1, 2, 4, 3], [1, 2, 3, 4]),
        pair([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5]),
        pair([1, 2, 3, 4], [1, 2, 3]),
        pair([1, 2, 1, 2, 1, 2], [1, 2, 1, 2, 3, 1, 2]),
        pair([1, 2, 3], [1, 2, 3], law="The reference itself has 1, however short"),
        pair([1, 2, 3, 4, 5], [6, 7, 8, 9], law="Without a common word there is nothing to reward"),
        pair([], [1, 2], law="An empty text has 0"),
    ),
    random_case=random_pair,
    hints=(
        "On paper: which runs of one, two, three and four words has the hypothesis, and which of them the reference?",
        "Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1)) counts n-grams. What does & do to two "
        "Counters? A root of a product needs no logarithm of 0.",
        "(ours & theirs).total() / ours.total() for n from 1 to min(4, H); then "
        "exp(min(0, 1 - R / H)) * prod(precisions) ** (1 / N).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_logarithms, by_unfolding, by_striking_out),
)
