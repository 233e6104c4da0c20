"""What a person types, and what the models of a finished run answer."""

import sys
from io import TextIOWrapper
from pathlib import Path

from torch import nn

from ppo_teach.checks import require
from ppo_teach.rollouts import generate_greedily
from ppo_teach.runs.folders import read_settings
from ppo_teach.runs.run import EVALUATION, PPO, START, trained_models
from ppo_teach.tasks.settings import usable_device
from ppo_teach.tasks.task import Task, configured
from ppo_teach.texts import decode, encode_prompts, spaced


def before_and_after(task: Task, folder: Path) -> tuple[Task, dict[str, nn.Module]]:
    """The task with the settings of the run in this folder, and its two models: before PPO, and after.

    Raises ValueError for an unfinished run.
    """
    task = configured(task, read_settings(folder))
    require((folder / EVALUATION).exists(), f"folder must hold a finished run; {folder} has no {EVALUATION} yet")
    trained = trained_models(task, folder, usable_device(task.settings.device))
    return task, {name: trained[name] for name in (START, PPO)}


def typed() -> str:
    """The next line, spaced as in the tasks; empty at the end of input. A byte that cannot be decoded is read as �."""
    if isinstance(sys.stdin, TextIOWrapper) and sys.stdin.errors != "replace":
        sys.stdin.reconfigure(errors="replace")
    try:
        return spaced(input("> "))
    except (EOFError, KeyboardInterrupt):
        return ""


def answer(task: Task, model: nn.Module, prompt: str) -> str:
    """The model's most probable response. Raises ValueError when a word is unknown or the text too long."""
    prompts = encode_prompts(task.tokenizer, [prompt], pad=model.pad).to(next(model.parameters()).device)
    rollout = generate_greedily(model, prompts, max_tokens=task.settings.ppo.max_tokens)
    return decode(task.tokenizer, rollout.responses, rollout.mask, eos=model.eos)[0]
