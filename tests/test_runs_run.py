"""One seed of a task, from the supervised start to the table."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_tasks import SETTINGS, greetings

from ppo_teach.kl import AdaptiveKL
from ppo_teach.language_models import load
from ppo_teach.runs.folders import alone_in, read_settings, read_task_name
from ppo_teach.runs.provenance import source_digest
from ppo_teach.runs.run import answers_of_all, evaluate_run, run
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.task import Examples, Task, configured, evaluate


def shortened(iterations: int, **changes: float) -> Task:
    return configured(greetings(), replace(SETTINGS, ppo=replace(SETTINGS.ppo, iterations=iterations, **changes)))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of the module's own; all its tests begin at the same supervised start."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ppo_teach.runs.starts.user_cache_path", lambda name: folder / name)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    run(greetings(), folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two iterations that nothing stopped."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    run(shortened(2), folder)
    return folder


def history(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, pictures and models aside."""
    paths = [*folder.rglob("*.json"), *folder.rglob("*.jsonl")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if "policy" not in path.parts}


def test_ppo_learns_what_the_reward_asks_for_and_its_control_hears_the_same_whatever_it_does(finished: Path):
    evaluation = json.loads((finished / "evaluation.json").read_text(encoding="utf-8"))
    ppo, control = history(finished), history(finished / "control")
    assert list(evaluation) == ["supervised start", "constant reward", "PPO"]
    assert 0.2 < ppo[0]["score"] < 0.8  # the corpus is polite half of the time
    assert ppo[-1]["score"] > 0.9
    assert {metrics["score"] for metrics in control} == {1.0}
    assert len(control) == len(ppo)


