"""Write `noise_ceiling`, as `preferences` has it. Chapter: book/applications/dialogue.md."""

import torch

from ppo_teach.exercises.dialogue.noise_ceiling_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.preferences import noise_ceiling


def pairs(first: list, second: list, temperature: float, *, law: str = "") -> Case:
    worth = {"first_gold": first, "second_gold": second}
    golds = {name: torch.tensor(row, dtype=torch.float32) for name, row in worth.items()}
    return Case({**golds, "temperature": temperature}, law=law)


def random_pairs(rng: torch.Generator) -> Case:
    """Five pairs: the first better in two, the second in two, and one pair of equals."""
    second = torch.randint(-3, 3, (5,), generator=rng) / 2
    first = second + torch.tensor([0.5, 2.0, 0.0, -1.0, -2.5])[torch.randperm(5, generator=rng)]
    return pairs(first.tolist(), second.tolist(), [0.5, 2.0][int(torch.randint(2, (), generator=rng))])


def of_the_size_alone(first_gold, second_gold, *, temperature):
    """It does not matter which of the two is better."""
    return torch.sigmoid((first_gold - second_gold).abs() / temperature).mean()


def by_strengths(first_gold, second_gold, *, temperature):
    """The share of the stronger in the strength of both, in float64."""
    strengths = torch.stack([first_gold, second_gold]).double().div(temperature).exp()
    return (strengths.amax(dim=0) / strengths.sum(dim=0)).mean()


def half_and_a_half(first_gold, second_gold, *, temperature):
    """A coin's half, and what knowing adds to it."""
    return 0.5 + 0.5 * torch.tanh((first_gold - second_gold).abs() / temperature / 2).mean()


EXERCISE = Exercise(
    function=noise_ceiling,
    title="How good can a judge be?",
    section="A judge, and how good he can be",
    minutes=10,
    difficulty=2,
    goal="Two replies were shown, and the first is preferred with probability σ(Δ / temperature), where Δ is its gold "
    "score less the other's. Return the share of such choices that somebody foretells on average who knows both gold "
    "scores and names the likelier choice each time: a number from ½ to 1.",
    entry="ceiling",
    worked=pairs([1.0986123, 0, 2], [0, 1.0986123, 2], 1.0),
    answer=2 / 3,
    cases=(
        pairs([2.1972246], [0], 2.0),
        pairs([0, 1], [4, 0], 0.5),
        pairs([1, 2], [1, 2], 1.0, law="Where both are worth the same a coin decides, and nobody does better than ½"),
        pairs([101, 100, 103], [100, 102, 103], 1.0, law="Only differences count"),
    ),
    random_case=random_pairs,
    hints=(
        "In the second pair on paper the second reply is the better one. Which choice will you foretell, and how often "
        "will you be right?",
        "For each pair the probability p of the first. You may name the other one too: what is the better of the two?",
        "p = torch.sigmoid((first_gold - second_gold) / temperature); torch.maximum(p, 1 - p).mean().",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(of_the_size_alone, by_strengths, half_and_a_half),
)
