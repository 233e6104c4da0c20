"""What the experiments left behind, read again. Chapter: book/ppo/ablations.md."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from math import isnan
from pathlib import Path

import pytest

from ppo_teach.records import column, curves, difference, record, recorded, table

ROOT = Path(__file__).parent.parent

RUNS = {
    "start": [{"BLEU": 40.0 + seed, "KL": -1e-9, "curves": {"score": [0.1, 0.2]}} for seed in range(5)],
    "better": [{"BLEU": 50.0 + 2 * seed, "KL": 2.345, "curves": {"score": [0.3, 0.4]}} for seed in range(5)],
    "no policy": [{"BLEU": None, "KL": None, "curves": {}} for _ in range(5)],
}


def test_a_record_is_read_by_variant_and_seed():
    runs = recorded("ppo_for_language")
    assert [run["seed"] for run in runs["PPO"]] == [0, 1, 2, 3, 4]
    assert column(runs, "PPO", "BLEU, greedy").mean() > column(runs, "supervised start", "BLEU, greedy").mean()


def test_a_column_has_a_number_and_the_curves_a_row_of_every_seed():
    assert column(RUNS, "better", "BLEU").tolist() == [50, 52, 54, 56, 58]
    assert all(isnan(number) for number in column(RUNS, "no policy", "BLEU"))
    assert curves(RUNS, "start", "score").shape == (5, 2)


def test_a_difference_is_paired_by_hand():
    # The differences are 10, 11, 12, 13, 14: mean 12, s² = 10 / 4. Half the width is 2.776 √(2.5 / 5) = 1.963.
    assert difference(RUNS, "better", "start", "BLEU") == pytest.approx((12, 1.963), abs=1e-3)


def test_a_difference_needs_as_many_seeds_as_its_quantile_is_for():
    four = {name: runs[:4] for name, runs in RUNS.items()}
    with pytest.raises(ValueError, match="runs must hold five or ten seeds of each variant; got 4 of 'better'"):
        difference(four, "better", "start", "BLEU")


def test_ten_seeds_have_a_quantile_of_their_own_and_the_table_says_ten():
    # The differences are 0, 1, …, 9: mean 4.5, s² = 82.5 / 9. Half the width is 2.262 √(s² / 10) = 2.166.
    ten = {"a": [{"n": 2.0 * seed} for seed in range(10)], "b": [{"n": 1.0 * seed} for seed in range(10)]}
    assert difference(ten, "a", "b", "n") == pytest.approx((4.5, 2.166), abs=1e-3)
    assert table(ten, ["a"], {"n": "n"}).startswith("| test set, ten seeds |")


def test_a_table_has_means_and_how_far_each_is_from_the_base():
    numbers = {"KL": "KL", "quality": "BLEU"}
    lines = table(RUNS, RUNS, numbers, base="start", compared="quality", digits={"KL": 2}).splitlines()
    assert lines == [
        "| test set, five seeds | KL | quality | quality, less that of start |",
        "| --- | ---: | ---: | ---: |",
        "| start | 0.00 | 42.0 |  |",
        "| better | 2.35 | 54.0 | +12.0 ± 2.0 |",
        "| no policy | – | – |  |",
    ]
    assert table(RUNS, ["better"], {"BLEU": "BLEU"}).splitlines()[2:] == ["| better | 54.0 |"]
    assert table(RUNS, ["better"], numbers, base="start").splitlines()[2].endswith("| +2.3 ± 0.0 |")


def test_a_record_is_found_from_another_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert record("translation")["seeds"] == [0, 1, 2, 3, 4]
    assert record("control", of="benchmarks")["rounds"] > 0


def test_a_record_is_found_in_an_installed_package(tmp_path: Path):
    # A wheel has the package, and in it what pyproject.toml sends there; nothing lies beside it.
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    shutil.copytree(ROOT / "ppo_teach", tmp_path / "ppo_teach", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in wheel["only-include"]:
        top = folder.split("/")[0]
        if top != "ppo_teach":
            shutil.copytree(ROOT / folder, tmp_path / wheel["sources"][top] / "results")
    program = """
from ppo_teach.records import record, recorded
print(len(recorded("control")), record("control", of="benchmarks")["rounds"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(len(recorded("control"))), str(record("control", of="benchmarks")["rounds"])]


CELLS = re.compile(r"^```\{code-cell\}.*?^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", sorted((ROOT / "book").glob("*/*.md")), ids=lambda page: page.stem)
def test_no_cell_reads_beside_the_working_directory(page: Path):
    # Who opens a chapter as a notebook, here or on a hosted service, may stand anywhere.
    cells = CELLS.findall(page.read_text(encoding="utf-8"))
    assert [line for cell in cells for line in cell.splitlines() if re.search(r"""(Path|open)\(f?["']\.""", line)] == []
