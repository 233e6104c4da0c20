"""Write `best_of_group`, as `relatives` has it. Chapter: book/beyond/relatives.md."""

import torch
from torch.nn.functional import one_hot

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.relatives import best_of_group


def scored(scores: list, *, law: str = "") -> Case:
    return Case({"scores": torch.tensor(scores, dtype=torch.float32)}, law=law)


def random_scores(rng: torch.Generator) -> Case:
    """Two batches of three prompts, four responses each: a tie for the best, a group below 0, a group of equals."""
    scores = torch.randint(-100, 90, (2, 3, 4), generator=rng) / 100
    scores[:, 0] = torch.tensor([0.2, 1.5, 0.7, 1.5])[torch.randperm(4, generator=rng)]
    scores[:, 1] -= 2
    scores[1, 2] = 0.5
    return scored(scores.tolist())


def of_response(index: tuple[int, ...]) -> str:
    return f"weight of response {index[-1]}" + (f" to prompt {list(index[:-1])}" if index[:-1] else "")


def by_comparison(scores):
    """Those equal to the highest, and of these the first that is counted."""
    highest = scores == scores.amax(dim=-1, keepdim=True)
    return (highest & (highest.cumsum(dim=-1) == 1)).float()


def group_by_group(scores):
    """A loop over prompts: `index` finds the first."""
    weights = torch.zeros_like(scores)
    for group, row in zip(scores.view(-1, scores.shape[-1]).tolist(), weights.view(-1, scores.shape[-1]), strict=True):
        row[group.index(max(group))] = 1.0
    return weights


def by_scatter(scores):
    """The index of the first maximum, by NumPy, and a 1 put there in float64."""
    first = torch.as_tensor(scores.numpy().argmax(axis=-1))
    return torch.zeros_like(scores, dtype=torch.float64).scatter(-1, first[..., None], 1.0)


