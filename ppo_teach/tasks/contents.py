"""Which tasks there are. The command line, and every test of all tasks, reads them here."""

from collections.abc import Callable
from dataclasses import dataclass

from ppo_teach.tasks.arithmetic.task import SETTINGS_OF_ARITHMETIC, arithmetic
from ppo_teach.tasks.dialogue.task import SETTINGS_OF_DIALOGUE, dialogue
from ppo_teach.tasks.generation.task import SETTINGS_OF_GENERATION, generation
from ppo_teach.tasks.localisation.task import SETTINGS_OF_LOCALISATION, localisation
from ppo_teach.tasks.poetry.task import SETTINGS_OF_POETRY, poetry
from ppo_teach.tasks.settings import Settings
from ppo_teach.tasks.summarisation.task import SETTINGS_OF_SUMMARISATION, summarisation
from ppo_teach.tasks.task import Task
from ppo_teach.tasks.translation.task import SETTINGS_OF_TRANSLATION, translation


@dataclass(frozen=True)
class Entry:
    """A task that is not made yet: making it takes seconds, and its help should not."""

    make: Callable[[], Task]  # a function of a module, which other processes can import
    settings: Settings
    description: str


TASKS = {
    "translation": Entry(translation, SETTINGS_OF_TRANSLATION, "English to Chinese."),
    "localisation": Entry(
        localisation, SETTINGS_OF_LOCALISATION, "Texts of an app to Chinese, placeholders untouched."
    ),
    "generation": Entry(generation, SETTINGS_OF_GENERATION, "Film reviews, steered towards praise."),
    "poetry": Entry(poetry, SETTINGS_OF_POETRY, "Couplets in metre and rhyme."),
    "summarisation": Entry(summarisation, SETTINGS_OF_SUMMARISATION, "News stories to headlines."),
    "dialogue": Entry(dialogue, SETTINGS_OF_DIALOGUE, "A help desk that learns to help."),
    "arithmetic": Entry(arithmetic, SETTINGS_OF_ARITHMETIC, "Sums, with answers that can be checked."),
}
