"""A conversation with the help desk of a finished run: as it was before PPO, and as it is after."""

import re
from collections.abc import Iterable
from pathlib import Path
from random import Random

from torch import nn

from ppo_teach.checks import require
from ppo_teach.rollouts import generate_greedily
from ppo_teach.runs.folders import read_settings
from ppo_teach.runs.run import EVALUATION, PPO, START, trained_models
from ppo_teach.tasks.conversations import NAMES, prompt
from ppo_teach.tasks.help_desk import Screen, screens
from ppo_teach.tasks.settings import usable_device
from ppo_teach.tasks.task import Task, configured
from ppo_teach.texts import decode, encode_prompts

WELCOME = """You are a customer, and want to know when your order will be ready, where it is, or what it costs.
Your name is one of {names}.
Two desks hear you, the supervised start and what PPO made of it. They give their most probable replies.
An empty line ends the conversation, the word new begins another.
"""


def chat(task: Task, folder: Path) -> None:
    """Read what a customer types, and print what each desk replies to that, until an empty line or the end of input.

    Raises ValueError for an unfinished run. A sentence that cannot be read is answered with the reason, and forgotten.
    """
    task = configured(task, read_settings(folder))
    require((folder / EVALUATION).exists(), f"folder must hold a finished run; {folder} has no {EVALUATION} yet")
    trained = trained_models(task, folder, usable_device(task.settings.device))
    desks, rng = {name: trained[name] for name in (START, PPO)}, Random(0)
    print(WELCOME.format(names=", ".join(NAMES)))
    screen, turns = fresh(desks, rng)
    while said := typed():
        if said == "new":
            screen, turns = fresh(desks, rng)
            continue
        heard = {name: (*turns[name], f"customer: {said}") for name in desks}
        try:
            replies = {name: reply(task, desk, prompt(screen, heard[name])) for name, desk in desks.items()}
        except ValueError as error:
            print(f"  {error}")
            continue
        turns = {name: (*heard[name], f"desk: {replies[name]}") for name in desks}
        print(*(f"  {name}: {replies[name]}" for name in desks), sep="\n")


def fresh(desks: Iterable[str], rng: Random) -> tuple[Screen, dict[str, tuple[str, ...]]]:
    """Another screen, which is printed, and for each desk the conversation in which nothing has been said."""
    screen = rng.choice(screens())
    print(f"  on the desk's screen: {', '.join(f'{topic} {value}' for topic, value in screen.items())}")
    return screen, dict.fromkeys(desks, ())


def typed() -> str:
    """The next line as the desk reads it: small letters, and space around each sign. Nothing at the end of input."""
    try:
        return " ".join(re.findall(r"\w+|[^\w\s]", input("> ").lower()))
    except (EOFError, KeyboardInterrupt):
        return ""


def reply(task: Task, desk: nn.Module, asked: str) -> str:
    """The desk's most probable reply. Raises ValueError when a word is unknown or the text too long."""
    prompts = encode_prompts(task.tokenizer, [asked], pad=desk.pad).to(next(desk.parameters()).device)
    rollout = generate_greedily(desk, prompts, max_tokens=task.settings.ppo.max_tokens)
    return decode(task.tokenizer, rollout.responses, rollout.mask, eos=desk.eos)[0]
