"""The command `ppo-teach`: train a task, evaluate a run, try one by hand, check an exercise."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is imported; see ppo_teach.runs.seeds

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ppo_teach.checks import require
from ppo_teach.config import PPOConfig
from ppo_teach.exercises.commands import Check, ExerciseCommand, Start, carry_out, ended_well
from ppo_teach.kernels import pin_kernels
from ppo_teach.runs.chat import chat
from ppo_teach.runs.folders import read_task_name
from ppo_teach.runs.run import evaluate_run, run
from ppo_teach.runs.seeds import run_seeds, table
from ppo_teach.runs.translate import translate
from ppo_teach.tasks.contents import TASKS
from ppo_teach.tasks.settings import Device, Settings, Supervision
from ppo_teach.tasks.task import configured


@dataclass(frozen=True)
class Train:
    task: tyro.conf.Suppress[str]
    ppo: Annotated[PPOConfig, tyro.conf.arg(name="")]
    supervision: Supervision
    # How many seeds to run, from --seed on, one on each core.
    seeds: int = 1
    # Where the run folders are made, as TASK/seed-N.
    folder: Path = Path("runs")
    # A checkpoint folder, or the name of a model on a hub, instead of the task's own tiny model.
    model: str | None = None
    # Where to compute; auto takes the fastest that the machine has.
    device: Device = "cpu"

    def __post_init__(self) -> None:
        require(self.seeds >= 1, f"seeds must be at least 1; got {self.seeds}")


AnyTask = tyro.extras.subcommand_type_from_defaults(
    {name: Train(name, task.settings.ppo, task.settings.supervision) for name, task in TASKS.items()},
    descriptions={name: task.description for name, task in TASKS.items()},
)


@dataclass(frozen=True)
class TrainCommand:
    """Train a task: its supervised start, PPO, and PPO with a constant reward as the control.

    A run that was interrupted goes on where it stopped when the same command is given again.
    """

    train: Annotated[AnyTask, tyro.conf.arg(name="")]


@dataclass(frozen=True)
class Evaluate:
    """Evaluate the models of a finished run again."""

    # A run folder, such as runs/translation/seed-0.
    folder: tyro.conf.Positional[Path]
    # Which held-out prompts; validation is for choosing settings.
    split: Literal["validation", "test"] = "test"


@dataclass(frozen=True)
class Chat:
    """Talk to the help desk of a finished run of `dialogue`, as it was before PPO and as it is after."""

    # A run folder, such as runs/dialogue/seed-0.
    folder: tyro.conf.Positional[Path]


@dataclass(frozen=True)
class Translate:
    """Type English sentences, and see what a finished run of `translation` makes of them, before PPO and after."""

    # A run folder, such as runs/translation/seed-0.
    folder: tyro.conf.Positional[Path]


@dataclass(frozen=True)
class CommandLine:
    """PPO for language models: train a task, evaluate a run, try one by hand, check your exercises."""

    command: Annotated[
        Annotated[TrainCommand, tyro.conf.subcommand("train")]
        | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
        | Annotated[Chat, tyro.conf.subcommand("chat")]
        | Annotated[Translate, tyro.conf.subcommand("translate")]
        | ExerciseCommand,
        tyro.conf.arg(name=""),
    ]


def main() -> None:
    """The entry point of all commands."""
    pin_kernels()
    with ended_well():
        command = tyro.cli(CommandLine, prog="ppo-teach", config=(tyro.conf.OmitSubcommandPrefixes,)).command
        match command:
            case TrainCommand(train):
                try:
                    print(train_task(train))
                except KeyboardInterrupt:
                    raise KeyboardInterrupt("the same command goes on from the last checkpoint") from None
            case Evaluate(folder, split):
                print(evaluate_folder(folder, split))
            case Chat(folder):
                require_task("dialogue", folder)
                chat(TASKS["dialogue"].make(), folder)
            case Translate(folder):
                require_task("translation", folder)
                translate(TASKS["translation"].make(), folder)
            case Start() | Check() as command:
                carry_out(command)


def train_task(train: Train) -> str:
    """Run one seed in this process, or several in their own; the table of their numbers, and where the rest lies."""
    make_task = TASKS[train.task].make
    settings = Settings(train.ppo, train.supervision, model=train.model, device=train.device)
    folder, seeds = train.folder / train.task, range(train.ppo.seed, train.ppo.seed + train.seeds)
    if train.seeds == 1:
        folder /= f"seed-{train.ppo.seed}"
        evaluations = [run(configured(make_task(), settings), folder)]
    else:
        evaluations = run_seeds(make_task, settings, folder, seeds=seeds)
    title = f"{train.task}, {f'seeds {seeds[0]} to {seeds[-1]}' if train.seeds > 1 else f'seed {seeds[0]}'}"
    return f"{table(evaluations, title=title)}\n\nSamples, curves and checkpoints are in {folder}"


def require_task(name: str, folder: Path) -> None:
    """Nothing when the run in this folder is of that task; otherwise a ValueError."""
    found = read_task_name(folder)
    require(found == name, f"the run's task must be {name}; got {found}")


def evaluate_folder(folder: Path, split: Literal["validation", "test"]) -> str:
    """The table of a finished run."""
    name = read_task_name(folder)
    require(name in TASKS, f"the run's task must be one of {', '.join(TASKS)}; got {name}")
    return table([evaluate_run(TASKS[name].make(), folder, split=split)], title=f"{name}, {split}")
