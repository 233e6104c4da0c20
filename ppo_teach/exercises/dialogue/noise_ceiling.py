"""Write `noise_ceiling`, as `preferences` has it. Chapter: book/applications/dialogue.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
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


MISCONCEPTIONS = (
    Misconception(
        "the first is always foretold",
        edited(noise_ceiling, ("torch.maximum(probability, 1 - probability)", "probability")),
        "where the second reply is better you foretold the first all the same",
        "P(the first is preferred) is the formula of the chapter, and its mean looks like an accuracy",
        "The second reply is worth more, and you know it. Which choice do you foretell?",
    ),
    Misconception(
        "only a coin where the second is better",
        edited(noise_ceiling, ("torch.maximum(probability, 1 - probability)", "probability.clamp(min=0.5)")),
        "pairs whose second reply is better came out at ½, as if nobody could tell",
        "`clamp(min=0.5)` looks like 'never worse than a coin', which the ceiling is too",
        "The same pair the other way round: is its choice harder to foretell?",
    ),
    Misconception(
        "the likelier choice is taken for certain",
        edited(
            noise_ceiling, ("torch.maximum(probability, 1 - probability)", "torch.where(probability == 0.5, 0.5, 1.0)")
        ),
        "whoever knows the scores would be right each time; but those who chose saw them through noise",
        "the better reply is known, so it seems that nothing can go wrong",
        "A difference of log 3, at temperature 1: how often is the better reply preferred?",
    ),
    Misconception(
        "how often two people agree",
        edited(
            noise_ceiling, ("torch.maximum(probability, 1 - probability)", "(probability**2 + (1 - probability) ** 2)")
        ),
        "this is what one person foretells of another by choosing like him, noise and all",
        "agreement among people is measured so, and is often called a ceiling too",
        "Who foretells here: somebody who tosses a coin like the others, or somebody who names the likelier choice?",
    ),
    Misconception(
        "the share that cannot be foretold",
        edited(noise_ceiling, ("maximum", "minimum")),
        "these are the mistakes, and not what is right",
        "min and max are one letter apart in the mind",
        "Can somebody who knows the scores do worse than a coin?",
    ),
    Misconception(
        "the temperature multiplies",
        edited(of_the_size_alone, ("/ temperature", "* temperature")),
        "a coarse eye sees differences better than a fine one",
        "both ways it is a factor on the difference",
        "A higher temperature: do people see a difference more easily, or less?",
    ),
    Misconception(
        "the temperature is left out",
        edited(of_the_size_alone, (" / temperature", "")),
        "it is the ceiling for another eye",
        "at temperature 1 it makes no difference",
        "The same two replies, at a temperature of 2: is the choice as easy to foretell?",
    ),
    Misconception(
        "half the difference",
        edited(of_the_size_alone, ("/ temperature", "/ temperature / 2")),
        "the differences came out half as large as they are",
        "a tanh, of which σ is a shifted half, has a 2 in it",
        "A difference of log 3 at temperature 1: what does σ say?",
    ),
    Misconception(
        "one choice foretold for all pairs",
        edited(noise_ceiling, ("temperature=temperature)", "temperature=temperature).mean()")),
        "better firsts and better seconds cancelled before the choice was foretold",
        "the mean comes last in the formula, and first in the fingers",
        "May you foretell the first for one pair and the second for the next?",
    ),
    Misconception(
        "the ceiling of the mean difference",
        edited(of_the_size_alone, (".abs() / temperature).mean()", ".abs().mean() / temperature)")),
        "σ bends: the mean of its values is not its value at the mean",
        "one number to put into one formula",
        "A pair that is certain and a pair of equals: is that the same as two pairs in between?",
    ),
    Misconception(
        "pairs of equals are left out",
        edited(noise_ceiling, (".mean()", "[first_gold != second_gold].mean()")),
        "the pairs where only a coin decides are not counted, and the ceiling is too high",
        "where both are worth the same there is nothing to foretell",
        "Will the judge be asked about such pairs?",
    ),
    Misconception(
        "a sum over pairs",
        edited(noise_ceiling, (".mean()", ".sum()")),
        "more pairs would make a higher ceiling",
        "`.sum()` and `.mean()` look alike with one pair",
        "Can a share be more than 1?",
    ),
    Misconception(
        "a mean for each row",
        edited(noise_ceiling, (".mean()", ".mean(dim=-1)")),
        "pairs may come in rows and columns, and one number was asked for",
        "with a single row of pairs the last dimension is all there is",
        "How many numbers did you return for two rows of pairs?",
    ),
    Misconception(
        "the easiest pair",
        edited(noise_ceiling, (".mean()", ".max()")),
        "the pair that is easiest to foretell stands for all",
        "a ceiling sounds like the highest of something",
        "Highest over what: over pairs, or over judges?",
    ),
)

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
        pairs([[1, 0], [3, 0]], [[0, 2], [0, 0]], 1.0),
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
