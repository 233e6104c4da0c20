"""Write `leave_one_out_baseline`. Chapter: book/foundations/policy-gradient.md."""

import numpy as np
import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.reinforce import leave_one_out_baseline


def scored(scores: list, *, law: str = "") -> Case:
    return Case({"scores": torch.tensor(scores, dtype=torch.float32)}, law=law)


def random_scores(rng: torch.Generator) -> Case:
    """Two batches of three prompts, four replies each."""
    return scored((torch.randint(-100, 101, (2, 3, 4), generator=rng) / 100).tolist())


def of_reply(index: tuple[int, ...]) -> str:
    return f"baseline of reply {index[-1]}" + (f" to prompt {list(index[:-1])}" if index[:-1] else "")


def from_the_mean(scores):
    """R_i − b_i = N/(N − 1) (R_i − mean), solved for b_i."""
    count = scores.shape[-1]
    return scores - count / (count - 1) * (scores - scores.mean(dim=-1, keepdim=True))


def as_a_matrix(scores):
    """A matrix with 0 on the diagonal and 1/(N − 1) elsewhere, in float64."""
    count = scores.shape[-1]
    return scores.double() @ ((1 - torch.eye(count, dtype=torch.float64)) / (count - 1))


def one_by_one(scores):
    """Cut out each reply in turn, in NumPy."""
    array = scores.numpy()
    return np.stack([np.delete(array, i, axis=-1).mean(axis=-1) for i in range(array.shape[-1])], axis=-1)


MISCONCEPTIONS = (
    Misconception(
        "the same batch is used for fit and estimate",
        edited(one_by_one, ("np.delete(array, i, axis=-1)", "array")),
        "the reply's own score is in its baseline, so the expected gradient is too short by the factor 1 − 1/N",
        "the mean of the batch is one call, and in a large batch the difference is small",
        "Raise the score of reply 0 by 1. Should its own baseline move?",
    ),
    Misconception(
        "the reply is its own baseline",
        edited(one_by_one, ("np.delete(array, i, axis=-1).mean(axis=-1)", "array[..., i]")),
        "it depends on the action through and through: every reply is worth exactly what was expected",
        "the best guess of a score is the score",
        "What is left of the weight R − b? And what is learned from it?",
    ),
    Misconception(
        "divided by N",
        edited(leave_one_out_baseline, ("(replies - 1)", "replies")),
        "the others are N − 1, and were divided by N",
        "the batch has N replies",
        "All scores are 1. What should the mean of the others be?",
    ),
    Misconception(
        "the reply itself is still in the sum",
        edited(leave_one_out_baseline, (" - scores)", ").expand_as(scores)")),
        "N scores were added up and divided by N − 1",
        "N − 1 is right, and known from the unbiased variance",
        "All scores are 1. What should the mean of the others be?",
    ),
    Misconception(
        "the sum of the others",
        edited(leave_one_out_baseline, (" / (replies - 1)", "")),
        "the others were added up, not averaged",
        "leaving one out is a subtraction",
        "All scores are 1. What should the mean of the others be?",
    ),
    Misconception(
        "the best score",
        edited(one_by_one, ("np.delete(array, i, axis=-1).mean", "array.max")),
        "the best reply is its own baseline, so the baseline depends on the action",
        "a high standard sounds useful, and a greedy reply's score is a known baseline",
        "Raise the score of the best reply by 1. Should its own baseline move?",
    ),
    Misconception(
        "the best of the others",
        edited(one_by_one, (".mean(", ".max(")),
        "it is unbiased, but it is not the mean: nearly every weight becomes negative",
        "it leaves the reply itself out, which is the point",
        "By how much should a rise of one other score move the baseline?",
    ),
    Misconception(
        "the baseline is subtracted already",
        edited(leave_one_out_baseline, ("return ", "return scores - ")),
        "this is the score minus the baseline",
        "it is what one needs next",
        "All scores are 1. What should the baseline be?",
    ),
    Misconception(
        "the mean is subtracted already",
        edited(from_the_mean, ("scores - count / (count - 1) * ", "")),
        "this is the score minus the mean of all",
        "it is what one needs next, and nearly unbiased",
        "All scores are 1. What should the baseline be?",
    ),
    Misconception(
        "the mean of everything",
        lambda scores: scores.mean().expand_as(scores),
        "the reply's own score is in its baseline, and those of other prompts too",
        "`scores.mean()` is right for a single prompt, but for the reply itself",
        "Raise the score of reply 0 by 1. Should its own baseline move? And the baselines of other prompts?",
    ),
    Misconception(
        "the prompts were counted, not the replies",
        edited(leave_one_out_baseline, ("(replies - 1)", "(len(scores) - 1)")),
        "the sum of the others was divided by the number of prompts less one",
        "`len(scores)` is the number of replies as long as there is one prompt",
        "What is `len` of a tensor of shape (2, 3, 4), and how many replies has each prompt?",
    ),
    Misconception(
        "the replies of all prompts in one",
        edited(
            leave_one_out_baseline,
            ("scores.sum(dim=-1, keepdim=True)", "scores.sum()"),
            ("(replies - 1)", "(scores.numel() - 1)"),
        ),
        "replies to other prompts are in the mean: an easy prompt makes its replies look good",
        "a sum without `dim` is shorter",
        "Which replies tell how hard *this* prompt is?",
    ),
    Misconception(
        "along the wrong dimension",
        edited(leave_one_out_baseline, ("sum(dim=-1", "sum(dim=0"), ("(replies - 1)", "(scores.shape[0] - 1)")),
        "each reply was held against replies to other prompts",
        "axis 0 is the batch almost everywhere",
        "Which dimension holds the replies to one prompt?",
    ),
)

EXERCISE = Exercise(
    function=leave_one_out_baseline,
    title="Leave one out",
    section="A baseline from the batch",
    minutes=10,
    difficulty=2,
    goal="Return for each reply the mean score of the other replies to the same prompt. The last dimension holds the "
    "replies to one prompt; there may be others before it.",
    entry=of_reply,
    worked=scored([1, 2, 6]),
    answer=[4.0, 3.5, 1.5],
    cases=(
        scored([0, 1]),
        scored([[0, 1, 5], [4, 6, 2]]),
        scored([1, 1, 1], law="When all scores agree, so does the baseline"),
    ),
    random_case=random_scores,
    hints=(
        "What would the mean score have been if this reply had never been written?",
        "The sum of the others is the sum of all, minus its own. How many others are there?",
        "(scores.sum(dim=-1, keepdim=True) - scores) / (scores.shape[-1] - 1)",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(from_the_mean, as_a_matrix, one_by_one),
)
