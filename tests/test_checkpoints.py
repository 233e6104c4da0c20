"""Files that are either the old one or the new one, and that cannot run code."""

import errno
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ppo_teach.checkpoints import (
    append_history,
    load_checkpoint,
    read_json,
    save_checkpoint,
    truncate_history,
    write_atomically,
    write_json,
)

STATE = {"iteration": 3, "policy": {"weight": torch.arange(6.0).view(2, 3)}, "config": {"value_clip": float("inf")}}


class Killed(BaseException):
    """What a test raises where a real run would have died."""


def lines(folder: Path) -> list[str]:
    return (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()


def write_history(folder: Path, iterations: int) -> None:
    for iteration in range(iterations):
        append_history(folder, {"iteration": iteration, "score": iteration / 3})


# Checkpoints.


def test_a_checkpoint_comes_back_bit_for_bit_from_a_folder_made_for_it(tmp_path: Path):
    save_checkpoint(tmp_path / "runs" / "first", STATE)
    state = load_checkpoint(tmp_path / "runs" / "first")
    assert torch.equal(state.pop("policy")["weight"], STATE["policy"]["weight"])
    assert state == {"iteration": 3, "config": {"value_clip": float("inf")}}


def test_a_new_checkpoint_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path):
    save_checkpoint(tmp_path, STATE)
    save_checkpoint(tmp_path, {**STATE, "iteration": 4})
    assert load_checkpoint(tmp_path)["iteration"] == 4
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_run_killed_while_it_writes_keeps_its_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save_checkpoint(tmp_path, STATE)
    write = Path.write_bytes

    def half(path: Path, content: memoryview) -> None:
        write(path, content[: len(content) // 2])
        raise Killed

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(Killed):
        save_checkpoint(tmp_path, {**STATE, "iteration": 4})
    assert load_checkpoint(tmp_path)["iteration"] == 3
    monkeypatch.undo()
    save_checkpoint(tmp_path, {**STATE, "iteration": 5})  # what the dead run left behind is in nobody's way
    assert load_checkpoint(tmp_path)["iteration"] == 5


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_a_run_killed_before_the_renaming_keeps_its_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    def die(*arguments: Any) -> None:
        raise Killed

    save_checkpoint(tmp_path, STATE)
    monkeypatch.setattr(step, die)
    with pytest.raises(Killed):
        save_checkpoint(tmp_path, {**STATE, "iteration": 4})
    assert load_checkpoint(tmp_path)["iteration"] == 3


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    done = []
    monkeypatch.setattr("os.fsync", lambda descriptor: done.append("pushed"))
    monkeypatch.setattr("os.replace", lambda aside, path: done.append(f"renamed to {path.name}"))
    write_atomically(tmp_path / "samples.txt", lambda aside: aside.write_text("a cat", encoding="utf-8"))
    assert done == ["pushed", "renamed to samples.txt"]


def test_two_processes_that_make_the_same_file_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def write_while_another_process_does(aside: Path) -> None:
        aside.write_text("ours", encoding="utf-8")
        with monkeypatch.context() as there:
            there.setattr("os.getpid", lambda: 1)
            write_atomically(tmp_path / "start.pt", lambda aside: aside.write_text("theirs", encoding="utf-8"))
        assert (tmp_path / "start.pt").read_text(encoding="utf-8") == "theirs"

    write_atomically(tmp_path / "start.pt", write_while_another_process_does)
    assert (tmp_path / "start.pt").read_text(encoding="utf-8") == "ours"
    assert [path.name for path in tmp_path.iterdir()] == ["start.pt"]


def test_what_a_writer_or_a_killed_process_left_behind_is_removed(tmp_path: Path):
    def fail(aside: Path) -> None:
        aside.write_text("half", encoding="utf-8")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        write_atomically(tmp_path / "start.pt", fail)
    assert list(tmp_path.iterdir()) == []
    killed, at_work, other = (tmp_path / f"{name}.partial" for name in ("start.pt.1", "start.pt.2", "other.pt.1"))
    for path in (killed, at_work, other):
        path.write_text("half", encoding="utf-8")
    for path in (killed, other):
        os.utime(path, (0, 0))
    write_atomically(tmp_path / "start.pt", lambda aside: aside.write_text("whole", encoding="utf-8"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.pt.1.partial", "start.pt", "start.pt.2.partial"]


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path):
    with pytest.raises(ValueError, match=r"folder must hold a checkpoint\.pt; .* does not"):
        load_checkpoint(tmp_path)


def test_a_checkpoint_cannot_run_code(tmp_path: Path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    save_checkpoint(tmp_path, {**STATE, "policy": Trap()})
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "ran").exists()
    torch.load(tmp_path / "checkpoint.pt", weights_only=False)  # the trap does work
    assert (tmp_path / "ran").exists()


# History.


def test_a_history_cut_at_its_checkpoint_forgets_what_came_later(tmp_path: Path):
    write_history(tmp_path, 5)
    assert truncate_history(tmp_path, 3) == [{"iteration": i, "score": i / 3} for i in range(3)]
    assert len(lines(tmp_path)) == 3
    append_history(tmp_path, {"iteration": 3, "score": 1.0})
    assert [json.loads(line)["iteration"] for line in lines(tmp_path)] == [0, 1, 2, 3]


def test_half_a_line_written_by_a_dead_run_is_dropped(tmp_path: Path):
    write_history(tmp_path, 2)
    with (tmp_path / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"iteration": 2, "sco')
    assert len(truncate_history(tmp_path, 2)) == 2
    write_history(tmp_path, 1)
    assert len([json.loads(line) for line in lines(tmp_path)]) == 3


def test_a_run_that_has_not_begun_has_an_empty_history(tmp_path: Path):
    assert truncate_history(tmp_path, 0) == []
    write_history(tmp_path, 2)
    assert truncate_history(tmp_path, 0) == []
    assert lines(tmp_path) == []


def test_a_history_shorter_than_its_checkpoint_is_refused_and_left_as_it_is(tmp_path: Path):
    with pytest.raises(ValueError, match=r"history\.jsonl must have 1 lines, one per iteration; got 0"):
        truncate_history(tmp_path, 1)
    write_history(tmp_path, 2)
    with pytest.raises(ValueError, match="must have 3 lines, one per iteration; got 2"):
        truncate_history(tmp_path, 3)
    assert len(lines(tmp_path)) == 2


def test_a_line_of_history_is_on_the_disk_when_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sizes = []
    monkeypatch.setattr("os.fsync", lambda descriptor: sizes.append((tmp_path / "history.jsonl").stat().st_size))
    append_history(tmp_path, {"iteration": 0})
    assert sizes == [len('{"iteration": 0}\n')]


def test_json_keeps_its_letters_and_its_order(tmp_path: Path):
    write_json(tmp_path / "samples.json", {"zh": "三本书", "a": [1, 2]})
    text = (tmp_path / "samples.json").read_text(encoding="utf-8")
    assert "三本书" in text
    assert text.endswith("}\n")
    assert list(json.loads(text).items()) == [("zh", "三本书"), ("a", [1, 2])]


# Damage, full disks and Windows.


def test_a_byte_that_changed_anywhere_in_a_checkpoint_is_noticed(tmp_path: Path):
    save_checkpoint(tmp_path, STATE)
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()
    for place in range(0, len(whole), 11):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged: its digest is not that of its content"):
            load_checkpoint(tmp_path)


@pytest.mark.parametrize("rest", [0, 1, 31, 32, 33, 500])
def test_a_checkpoint_cut_short_is_one_line_that_names_it_and_says_what_to_do(rest: int, tmp_path: Path):
    save_checkpoint(tmp_path, STATE)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:rest])
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged: .*; remove it, and give the command") as error:
        load_checkpoint(tmp_path)
    assert "\n" not in str(error.value)


def test_a_checkpoint_of_an_older_version_without_a_digest_says_so(tmp_path: Path):
    torch.save(STATE, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"\(older versions wrote none\); remove it"):
        load_checkpoint(tmp_path)


def test_a_checkpoint_with_its_digest_is_read_by_torch_alone(tmp_path: Path):
    save_checkpoint(tmp_path, STATE)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert torch.equal(state["policy"]["weight"], STATE["policy"]["weight"])


def test_a_history_is_cut_by_the_iterations_that_its_lines_name_not_by_their_count(tmp_path: Path):
    for iteration in (0, 5, 1, 2, 3, 6, 4):  # what two processes wrote into one folder
        append_history(tmp_path, {"iteration": iteration, "score": iteration / 3})
    assert truncate_history(tmp_path, 5) == [{"iteration": i, "score": i / 3} for i in range(5)]
    assert [json.loads(line)["iteration"] for line in lines(tmp_path)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("line", [b"\xff", b"", b"null", b"[1]", b"3", b'{"iteration": "1"}', b'{"iteration": 7}'])
def test_a_damaged_line_of_history_is_one_that_is_missing(line: bytes, tmp_path: Path):
    write_history(tmp_path, 3)
    path = tmp_path / "history.jsonl"
    first, _, third = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, line, third, b""]))
    with pytest.raises(ValueError, match=r"history\.jsonl must have 3 .*; got 2: remove checkpoint\.pt beside it"):
        truncate_history(tmp_path, 3)
    assert path.read_bytes().splitlines() == [first, line, third]
    assert truncate_history(tmp_path, 1) == [{"iteration": 0, "score": 0.0}]


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1', b'"\xff"'])
def test_a_damaged_json_file_is_named(content: bytes, tmp_path: Path):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"config\.json is damaged: .*; remove it, and give the command"):
        read_json(tmp_path / "config.json")


WRITERS: dict[str, Callable[[Path], None]] = {
    "checkpoint.pt": lambda folder: save_checkpoint(folder, STATE),
    "history.jsonl": lambda folder: append_history(folder, {"iteration": 0}),
    "samples.json": lambda folder: write_json(folder / "samples.json", ["a cat"] * 1000),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_that_says_what_could_not_be_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    WRITERS[name](tmp_path)
    before = (tmp_path / name).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        OSError, match=rf"{name} could not be written: No space left on device; what was saved"
    ) as error:
        WRITERS[name](tmp_path)
    assert "\n" not in str(error.value)
    assert (tmp_path / name).read_bytes().startswith(before)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_checkpoint_larger_than_the_system_allows_is_one_line_too(tmp_path: Path):
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of a file")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match=r"checkpoint\.pt could not be written: File too large; what was saved"):
            save_checkpoint(tmp_path, {"policy": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_what_is_pushed_to_the_disk_is_open_for_writing_as_windows_demands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("os.fsync", lambda descriptor: os.write(descriptor, b""))  # refused to one that only reads
    for write in WRITERS.values():
        write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(WRITERS)
