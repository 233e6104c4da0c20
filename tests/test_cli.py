"""The command `ppo-teach`, as a reader gives it."""

import io
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from small_tasks import greetings

from ppo_teach import cli
from ppo_teach.cli import main
from ppo_teach.runs.folders import read_task_name
from ppo_teach.tasks.contents import TASKS
from ppo_teach.tasks.dialogue.task import dialogue
from ppo_teach.tasks.task import Task
from ppo_teach.tasks.translation.task import translation

SMALL = "--batch-size 8 --minibatch-size 8 --max-tokens 4 --supervision.steps 2 --supervision.batch-size 8"
TRAIN = f"train generation {SMALL}"
# A process in which the task "generation" is a smaller one.
PROGRAM = "from ppo_teach import cli; import test_cli; cli.TASKS.update(generation=test_cli.GENERATION); cli.main()"


def small_generation() -> Task:
    return replace(greetings(), name="generation")


GENERATION = replace(TASKS["generation"], make=small_generation)
Command = Callable[[str], str]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder of the module's own, for this process and those that it starts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache-of-cli"))


@pytest.fixture
def ppo_teach(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Command:
    """Gives a command and returns what it printed; the task "generation" is a smaller one."""
    monkeypatch.setitem(TASKS, "generation", GENERATION)

    def give(line: str) -> str:
        monkeypatch.setattr(sys, "argv", ["ppo-teach", *shlex.split(line)])
        main()
        return capsys.readouterr().out

    return give


def texts(folder: Path) -> dict[str, str]:
    paths = [*folder.rglob("*.json"), *folder.rglob("*.jsonl")]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}


def cells(printed: str) -> list[list[str]]:
    """The cells of the table in what was printed."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines() if "|" in line]


def test_train_prints_a_table_and_leaves_a_folder_that_evaluate_reads(ppo_teach: Command, tmp_path: Path):
    printed = ppo_teach(f"{TRAIN} --iterations 1 --seed 7 --folder {tmp_path}")
    folder = tmp_path / "generation" / "seed-7"
    rows = cells(printed)
    assert rows[0] == ["generation, seed 7", "supervised start", "constant reward", "PPO"]
    evaluation = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    assert [row[0] for row in rows[2:]] == list(evaluation["PPO"])
    assert [float(row[3]) for row in rows[2:]] == [round(number, 1) for number in evaluation["PPO"].values()]
    assert f"Samples, curves and checkpoints are in {folder}" in printed

    again = cells(ppo_teach(f"evaluate {folder}"))
    assert again[0][0] == "generation, test"
    assert again[2:] == rows[2:]
    assert "generation, validation" in ppo_teach(f"evaluate {folder} --split validation")

    # The same command finds the run finished; its model can be where another run begins.
    assert ppo_teach(f"{TRAIN} --iterations 1 --seed 7 --folder {tmp_path}") == printed
    other = f"train generation {SMALL} --iterations 1 --model {folder}/policy --folder {tmp_path}/other"
    assert "generation, seed 0" in ppo_teach(f"{other} adaptive-kl --coef 0.1 --target 3 --horizon 1000")


too_long_for_a_small_run = pytest.mark.filterwarnings("ignore:.* longer than max_tokens")


def few(make_task: Callable[[], Task]) -> Task:
    """The task with a handful of its examples."""
    made = make_task()
    parts = {"corpus": made.corpus[:64], "train": made.train[:64], "validation": made.validation[:8]}
    return replace(made, **parts, test=made.test[:8])


@too_long_for_a_small_run
@pytest.mark.parametrize("task", TASKS)
def test_the_tasks_of_the_book_train(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    if task != "generation":  # one with all its examples is enough
        whole = TASKS[task]
        monkeypatch.setitem(TASKS, task, replace(whole, make=lambda: few(whole.make)))
    monkeypatch.setattr(
        sys, "argv", ["ppo-teach", "train", task, *SMALL.split(), "--iterations=1", f"--folder={tmp_path}"]
    )
    main()
    assert f"| {task}, seed 0" in capsys.readouterr().out
    assert read_task_name(tmp_path / task / "seed-0") == task


def test_a_run_that_was_killed_goes_on_to_the_same_numbers(ppo_teach: Command, tmp_path: Path):
    command = f"{TRAIN} --iterations 25"
    ppo_teach(f"{command} --folder {tmp_path}/undisturbed")
    folder = tmp_path / "killed" / "generation" / "seed-0"
    arguments = shlex.split(f"{command} --folder {tmp_path}/killed")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stderr=subprocess.PIPE, cwd=Path(__file__).parent
    )
    while not (folder / "checkpoint.pt").exists():
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not (folder / "evaluation.json").exists()
    ppo_teach(f"{command} --folder {tmp_path}/killed")
    assert texts(folder) == texts(tmp_path / "undisturbed" / "generation" / "seed-0")


RIGHT = """
def value_loss(values, returns, mask):
    errors = (returns[mask].detach() - values[mask]) ** 2
    return errors.mean() / 2