MISCONCEPTIONS = (
    Misconception(
        "everybody who shares the highest score",
        edited(by_comparison, (" & (highest.cumsum(dim=-1) == 1)", "")),
        "a prompt with several best responses weighs more than one with a single best",
        "`scores == scores.max()` is the definition of the best",
        "Two responses share the highest score. How many are to be imitated?",
    ),
    Misconception(
        "the best share one weight",
        edited(
            by_comparison,
            ("(highest & (highest.cumsum(dim=-1) == 1)).float()", "highest / highest.sum(dim=-1, keepdim=True)"),
        ),
        "each of the best was given a part; the first alone was asked for",
        "the weights of a prompt add up to 1 all the same, and nobody is preferred for coming first",
        "Two responses share the highest score. How many are to be imitated?",
    ),
    Misconception(
        "the last of the highest",
        edited(by_comparison, ("highest.cumsum(dim=-1)", "highest.flip(-1).cumsum(dim=-1).flip(-1)")),
        "where scores are equal the later response was taken",
        "a loop that replaces the best where `>=` holds ends there",
        "A later response is as good as the best so far. Does it replace it?",
    ),
    Misconception(
        "the best of the whole batch",
        edited(by_comparison, ("scores.amax(dim=-1, keepdim=True)", "scores.amax()")),
        "a response to an easy prompt was taken, and nothing is learned about the hard ones",
        "`scores.max()` is right for a single prompt",
        "How many responses should be imitated when there are two prompts?",
    ),
    Misconception(
        "all of the highest in the whole batch",
        lambda scores: (scores == scores.max()).float(),
        "whoever shares the highest score of all prompts was taken, and nothing is learned about the hard ones",
        "it is the definition of the best, and one line",
        "How many responses should be imitated when there are two prompts?",
    ),
    Misconception(
        "along the wrong dimension",
        lambda scores: one_hot(scores.argmax(dim=0), scores.shape[0]).movedim(-1, 0).to(scores),
        "each response was held against responses to other prompts",
        "axis 0 is the batch almost everywhere",
        "Which dimension holds the responses to one prompt?",
    ),
    Misconception(
        "the worst",
        edited(best_of_group, ("argmax", "argmin")),
        "the lowest score was taken",
        "the smallest of something is the best wherever it is a loss",
        "Is a score a reward or a cost?",
    ),
    Misconception(
        "the best keeps its score",
        edited(best_of_group, (".to(scores)", " * scores")),
        "the best response of a hard prompt weighs less than that of an easy one, and below 0 it is unlearned",
        "a weight that is a score is what REINFORCE has",
        "The best response to a prompt scored −1. Should it be made less likely here?",
    ),
    Misconception(
        "the number of the best",
        edited(best_of_group, ("one_hot(scores.argmax(dim=-1), scores.shape[-1])", "scores.argmax(dim=-1)")),
        "there is one number for each prompt; each response needs its weight",
        "`argmax` says which one it is",
        "How many numbers are asked for, when one prompt has four responses?",
    ),
    Misconception(
        "the others are pushed away",
        edited(best_of_group, (".to(scores)", ".to(scores) * 2 - 1")),
        "a weight of −1 unlearns what was not the best, good or bad",
        "what is not to be imitated seems to be what is to be avoided",
        "Rejection sampling throws the others away. What is the weight of what is not there?",
    ),
    Misconception(
        "everybody above the mean",
        lambda scores: (scores > scores.mean(dim=-1, keepdim=True)).float(),
        "several responses were taken, and none where all scores agree",
        "what is better than expected is what a policy gradient makes likelier",
        "Of eight responses, how many are to be imitated?",
    ),
    Misconception(
        "everybody with a positive score",
        lambda scores: (scores > 0).float(),
        "a prompt with many good responses weighs more than one with a single good one, and a hard prompt not at all",
        "where a reward is 0 or 1 one may keep all that are right, and published methods do",
        "All responses to a prompt scored below 0. Which one is imitated?",
    ),
    Misconception(
        "whoever scored 1",
        lambda scores: (scores == 1).float(),
        "1 was taken for the highest score",
        "where a reward is 0 or 1 it is, if anybody got it right",
        "The highest score of a group is 5. Which weight has that response?",
    ),
    Misconception(
        "the best, if it is above 0",
        edited(best_of_group, (".to(scores)", ".to(scores) * (scores > 0)")),
        "where all scores are below 0 nobody was imitated",
        "a loop that looks for the highest score often starts at 0",
        "With which number does a search for the highest score begin?",
    ),
    Misconception(
        "nobody, where all are equal",
        edited(best_of_group, (".to(scores)", ".to(scores) * (scores > scores.amin(dim=-1, keepdim=True))")),
        "in a group of equals nobody was imitated",
        "such a group has no advantages in GRPO, and teaches nothing there",
        "Of four equally good responses, how many are the first of the highest?",
    ),
    Misconception(
        "the scores as probabilities",
        edited(
            best_of_group, ("one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores)", "scores.softmax(dim=-1)")
        ),
        "every response was taught, the better ones more",
        "a softmax is called a soft maximum",
        "Which weight has the second best response?",
    ),
    Misconception(
        "the rank, from 0 to 1",
        lambda scores: (scores[..., None] > scores[..., None, :]).double().mean(-1) / (1 - 1 / scores.shape[-1]),
        "the second best was taught nearly as much as the best",
        "only the order counts in both",
        "Which weight has the second best response?",
    ),
)

EXERCISE = Exercise(
    function=best_of_group,
    title="The best of the group",
    section="Best of the group",
    minutes=5,
    difficulty=1,
    goal="Return for each response the weight with which it is imitated: 1 for the first of the highest scores of its "
    "group, and 0 for all others. A group is the N responses to one prompt, in the last dimension; there may be others "
    "before it. The weights are of a floating type.",
    entry=of_response,
    worked=scored([1, 4, 0, 4]),
    answer=[0.0, 1.0, 0.0, 0.0],
    cases=(
        scored([0, 1, 0, 0]),
        scored([[0, 1, 5], [4, 6, 2]]),
        scored([-2, -1]),
        scored([[2, 2], [0, 3]]),
        scored([0.5, 0.5, 0.5, 0.5], law="In a group of equals the first is taken"),
        scored([-4, -1, -5, -1], law="A constant added to a group's scores changes nothing"),
    ),
    random_case=random_scores,
    hints=(
        "On paper: two responses share the highest score. How many weights of 1 are there, and where?",
        "Find the index of the first highest along the last dimension, and put a 1 there into a tensor of zeros.",
        "torch.nn.functional.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores): `argmax` gives the first.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_comparison, group_by_group, by_scatter),
)
