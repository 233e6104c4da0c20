"""Write `paired_interval`. Chapter: book/ppo/ablations.md."""

import statistics

import torch

from ppo_teach.exercises.ablations.paired_interval_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.intervals import paired_interval


def scores(ours: list, theirs: list, *, t: float, law: str = "") -> Case:
    """A case from two rows of scores, a seed in each column."""
    inputs = {"ours": ours, "theirs": theirs}
    return Case({**{name: torch.tensor(row, dtype=torch.float32) for name, row in inputs.items()}, "t": t}, law=law)


def random_scores(rng: torch.Generator) -> Case:
    """Five seeds with luck in common, differences of both signs and their median off their mean."""
    luck = torch.randint(0, 50, (5,), generator=rng)
    differences = torch.tensor([-4, 1, 2, 3, 10])[torch.randperm(5, generator=rng)]
    return scores((luck + differences).tolist(), luck.tolist(), t=2.776)


def squares_less_the_square_of_the_mean(ours, theirs, *, t):
    """The spread from two sums, in float64."""
    differences = (ours - theirs).double()
    seeds = len(differences)
    mean = differences.sum() / seeds
    variance = (differences.square().sum() - seeds * mean**2) / (seeds - 1)
    return mean + torch.tensor([-1.0, 1.0], dtype=torch.float64) * t * (variance / seeds).clamp(min=0).sqrt()


def with_python_alone(ours, theirs, *, t):
    """The standard library knows means and deviations."""
    differences = [one - other for one, other in zip(ours.tolist(), theirs.tolist(), strict=True)]
    half = t * statistics.stdev(differences) / len(differences) ** 0.5
    return torch.tensor([statistics.fmean(differences) - half, statistics.fmean(differences) + half])


def by_the_biased_spread(ours, theirs, *, t):
    """Squares divided by S, and a root of S − 1 below: the same."""
    differences = ours - theirs
    half = t * differences.std(correction=0) / (len(ours) - 1) ** 0.5
    return torch.stack((differences.mean() - half, differences.mean() + half))


def end(index: tuple[int, ...]) -> str:
    return f"{'lower' if index[0] == 0 else 'upper'} end"


EXERCISE = Exercise(
    function=paired_interval,
    title="More than luck?",
    section="How many seeds make a difference?",
    minutes=10,
    difficulty=2,
    goal="Return the lower and the upper end of the confidence interval for the mean of ours − theirs: the mean "
    "difference ± t standard errors. Entry i of both is the score of seed i, so they come in pairs. The spread is that "
    "of a sample: squares are divided by one less than their number.",
    entry=end,
    worked=scores([3, 5, 4], [1, 4, 1], t=4.303),
    answer=[-0.4843, 4.4843],
    cases=(
        scores([1, 0], [0, 1], t=12.706),
        scores([2, 9, 5, 4], [1, 3, 3, 3], t=3.182),
        scores([7, 7, 7], [5, 5, 5], t=4.303, law="A difference that is the same with every seed is sure"),
        scores([103, -45, 11], [101, -46, 8], t=4.303, law="What a seed does to both variants alike changes nothing"),
    ),
    random_case=random_scores,
    hints=(
        "Two runs share a seed: the same start, the same draws at first. How do you take out what they have in common?",
        "Subtract first. Then a mean, a standard deviation, and the root of the number of seeds.",
        "d = ours - theirs; half = t * d.std() / len(d) ** 0.5; torch.stack([d.mean() - half, d.mean() + half]).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(squares_less_the_square_of_the_mean, with_python_alone, by_the_biased_spread),
)
