"""Write `group_advantages`, as `relatives` has it. Chapter: book/beyond/relatives.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.reinforce import leave_one_out_baseline
from ppo_teach.relatives import group_advantages


def scored(scores: list, *, law: str = "") -> Case:
    return Case({"scores": torch.tensor(scores, dtype=torch.float32)}, law=law)


def random_scores(rng: torch.Generator) -> Case:
    """Two batches of three prompts, four responses each, the first of them by far the best."""
    scores = torch.randint(-100, 101, (2, 3, 4), generator=rng) / 100
    scores[..., 0] += 2
    return scored(scores.tolist())


def of_response(index: tuple[int, ...]) -> str:
    return f"advantage of response {index[-1]}" + (f" to prompt {list(index[:-1])}" if index[:-1] else "")


def by_the_librarys_std(scores):
    """The library's standard deviation, told to divide by N; the small number stands beside it."""
    return (scores - scores.mean(-1, keepdim=True)) / (scores.std(-1, correction=0, keepdim=True) + 1e-8)


def group_by_group(scores):
    """A loop over prompts in Python's floats, in which a group of equals is a case of its own."""
    rows = []
    for group in scores.flatten(end_dim=-2).tolist() if scores.dim() > 1 else [scores.tolist()]:
        mean = sum(group) / len(group)
        spread = (sum((score - mean) ** 2 for score in group) / len(group)) ** 0.5
        rows.append([(score - mean) / spread if spread > 1e-6 else 0.0 for score in group])
    return torch.tensor(rows).view(scores.shape)


def by_pairs(scores):
    """The differences within a group: on average the distance from its mean, and in mean square twice its variance."""
    differences = scores[..., :, None].double() - scores[..., None, :]
    variance = differences.square().mean(dim=(-2, -1)) / 2
    return differences.mean(dim=-1) * (variance + 1e-8).rsqrt()[..., None]


