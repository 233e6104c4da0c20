"""Known wrong ways to write `gain_at_equal_length`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    weight: Callable = lambda ours, theirs: ours + theirs,
    shared: Callable = lambda lengths, base_lengths: lengths & base_lengths,
    average: Callable = lambda ours, theirs: ours.mean() - theirs.mean(),
) -> Callable:
    """The gain with one thing replaced."""

    def gain_at_equal_length(scores, lengths, base_scores, base_lengths):
        total, weights = torch.zeros(()), 0.0
        for length in sorted(shared(set(lengths.tolist()), set(base_lengths.tolist()))):
            ours, theirs = scores[lengths == length], base_scores[base_lengths == length]
            by = weight(len(ours), len(theirs))
            total, weights = total + by * average(ours, theirs), weights + by
        return total / weights

    return gain_at_equal_length


def raw(scores: Tensor, lengths: Tensor, base_scores: Tensor, base_lengths: Tensor) -> Tensor:
    return scores.mean() - base_scores.mean()


def pooled(scores: Tensor, lengths: Tensor, base_scores: Tensor, base_lengths: Tensor) -> Tensor:
    return scores[torch.isin(lengths, base_lengths)].mean() - base_scores[torch.isin(base_lengths, lengths)].mean()


def by_the_word(scores: Tensor, lengths: Tensor, base_scores: Tensor, base_lengths: Tensor) -> Tensor:
    return (scores / lengths).mean() - (base_scores / base_lengths).mean()


def commonest(scores: Tensor, lengths: Tensor, base_scores: Tensor, base_lengths: Tensor) -> Tensor:
    both = torch.isin(lengths, base_lengths), torch.isin(base_lengths, lengths)
    length = torch.cat([lengths[both[0]], base_lengths[both[1]]]).mode().values
    return scores[lengths == length].mean() - base_scores[base_lengths == length].mean()


def over_all_texts(scores: Tensor, lengths: Tensor, base_scores: Tensor, base_lengths: Tensor) -> Tensor:
    both = torch.isin(lengths, base_lengths).sum() + torch.isin(base_lengths, lengths).sum()
    gain = altered()(scores, lengths, base_scores, base_lengths)
    return gain * both / (len(lengths) + len(base_lengths))


def mean_or_zero(scores: Tensor) -> Tensor:
    return scores.mean() if len(scores) else torch.zeros(())


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
        altered(weight=lambda ours, theirs: 1),
        "a length that hardly occurs weighs as much as the usual one",
        "a mean over lengths is one line",
        "How many texts stand behind each difference?",
    ),
    Misconception(
        "weighed by the first system alone",
        altered(weight=lambda ours, theirs: ours),
        "lengths that the base likes hardly count",
        "the question is asked about that system",
        "Exchange the two systems: should more change than the sign?",
    ),
    Misconception(
        "weighed by the base alone",
        altered(weight=lambda ours, theirs: theirs),
        "lengths that the first system likes hardly count",
        "what one starts from seems the fair standard",
        "Exchange the two systems: should more change than the sign?",
    ),
    Misconception(
        "weighed by pairs",
        altered(weight=lambda ours, theirs: ours * theirs),
        "a length weighs by the number of its pairs",
        "comparing means comparing pairs",
        "Three texts of one system beside one of the other: how many texts are these?",
    ),
    Misconception(
        "weighed by the smaller of the two",
        altered(weight=min),
        "texts without a partner of their length and number were dropped from the weights",
        "so many could be paired off",
        "Three texts of one system beside one of the other: how many texts stand behind the difference?",
    ),
    Misconception(
        "divided by all texts",
        over_all_texts,
        "texts whose length is not shared count as a gain of 0",
        "a mean is a sum divided by how many there are",
        "Which texts stand behind the numerator?",
    ),
    Misconception(
        "a missing length counts as a score of 0",
        altered(
            shared=lambda lengths, base_lengths: lengths | base_lengths,
            average=lambda ours, theirs: mean_or_zero(ours) - mean_or_zero(theirs),
        ),
        "a system was compared with texts that the other never wrote",
        "an empty group has to be something, and 0 keeps the program running",
        "What do you know of a length that one system never has?",
    ),
    Misconception(
        "the first system's lengths only",
        altered(shared=lambda lengths, base_lengths: lengths),
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
        commonest,
        "only the commonest length was compared",
        "most texts have it",
        "Which other lengths do both systems have?",
    ),
    Misconception(
        "sums instead of means",
        altered(average=lambda ours, theirs: ours.sum() - theirs.sum()),
        "within a length, the system with more texts has the larger sum",
        "the division by the weights looks like the mean's",
        "One system has five texts of a length, the other one. Which two numbers do you compare?",
    ),
    Misconception(
        "the sign is turned",
        altered(average=lambda ours, theirs: theirs.mean() - ours.mean()),
        "a gain came out as a loss",
        "the base comes first in the mind",
        "Which of the two is the base?",
    ),
)
