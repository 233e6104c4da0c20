"""Write `groups_with_signal`. Chapter: book/beyond/verifiable.md."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, Misshapen
from ppo_teach.verifiable import groups_with_signal


def groups(*scores: list, law: str = "") -> Case:
    """A case from a row of scores for each group."""
    return Case({"scores": torch.tensor(scores, dtype=torch.float32).view(-1), "group_size": len(scores[0])}, law=law)


def random_groups(rng: torch.Generator) -> Case:
    """Six groups of three: all right, all wrong, one right, one wrong, and two whose scores are other numbers."""
    rows = [[1, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 0], [0.3, 0.3, 0.3], [0.3, 0.3, 0.8]]
    mixed = [[row[i] for i in torch.randperm(3, generator=rng)] for row in rows]
    return groups(*[mixed[i] for i in torch.randperm(6, generator=rng)])


def play(function: Callable, scores: Tensor, *, group_size: int) -> Tensor:
    return numbered(function(scores, group_size=group_size))


def numbered(flags: Any) -> Tensor:
    """Flags as numbers, 1 for True; anything but a tensor of bool is no flag."""
    if not isinstance(flags, Tensor) or flags.dtype is not torch.bool:
        kind = str(flags.dtype) if isinstance(flags, Tensor) else type(flags).__name__
        raise Misshapen("its result holds no flags", f"it returned {kind}; flags are a tensor of torch.bool")
    return flags.float()


def by_extremes(scores, *, group_size):
    """The best and the worst of each group differ."""
    grouped = scores.view(-1, group_size)
    return grouped.amax(dim=1) > grouped.amin(dim=1)


def by_sets(scores, *, group_size):
    """How many different scores each group holds."""
    rows = [scores[i : i + group_size].tolist() for i in range(0, len(scores), group_size)]
    return torch.tensor([len(set(row)) > 1 for row in rows])


def by_advantages(scores, *, group_size):
    """Some score is not its group's first."""
    advantages = scores.view(-1, group_size) - scores[::group_size, None]
    return advantages.abs().sum(dim=1) > 0


MISCONCEPTIONS = (
    Misconception(
        "a group with a right answer has a signal",
        edited(by_extremes, ("grouped.amax(dim=1) > grouped.amin(dim=1)", "grouped.amax(dim=1) > 0")),
        "a group in which all are right was kept: none of its answers is better than another",
        "while problems are hard, a right answer is what one waits for",
        "All eight answers are right. Which of them should become more likely?",
    ),
    Misconception(
        "a group with a wrong answer has a signal",
        edited(by_extremes, ("grouped.amax(dim=1) > grouped.amin(dim=1)", "grouped.amin(dim=1) < 1")),
        "a group in which all are wrong was kept: none of its answers is worse than another",
        "problems that are solved are done, and all others are work that is left",
        "All eight answers are wrong. Which of them should become less likely?",
    ),
    Misconception(
        "only 0 and 1 are looked for",
        edited(
            by_extremes,
            ("grouped.amax(dim=1) > grouped.amin(dim=1)", "(grouped == 0).any(dim=1) & (grouped == 1).any(dim=1)"),
        ),
        "scores of 0.3 and 0.8 differ as well",
        "a verifier says 0 or 1",
        "What do you compare a score with: with a number, or with its group?",
    ),
    Misconception(
        "the flags are the other way round",
        edited(by_extremes, ("amax(dim=1) >", "amax(dim=1) ==")),
        "these are the groups that say nothing",
        "what is to be thrown away is what one looks for",
        "Is True a group to learn from, or one to leave out?",
    ),
    Misconception(
        "all scores must differ",
        edited(by_sets, ("> 1", "== group_size")),
        "two answers of a group may be equal, as long as a third is not",
        "'not all the same' and 'all not the same' sound alike",
        "One of three answers is right. Is there something to learn?",
    ),
    Misconception(
        "at least half must be right",
        edited(by_extremes, ("grouped.amax(dim=1) > grouped.amin(dim=1)", "grouped.mean(dim=1) >= 0.5")),
        "a mean was compared, and a group of which all are right has the highest",
        "a majority is a clear sign in other places",
        "One right answer among eight: is it better than the mean of its group?",
    ),
    Misconception(
        "the groups are dealt out like cards",
        edited(by_extremes, ("scores.view(-1, group_size)", "scores.view(group_size, -1).T")),
        "an answer was compared with answers to other prompts",
        "one answer to each prompt, then a second to each, is another order in which batches come",
        "Which scores stand beside one another: those of a prompt, or those of a round?",
    ),
    Misconception(
        "neighbours in the batch are compared",
        lambda scores, *, group_size: scores.view(-1, group_size)[:, 0] != scores.view(-1, group_size)[:, -1],
        "the first and the last answer of a group were compared, and no other",
        "in a sorted group the ends are enough",
        "0, 1, 0: do the first and the last tell?",
    ),
    Misconception(
        "the batch is one group",
        edited(
            by_extremes, ("scores.view(-1, group_size)", "scores.view(1, -1).expand(len(scores) // group_size, -1)")
        ),
        "answers to different prompts were compared with each other",
        "whitening compares all answers of a batch",
        "An easy prompt and a hard one: is each answer to the first better than each to the second?",
    ),
    Misconception(
        "one flag for each answer",
        lambda scores, *, group_size: by_extremes(scores, group_size=group_size).repeat_interleave(group_size),
        "each flag stands there as often as its group has answers",
        "the flags will be laid over the batch in the end",
        "How many flags are asked for: one for each answer, or one for each group?",
    ),
    Misconception(
        "a flag for each answer that is not its group's mean",
        lambda scores, *, group_size: (scores.view(-1, group_size) != scores.view(-1, group_size)[:, :1]).view(-1),
        "the comparison with the group was made, and its `any` forgotten",
        "the last step looks as if it had been taken",
        "How many flags are asked for: one for each answer, or one for each group?",
    ),
)

EXERCISE = Exercise(
    function=groups_with_signal,
    title="Which groups say anything?",
    section="Groups that say nothing",
    minutes=10,
    difficulty=2,
    goal="`scores` hold group_size answers to one prompt, then group_size to the next, and so on. Return a flag for "
    "each group, a tensor of torch.bool: True where not all of its scores are the same. Scores may be any numbers.",
    entry=lambda index: f"flag of group {index[0]}",
    worked=groups([1, 0, 0, 1], [1, 1, 1, 1]),
    answer=[1, 0],
    cases=(
        groups([0, 0, 0], [0, 1, 0]),
        groups([1, 1], [0, 0], [0, 1]),
        groups([1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 0]),
        groups([0.3, 0.3], [0.3, 0.8], law="Scores need not be 0 and 1"),
        groups([0, 0], [1, 1], law="All right and all wrong are alike"),
        groups([2, 2, -1], [-1, -1, -1], law="Scores may be negative"),
    ),
    random_case=random_groups,
    hints=(
        "All answers to a prompt are right. Which of them is better than the others?",
        "Lay the scores out with a row for each group, and compare each with one of its row.",
        "groups = scores.view(-1, group_size); then groups != groups[:, :1], and `any` along a row.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_extremes, by_sets, by_advantages),
    play=play,
)
