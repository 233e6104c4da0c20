"""Write `gain_at_equal_length`. Chapter: book/applications/summarisation.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.checks import require
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.summarisation.gain_at_equal_length_misconceptions import MISCONCEPTIONS


def gain_at_equal_length(
    scores: Float[Tensor, " A"],
    lengths: Int[Tensor, " A"],
    base_scores: Float[Tensor, " B"],
    base_lengths: Int[Tensor, " B"],
) -> Float[Tensor, ""]:
    """By how much one system's mean score is above the base's among texts of one length, averaged over lengths.

        Σ_n w_n (mean score of length n − the base's mean score of length n) / Σ_n w_n

    over the lengths that both have; w_n counts both systems' texts of length n. What only one of them has cannot be
    compared, and is left out. Raises ValueError where no length is shared.
    """
    shared = sorted(set(lengths.tolist()) & set(base_lengths.tolist()))
    require(len(shared) > 0, "lengths must share at least one value with base_lengths; got none")
    total, texts = torch.zeros(()), 0
    for length in shared:
        ours, theirs = scores[lengths == length], base_scores[base_lengths == length]
        both = len(ours) + len(theirs)
        total, texts = total + both * (ours.mean() - theirs.mean()), texts + both
    return total / texts


def systems(scores: list, lengths: list, base_scores: list, base_lengths: list, *, law: str = "") -> Case:
    numbers = {"scores": scores, "lengths": lengths, "base_scores": base_scores, "base_lengths": base_lengths}
    kinds = {"scores": torch.float32, "base_scores": torch.float32}
    return Case({name: torch.tensor(row, dtype=kinds.get(name)) for name, row in numbers.items()}, law=law)


def random_systems(rng: torch.Generator) -> Case:
    """Three lengths that both have, in other numbers, and one for each that the other has not."""
    lengths, base_lengths = [7] * 2 + [8] + [9] * 3 + [10] * 4, [8] * 4 + [9] * 2 + [10] + [12] * 3

    def drawn(number: int, least: int) -> list[float]:
        return (torch.randint(least, least + 40, (number,), generator=rng) / 100).tolist()

    return systems(drawn(len(lengths), 50), lengths, drawn(len(base_lengths), 10), base_lengths)


def with_pairs(scores, lengths, base_scores, base_lengths):
    """Every pair of two texts of one length has a difference; pairs weigh so that each length has its texts' weight."""
    same = lengths[:, None] == base_lengths[None, :]
    ours, theirs = same.sum(dim=0), same.sum(dim=1)
    weights = torch.where(same, 1 / ours.clamp(min=1)[None, :] + 1 / theirs.clamp(min=1)[:, None], 0.0)
    return (weights * (scores[:, None] - base_scores[None, :])).sum() / weights.sum()


def with_sums(scores, lengths, base_scores, base_lengths):
    """Counts and sums for every length up to the longest, in float64."""
    size = int(max(lengths.max(), base_lengths.max())) + 1
    counts, base_counts = (torch.bincount(each, minlength=size).double() for each in (lengths, base_lengths))
    sums = torch.bincount(lengths, scores.double(), minlength=size)
    base_sums = torch.bincount(base_lengths, base_scores.double(), minlength=size)
    both = (counts > 0) & (base_counts > 0)
    gains = (sums / counts - base_sums / base_counts)[both]
    return (gains * (counts + base_counts)[both]).sum() / (counts + base_counts)[both].sum()


def text_by_text(scores, lengths, base_scores, base_lengths):
    """Each text stands for the gain of its length: the mean over all texts that have a counterpart."""
    gains = []
    for length in [*lengths.tolist(), *base_lengths.tolist()]:
        ours, theirs = scores[lengths == length], base_scores[base_lengths == length]
        if len(ours) and len(theirs):
            gains.append(ours.mean() - theirs.mean())
    return torch.stack(gains).mean()


EXERCISE = Exercise(
    function=gain_at_equal_length,
    title="At equal length",
    section="Longer, or better?",
    minutes=15,
    difficulty=2,
    goal="Return one number: within each length that both systems have, the mean score less the base's mean score; "
    "then the average of these over lengths, where a length weighs as much as it has texts, those of both systems "
    "together. A length that only one of them has is left out.",
    entry=lambda index: "gain",
    worked=systems([0.3, 0.6, 0.6, 0.6, 0.6, 0.6], [8, 10, 10, 10, 10, 10], [0.5, 0.5, 0.5, 0.7], [8, 8, 8, 10]),
    answer=-0.14,
    cases=(
        systems([0.5, 0.6, 0.6, 0.6], [8, 10, 10, 10], [0.4, 0.3], [8, 10]),
        systems([0.5, 0.9, 0.9], [8, 12, 12], [0.4, 0.2], [8, 7]),
        systems([0.5, 0.6, 0.9], [8, 9, 12], [0.4, 0.4, 0.4, 0.4], [8, 8, 8, 9]),
        systems([0.4, 0.7, 0.7], [8, 10, 10], [0.4, 0.4, 0.7], [8, 8, 10], law="Longer, and no better: no gain"),
    ),
    random_case=random_systems,
    hints=(
        "On paper: both systems have a mean of 0.55. Which is better among headlines of 8 words, and which among those "
        "of 10?",
        "For each length that both have: two means and their difference. How many texts stand behind it?",
        "`ours, theirs = scores[lengths == n], base_scores[base_lengths == n]`; the weight of n is "
        "`len(ours) + len(theirs)`.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_pairs, with_sums, text_by_text),
)
