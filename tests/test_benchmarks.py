"""The benchmarks run, and compare like with like. No chapter: they are about speed, not about PPO."""

import json
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
RESULTS = json.loads((BENCHMARKS / "results" / "throughput.json").read_text(encoding="utf-8"))
CONTROL = json.loads((BENCHMARKS / "results" / "control.json").read_text(encoding="utf-8"))
SMALL = {"width": 8, "heads": 2, "vocabulary_size": 7, "prompt_tokens": 3, "response_tokens": 4, "batch_size": 8}


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The scripts, which import one another as neighbours in a folder."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return {name: import_module(name) for name in ("laps", "whole_iteration", "bare_calls")}


def calls(*trunks: nn.Module) -> list[tuple[int, int, bool]]:
    """A list that grows by one entry per call of the trunks: rows and columns fed, and whether gradients are wanted."""
    seen: list[tuple[int, int, bool]] = []
    for trunk in trunks:
        trunk.register_forward_pre_hook(
            lambda _, __, options: seen.append((*options["input_ids"].shape, torch.is_grad_enabled())), with_kwargs=True
        )
    return seen


def test_an_iteration_is_compared_with_the_very_calls_that_it_makes(modules: dict[str, ModuleType]):
    setting = modules["laps"].Setting(**SMALL)
    trainer = modules["whole_iteration"].build_trainer(setting)
    rollout, _, _ = trainer.act()
    made = calls(trainer.policy.trunk, trainer.reference.trunk)
    trainer.step()
    of_iteration = made.copy()
    made.clear()

    def part(name: str) -> AbstractContextManager:
        return nullcontext()

    trunk = trainer.policy.trunk
    modules["bare_calls"].iteration(setting, trunk, torch.optim.Adam(trunk.parameters(), fused=True), rollout, part)
    # The prompts, three more tokens of four, the reference; then four epochs of four minibatches, two rows each.
    assert of_iteration == [(8, 3, False), *3 * [(8, 1, False)], (8, 6, False), *16 * [(2, 6, True)]]
    assert made == of_iteration


def test_throughput_reports_ratios_parts_and_memory_of_its_own_run(tmp_path: Path):
    results = tmp_path / "throughput.json"
    sizes = [f"--setting.{name.replace('_', '-')}={size}" for name, size in SMALL.items()]
    command = [sys.executable, BENCHMARKS / "throughput.py", "--no-trl", "--rounds", "3", "--results", results, *sizes]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    report = json.loads(results.read_text(encoding="utf-8"))
    assert report["setting"].items() >= SMALL.items()
    calls_alone, with_optimiser = report["ratios"].values()
    whole, bare = report["contestants"]["whole_iteration"], report["contestants"]["bare_calls"]
    assert list(whole["seconds"]) == ["act", "assign_credit", "update", "iteration"]
    for clock in ("wall", "cpu"):
        # Leaving the optimiser out of the calls makes the ratio larger, round by round.
        assert calls_alone[clock]["min"] > with_optimiser[clock]["min"] > 0
        acts = sum(whole["seconds"][act][clock]["min"] for act in ("act", "assign_credit", "update"))
        assert 0 < acts < whole["seconds"]["iteration"][clock]["max"]
    # Python with torch in it takes more than 100 MiB.
    assert min(whole["peak_memory_mib"], bare["peak_memory_mib"]) > 100
    assert all(f"{ratio['wall']['median']:.2f}" in printed for ratio in report["ratios"].values())


def test_a_contestant_that_fails_is_named_with_its_error(modules: dict[str, ModuleType], tmp_path: Path):
    script = tmp_path / "unlucky.py"
    script.write_text("raise SystemExit('out of luck')", encoding="utf-8")
    laps = modules["laps"]
    with (
        pytest.raises(RuntimeError, match=r"unlucky\.py ended before its lap did:\nout of luck"),
        laps.contestant(sys.executable, script, laps.Setting()),
    ):
        pass


def test_the_committed_results_are_of_the_default_setting_and_keep_the_goal(modules: dict[str, ModuleType]):
    assert RESULTS["setting"] == asdict(modules["laps"].Setting())
    assert RESULTS["ratios"]["whole iteration / bare calls"]["wall"]["median"] <= 1.25
    assert {figures["torch"] for figures in RESULTS["versions"].values()} == {
        RESULTS["versions"]["bare_calls"]["torch"]
    }
    assert "TRL / whole iteration" in RESULTS["ratios"]


def test_control_reports_the_speed_of_its_own_run(tmp_path: Path):
    results = tmp_path / "control.json"
    sizes = ["--setting.steps=8", "--setting.minibatch-size=8", "--setting.epochs=1"]
    command = [sys.executable, BENCHMARKS / "control.py", "--no-sb3", "--rounds=3", "--results", results, *sizes]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    report = json.loads(results.read_text(encoding="utf-8"))
    assert report["setting"] == {**CONTROL["setting"], "steps": 8, "minibatch_size": 8, "epochs": 1}
    assert report["ratios"] == {}
    speed = report["steps_per_second"]["our_control"]["wall"]
    assert 0 < speed["min"] <= speed["median"] <= speed["max"]
    assert f"{speed['median']:.0f} steps/s (wall)" in printed


def test_the_committed_results_on_control_are_of_the_default_setting_and_keep_the_goal(modules: dict[str, ModuleType]):
    assert CONTROL["setting"] == asdict(modules["laps"].ControlSetting())
    assert CONTROL["ratios"]["sb3_control / our_control"]["wall"]["median"] >= 1
    ours, theirs = CONTROL["versions"]["our_control"], CONTROL["versions"]["sb3_control"]
    assert ours == {package: theirs[package] for package in ours}
