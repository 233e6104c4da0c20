"""Write `placeholders_kept`. Chapter: book/applications/translation.md."""

from collections import Counter

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception


def placeholders_kept(
    translations: Int[Tensor, "B T"], sources: Int[Tensor, "B S"], placeholders: Int[Tensor, " K"]
) -> Float[Tensor, " B"]:
    """1 where each placeholder stands in the translation as often as in its source, else 0.

    The order is free, and so is every other word. Of texts the task asks the same: `tasks.localisation.app_texts.kept`.
    """
    found, wanted = ((texts[:, :, None] == placeholders).sum(dim=1) for texts in (translations, sources))
    return (found == wanted).all(dim=1).float()


def texts(translations: list, sources: list, placeholders: list, *, law: str = "") -> Case:
    inputs = {"translations": translations, "sources": sources, "placeholders": placeholders}
    return Case({name: torch.tensor(words) for name, words in inputs.items()}, law=law)


def random_texts(rng: torch.Generator) -> Case:
    """Sources with two kinds of placeholder; of four translations two keep them, in another order."""
    sources = torch.randint(4, 9, (4, 6), generator=rng)
    sources[:, :3] = torch.tensor([1, 1, 2])
    translations = torch.cat([sources[:, :3], torch.randint(4, 9, (4, 2), generator=rng)], dim=1)
    translations[2, 0], translations[3, 3] = 5, 2
    shuffled = [row[torch.randperm(5, generator=rng)].tolist() for row in translations]
    order = torch.randperm(4, generator=rng).tolist()
    return texts([shuffled[row] for row in order], [sources[row].tolist() for row in order], [1, 2, 3])


def with_counters(translations, sources, placeholders):
    """Two dictionaries of counts for each text."""
    kinds = placeholders.tolist()

    def counts(words):
        return Counter(word for word in words.tolist() if word in kinds)

    return torch.tensor(
        [float(counts(ours) == counts(theirs)) for ours, theirs in zip(translations, sources, strict=True)]
    )


def by_sorting(translations, sources, placeholders):
    """What is left of each text when all other words are struck out, in order of size."""
    rows = zip(translations, sources, strict=True)
    left = [[row[torch.isin(row, placeholders)].sort().values.tolist() for row in pair] for pair in rows]
    return torch.tensor([float(ours == theirs) for ours, theirs in left], dtype=torch.float64)


def by_striking_out(translations, sources, placeholders):
    """Each placeholder of the translation strikes one out of the source; none may be left on either side."""
    kept = []
    for ours, theirs in zip(translations.tolist(), sources.tolist(), strict=True):
        owed = [word for word in theirs if word in placeholders]
        surplus = [word for word in ours if word in placeholders and (word not in owed or owed.remove(word))]
        kept.append(float(not owed and not surplus))
    return torch.tensor(kept)


def place_by_place(translations, sources, placeholders):
    kept = []
    for pair in zip(translations.tolist(), sources.tolist(), strict=True):
        kept.append(all(ours == theirs for ours, theirs in zip(*pair, strict=False) if theirs in placeholders))
    return torch.tensor(kept).float()


