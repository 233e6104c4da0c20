"""Write `bradley_terry_loss`. Chapter: book/language/reward-models.md."""

import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.reward_models.bradley_terry_loss_misconceptions import MISCONCEPTIONS
from ppo_teach.reward_model import bradley_terry_loss

LOG3 = math.log(3)


def pairs(chosen: list, rejected: list, *, law: str = "") -> Case:
    return Case({"chosen": torch.tensor(chosen), "rejected": torch.tensor(rejected)}, law=law)


def random_pairs(rng: torch.Generator) -> Case:
    """Three pairs: the preferred one far ahead, a little ahead, and behind."""
    rejected, ahead = torch.randn(3, generator=rng) + 1, torch.tensor([2.5, 0.4, -1.2])
    return pairs((rejected + ahead[torch.randperm(3, generator=rng)]).tolist(), rejected.tolist())


def as_cross_entropy(chosen, rejected):
    """The difference is the logit of a classifier that should always say yes."""
    return binary_cross_entropy_with_logits(chosen - rejected, torch.ones_like(chosen))


def as_softplus(chosen, rejected):
    return softplus(rejected.double() - chosen.double()).mean()


def as_a_softmax_of_two(chosen, rejected):
    """The first of two classes."""
    return -torch.stack([chosen, rejected], dim=-1).log_softmax(dim=-1)[:, 0].mean()


def pair_by_pair(chosen, rejected):
    zero = torch.zeros(())
    return sum(torch.logaddexp(zero, r - c) for c, r in zip(chosen, rejected, strict=True)) / len(chosen)


EXERCISE = Exercise(
    function=bradley_terry_loss,
    title="The loss of a choice",
    section="A model of choice",
    minutes=10,
    difficulty=2,
    goal="Return minus the mean log-probability of the choices that were made, in nats per pair: "
    "−log σ(R_chosen − R_rejected), averaged over the pairs. Scores may differ by hundreds.",
    entry="loss",
    worked=pairs([LOG3, 5.0], [0.0, 5.0]),
    answer=(math.log(4 / 3) + math.log(2)) / 2,
    cases=(
        pairs([1.0], [0.0]),
        pairs([-1.0, 2.0], [1.0, 0.5]),
        pairs([2.0, 0.5, 1.0], [0.0, 1.5, 1.0]),
        pairs([8.0, 6.0], [7.0, 8.0], law="Only differences count: the same number may be added to all scores"),
        pairs([200.0, -200.0], [-200.0, 200.0], law="A difference of 400 costs nothing one way and 400 the other"),
    ),
    random_case=random_pairs,
    gradients=("chosen", "rejected"),
    hints=(
        "On paper: what probability does a difference of log 3 give to the choice that was made?",
        "One number for each pair first, the log-probability of its choice; then the mean, then the sign.",
        "-torch.nn.functional.logsigmoid(chosen - rejected).mean()",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(as_cross_entropy, as_softplus, as_a_softmax_of_two, pair_by_pair),
)