MISCONCEPTIONS = (
    Misconception(
        "the variance is divided by N − 1",
        edited(group_advantages, ("centred.square().mean(dim=-1, keepdim=True)", "scores.var(-1, keepdim=True)")),
        "all advantages came out smaller by the factor √((N − 1)/N)",
        "`std()` and `var()` of torch do so unless told otherwise, and code often leaves it at that",
        "Scores of 1 and 0: how far is each from their mean, in root mean squares?",
    ),
    Misconception(
        "the variance is divided by N − 1, and a large number stands beside its root",
        lambda scores: (scores - scores.mean(-1, keepdim=True)) / (scores.std(-1, keepdim=True) + 1e-4),
        "all advantages came out smaller by the factor √((N − 1)/N), and where the scores differ by little by more",
        "so it stands in published code",
        "Scores of 1 and 0: how far is each from their mean, in root mean squares?",
    ),
    Misconception(
        "nothing keeps the root away from zero",
        edited(group_advantages, (" + 1e-8", "")),
        "a group of equal scores gives 0/0",
        "with different scores the small addition cannot be seen",
        "All responses to a prompt are right. What is their variance, and what comes after it?",
    ),
    Misconception(
        "a large number under the root",
        edited(group_advantages, ("1e-8", "1e-2")),
        "the addition was not small against the variance",
        "it is there to prevent a division by zero, and any number does that",
        "All scores are divided by 10. What should become of the advantages?",
    ),
    Misconception(
        "a large number beside the root",
        edited(group_advantages, ("torch.sqrt(variance + 1e-8)", "(torch.sqrt(variance) + 1e-4)")),
        "the addition is not small where the scores differ by little",
        "published code adds this number there, where rewards of 0 and 1 hide it",
        "All scores are divided by 10. What should become of the advantages?",
    ),
    Misconception(
        "nothing is divided",
        edited(group_advantages, (" / torch.sqrt(variance + 1e-8)", "")),
        "this is the score minus the group's mean, in units of reward",
        "a baseline is all that a policy gradient needs, and Dr. GRPO leaves it at that",
        "What is the mean square of your advantages within a group?",
    ),
    Misconception(
        "divided by the variance",
        edited(group_advantages, ("torch.sqrt(", "(")),
        "the square root is missing",
        "'scaled to variance 1' sounds like a division by it",
        "All scores double. What happens to their variance, and what should happen to the advantages?",
    ),
    Misconception(
        "the mean is kept",
        edited(group_advantages, ("return centred", "return scores")),
        "the scores were scaled, and not shifted: where all scores are positive, every response is praised",
        "scaling alone keeps the signs, and rewards are treated so",
        "What is the mean of your advantages within a group?",
    ),
    Misconception(
        "the sign",
        edited(group_advantages, ("return centred", "return -centred")),
        "the better response has the lower advantage",
        "mean and score are easily named in the other order",
        "Which response should become likelier: the one above the mean, or the one below?",
    ),
    Misconception(
        "the mean of all prompts",
        edited(group_advantages, ("scores.mean(dim=-1, keepdim=True)", "scores.mean()")),
        "an easy prompt makes all of its responses look good",
        "`scores.mean()` is right for a single prompt",
        "Which responses tell how hard *this* prompt is?",
    ),
    Misconception(
        "the standard deviation of all prompts",
        edited(group_advantages, ("centred.square().mean(dim=-1, keepdim=True)", "scores.var(correction=0)")),
        "the mean is the group's, but the unit is taken from the scores of other prompts",
        "one scale for the whole batch is what whitening does, and has the smaller bias; it is another method",
        "One prompt has scores near 0.5, another from 0 to 1. Should both be divided by one number here?",
    ),
    Misconception(
        "one scale for the batch, after centring",
        edited(group_advantages, ("square().mean(dim=-1, keepdim=True)", "square().mean()")),
        "the mean is the group's, but a prompt on which all agree made the others look more certain",
        "`mean()` without a dimension is shorter, and the result still has variance 1 over the batch",
        "One prompt has scores near 0.5, another from 0 to 1. Should both be divided by one number here?",
    ),
    Misconception(
        "mean and variance of the whole batch",
        lambda scores: (scores - scores.mean()) * torch.rsqrt(scores.var(correction=0) + 1e-8),
        "this is whitening: responses to different prompts were held against one another",
        "it is what PPO does to its advantages",
        "What does a critic know about a prompt, and who knows it here?",
    ),
    Misconception(
        "mean and variance of the whole batch, and n − 1 divides",
        lambda scores: (scores - scores.mean()) / (scores.std() + 1e-8),
        "responses to different prompts were held against one another, and the variance was divided by n − 1",
        "it is the line with which most repositories whiten",
        "What does a critic know about a prompt, and who knows it here?",
    ),
    Misconception(
        "along the wrong dimension",
        lambda scores: (scores - scores.mean(0)) * torch.rsqrt(scores.var(0, correction=0) + 1e-8),
        "each response was held against responses to other prompts",
        "axis 0 is the batch almost everywhere",
        "Which dimension holds the responses to one prompt?",
    ),
    Misconception(
        "the response itself is left out of the mean",
        edited(
            group_advantages, ("return centred", "return (scores - baseline(scores))"), baseline=leave_one_out_baseline
        ),
        "the baseline is the mean of the others, so all advantages are larger by the factor N/(N − 1)",
        "a reply's own score has no place in its baseline, if the expected gradient is to be the true one",
        "Scores of 1 and 0: what is the mean of the group, and what the mean of the others?",
    ),
    Misconception(
        "the best of the group is the baseline",
        edited(group_advantages, ("return centred", "return (scores - scores.amax(dim=-1, keepdim=True))")),
        "no response has a positive advantage, and the best has none at all",
        "a high standard sounds useful",
        "What is the mean of your advantages within a group?",
    ),
    Misconception(
        "the variance around zero",
        edited(group_advantages, ("centred.square()", "scores.square()")),
        "the mean square of the scores was taken for their variance",
        "once the mean is gone they are the same; it was not gone yet",
        "What is the variance of the scores 3, 3 and 3?",
    ),
    Misconception(
        "the mean distance instead of its root mean square",
        edited(group_advantages, ("torch.sqrt(variance + 1e-8)", "centred.abs().mean(-1, keepdim=True).add(1e-8)")),
        "the distances from the mean were averaged without their squares",
        "with as many right as wrong responses both are the same",
        "Scores of 1, 0, 0 and 0: which distance is the large one, and what does squaring do to it?",
    ),
    Misconception(
        "scaled to length 1",
        edited(group_advantages, ("square().mean(", "square().sum(")),
        "the squares were added up, not averaged: in a larger group every advantage is smaller",
        "a norm is a root of squares, too",
        "Twice as many responses with the same scores: should the advantages change?",
    ),
    Misconception(
        "from 0 to 1",
        edited(
            group_advantages,
            ("return centred", "low, high = scores.aminmax(dim=-1, keepdim=True)\n    return (scores - low)"),
            ("torch.sqrt(variance + 1e-8)", "(high - low).clamp(min=1e-8)"),
        ),
        "the worst of the group has 0 and the best 1, so nothing is ever discouraged",
        "it is a usual way to bring numbers to one scale",
        "What should the advantage of a response worse than the others be: zero, or less?",
    ),
)

EXERCISE = Exercise(
    function=group_advantages,
    title="Better than its siblings",
    section="Group advantages",
    minutes=10,
    difficulty=2,
    goal="Return for each response its score less the mean of its group, divided by √(var + 1e-8). A group is the N "
    "responses to one prompt, in the last dimension; there may be others before it. The variance is divided by N, so "
    "that a group has mean 0 and variance 1; a group of equal scores gives 0.",
    entry=of_response,
    worked=scored([1, 0, 0, 1]),
    answer=[1.0, -1.0, -1.0, 1.0],
    cases=(
        scored([1, 0, 0, 0]),
        scored([1, 5]),
        scored([[0, 1, 5], [4, 6, 2]]),
        scored([1, 1, 1, 1], law="In a group of equals there is nothing to learn: all advantages are 0"),
        scored([9, 8, 8, 9], law="A constant added to a group's scores changes nothing"),
        scored([0.1, 0, 0, 0.1], law="A unit of the scores ten times as large changes nothing"),
        scored([1, 1, 0, 0, 0, 0, 1, 1], law="Every score twice, in a group twice as large, changes nothing"),
    ),
    random_case=random_scores,
    hints=(
        "On paper: how far is each of the four scores from their mean, and what is the mean of those squares?",
        "Mean over the last dimension, subtract; mean square over the last dimension, add 1e-8; divide by the root.",
        "centred = scores - scores.mean(dim=-1, keepdim=True), divided by the root of "
        "centred.square().mean(dim=-1, keepdim=True) + 1e-8.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_the_librarys_std, group_by_group, by_pairs),
)
