"""What the experiments left behind, read again. Chapter: book/ppo/ablations.md."""

from math import isnan

import pytest

from ppo_teach.records import column, curves, difference, recorded, table

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


def test_a_difference_needs_the_five_seeds_that_its_quantile_is_for():
    four = {name: runs[:4] for name, runs in RUNS.items()}
    with pytest.raises(ValueError, match="runs must hold five seeds of each variant; got 4 of 'better'"):
        difference(four, "better", "start", "BLEU")


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