"""
MISTAKES = {
    f"{TRAIN} --iterations 0": "iterations must be at least 1; got 0",
    f"{TRAIN} --minibatch-size 3": "minibatch_size must divide batch_size 8; got 3",
    f"{TRAIN} --model nowhere/at-all": "model must be a checkpoint folder or a name on a hub; got nowhere/at-all: ",
    f"{TRAIN} --max-tokens 1000 --folder FOLDER": "must fit the model's 8 positions",
    "evaluate FOLDER": "folder must hold a run; FOLDER has no config.json",
    "check FOLDER/none.py": "path must be a Python file or a notebook; there is none at 'FOLDER/none.py'",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line_that_names_it(line: str, ppo_teach: Command, tmp_path: Path):
    with pytest.raises(SystemExit) as stop:
        ppo_teach(line.replace("FOLDER", str(tmp_path)))
    assert stop.value.code.startswith("ppo-teach: ")
    assert MISTAKES[line].replace("FOLDER", str(tmp_path)) in stop.value.code
    assert "\n" not in stop.value.code


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--seeds 0", "seeds must be at least 1; got 0"),
        ("--supervision.learning-rate -1", "learning_rate must be greater than 0; got -1.0"),
        ("--iterations many", "invalid literal for int() with base 10: 'many'"),
        ("--clop 0.2", "Unrecognized options: --clop"),
    ],
)
def test_an_option_that_cannot_be_read_is_named(
    option: str, message: str, ppo_teach: Command, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as stop:
        ppo_teach(f"{TRAIN} {option}")
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


KL_HELP = [f"train generation {kl}" for kl in ("fixed-kl", "adaptive-kl")]


@pytest.mark.parametrize(
    "line", [*(f"train {task}" for task in TASKS), *KL_HELP, "evaluate", "chat", "translate", "check"]
)
def test_every_option_is_described_in_the_help(
    line: str, ppo_teach: Command, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        ppo_teach(f"{line} --help")
    printed = re.sub(r"[│\s]+", " ", capsys.readouterr().out)
    described = re.findall(r"(?:--[a-z]\S* \S+|PATH) (.*?)\((?:default|required)", printed)
    assert described
    assert [words for words in described if not words.endswith(". ")] == []
    # tyro gives a field without a comment that of the field above.
    assert len(set(described)) == len(described)


def test_another_configuration_in_the_folder_of_a_run_is_one_line_that_says_so(ppo_teach: Command, tmp_path: Path):
    ppo_teach(f"{TRAIN} --iterations 1 --folder {tmp_path}")
    with pytest.raises(SystemExit, match=r"hold the same run; in .*seed-0 settings.ppo.clip was 0.2, is 0.3$"):
        ppo_teach(f"{TRAIN} --iterations 1 --clip 0.3 --folder {tmp_path}")


def test_a_run_of_an_unknown_task_is_one_line_that_says_so(ppo_teach: Command, tmp_path: Path):
    (tmp_path / "config.json").write_text('{"task": "juggling"}', encoding="utf-8")
    with pytest.raises(SystemExit, match=r"task must be one of translation, .*; got juggling"):
        ppo_teach(f"evaluate {tmp_path}")


@cache
def small_dialogue() -> Task:
    return few(dialogue)


@too_long_for_a_small_run
def test_chat_lets_both_desks_answer_what_is_typed(ppo_teach: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(TASKS, "dialogue", replace(TASKS["dialogue"], make=small_dialogue))
    ppo_teach(f"train dialogue {SMALL} --iterations 1 --folder {tmp_path}")

    def typed(*lines: str) -> list[str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))
        return ppo_teach(f"chat {tmp_path}/dialogue/seed-0").splitlines()

    question = "Hello, this is Ada, when will my order be ready?"
    printed = typed("")
    assert any(line.endswith(question) for line in printed)  # what to begin with can be typed as it stands
    printed = typed(question, "When will my ordr be ready?", "My name is Ada.", "new", question, "", "never read")
    desks = ("supervised start", "PPO")
    for name in desks:  # three sentences were understood; the one with a slip was forgotten
        assert sum(f"  {name}: " in line for line in printed) == 3
    (slip,) = (line for line in printed if "must use known words" in line)
    assert "'ordr' is not one (near it: ['order'" in slip
    assert sum("on the desk's screen: time " in line for line in printed) == 2
    assert typed(question) == typed(question, "")  # the end of input ends it too


@cache
def small_translation() -> Task:
    return few(translation)


@too_long_for_a_small_run
def test_translate_shows_a_typed_sentence_before_and_after(
    ppo_teach: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(TASKS, "translation", replace(TASKS["translation"], make=small_translation))
    ppo_teach(f"train translation {SMALL} --iterations 1 --folder {tmp_path}")
    long = "this hat is in the park . " * 12
    typed = "\n".join(["They will buy this hat.", "they will buy this hatt .", long, "", "never read"])
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    printed = ppo_teach(f"translate {tmp_path}/translation/seed-0").splitlines()
    for name in ("supervised start", "PPO"):
        assert sum(f"  {name}: " in line for line in printed) == 1
    (slip,) = (line for line in printed if "must use known words" in line)
    assert "'hatt' is not one (near it: ['hat'" in slip
    (too_long,) = (line for line in printed if "positions" in line)
    assert "64" in too_long


@pytest.mark.parametrize(
    ("command", "own", "other"), [("chat", "dialogue", "translation"), ("translate", "translation", "dialogue")]
)
def test_a_command_by_hand_refuses_the_run_of_another_task(
    command: str, own: str, other: str, ppo_teach: Command, tmp_path: Path
):
    (tmp_path / "config.json").write_text(json.dumps({"task": other}), encoding="utf-8")
    with pytest.raises(SystemExit, match=f"task must be {own}; got {other}"):
        ppo_teach(f"{command} {tmp_path}")


def test_an_interruption_says_how_to_go_on(ppo_teach: Command, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ppo_teach.cli.run", interrupt)
    with pytest.raises(SystemExit, match="interrupted; the same command goes on from the last checkpoint"):
        ppo_teach(TRAIN)


def test_check_reports_on_each_exercise_and_fails_unless_all_passed(
    ppo_teach: Command, tmp_path: Path, capsys: pytest.CaptureFixture
):
    file = tmp_path / "mine.py"
    file.write_text(
        "def td_residuals(): ...\n\ndef entropy(logits): return logits.sum(-1)\n\n" + RIGHT, encoding="utf-8"
    )
    with pytest.raises(SystemExit) as stop:
        ppo_teach(f"check {file}")
    assert stop.value.code == 1
    printed = capsys.readouterr().out
    assert "✗ entropy" in printed
    assert "✓ value_loss" in printed
    file.write_text(RIGHT, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        ppo_teach(f"check {file}")
    assert stop.value.code == 0


@pytest.mark.parametrize("command", ["chat", "translate", "evaluate_folder"])
def test_an_interruption_of_what_does_not_train_speaks_of_no_checkpoint(
    command: str, ppo_teach: Command, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, command, interrupt)
    monkeypatch.setattr(cli, "require_task", lambda name, folder: None)
    with pytest.raises(SystemExit, match=r"^ppo-teach: interrupted$"):
        ppo_teach(f"{command.removesuffix('_folder')} somewhere")


def test_a_seed_that_no_generator_takes_is_refused_with_its_range(ppo_teach: Command, tmp_path: Path):
    with pytest.raises(SystemExit, match=r"^ppo-teach: seed must be less than 2\*\*64; got 18446744073709551616$"):
        ppo_teach(f"{TRAIN} --seed {2**64} --folder {tmp_path}")
    largest = cells(ppo_teach(f"{TRAIN} --seed {2**64 - 1} --iterations 1 --folder {tmp_path}"))
    assert largest[0][0] == f"generation, seed {2**64 - 1}"
