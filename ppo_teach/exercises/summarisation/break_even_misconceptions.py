"""Known wrong ways to write `break_even`: each is the right one with one part replaced."""

from collections.abc import Callable

from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    words: Callable = lambda written, reference: written + reference,
    added: Callable = lambda sure: sure + 1,
    certain: Callable = lambda sure: sure,
    last: Callable = lambda chance: chance,
) -> Callable:
    """The chance with one thing replaced."""

    def break_even(common, written, reference, *, sure):
        return last(added(sure) * common / words(written, reference) - certain(sure))

    return break_even


def gain_if_right(common: Tensor, written: Tensor, reference: Tensor, *, sure: int) -> Tensor:
    return 2 * (common + sure + 1) / (written + reference + sure + 1) - 2 * common / (written + reference)


def beside_a_wrong_guess(common: Tensor, written: Tensor, reference: Tensor, *, sure: int) -> Tensor:
    return altered()(common + sure, written + sure, reference, sure=0)


MISCONCEPTIONS = (
    Misconception(
        "F instead of half of F",
        altered(words=lambda written, reference: (written + reference) / 2),
        "a right guess adds one word in common, and F counts each of those twice",
        "a guess should be as good as what stands there already",
        "By how much does F's numerator grow when the guess is right?",
    ),
    Misconception(
        "precision's break-even",
        altered(words=lambda written, reference: written),
        "the words in common were divided by those of the headline alone",
        "a word too many is what precision is about",
        "Which words does F's denominator count?",
    ),
    Misconception(
        "recall instead of F",
        altered(words=lambda written, reference: reference),
        "the words in common were divided by those of the reference alone",
        "F has the reference in it, and recall is its other half",
        "Which words does F's denominator count?",
    ),
    Misconception(
        "the sure words are left out",
        altered(added=lambda sure: 1, certain=lambda sure: 0),
        "this is the chance for a guess that stands alone",
        "they are not what is guessed",
        "Without the guess the sure words would not be written either. What do they earn?",
    ),
    Misconception(
        "the sure words are there already",
        beside_a_wrong_guess,
        "the headline with the sure words and without the guess was taken for the one before",
        "one looks at the guess when its turn has come",
        "What did the headline look like before it went on at all?",
    ),
    Misconception(
        "sure words lengthen and earn nothing",
        altered(certain=lambda sure: 0),
        "the sure words were counted as written, not as in common",
        "in the denominator they are easier to see",
        "How many words are in common after the guess, if it is wrong?",
    ),
    Misconception(
        "the guess has no length",
        altered(added=lambda sure: sure),
        "the guessed word was not counted as written",
        "it may turn out to be nothing",
        "How many words does the headline have after a wrong guess?",
    ),
    Misconception(
        "a negative chance is made 0",
        altered(last=lambda chance: chance.clamp(min=0)),
        "how much a wrong guess is worth was cut off",
        "a chance is never below 0",
        "What does the goal say of a negative answer?",
    ),
    Misconception(
        "the chance of being wrong",
        altered(last=lambda chance: 1 - chance),
        "this is how often a guess may be wrong",
        "one thinks of the risk",
        "Is a certain guess, with chance 1, above or below your number?",
    ),
    Misconception(
        "the sign is turned",
        altered(last=lambda chance: -chance),
        "the sure words were put on the side of the price",
        "terms change sides, and a sign is lost on the way",
        "More sure words: must the guess be better, or may it be worse?",
    ),
    Misconception(
        "a gain instead of a chance",
        gain_if_right,
        "this is what F gains when the guess is right",
        "a right guess is what one hopes for",
        "What happens to F when the guess is wrong? Weigh the two by p and 1 − p.",
    ),
)
