"""Write `quantised`, as `off_policy` has it. Chapter: book/beyond/off-policy.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.off_policy import quantised


def matrix(weights: list, *, bits: int, law: str = "") -> Case:
    return Case({"weights": torch.tensor(weights, dtype=torch.float32), "bits": bits}, law=law)


def random_matrix(rng: torch.Generator) -> Case:
    """Three rows of four weights, the first row much smaller than the others; the largest in size is negative."""
    weights = torch.randint(-90, 91, (3, 4), generator=rng) / 100
    weights[0] /= 5
    weights[1, 2] = -1.3
    return matrix(weights.tolist(), bits=pick(rng, 3, 4, 5))


def step_by_step(weights, *, bits):
    """The marks from −m to m, the number of steps, and back."""
    marks = 2 ** (bits - 1) - 1
    largest = weights.abs().amax()
    if largest == 0:
        return weights.clone()
    scale = largest / marks
    return (weights / scale).round() * scale


def to_the_nearest_mark(weights, *, bits):
    """All marks are listed, and each weight looks for its nearest; of two equally near ones the even."""
    marks = 2 ** (bits - 1) - 1
    largest = weights.abs().amax()
    if largest == 0:
        return weights.clone()
    numbers = torch.arange(-marks, marks + 1)
    far = (weights.flatten()[:, None] / largest * marks - numbers).abs()
    far = far + 1e-4 * (numbers % 2)
    return (numbers[far.argmin(dim=1)] * largest / marks).view(weights.shape)


def one_by_one(weights, *, bits):
    """Python's own round, weight by weight."""
    numbers = weights.double().flatten().tolist()
    largest = max(map(abs, numbers))
    scale = largest / (2 ** (bits - 1) - 1) or 1.0
    return torch.tensor([scale * round(number / scale) for number in numbers]).view(weights.shape)


MISCONCEPTIONS = (
    Misconception(
        "rounded down",
        edited(step_by_step, (".round()", ".floor()")),
        "every weight fell to the mark below it, so that all of them became smaller on average",
        "cutting off digits looks like rounding",
        "The marks are 0 and 1. Where does 0.9 belong?",
    ),
    Misconception(
        "rounded towards 0",
        edited(step_by_step, (".round()", ".trunc()")),
        "every weight lost size; turning a float into an integer does that",
        "`.int()` and `.to(torch.int8)` do so without a word",
        "The marks are 0 and 1. Where does 0.9 belong?",
    ),
    Misconception(
        "one bit too many",
        edited(step_by_step, ("2 ** (bits - 1) - 1", "2**bits - 1")),
        "the sign needs a bit, too: from −m to m there are 2m + 1 marks, and 2^bits must be enough for them",
        "2^bits is the number of different patterns",
        "With two bits there are four patterns. How many marks has your ruler?",
    ),
    Misconception(
        "a mark too many above 0",
        edited(step_by_step, ("2 ** (bits - 1) - 1", "2 ** (bits - 1)")),
        "with 2^(bits − 1) marks on each side and 0 in the middle there are 2^bits + 1 of them",
        "half of the patterns are for each sign",
        "With two bits there are four patterns. How many marks has your ruler?",
    ),
    Misconception(
        "the largest, not the largest in size",
        edited(step_by_step, ("weights.abs().amax()", "weights.amax()")),
        "the end of the ruler is the largest positive weight; negative ones may lie beyond it",
        "`max` is the largest",
        "Your weights are −1 and 0.5. Where does the ruler end?",
    ),
    Misconception(
        "a ruler for each row",
        edited(
            step_by_step,
            ("weights.abs().amax()", "weights.abs().amax(dim=-1, keepdim=True)"),
            ("if largest == 0", "if (largest == 0).any()"),
        ),
        "every row has a scale of its own; one for the whole tensor was asked for",
        "a scale for each row is finer, and often used",
        "How many scales has your tensor?",
    ),
    Misconception(
        "the marks' numbers, not the weights",
        edited(step_by_step, (".round() * scale", ".round()")),
        "these are the integers that would be stored; the model computes with s times them",
        "the integers are what quantising is about",
        "The largest weight was 0.3. What is the largest of yours?",
    ),
    Misconception(
        "the ruler runs from the smallest to the largest",
        edited(
            step_by_step,
            ("largest = weights.abs().amax()", "largest, lowest = weights.amax() - weights.amin(), weights.amin()"),
            ("scale = largest / marks", "scale = largest / (2 * marks)"),
            ("(weights / scale).round() * scale", "((weights - lowest) / scale).round() * scale + lowest"),
        ),
        "the ends are the smallest and the largest weight, so 0 need not be a mark",
        "no mark is wasted that way, and activations are often rounded so",
        "A weight of exactly 0: what does it become?",
    ),
    Misconception(
        "only what is beyond the ruler changes",
        edited(step_by_step, ("return (weights / scale).round() * scale", "return weights.clamp(-largest, largest)")),
        "nothing was rounded",
        "a bound on the size looks like the effect of few bits",
        "How many different weights are left with two bits?",
    ),
    Misconception(
        "rounded to whole numbers",
        edited(step_by_step, ("return (weights / scale).round() * scale", "return weights.round()")),
        "the marks are the whole numbers, whatever the weights and the bits",
        "`round` is the function that rounds",
        "The largest weight is 0.3. Which marks are there with three bits?",
    ),
    Misconception(
        "nothing of nothing",
        edited(step_by_step, ("if largest == 0:\n        return weights.clone()\n    ", "")),
        "0 was divided by 0 where all weights are 0",
        "a tensor of zeros is rare, and biases begin as one",
        "What is s when every weight is 0?",
    ),
    Misconception(
        "decimal digits instead of bits",
        edited(step_by_step, ("2 ** (bits - 1) - 1", "10 ** (bits - 1) - 1")),
        "a bit has two values, not ten",
        "`round(x, digits)` counts decimal digits",
        "How many different numbers can two bits tell apart?",
    ),
)

EXERCISE = Exercise(
    function=quantised,
    title="Fewer bits",
    section="Fewer bits",
    minutes=10,
    difficulty=2,
    goal="Return the weights, each moved to the nearest mark of a ruler: 0 in its middle, 2^(bits − 1) − 1 marks on "
    "each side, evenly spaced, and the largest weight in size at an end. One ruler for the whole tensor; half-way "
    "between two marks `torch.round` decides. A tensor of zeros stays one.",
    entry="weight",
    worked=matrix([-1.0, 0.4, 0.6, 0.0], bits=2),
    answer=[-1.0, 0.0, 1.0, 0.0],
    cases=(
        matrix([-1.0, -0.4, 0.1, 0.26, 0.9], bits=3),
        matrix([0.3, -0.29, 0.12, 0.02], bits=3),
        matrix([[0.06, -0.02], [-0.9, 0.5]], bits=4),
        matrix([-1.4, 0.5, 0.3, -0.8], bits=3),
        matrix([0.0, 0.9, -0.35, 0.1], bits=3),
        matrix([[0.0, 0.0], [0.0, 0.0]], bits=4, law="Where all weights are 0 they stay 0"),
        matrix([0.5, -0.5, 0.0, 0.5], bits=2, law="What stands on marks already stays where it is"),
    ),
    random_case=random_matrix,
    hints=(
        "On paper: with two bits there is one mark on each side of 0. Where are the three marks, and which is nearest?",
        "s is the distance of two marks. How many s is a weight? Round that number, and multiply by s again.",
        "scale = weights.abs().amax() / (2 ** (bits - 1) - 1); scale * (weights / scale).round(); zeros apart.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, to_the_nearest_mark, one_by_one),
)
