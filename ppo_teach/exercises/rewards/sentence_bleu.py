"""Write `sentence_bleu`. Chapter: book/language/rewards.md."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.rewards.n_grams import n_grams
from ppo_teach.exercises.rewards.sentence_bleu_misconceptions import MISCONCEPTIONS


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
