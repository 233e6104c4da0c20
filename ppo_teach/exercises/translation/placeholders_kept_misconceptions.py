"""Known wrong ways to write `placeholders_kept`: each compares something else than the counts of each kind."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def judged(verdict: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """A verdict from how often each kind was found and was wanted; both have a row for each text."""

    def placeholders_kept(translations, sources, placeholders):
        counts = [(texts[:, :, None] == placeholders).sum(dim=1) for texts in (translations, sources)]
        return verdict(*counts).float()

    return placeholders_kept


def in_the_same_order(translations: Tensor, sources: Tensor, placeholders: Tensor) -> Tensor:
    pairs = zip(translations, sources, strict=True)
    rows = [[row[torch.isin(row, placeholders)].tolist() for row in pair] for pair in pairs]
    return torch.tensor([float(ours == theirs) for ours, theirs in rows])


def all_words(translations: Tensor, sources: Tensor, placeholders: Tensor) -> Tensor:
    pairs = zip(translations.tolist(), sources.tolist(), strict=True)
    return torch.tensor([float(sorted(ours) == sorted(theirs)) for ours, theirs in pairs])


def place_by_place(translations: Tensor, sources: Tensor, placeholders: Tensor) -> Tensor:
    shared = min(translations.shape[1], sources.shape[1])
    ours, theirs = translations[:, :shared], sources[:, :shared]
    return ((ours == theirs) | ~torch.isin(theirs, placeholders)).all(dim=1).float()


def sums_of_numbers(translations: Tensor, sources: Tensor, placeholders: Tensor) -> Tensor:
    ours, theirs = ((texts * torch.isin(texts, placeholders)).sum(dim=1) for texts in (translations, sources))
    return (ours == theirs).float()


def survivors(found: Tensor, wanted: Tensor) -> Tensor:
    return torch.minimum(found, wanted).sum(dim=1) / wanted.sum(dim=1).clamp(min=1)


MISCONCEPTIONS = (
    Misconception(
        "sets of placeholders",
        judged(lambda found, wanted: ((found > 0) == (wanted > 0)).all(dim=1)),
        "a name that stands twice in the source and once in the translation was let through, or one said twice",
        "`set(a) == set(b)` is a line, and in most texts each stands once",
        "The source greets {name} twice. Is a translation whole that does so once?",
    ),
    Misconception(
        "there at least once",
        judged(lambda found, wanted: ((found > 0) | (wanted == 0)).all(dim=1)),
        "what was said too often, or invented, was let through",
        "a placeholder that is lost is the mistake one thinks of",
        "What does the app show where the source has no {date} and the translation has one?",
    ),
    Misconception(
        "one too many is not noticed",
        judged(lambda found, wanted: (found >= wanted).all(dim=1)),
        "a translation may say {name} as often as it likes, and PPO finds that out",
        "a placeholder that is lost is the mistake one thinks of",
        "What would a translation be paid that consists of all placeholders there are, ten times each?",
    ),
    Misconception(
        "one too few is not noticed",
        judged(lambda found, wanted: (found <= wanted).all(dim=1)),
        "a translation that drops every placeholder was let through",
        "each one found was looked up in the source, and none of the source in the translation",
        "What would an empty translation be paid?",
    ),
    Misconception(
        "only how many there are",
        judged(lambda found, wanted: found.sum(dim=1) == wanted.sum(dim=1)),
        "one placeholder in another's place was let through",
        "`count('{')` needs no list of placeholders",
        "A translation has {date} where the source has {count}. How many braces has each?",
    ),
    Misconception(
        "the order must be the same",
        in_the_same_order,
        "a translation that says the date before the name was refused",
        "two lists are equal when their entries are, one by one",
        "Does Chinese say time and place where English says them?",
    ),
    Misconception(
        "every word must survive",
        all_words,
        "every translation that translates was refused",
        "counting all words needs no list of placeholders",
        "Which words of the source may stand in a good translation?",
    ),
    Misconception(
        "a share instead of all or nothing",
        judged(lambda found, wanted: (found == wanted).float().mean(dim=1)),
        "this is the share of kinds that were kept",
        "a softer score is easier to climb",
        "Half of the placeholders right: can the text be shown?",
    ),
    Misconception(
        "the share that survived",
        judged(survivors),
        "this is recall: what was added is not held against the text, and what was lost is only a fraction",
        "a softer score is easier to climb",
        "Half of the placeholders right: can the text be shown?",
    ),
    Misconception(
        "one kind kept is enough",
        judged(lambda found, wanted: (found == wanted).any(dim=1)),
        "a kind that stands in neither text is kept too, so nearly every text passes",
        "`any` and `all` are both read as 'the placeholders are kept'",
        "How many kinds must be right?",
    ),
    Misconception(
        "the first kind only",
        judged(lambda found, wanted: found[:, 0] == wanted[:, 0]),
        "all kinds but the first were never looked at",
        "the first text one tries has one placeholder",
        "How many kinds must be right?",
    ),
    Misconception(
        "the last kind only",
        judged(lambda found, wanted: found[:, -1] == wanted[:, -1]),
        "each kind's verdict was overwritten by the next one's",
        "`kept = …` in a loop looks like a verdict on all",
        "After the loop, of which kind does the variable speak?",
    ),
    Misconception(
        "kinds that the translation lacks are not asked for",
        judged(lambda found, wanted: ((found == wanted) | (found == 0)).all(dim=1)),
        "a placeholder that was dropped altogether was let through",
        "the loop runs over the placeholders that the translation has",
        "What would an empty translation be paid?",
    ),
    Misconception(
        "kinds that the source lacks are not asked for",
        judged(lambda found, wanted: ((found == wanted) | (wanted == 0)).all(dim=1)),
        "a placeholder that the source does not have was let through",
        "the loop runs over the placeholders that the source has",
        "What does the app show where the source has no {date} and the translation has one?",
    ),
    Misconception(
        "place by place",
        place_by_place,
        "each placeholder was looked for only where the source has it",
        "`zip` walks through two texts at once",
        "Does a placeholder stand at the same place in both languages?",
    ),
    Misconception(
        "sums of word numbers",
        sums_of_numbers,
        "the numbers of the placeholders were added up, and two of one kind can come to one of another",
        "equal texts have equal sums",
        "Words 1 and 1 against word 2: what are the sums?",
    ),
    Misconception(
        "one verdict for all texts",
        judged(lambda found, wanted: (found.sum(dim=0) == wanted.sum(dim=0)).all().expand(len(found))),
        "the placeholders of all texts were counted together",
        "a sum over all but the last dimension counts each kind",
        "Does it help text 1 that text 0 has one too many?",
    ),
    Misconception(
        "nothing to keep is not kept",
        judged(lambda found, wanted: (found == wanted).all(dim=1) & (wanted.sum(dim=1) > 0)),
        "a text without placeholders can earn nothing, whatever is written",
        "a text that keeps no placeholder looks like a failure",
        "The source has none, and the translation has none. Which rule was broken?",
    ),
    Misconception(
        "broken and kept are swapped",
        judged(lambda found, wanted: (found != wanted).any(dim=1)),
        "PPO would be paid for breaking what it should keep",
        "a checker reports what is wrong",
        "On paper the first text is in order. Which number should it have?",
    ),
)
