"""Several seeds at once, and their table."""

import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import stdev

import pytest
from small_tasks import SETTINGS as LONG
from small_tasks import greetings
from tqdm import tqdm

from ppo_teach.plots import save_learning_curves
from ppo_teach.runs.run import run
from ppo_teach.runs.seeds import run_seeds, spread, table
from ppo_teach.tasks.settings import Supervision
from ppo_teach.tasks.task import Task, configured

SETTINGS = replace(
    LONG,
    ppo=replace(LONG.ppo, iterations=2),
    supervision=Supervision(steps=5, batch_size=8),
)
EVALUATIONS = [
    {"start": {"BLEU": 10.0, "chrF": 20.0}, "PPO": {"BLEU": 90.0, "chrF": 80.0}},
    {"start": {"BLEU": 14.0, "chrF": 20.0}, "PPO": {"BLEU": 96.0, "chrF": 81.0}},
]


def test_one_seed_is_a_number_and_several_a_mean_and_a_deviation():
    # 10 and 14: the mean is 12; each is 2 away, and √((4 + 4) / (2 − 1)) = 2.83.
    assert spread([10.0, 14.0]) == "12.0 ± 2.8"
    assert spread([10.0]) == "10.0"


def test_the_table_is_markdown_with_a_column_for_each_model():
    assert table(EVALUATIONS, title="two") == (
        "| two  |      start |        PPO |\n"
        "| ---  |       ---: |       ---: |\n"
        "| BLEU | 12.0 ± 2.8 | 93.0 ± 4.2 |\n"
        "| chrF | 20.0 ± 0.0 | 80.5 ± 0.7 |"
    )
    assert stdev([90.0, 96.0]) == pytest.approx(4.2426, abs=1e-4)
    assert table(EVALUATIONS[:1], title="one").splitlines()[2] == "| BLEU |  10.0 | 90.0 |"


def test_seeds_run_in_processes_of_their_own_and_give_what_one_run_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("ppo_teach.runs.seeds.tqdm", partial(tqdm, disable=False))
    drawn = []

    def save_and_remember(path: Path, histories: list, *, title: str) -> None:
        drawn.append((histories, title))
        save_learning_curves(path, histories, title=title)

    monkeypatch.setattr("ppo_teach.runs.seeds.save_learning_curves", save_and_remember)
    evaluations = run_seeds(greetings, SETTINGS, tmp_path / "runs", seeds=[4, 3])
    assert "all seeds" in capsys.readouterr().err
    for seed, evaluation in zip((4, 3), evaluations, strict=True):
        settings = replace(SETTINGS, ppo=replace(SETTINGS.ppo, seed=seed))
        assert run(configured(greetings(), settings), tmp_path / "one by one" / f"seed-{seed}") == evaluation
    for path in (tmp_path / "one by one").rglob("history.jsonl"):
        assert path.read_text(encoding="utf-8") == (
            tmp_path / "runs" / path.relative_to(tmp_path / "one by one")
        ).read_text(encoding="utf-8")

    # One picture of both, of PPO and not of its control.
    (histories, title), paths = (
        drawn[0],
        [tmp_path / "one by one" / f"seed-{seed}" / "history.jsonl" for seed in (4, 3)],
    )
    assert histories == [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in paths]
    assert title.startswith("greetings, 2 seeds:")
    assert (tmp_path / "runs" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_seed_that_fails_is_an_error_of_the_whole(tmp_path: Path):
    (tmp_path / "seed-4").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(OSError, match="seed-4"):
        run_seeds(greetings, SETTINGS, tmp_path, seeds=[4])


def killed() -> Task:
    """What a system does to a process for which it has no memory."""
    os._exit(9)


def test_the_end_of_a_process_that_was_killed_is_one_line(tmp_path: Path):
    with pytest.raises(OSError, match=r"the process of a seed was killed, .* the same command goes on from") as error:
        run_seeds(killed, SETTINGS, tmp_path, seeds=[4, 3])
    assert "\n" not in str(error.value)
