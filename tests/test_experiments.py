"""What the experiments write beside their numbers. No chapter: they are what the chapters cite."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from ppo_teach.tasks.translation import SETTINGS_OF_TRANSLATION

EXPERIMENTS = Path(__file__).parent.parent / "experiments"
EVALUATION = {"PPO": {"BLEU": 50.0}}


def test_a_result_is_recorded_with_the_signatures_of_its_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(EXPERIMENTS)
    five_seeds = import_module("five_seeds")
    monkeypatch.setattr(five_seeds, "RESULTS", tmp_path)
    signatures = {"BLEU": "nrefs:1|tok:zh"}
    five_seeds.record("two", SETTINGS_OF_TRANSLATION, [EVALUATION] * 5, signatures=signatures, source="s", seconds=1.0)
    content = json.loads((tmp_path / "two.json").read_text())
    assert content["signatures"] == signatures
    assert content["test set"] == {str(seed): EVALUATION for seed in range(5)}
    assert "50.0 ± 0.0" in (tmp_path / "two.md").read_text()
