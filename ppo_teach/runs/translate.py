"""Sentences typed, and how the models of a finished run translate them: before PPO, and after."""

from pathlib import Path

from ppo_teach.runs.keyboard import answer, before_and_after, typed
from ppo_teach.tasks.task import Task

WELCOME = """Two models translate what you type, the supervised start and what PPO made of it. An empty line ends it.
For example: {example}
"""


def translate(task: Task, folder: Path) -> None:
    """Read sentences, and print what each model makes of them, until an empty line or the end of input.

    Raises ValueError for an unfinished run. A sentence that cannot be read is answered with the reason.
    """
    task, models = before_and_after(task, folder)
    print(WELCOME.format(example=task.test.prompts[0]))
    while said := typed():
        try:
            translations = {name: answer(task, model, said) for name, model in models.items()}
        except ValueError as error:
            print(f"  {error}")
            continue
        print(*(f"  {name}: {translation}" for name, translation in translations.items()), sep="\n")
