"""Write `gain_at_equal_length`. Chapter: book/applications/summarisation.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.checks import require
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


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


def raw(scores, lengths, base_scores, base_lengths):
    return scores.mean() - base_scores.mean()


def pooled(scores, lengths, base_scores, base_lengths):
    return scores[torch.isin(lengths, base_lengths)].mean() - base_scores[torch.isin(base_lengths, lengths)].mean()


def by_the_word(scores, lengths, base_scores, base_lengths):
    return (scores / lengths).mean() - (base_scores / base_lengths).mean()


MISCONCEPTIONS = (
    Misconception(
        "the raw difference",
        raw,
        "length was not held equal at all",
        "two means and a minus sign are how systems are compared",
        "Compare the headlines of 8 words alone. And those of 10 alone?",
    ),
    Misconception(
        "shared lengths, but pooled",
        pooled,
        "what cannot be compared is gone, and among the rest one system still has more of the long ones",
        "both systems now have the same lengths, though not in the same numbers",
        "Within your pool: how many of either system's texts are long?",
    ),
    Misconception(
        "all lengths weigh the same",
        edited(gain_at_equal_length, ("len(ours) + len(theirs)", "1")),
        "a length that hardly occurs weighs as much as the usual one",
        "a mean over lengths is one line",
        "How many texts stand behind each difference?",
    ),
    Misconception(
        "weighed by the first system alone",
        edited(gain_at_equal_length, ("len(ours) + len(theirs)", "len(ours)")),
        "lengths that the base likes hardly count",
        "the question is asked about that system",
        "Exchange the two systems: should more change than the sign?",
    ),
    Misconception(
        "weighed by the base alone",
        edited(gain_at_equal_length, ("len(ours) + len(theirs)", "len(theirs)")),
        "lengths that the first system likes hardly count",
        "what one starts from seems the fair standard",
        "Exchange the two systems: should more change than the sign?",
    ),
    Misconception(
        "weighed by pairs",
        edited(gain_at_equal_length, ("len(ours) + len(theirs)", "len(ours) * len(theirs)")),
        "a length weighs by the number of its pairs",
        "comparing means comparing pairs",
        "Three texts of one system beside one of the other: how many texts are these?",
    ),
    Misconception(
        "weighed by the smaller of the two",
        edited(gain_at_equal_length, ("len(ours) + len(theirs)", "min(len(ours), len(theirs))")),
        "texts without a partner of their length and number were dropped from the weights",
        "so many could be paired off",
        "Three texts of one system beside one of the other: how many texts stand behind the difference?",
    ),
    Misconception(
        "divided by all texts",
        edited(gain_at_equal_length, ("total / texts", "total / (len(scores) + len(base_scores))")),
        "texts whose length is not shared count as a gain of 0",
        "a mean is a sum divided by how many there are",
        "Which texts stand behind the numerator?",
    ),
    Misconception(
        "a missing length counts as a score of 0",
        edited(
            gain_at_equal_length,
            ("&", "|"),
            ("ours.mean() - theirs.mean()", "ours.mean().nan_to_num() - theirs.mean().nan_to_num()"),
        ),
        "a system was compared with texts that the other never wrote",
        "an empty group has to be something, and 0 keeps the program running",
        "What do you know of a length that one system never has?",
    ),
    Misconception(
        "the first system's lengths only",
        edited(gain_at_equal_length, (" & set(base_lengths.tolist())", "")),
        "a length that the base never has brought in the mean of nothing, which is nan",
        "the loop runs over the system that the question is about",
        "`torch.tensor([]).mean()`: which lengths must the loop pass over?",
    ),
    Misconception(
        "points per word",
        by_the_word,
        "a score was divided by its text's length",
        "dividing by the length seems to take it out",
        "Is a headline of 5 words with 0.3 as good as one of 10 words with 0.6?",
    ),
    Misconception(
        "one length only",
        edited(
            gain_at_equal_length,
            ("in shared", "in [max(shared, key=torch.cat([lengths, base_lengths]).tolist().count)]"),
        ),
        "only the commonest length was compared",
        "most texts have it",
        "Which other lengths do both systems have?",
    ),
    Misconception(
        "sums instead of means",
        edited(gain_at_equal_length, ("ours.mean() - theirs.mean()", "ours.sum() - theirs.sum()")),
        "within a length, the system with more texts has the larger sum",
        "the division by the weights looks like the mean's",
        "One system has five texts of a length, the other one. Which two numbers do you compare?",
    ),
    Misconception(
        "the sign is turned",
        edited(gain_at_equal_length, ("ours.mean() - theirs.mean()", "theirs.mean() - ours.mean()")),
        "a gain came out as a loss",
        "the base comes first in the mind",
        "Which of the two is the base?",
    ),
)

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
