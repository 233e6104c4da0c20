"""Larger test sets than the chapters have time for: the luck of 200 items can be larger than that of five seeds.

The task's own items come first; the others are from the same generator, and in none of its sets. For reviews and
couplets, which have few openings, more is drawn to the same ones.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from random import Random

from ppo_teach.tasks.dialogue.conversations import Customer, random_customer
from ppo_teach.tasks.dialogue.task import SPLITS, customers, dialogue, old_logs
from ppo_teach.tasks.generation.task import distinct_n, generation
from ppo_teach.tasks.localisation.app_texts import random_app_text
from ppo_teach.tasks.localisation.task import localisation
from ppo_teach.tasks.poetry.task import poetry
from ppo_teach.tasks.summarisation.news import random_story
from ppo_teach.tasks.summarisation.task import summarisation
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.tasks.translation.english_chinese import random_sentence
from ppo_teach.tasks.translation.task import translation

ITEMS = 1000
TO_A_SCREEN = 20  # customers

Draw = Callable[[Random], tuple[str, str]]  # a prompt and its reference


def with_more_items(task: Task, draw: Draw) -> Task:
    """The task with so many items in its test set."""
    held = {*task.train.prompts, *task.validation.prompts, *task.test.prompts}
    some = [*islice(unlike(held, draw), ITEMS - len(task.test))]
    prompts, references = zip(*zip(task.test.prompts, task.test.references, strict=True), *some, strict=True)
    return replace(task, test=Examples(prompts, references))


def unlike(held: set[str], draw: Draw) -> Iterator[tuple[str, str]]:
    """Items with prompts that are not held yet."""
    rng = Random(1)
    while True:
        prompt, reference = draw(rng)
        if prompt not in held:
            held.add(prompt)
            yield prompt, reference


def sentence(rng: Random) -> tuple[str, str]:
    drawn = random_sentence(rng)
    return drawn.english(), drawn.chinese()


def app_text(rng: Random) -> tuple[str, str]:
    drawn = random_app_text(rng)
    return drawn.english(), drawn.chinese()


def story(rng: Random) -> tuple[str, str]:
    drawn = random_story(rng)
    return drawn.text, rng.choice(drawn.event.headlines())


def with_more_replies(task: Task) -> Task:
    """The task with its own test set several times: few openings are left, and what is drawn to one varies more.

    Trigrams are counted in as many texts as ever: more have fewer different ones for each of theirs.
    """

    def report(responses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        once = 100 * distinct_n(responses[: len(task.test)], n=3)
        return {**task.report(responses, references), "distinct trigrams": once}

    times = ITEMS // len(task.test)
    repeated = Examples(times * [*task.test.prompts], times * [*task.test.references])
    return replace(task, test=repeated, report=report)


def many_sentences() -> Task:
    return with_more_items(translation(), sentence)


def many_app_texts() -> Task:
    return with_more_items(localisation(), app_text)


def many_stories() -> Task:
    return with_more_items(summarisation(), story)


def many_reviews() -> Task:
    return with_more_replies(generation())


def many_couplets() -> Task:
    return with_more_replies(poetry())


def many_customers() -> list[Customer]:
    """More customers at the screens of the task's own, who come first."""
    own, rng, each = customers("test"), Random(1), SPLITS["test"][1]
    others = [random_customer(customer.screen, rng) for customer in own[::each] for _ in range(TO_A_SCREEN - each)]
    return [*own, *others]


def many_conversations() -> Task:
    """The task with what the old desk saw of so many customers in its test set."""
    prompts, _, dues = old_logs(many_customers())
    return replace(dialogue(), test=Examples(prompts, dues))