MISCONCEPTIONS = (
    Misconception(
        "sets of placeholders",
        edited(placeholders_kept, ("sum(dim=1)", "any(dim=1)")),
        "a name that stands twice in the source and once in the translation was let through, or one said twice",
        "`set(a) == set(b)` is a line, and in most texts each stands once",
        "The source greets {name} twice. Is a translation whole that does so once?",
    ),
    Misconception(
        "there at least once",
        edited(placeholders_kept, ("found == wanted", "(found > 0) | (wanted == 0)")),
        "what was said too often, or invented, was let through",
        "a placeholder that is lost is the mistake one thinks of",
        "What does the app show where the source has no {date} and the translation has one?",
    ),
    Misconception(
        "one too many is not noticed",
        edited(placeholders_kept, ("found == wanted", "found >= wanted")),
        "a translation may say {name} as often as it likes, and PPO finds that out",
        "a placeholder that is lost is the mistake one thinks of",
        "What would a translation be paid that consists of all placeholders there are, ten times each?",
    ),
    Misconception(
        "one too few is not noticed",
        edited(placeholders_kept, ("found == wanted", "found <= wanted")),
        "a translation that drops every placeholder was let through",
        "each one found was looked up in the source, and none of the source in the translation",
        "What would an empty translation be paid?",
    ),
    Misconception(
        "only how many there are",
        edited(placeholders_kept, ("(found == wanted).all(dim=1)", "(found.sum(dim=1) == wanted.sum(dim=1))")),
        "one placeholder in another's place was let through",
        "`count('{')` needs no list of placeholders",
        "A translation has {date} where the source has {count}. How many braces has each?",
    ),
    Misconception(
        "the order must be the same",
        edited(by_sorting, (".sort().values", "")),
        "a translation that says the date before the name was refused",
        "two lists are equal when their entries are, one by one",
        "Does Chinese say time and place where English says them?",
    ),
    Misconception(
        "every word must survive",
        edited(by_sorting, ("[torch.isin(row, placeholders)]", "")),
        "every translation that translates was refused",
        "counting all words needs no list of placeholders",
        "Which words of the source may stand in a good translation?",
    ),
    Misconception(
        "a share instead of all or nothing",
        edited(placeholders_kept, (".all(dim=1).float()", ".float().mean(dim=1)")),
        "this is the share of kinds that were kept",
        "a softer score is easier to climb",
        "Half of the placeholders right: can the text be shown?",
    ),
    Misconception(
        "the share that survived",
        edited(
            placeholders_kept,
            (
                "(found == wanted).all(dim=1).float()",
                "torch.minimum(found, wanted).sum(dim=1) / wanted.sum(dim=1).clamp(min=1)",
            ),
        ),
        "this is recall: what was added is not held against the text, and what was lost is only a fraction",
        "a softer score is easier to climb",
        "Half of the placeholders right: can the text be shown?",
    ),
    Misconception(
        "one kind kept is enough",
        edited(placeholders_kept, ("all(dim=1)", "any(dim=1)")),
        "a kind that stands in neither text is kept too, so nearly every text passes",
        "`any` and `all` are both read as 'the placeholders are kept'",
        "How many kinds must be right?",
    ),
    Misconception(
        "the first kind only",
        edited(placeholders_kept, (".all(dim=1)", "[:, 0]")),
        "all kinds but the first were never looked at",
        "the first text one tries has one placeholder",
        "How many kinds must be right?",
    ),
    Misconception(
        "the last kind only",
        edited(placeholders_kept, (".all(dim=1)", "[:, -1]")),
        "each kind's verdict was overwritten by the next one's",
        "`kept = …` in a loop looks like a verdict on all",
        "After the loop, of which kind does the variable speak?",
    ),
    Misconception(
        "kinds that the translation lacks are not asked for",
        edited(placeholders_kept, ("found == wanted", "(found == wanted) | (found == 0)")),
        "a placeholder that was dropped altogether was let through",
        "the loop runs over the placeholders that the translation has",
        "What would an empty translation be paid?",
    ),
    Misconception(
        "kinds that the source lacks are not asked for",
        edited(placeholders_kept, ("found == wanted", "(found == wanted) | (wanted == 0)")),
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
        edited(by_sorting, (".sort().values.tolist()", ".sum()")),
        "the numbers of the placeholders were added up, and two of one kind can come to one of another",
        "equal texts have equal sums",
        "Words 1 and 1 against word 2: what are the sums?",
    ),
    Misconception(
        "one verdict for all texts",
        edited(
            placeholders_kept,
            ("(found == wanted).all(dim=1)", "(found.sum(dim=0) == wanted.sum(dim=0)).all().expand(len(found))"),
        ),
        "the placeholders of all texts were counted together",
        "a sum over all but the last dimension counts each kind",
        "Does it help text 1 that text 0 has one too many?",
    ),
    Misconception(
        "nothing to keep is not kept",
        edited(placeholders_kept, (".all(dim=1)", ".all(dim=1).logical_and(wanted.any(dim=1))")),
        "a text without placeholders can earn nothing, whatever is written",
        "a text that keeps no placeholder looks like a failure",
        "The source has none, and the translation has none. Which rule was broken?",
    ),
    Misconception(
        "broken and kept are swapped",
        edited(placeholders_kept, ("(found == wanted).all(dim=1)", "(found != wanted).any(dim=1)")),
        "PPO would be paid for breaking what it should keep",
        "a checker reports what is wrong",
        "On paper the first text is in order. Which number should it have?",
    ),
)

EXERCISE = Exercise(
    function=placeholders_kept,
    title="Nothing lost, nothing added",
    section="What no reference says",
    minutes=10,
    difficulty=2,
    goal="Words are numbers. Return 1 for each translation in which every placeholder stands exactly as often as in "
    "its source, and 0 for every other. Their order is free, for the languages differ in it; the other words do not "
    "matter; and a text may have no placeholder at all.",
    entry=lambda index: f"verdict on text {index[0]}",
    worked=texts([[1, 5, 1], [5, 2, 6]], [[1, 4, 1], [2, 1, 4]], [1, 2]),
    answer=[1, 0],
    cases=(
        texts([[1, 1, 5], [5, 1, 2]], [[1, 4, 6], [2, 4, 1]], [1, 2]),
        texts([[1, 5, 6], [1, 2, 2]], [[1, 1, 4], [1, 1, 2]], [1, 2]),
        texts([[5, 6, 1, 2]], [[1, 4, 7, 7]], [1, 2]),
        texts([[5, 1]], [[2, 1]], [1, 2]),
        texts([[1, 1, 5]], [[2, 4, 6]], [1, 2]),
        texts([[1, 1, 1]], [[1, 4, 6]], [1, 2]),
        texts([[5, 6], [5, 1]], [[4, 7], [4, 7]], [1, 2], law="Where there is none to keep, none may be added"),
        texts([[1, 2, 3, 7]], [[3, 4, 2, 1]], [1, 2, 3], law="The order is free"),
    ),
    random_case=random_texts,
    hints=(
        "How often does the first placeholder stand in each text? And what must be true of each kind?",
        "Compare counts, kind by kind: texts[:, :, None] == placeholders has a place for every word and every kind.",
        "found and wanted are (texts[:, :, None] == placeholders).sum(dim=1) of the two; (found == wanted).all(dim=1).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_counters, by_sorting, by_striking_out),
)
