"""Riddles: each broken run draws the curves that its defect is said to draw, and no other. Module: exercises."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import fmean, median

import pytest
from all_exercises import RIDDLES

from ppo_teach.exercises import check, check_file
from ppo_teach.exercises.diagnostics.broken_trainers import train_clerk
from ppo_teach.exercises.diagnostics.five_broken_runs import EXERCISE, TRAINERS
from ppo_teach.trainer import PPOTrainer

RIGHT = dict(EXERCISE.runs)
WRONG = [(run, defect) for run, right in RIGHT.items() for defect in EXERCISE.defects if defect != right]
Curves = dict[str, list[float]]


@cache
def curves(trainer: type[PPOTrainer]) -> Curves:
    history = train_clerk(trainer, seed=0)
    return {name: [metrics[name] for metrics in history] for name in history[0]}


def alike(name: str, its: Curves) -> bool:
    """Whether these are the curves that the defect is said to draw."""
    healthy = curves(PPOTrainer)
    said: dict[str, Callable[[], bool]] = {
        "kl_sign": lambda: max(its["ratio_error"]) < 0.5 and min(its["kl"][-4:]) > max(healthy["kl"]),
        "frozen_critic": lambda: all(abs(explained) < 1e-5 for explained in its["explained_variance"]),
        "whitened_returns": lambda: all(0.4 < loss < 0.6 for loss in its["value_loss"]),
        "negated_advantages": lambda: max(its["score"][-4:]) == 0 and its["kl"][-1] > 1,
        "large_steps": lambda: (
            its["ratio_error"][0] > 1 and 0.4 < its["clip_fraction"][0] < 0.65 and max(its["first_ratio_error"]) < 1e-5
        ),
        "reference_for_old": lambda: its["first_ratio_error"][0] < 1e-5 and max(its["first_ratio_error"][1:5]) > 0.5,
        "refreshed_old": lambda: (
            its["kl"][-1] > 1 and max(max(its[name]) for name in ("ratio_error", "kl_to_old", "clip_fraction")) < 1e-5
        ),
        "lost_score": lambda: max(map(abs, its["kl"])) < 1e-5 and max(its["ratio_error"]) < 1e-5,
        "neighbours_score": lambda: (
            its["clip_fraction"][0] > 0.05
            and max(its["score"][-4:]) < 0.2
            and max(its["kl"][-4:]) < 0.2
            and fmean(its["explained_variance"]) < 0
            and median(its["value_loss"]) < 0.1
        ),
    }
    return said[name]()


@pytest.mark.parametrize("defect", TRAINERS)
def test_a_defect_draws_the_curves_it_is_said_to_draw(defect: str):
    assert alike(defect, curves(TRAINERS[defect]))
    assert not alike(defect, curves(PPOTrainer))


@pytest.mark.parametrize(("run", "defect"), WRONG)
def test_what_a_wrong_name_would_draw_is_not_what_the_run_draws(run: str, defect: str):
    # So the report may say: look again, it is not so.
    assert not alike(defect, curves(TRAINERS[RIGHT[run]]))


def test_every_run_has_one_of_the_defects_and_no_two_the_same():
    assert set(RIGHT.values()) <= set(EXERCISE.defects) == set(TRAINERS)
    assert len(set(RIGHT.values())) == len(RIGHT) == len(EXERCISE.clues) == 5


def test_the_right_names_pass():
    report = check("five_broken_runs", RIGHT)
    assert report.passed
    assert all(EXERCISE.defects[defect].words in report.message for defect in RIGHT.values())


@pytest.mark.parametrize(("run", "defect"), WRONG)
def test_a_wrong_name_is_answered_with_what_it_would_draw_and_not_with_the_right_one(run: str, defect: str):
    report = check("five_broken_runs", {**RIGHT, run: defect})
    assert (report.verdict, report.diagnosis) == ("wrong", f"run {run} taken for {defect}")
    assert EXERCISE.defects[defect].shows in report.message
    assert report.hints == EXERCISE.clues[run]
    assert EXERCISE.defects[RIGHT[run]].words not in str(report)
    assert RIGHT[run] not in str(report)


@pytest.mark.parametrize("blank", [..., None, ""])
def test_a_riddle_left_open_is_not_attempted_and_one_half_done_is_right_so_far(blank: object):
    for nothing in ({}, dict.fromkeys(RIGHT, blank)):
        report = check("five_broken_runs", nothing)
        assert report.verdict == "not attempted"
        assert EXERCISE.goal in report.message
    report = check("five_broken_runs", {**RIGHT, "B": blank, "D": blank})
    assert (report.verdict, report.headline) == ("not attempted", "right so far")
    assert report.message == "Still open: B and D."
    assert report.hints == EXERCISE.clues["B"]
    assert check("five_broken_runs", {"A": RIGHT["A"], "C": blank}).headline == "right so far"
    assert check("five_broken_runs", {"A": "frozen_critic", "C": blank}).verdict == "wrong"


@pytest.mark.parametrize(
    ("answers", "diagnosis", "said"),
    [
        (None, "it is no dictionary", "It is a NoneType"),
        (["whitened_returns"] * 5, "it is no dictionary", "It is a list"),
        ({**RIGHT, "F": "kl_sign"}, "it names a run that is not there", "There is no run 'F'"),
        ({**RIGHT, "A": "frozen"}, "it is none of the names", "Did you mean 'frozen_critic'?"),
        ({**RIGHT, "A": "xyz"}, "it is none of the names", "The names are kl_sign, frozen_critic"),
        ({**RIGHT, "A": ["kl_sign"]}, "it is none of the names", "answer ['kl_sign']"),
        ({**RIGHT, "A": 3}, "it is none of the names", "answer 3"),
    ],
)
def test_whatever_the_answers_are_there_is_a_report(answers: object, diagnosis: str, said: str):
    report = check("five_broken_runs", answers)
    assert (report.passed, report.diagnosis) == (False, diagnosis)
    assert said in report.message


def test_a_riddle_in_a_file_is_checked(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(f"five_broken_runs = {RIGHT}\n", encoding="utf-8")
    assert [(report.exercise, report.passed) for report in check_file(file)] == [("five_broken_runs", True)]


def test_a_report_on_a_riddle_reads_like_a_teacher():
    report = check("five_broken_runs", {**RIGHT, "A": "frozen_critic"})
    assert str(report) == (
        "✗ five_broken_runs — run A is something else\n"
        "  You say that in run A the critic never learns. Then `explained_variance` is exactly 0 from the first\n"
        "  iteration to the last. Look at run A again: it is not so.\n"
        "  Hint 1 of 3: Score, KL and entropy are healthy. Whose curve is not?\n"
        "  See: Diagnostics: how do I know it works?, “Five broken runs”"
    )


@pytest.mark.parametrize("riddle", RIDDLES.values(), ids=RIDDLES)
def test_every_clue_is_three_hints(riddle):
    assert {len(clue) for clue in riddle.clues.values()} == {3}
