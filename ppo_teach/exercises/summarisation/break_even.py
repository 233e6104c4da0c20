"""Write `break_even`. Chapter: book/applications/summarisation.md."""

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.checks import same_shape
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


def break_even(
    common: Float[Tensor, " B"], written: Float[Tensor, " B"], reference: Float[Tensor, " B"], *, sure: int
) -> Float[Tensor, " B"]:
    """The chance of being right from which on a guess does not lower the expected ROUGE-L F of a headline.

        p = (k + 1) · L / (n + m) − k

    L words in common with the reference, in its order (`common`); n words `written`; m words in the `reference`. To
    these the headline would add k words that are in common for certain (`sure`), and the guessed one. Negative where
    even a wrong guess pays.
    """
    same_shape(common=common, written=written, reference=reference)
    return (sure + 1) * common / (written + reference) - sure


def headlines(common: list, written: list, reference: list, *, sure: int, law: str = "") -> Case:
    counts = {"common": common, "written": written, "reference": reference}
    return Case({name: torch.tensor(row, dtype=torch.float32) for name, row in counts.items()} | {"sure": sure}, law)


def random_headlines(rng: torch.Generator) -> Case:
    """Four headlines that are no longer than their references, and some words in common."""
    reference = torch.randint(8, 12, (4,), generator=rng)
    written = reference - torch.randint(1, 4, (4,), generator=rng)
    common = written - torch.randint(0, 4, (4,), generator=rng)
    sure = int(torch.randint(1, 4, (), generator=rng))
    return headlines(common.tolist(), written.tolist(), reference.tolist(), sure=sure)


def from_the_score(common, written, reference, *, sure):
    """By way of F."""
    score = 2 * common / (written + reference)
    return score / 2 - sure * (1 - score / 2)


def from_both_outcomes(common, written, reference, *, sure):
    """What a right guess and a wrong one make of F; between them F is a straight line in the chance."""
    before, words = 2 * common / (written + reference), written + reference + sure + 1
    right, wrong = 2 * (common + sure + 1) / words, 2 * (common + sure) / words
    return (before - wrong) / (right - wrong)


def one_by_one(common, written, reference, *, sure):
    """A loop, in Python's floats."""
    rows = zip(common.tolist(), written.tolist(), reference.tolist(), strict=True)
    return torch.tensor([(sure + 1) * ours / (n + m) - sure for ours, n, m in rows])


MISCONCEPTIONS = (
    Misconception(
        "F instead of half of F",
        edited(break_even, ("common /", "2 * common /")),
        "a right guess adds one word in common, and F counts each of those twice",
        "a guess should be as good as what stands there already",
        "By how much does F's numerator grow when the guess is right?",
    ),
    Misconception(
        "precision's break-even",
        edited(break_even, ("(written + reference)", "written")),
        "the words in common were divided by those of the headline alone",
        "a word too many is what precision is about",
        "Which words does F's denominator count?",
    ),
    Misconception(
        "recall instead of F",
        edited(break_even, ("(written + reference)", "reference")),
        "the words in common were divided by those of the reference alone",
        "F has the reference in it, and recall is its other half",
        "Which words does F's denominator count?",
    ),
    Misconception(
        "the sure words are left out",
        edited(break_even, ("(sure + 1) * ", ""), (" - sure", "")),
        "this is the chance for a guess that stands alone",
        "they are not what is guessed",
        "Without the guess the sure words would not be written either. What do they earn?",
    ),
    Misconception(
        "the sure words are there already",
        edited(
            from_both_outcomes,
            ("2 * common / (written + reference)", "2 * (common + sure) / (written + reference + sure)"),
        ),
        "the headline with the sure words and without the guess was taken for the one before",
        "one looks at the guess when its turn has come",
        "What did the headline look like before it went on at all?",
    ),
    Misconception(
        "sure words lengthen and earn nothing",
        edited(break_even, (" - sure", "")),
        "the sure words were counted as written, not as in common",
        "in the denominator they are easier to see",
        "How many words are in common after the guess, if it is wrong?",
    ),
    Misconception(
        "the guess has no length",
        edited(break_even, ("(sure + 1)", "sure")),
        "the guessed word was not counted as written",
        "it may turn out to be nothing",
        "How many words does the headline have after a wrong guess?",
    ),
    Misconception(
        "a negative chance is made 0",
        edited(from_both_outcomes, ("(before - wrong)", "(before - wrong).clamp(min=0)")),
        "how much a wrong guess is worth was cut off",
        "a chance is never below 0",
        "What does the goal say of a negative answer?",
    ),
    Misconception(
        "the chance of being wrong",
        edited(from_both_outcomes, ("(before - wrong)", "(right - before)")),
        "this is how often a guess may be wrong",
        "one thinks of the risk",
        "Is a certain guess, with chance 1, above or below your number?",
    ),
    Misconception(
        "the sign is turned",
        edited(
            break_even,
            (
                "(sure + 1) * common / (written + reference) - sure",
                "sure - (sure + 1) * common / (written + reference)",
            ),
        ),
        "the sure words were put on the side of the price",
        "terms change sides, and a sign is lost on the way",
        "More sure words: must the guess be better, or may it be worse?",
    ),
    Misconception(
        "a gain instead of a chance",
        edited(from_both_outcomes, ("(before - wrong) / (right - wrong)", "right - before")),
        "this is what F gains when the guess is right",
        "a right guess is what one hopes for",
        "What happens to F when the guess is wrong? Weigh the two by p and 1 − p.",
    ),
)

EXERCISE = Exercise(
    function=break_even,
    title="When does a guess pay?",
    section="A guess that costs nothing",
    minutes=15,
    difficulty=3,
    goal="Return, for each headline, the chance of being right from which on a guess does not lower the expected "
    "ROUGE-L F. F is twice the words in common over the words of both texts. The headline would add `sure` words that "
    "are in common for certain, and one more that is in common only if the guess is right. The answer may be negative: "
    "then even a wrong guess pays.",
    entry=lambda index: f"break-even chance of headline {index[0]}",
    worked=headlines([6, 4], [6, 7], [9, 9], sure=1),
    answer=[-0.2, -0.5],
    cases=(
        headlines([6], [6], [9], sure=0),
        headlines([6, 5], [6, 8], [9, 10], sure=2),
        headlines([0, 0], [3, 9], [9, 9], sure=0, law="Where nothing is in common, no guess can hurt"),
        headlines([9], [9], [9], sure=0, law="Beside a perfect headline one more word must be right half the time"),
    ),
    random_case=random_headlines,
    hints=(
        "Six words, all in common with the nine of the reference. What is F now? And with one sure word and one wrong "
        "guess more?",
        "Write down the expected F after the guess, with p as the chance. It is F of so many words in common, of which "
        "one counts p. Set it equal to F before.",
        "2 (L + k + p) / (n + m + k + 1) = 2 L / (n + m). Solve for p.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(from_the_score, from_both_outcomes, one_by_one),
)
