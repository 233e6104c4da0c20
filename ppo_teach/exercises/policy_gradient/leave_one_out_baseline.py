"""Write `leave_one_out_baseline`. Chapter: book/foundations/policy-gradient.md."""

import numpy as np
import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.policy_gradient.leave_one_out_baseline_misconceptions import MISCONCEPTIONS
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
