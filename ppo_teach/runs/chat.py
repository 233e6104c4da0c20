"""A conversation with the help desk of a finished run: as it was before PPO, and as it is after."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

from ppo_teach.runs.keyboard import answer, before_and_after, typed
from ppo_teach.tasks.dialogue.conversations import NAMES, prompt
from ppo_teach.tasks.dialogue.help_desk import Screen, screens
from ppo_teach.tasks.task import Task

WELCOME = """You are a customer, and want to know when your order will be ready, where it is, or what it costs.
Your name is one of {names}.
Two desks hear you, the supervised start and what PPO made of it. They give their most probable replies.
You could begin with: {example}
An empty line ends the conversation, the word new begins another.
"""
EXAMPLE = "Hello, this is Ada, when will my order be ready?"


def chat(task: Task, folder: Path) -> None:
    """Read what a customer types, and print each desk's reply, until an empty line or the end of input.

    Raises ValueError for an unfinished run. A sentence that cannot be read is answered with the reason, and forgotten.
    """
    task, desks = before_and_after(task, folder)
    rng = Random(0)
    print(WELCOME.format(names=", ".join(NAMES), example=EXAMPLE))
    screen, turns = fresh(desks, rng)
    while said := typed():
        if said == "new":
            screen, turns = fresh(desks, rng)
            continue
        heard = {name: (*turns[name], f"customer: {said}") for name in desks}
        try:
            replies = {name: answer(task, desk, prompt(screen, heard[name])) for name, desk in desks.items()}
        except ValueError as error:
            print(f"  {error}")
            continue
        turns = {name: (*heard[name], f"desk: {replies[name]}") for name in desks}
        print(*(f"  {name}: {replies[name]}" for name in desks), sep="\n")


def fresh(desks: Iterable[str], rng: Random) -> tuple[Screen, dict[str, tuple[str, ...]]]:
    """A new screen, which is printed, and an empty conversation for each desk."""
    screen = rng.choice(screens())
    print(f"  on the desk's screen: {', '.join(f'{topic} {value}' for topic, value in screen.items())}")
    return screen, dict.fromkeys(desks, ())
