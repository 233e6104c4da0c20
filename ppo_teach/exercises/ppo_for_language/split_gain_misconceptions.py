"""Known wrong ways to write `split_gain`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    first: Callable = lambda start, control, trained: control - start,
    second: Callable = lambda start, control, trained: trained - control,
    summary: Callable = torch.mean,
) -> Callable:
    """The two parts with one thing replaced."""

    def split_gain(start, control, trained):
        seeds = start, control, trained
        return torch.stack([summary(first(*seeds)), summary(second(*seeds))])

    return split_gain


def all_of_it(start: Tensor, control: Tensor, trained: Tensor) -> Tensor:
    return torch.stack([torch.tensor(0.0), (trained - start).mean()])


def swapped(start: Tensor, control: Tensor, trained: Tensor) -> Tensor:
    return torch.stack([(trained - control).mean(), (control - start).mean()])


def without_losses(start: Tensor, control: Tensor, trained: Tensor) -> Tensor:
    return torch.stack([(control - start).mean().clamp(min=0), (trained - control).mean()])


def shares(start: Tensor, control: Tensor, trained: Tensor) -> Tensor:
    gain = (trained - start).mean()
    return torch.stack([(control - start).mean(), (trained - control).mean()]) / torch.where(gain == 0, 1.0, gain)


def best_of_each(start: Tensor, control: Tensor, trained: Tensor) -> Tensor:
    return torch.stack([control.max() - start.max(), trained.max() - control.max()])


MISCONCEPTIONS = (
    Misconception(
        "the whole gain is credited to the reward",
        altered(
            first=lambda start, control, trained: 0 * start, second=lambda start, control, trained: trained - start
        ),
        "what the same run does without any reward was counted as the reward's work",
        "'before and after' is how most results are told",
        "What is the control for?",
    ),
    Misconception(
        "the reward's part is measured from the start",
        altered(second=lambda start, control, trained: trained - start),
        "the control's part was counted twice",
        "each run is compared with the same start",
        "Do your two parts add up to the gain?",
    ),
    Misconception(
        "the two parts are swapped",
        swapped,
        "the control's part stands where the reward's belongs",
        "the reward's part is the one of interest, and comes to mind first",
        "Which of the two could a run without any reward have?",
    ),
    Misconception(
        "both parts have the opposite sign",
        altered(
            first=lambda start, control, trained: start - control,
            second=lambda start, control, trained: control - trained,
        ),
        "a gain came out as a loss",
        "the earlier run stands first in the arguments",
        "PPO has 85 and the control 44. Which sign should the reward's part have?",
    ),
    Misconception(
        "a control that lost is taken for one that stood still",
        without_losses,
        "the control fell below its start, and your parts no longer add up",
        "a control is expected to do nothing",
        "Do your two parts add up to the gain?",
    ),
    Misconception(
        "losses are counted as gains",
        altered(first=lambda start, control, trained: (control - start).abs()),
        "noise that went up on one seed and down on another was added up",
        "one wants to know how far the control moved",
        "One seed gains 2, another loses 4. What is the mean gain?",
    ),
    Misconception(
        "shares instead of points",
        shares,
        "both parts were divided by the gain",
        "'98 % of the gain' is how it is often told",
        "In which unit should the answer be?",
    ),
    Misconception(
        "relative to the start",
        altered(
            first=lambda start, control, trained: (control - start) / start.mean(),
            second=lambda start, control, trained: (trained - control) / start.mean(),
        ),
        "the parts were divided by the start's score",
        "improvements are often told in percent of what was there",
        "Scores that count from 100 instead of from 0: should the parts change?",
    ),
    Misconception(
        "levels instead of gains",
        altered(first=lambda start, control, trained: control, second=lambda start, control, trained: trained),
        "these are the scores themselves",
        "tables print levels",
        "What did the control have before it ran?",
    ),
    Misconception(
        "the best seed of each",
        best_of_each,
        "the best seed of one run was held against the best of another, which is another seed",
        "papers of old printed the best run",
        "What would you report if you ran twice as many seeds?",
    ),
    Misconception(
        "the median instead of the mean",
        altered(summary=torch.median),
        "medians do not add up: your parts need not sum to the gain",
        "the median is the safer summary when one seed is odd",
        "Do your two parts add up to the gain?",
    ),
    Misconception(
        "a sum over seeds",
        altered(summary=torch.sum),
        "more seeds would make a larger gain",
        "`.sum()` and `.mean()` differ by a factor that nobody sees in a sign",
        "With the same seeds run twice: should the gain double?",
    ),
    Misconception(
        "one seed only",
        altered(summary=lambda differences: differences[0]),
        "the luck of the first seed was reported",
        "one run is what one has first",
        "How many seeds are there?",
    ),
)