def test_a_run_folder_holds_all_that_a_reader_needs(finished: Path):
    task = greetings()
    assert (finished / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (read_task_name(finished), read_settings(finished)) == ("greetings", SETTINGS)
    shown = json.loads((finished / "samples.json").read_text(encoding="utf-8"))["samples"]
    assert [sample["prompt"] for sample in shown] == list(task.test.prompts)
    assert [sample["PPO"].split()[0] for sample in shown] == ["good", "good"]

    evaluation = json.loads((finished / "evaluation.json").read_text(encoding="utf-8"))
    policy, tokenizer = load(finished / "policy")
    answers = evaluate(replace(task, tokenizer=tokenizer), policy, task.test)
    assert evaluation["PPO"] == answers.numbers
    assert answers.sampled == [sample["PPO, sampled"] for sample in shown]


def test_each_model_of_a_run_answers_under_its_own_name(finished: Path):
    task = greetings()
    answers = answers_of_all(task, finished, "cpu", task.train)
    sampled = {name: answer.sampled for name, answer in answers.items()}
    policy, _ = load(finished / "policy")
    assert sampled["supervised start"] == evaluate(task, supervised_start(task, seed=0), task.train).sampled
    assert sampled["PPO"] == evaluate(task, policy, task.train).sampled
    assert len(set(map(tuple, sampled.values()))) == 3


def test_a_finished_run_is_evaluated_again_on_either_held_out_set(finished: Path):
    task = greetings()
    assert evaluate_run(task, finished, split="test") == json.loads(
        (finished / "evaluation.json").read_text(encoding="utf-8")
    )
    counting = replace(
        task, validation=task.validation[:1], report=lambda responses, _: {"answers": float(len(responses))}
    )
    numbers = evaluate_run(counting, finished, split="validation")
    assert numbers["PPO"] == {"answers, greedy": 1, "answers, sampled": 1}


def test_a_finished_run_is_read_not_repeated(finished: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ppo_teach.runs.run.supervised_start", None)
    assert run(greetings(), finished) == json.loads((finished / "evaluation.json").read_text(encoding="utf-8"))


def test_the_temperature_holds_in_the_evaluation_too(tmp_path: Path):
    run(shortened(1, temperature=0.01), tmp_path / "cold")
    shown = json.loads((tmp_path / "cold" / "samples.json").read_text(encoding="utf-8"))["samples"]
    assert [sample["PPO"] for sample in shown] == [sample["PPO, sampled"] for sample in shown]


@pytest.mark.parametrize("act", ["supervised_start", "constant", "evaluate", "save"])
def test_a_run_that_was_stopped_before_any_act_goes_on_to_the_same_files(
    act: str, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"ppo_teach.runs.run.{act}", stop)
        with pytest.raises(KeyboardInterrupt):
            run(shortened(2), tmp_path)
    assert not (tmp_path / "evaluation.json").exists()
    run(shortened(2), tmp_path)
    assert files(tmp_path) == files(undisturbed)


CHANGES: dict[str, Callable[[Task], Task]] = {
    "settings.ppo.clip was 0.2, is 0.3": lambda task: replace(
        task, settings=replace(SETTINGS, ppo=replace(SETTINGS.ppo, clip=0.3))
    ),
    "settings.ppo.kl.target was None, is 3.0": lambda task: replace(
        task, settings=replace(SETTINGS, ppo=replace(SETTINGS.ppo, kl=AdaptiveKL(0.01, target=3.0, horizon=100.0)))
    ),
    "settings.supervision.steps was 60, is 61": lambda task: replace(
        task, settings=replace(SETTINGS, supervision=replace(SETTINGS.supervision, steps=61))
    ),
    "task was greetings, is farewells": lambda task: replace(task, name="farewells"),
}


@pytest.mark.parametrize("message", CHANGES)
def test_another_configuration_in_the_same_folder_is_an_error_that_says_so(
    message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ppo_teach.runs.run.supervised_start", None)
    with pytest.raises(TypeError):  # claims the folder, and gets no further
        run(greetings(), tmp_path)
    before = files(tmp_path)
    with pytest.raises(ValueError, match=f"folder must be new or hold the same run; in {tmp_path} .*{message}"):
        run(CHANGES[message](greetings()), tmp_path)
    assert files(tmp_path) == before


def test_other_code_in_the_same_folder_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ppo_teach.runs.run.supervised_start", None)
    with pytest.raises(TypeError):
        run(greetings(), tmp_path)
    monkeypatch.setattr("ppo_teach.runs.folders.source_digest", lambda: "changed")
    with pytest.raises(ValueError, match=f"source was {source_digest()}, is changed"):
        run(greetings(), tmp_path)


def test_a_folder_without_a_finished_run_cannot_be_evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match=f"folder must hold a run; {tmp_path} has no config.json"):
        evaluate_run(greetings(), tmp_path, split="test")
    monkeypatch.setattr("ppo_teach.runs.run.supervised_start", None)
    with pytest.raises(TypeError):
        run(greetings(), tmp_path)
    with pytest.raises(ValueError, match=f"folder must hold a finished run; {tmp_path} has no evaluation.json yet"):
        evaluate_run(greetings(), tmp_path, split="test")


def test_a_folder_in_which_another_process_trains_is_refused_and_left_alone(tmp_path: Path):
    with alone_in(tmp_path), pytest.raises(ValueError, match=f"another process is training in {tmp_path} now"):
        run(greetings(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.skipif(os.name == "nt", reason="Windows stops no process and continues it")
def test_a_stopped_process_keeps_the_folder_and_a_killed_one_does_not(tmp_path: Path):
    hold = f"""
from pathlib import Path
from ppo_teach.runs.folders import alone_in
with alone_in(Path({str(tmp_path)!r})):
    print("alone", flush=True)
    input()
"""
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"alone\n"
        for sign in (signal.SIGSTOP, signal.SIGCONT, signal.SIGSTOP):
            with pytest.raises(ValueError, match="another process is training in"), alone_in(tmp_path):
                pass
            other.send_signal(sign)
        other.kill()
        other.wait()
        with alone_in(tmp_path):
            pass


def test_a_setting_that_is_refused_claims_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ppo_teach.runs.run.supervised_start", None)  # it is refused before this would take its time
    with pytest.raises(ValueError, match="must fit the model's 8 positions; got 1001"):
        run(shortened(2, max_tokens=1000), tmp_path / "run")
    long = replace(greetings(), corpus=Examples(["greet ada"], ["good morning " * 5]))
    with pytest.raises(ValueError, match="must fit the model's 8 positions; got 12"):
        run(long, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(TypeError):  # claims the folder, and gets no further
        run(shortened(2, max_tokens=4), tmp_path / "run")


def test_a_damaged_checkpoint_of_a_finished_run_is_made_again_when_it_was_removed(undisturbed: Path, tmp_path: Path):
    folder = shutil.copytree(undisturbed, tmp_path / "run")
    path = folder / "control" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"control/checkpoint\.pt is damaged: .*; remove it, and give the command"):
        evaluate_run(greetings(), folder, split="test")
    path.unlink()
    run(shortened(2), folder)
    assert files(folder) == files(undisturbed)
    assert path.exists()


@pytest.mark.parametrize("content", ["{}", "[]", "null", "{", '{"task": "greetings", "settings": []}'])
def test_a_damaged_config_is_one_line_that_names_it(content: str, undisturbed: Path, tmp_path: Path):
    folder = shutil.copytree(undisturbed, tmp_path / "run")
    (folder / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json is damaged: .*; remove it") as error:
        evaluate_run(greetings(), folder, split="test")
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match=r"config\.json is damaged: .*; remove it|settings was \[\], is None"):
        run(shortened(2), folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda settings: settings["ppo"].pop("clip"), "ppo.clip must be there"),
        (lambda settings: settings["ppo"].update(clop=1), "'clop'"),
        (lambda settings: settings["ppo"].update(clip=-1.0), "clip must be greater than 0; got -1"),
        (lambda settings: settings["ppo"].update(kl=None), "not iterable"),
        (lambda settings: settings["ppo"].pop("kl"), "'kl'"),
        (lambda settings: settings.pop("supervision"), "'supervision'"),
        (lambda settings: settings.pop("device"), "device must be there"),
    ],
)
def test_a_setting_missing_unknown_or_wrong_in_a_config_is_named(
    change: Callable[[dict], Any], reason: str, undisturbed: Path, tmp_path: Path
):
    record = json.loads((undisturbed / "config.json").read_text(encoding="utf-8"))
    change(record["settings"])
    (tmp_path / "config.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"config\.json is damaged: .*{reason}"):
        read_settings(tmp_path)


@pytest.mark.parametrize("content", ["{}", "[]", "null", "{"])
def test_a_damaged_evaluation_is_one_line_that_names_it(content: str, undisturbed: Path, tmp_path: Path):
    folder = shutil.copytree(undisturbed, tmp_path / "run")
    (folder / "evaluation.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"evaluation\.json is damaged: .*; remove it, and give the command"):
        run(shortened(2), folder)
    (folder / "evaluation.json").unlink()
    run(shortened(2), folder)
    assert files(folder) == files(undisturbed)
