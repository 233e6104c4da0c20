"""The same numbers on every machine. Chapter: book/appendix/reproducibility.md."""

import json
import os
import platform
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from ppo_teach.kernels import PINNED, machine, pin_kernels, pinned

TESTS = Path(__file__).parent
HELD = {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}  # stand for a processor that has no more
can_pin = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64") or torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="this machine has no such kernels",
)
PUBLISHED = {"weights": "807c38658ace310d", "numbers": "b3b622304851470a"}  # of pipeline.py, with torch 2.13


def python(*command: str, **settings: str) -> str:
    """What a fresh process prints, with these settings of the environment and none of the pins."""
    environment = {name: value for name, value in os.environ.items() if name not in PINNED}
    environment |= {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]), "TQDM_DISABLE": "1", **settings}
    run = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=True)
    return run.stdout


def first(program: str, **settings: str) -> list[str]:
    """What a fresh process prints that begins so."""
    return python("-W", "always", "-c", program, **settings).split()


@can_pin
def test_a_whole_pipeline_gives_the_published_bits_whatever_the_libraries_are_offered():
    runs = [json.loads(python(str(TESTS / "pipeline.py"), **offered)) for offered in ({}, HELD)]
    assert runs[0] == runs[1]
    assert runs[0] == {**PUBLISHED, "processor": runs[0]["processor"], "pinned": True, "threads": 1}


@can_pin
def test_without_the_pin_the_bits_are_others():
    program = "import ppo_teach.kernels as k, torch; torch.set_num_threads(1); print(k.pinned())"
    assert first(program) == ["False"]
    assert first(program, **PINNED) == ["False"]  # oneDNN is not told by the environment
    assert first(program.replace("print", "k.pin_kernels(); print")) == ["True"]


@pytest.mark.parametrize(
    ("before", "settings", "words"),
    [
        ("import torch; torch.ones(40, 40).exp() @ torch.ones(40, 40)", {}, "came"),
        ("", {"ATEN_CPU_CAPABILITY": "default"}, "x86-64 processor with AVX2; this one is"),
    ],
    ids=["too late", "no AVX2"],
)
def test_a_pin_that_comes_too_late_or_cannot_be_is_a_warning_and_no_more(before, settings, words):
    program = f"""{before}
import warnings
from ppo_teach.kernels import pin_kernels
with warnings.catch_warnings(record=True) as told:
    print(pin_kernels(), *[warning.message for warning in told])"""
    done, *warning = first(program, **settings)
    assert done == "False"
    assert "the numbers will not be those of the book" in " ".join(warning)
    assert words in " ".join(warning)


@can_pin
def test_a_second_call_changes_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pin_kernels() == pin_kernels() == pinned() == machine()["pinned"]


@can_pin
def test_two_threads_are_not_the_published_kernels():
    torch.set_num_threads(2)
    assert not pinned()


@can_pin
@pytest.mark.parametrize("name", ["ppo_teach.exercises", "ppo_teach.cli", "ppo_teach.runs", "ppo_teach.tasks"])
def test_a_page_can_pin_its_kernels_after_its_imports(name):
    assert first(f"import {name}; from ppo_teach.kernels import pin_kernels; print(pin_kernels())") == ["True"]
