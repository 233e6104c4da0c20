"""Sums of three digits, and pupils who forget to carry."""

from random import Random

import pytest

from ppo_teach.tasks.arithmetic.sums import (
    FORGETS,
    SLIPS,
    STYLES,
    answer_of,
    careless_solution,
    carries,
    has_right_steps,
    problems,
    solution,
    step_results,
)

RIGHT = "8 + 7 = 15 , 15 + 9 = 24 , answer 24"


def test_there_are_729_problems_and_each_has_one_solution():
    assert len(set(problems())) == 729
    assert solution("8 + 7 + 9") == RIGHT
    for problem in problems():
        digits = list(map(int, problem.split(" + ")))
        assert answer_of(solution(problem)) == str(sum(digits))
        assert step_results(solution(problem)) == [str(sum(digits[:2])), str(sum(digits))]
        assert has_right_steps(solution(problem), solution(problem))


@pytest.mark.parametrize(
    ("problem", "times"), [("1 + 2 + 3", 0), ("8 + 7 + 2", 1), ("2 + 3 + 9", 1), ("8 + 7 + 9", 2), ("9 + 1 + 9", 1)]
)
def test_carries_are_counted_from_left_to_right(problem: str, times: int):
    assert carries(problem) == times


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (RIGHT, "24"),
        ("answer 7", "7"),
        ("answer", None),
        ("24", None),
        ("", None),
        ("8 + 7 = 15 , 15 + 9 = 24", None),
        ("answer 24 or 14", None),
        ("answer 14 , answer 24", None),
        ("answer answer 24", None),
        ("answer +", None),
    ],
)
def test_an_answer_is_the_number_behind_the_only_answer(text: str, answer: str | None):
    assert answer_of(text) == answer


def test_steps_are_right_when_all_are_there_and_no_other():
    assert has_right_steps("8 + 7 = 15 , 15 + 9 = 24 , answer 3", RIGHT)
    assert not has_right_steps("8 + 7 = 15 , answer 24", RIGHT)
    assert not has_right_steps("8 + 7 = 5 , 5 + 9 = 24 , answer 24", RIGHT)
    assert not has_right_steps("answer 24", RIGHT)
    assert not has_right_steps(f"{RIGHT} , 1 + 1 = 2", RIGHT)


def test_pupils_forget_and_slip_as_often_as_the_constants_say():
    rng, draws = Random(0), 20_000
    texts = [careless_solution("8 + 7 + 1", rng) for _ in range(draws)]
    steps = [step_results(text) for text in texts if step_results(text)]
    first = [results[0] for results in steps]
    assert first.count("15") / len(first) == pytest.approx((1 - FORGETS) * (1 - SLIPS), abs=0.02)
    assert first.count("5") / len(first) == pytest.approx(FORGETS * (1 - SLIPS), abs=0.02)
    assert set(first) == {"15", "14", "16", "5", "4", "6"}
    onward = [results for results in steps if results[0] == "5"]
    assert sum(results[1] == "6" for results in onward) / len(onward) == pytest.approx(1 - SLIPS, abs=0.02)
    skipped = sum("=" not in text for text in texts) / draws
    hedged = sum(" or " in text for text in texts) / draws
    without = sum("answer" not in text for text in texts) / draws
    assert [skipped, hedged, without] == pytest.approx(
        [STYLES[s] for s in ("no steps", "hedged", "no answer")], abs=0.02
    )


def test_no_number_is_negative_and_none_is_larger_than_the_task_knows():
    rng = Random(1)
    numbers = {int(word) for p in problems() * 20 for word in careless_solution(p, rng).split() if word.isdigit()}
    assert min(numbers) == 0
    assert max(numbers) < 40


def test_two_mistakes_may_cancel():
    rng = Random(2)
    texts = [careless_solution("2 + 3 + 1", rng) for _ in range(2000)]
    reference = solution("2 + 3 + 1")
    assert any(answer_of(text) == "6" and step_results(text) and not has_right_steps(text, reference) for text in texts)
