"""The supervised start, made once and found again by all that it depends on."""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_tasks import SETTINGS, greetings

from ppo_teach import pretraining
from ppo_teach.runs import provenance, starts
from ppo_teach.runs.provenance import fingerprint, source_digest
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.task import Task, evaluate


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setattr(starts, "user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "ppo-teach" / "starts"


def weights(task: Task, seed: int = 0) -> torch.Tensor:
    return torch.cat([parameter.flatten() for parameter in supervised_start(task, seed=seed).parameters()])


def test_the_supervised_start_is_made_once(cache: Path, monkeypatch: pytest.MonkeyPatch):
    task = greetings()
    first = weights(task)
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(starts, "pretrain", None)
    assert torch.equal(weights(task), first)


def test_the_supervised_start_says_what_the_corpus_says():
    task = greetings()
    answers = evaluate(task, supervised_start(task, seed=0), task.train).sampled
    known = {*task.corpus.references}
    assert sum(answer in known for answer in answers) >= 5
    assert {answer.split()[0] for answer in answers if answer in known} == {"good", "hey"}


def test_whatever_a_start_depends_on_makes_another(cache: Path, monkeypatch: pytest.MonkeyPatch):
    task = replace(greetings(), settings=replace(SETTINGS, supervision=replace(SETTINGS.supervision, steps=1)))
    made = [weights(task)]

    def again(changed: Task, seed: int = 0) -> None:
        made.append(weights(changed, seed))
        assert len(list(cache.iterdir())) == len(made)

    again(task, seed=1)
    again(replace(task, settings=replace(SETTINGS, supervision=replace(SETTINGS.supervision, steps=2))))
    again(replace(task, corpus=task.corpus[:8]))
    again(replace(task, build=lambda seed: greetings().build(seed + 7)))
    monkeypatch.setattr(starts, "source_digest", lambda: "changed")
    again(task)
    monkeypatch.setattr(starts, "versions", lambda: {})
    again(task)
    # A later PPO run with other settings starts from the same place.
    weights(replace(task, settings=replace(task.settings, ppo=replace(SETTINGS.ppo, clip=0.3))))
    assert len(list(cache.iterdir())) == len(made)


def test_the_digest_of_the_source_changes_with_any_module_but_the_graders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "ppo_teach"
    shutil.copytree(provenance.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", package)
    digest = source_digest()
    (package / "exercises" / "new.py").write_text("NEW = 1\n", encoding="utf-8")
    assert source_digest() == digest
    with (package / "tasks" / "task.py").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert source_digest() != digest


def test_a_fingerprint_is_of_the_content_not_of_its_order():
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1}) != fingerprint({"a": 1, "b": [3]})


def test_texts_that_can_never_be_said_whole_are_counted(capsys: pytest.CaptureFixture):
    task = greetings()
    supervised_start(task, seed=0)
    assert "texts to imitate" not in capsys.readouterr().err
    short = replace(task, settings=replace(SETTINGS, ppo=replace(SETTINGS.ppo, max_tokens=3)))
    for _ in range(2):  # it does not matter whether the start is made or found
        supervised_start(short, seed=0)
        # "good morning NAME" and its end are 4 tokens, "hey NAME" and its end are 3
        said = "8 of the 16 texts to imitate are longer than max_tokens, 3, and can never be written whole"
        assert f"{said}; the longest has 4 tokens, its end included\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: whole[:-40] + b"\0" + whole[-39:]]
)
def test_a_damaged_start_is_made_anew(damage: Callable[[bytes], bytes], cache: Path):
    task = greetings()
    first = weights(task)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert torch.equal(weights(task), first)
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_told_before_the_start_is_made_and_stops_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    kept = weights(greetings())
    shutil.rmtree(cache)
    cache.parent.rmdir()
    cache.parent.write_text("a file where a folder should be", encoding="utf-8")
    told = []

    def pretrain(*arguments: Any, **settings: Any) -> None:
        told.extend(capsys.readouterr().err.splitlines())
        pretraining.pretrain(*arguments, **settings)

    monkeypatch.setattr(starts, "pretrain", pretrain)
    assert torch.equal(weights(greetings()), kept)
    (line,) = (line for line in told if "will not be kept" in line)
    assert str(cache.parent) in line
    assert "not kept" not in capsys.readouterr().err


def test_a_disk_that_is_full_after_the_training_does_not_lose_the_start(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        lost = weights(greetings())
    assert "the supervised start is not kept: " in capsys.readouterr().err
    assert list(cache.iterdir()) == []
    assert torch.equal(weights(greetings()), lost)
