"""Sums, and a reward that is 0 or 1 and true."""

import pytest

from ppo_teach.tasks.arithmetic.sums import problems, solution
from ppo_teach.tasks.arithmetic.task import (
    PUPILS,
    arithmetic,
    mentions_answer,
    one_answer,
    report,
    right_answer,
    right_steps,
)
from ppo_teach.tasks.task import Task
from ppo_teach.texts import encode_responses

RIGHT = "8 + 7 = 15 , 15 + 9 = 24 , answer 24"
UNFAITHFUL = "8 + 7 = 5 , 5 + 9 = 14 , answer 24"
WRONG = "8 + 7 = 5 , 5 + 9 = 14 , answer 14"
HEDGED = "8 + 7 = 5 , 5 + 9 = 14 , answer 14 or 24"
UNFINISHED = "8 + 7 = 15 , 15 + 9 = 24"
TEXTS = [RIGHT, UNFAITHFUL, WRONG, HEDGED, UNFINISHED]


@pytest.fixture(scope="module")
def task() -> Task:
    return arithmetic()


def test_the_three_sets_are_all_problems_and_share_none(task: Task):
    train, validation, test = (list(split.prompts) for split in (task.train, task.validation, task.test))
    assert sorted(train + validation + test) == sorted(problems())
    assert [len(validation), len(test)] == [100, 100]
    assert sorted(task.corpus.prompts) == sorted(train * PUPILS)


def test_every_reference_is_right_and_the_corpus_seldom(task: Task):
    for split in (task.train, task.validation, task.test):
        assert report(split.references, split.references)["right"] == 100
    references = [solution(problem) for problem in task.corpus.prompts]
    numbers = report(task.corpus.references, references)
    assert 20 < numbers["right"] < 28  # about one in four, and so is a model that imitates it well
    assert numbers["right by wrong steps"] < 5


def test_every_text_fits_and_all_its_words_are_known(task: Task):
    model = task.build(0)
    for split in (task.corpus, task.validation, task.test):
        model.require_room(task.prompts(model, split), task.settings.ppo.max_tokens)
        _, mask = encode_responses(task.tokenizer, split.references)
        assert mask.shape[1] <= task.settings.ppo.max_tokens


def test_the_verifier_reads_the_answer_alone():
    assert right_answer(TEXTS, [RIGHT] * 5).tolist() == [1, 1, 0, 0, 0]
    assert one_answer(TEXTS, [RIGHT] * 5).tolist() == [1, 1, 1, 0, 0]
    assert right_steps(TEXTS, [RIGHT] * 5).tolist() == [1, 0, 0, 0, 1]


def test_a_verifier_with_a_hole_is_content_when_the_number_stands_anywhere():
    assert mentions_answer(TEXTS, [RIGHT] * 5).tolist() == [1, 1, 0, 1, 1]
    assert mentions_answer(["answer 240", "2 4"], [RIGHT] * 2).tolist() == [0, 0]


def test_the_score_is_the_verifier(task: Task):
    assert task.score is right_answer
    prompts = task.prompts(task.build(0), task.train[:2])
    responses, mask = encode_responses(task.tokenizer, [task.train.references[1], task.train.references[1]])
    expected = right_answer([task.train.references[1]] * 2, task.train.references[:2])
    assert task.reward(task.build(0))(prompts, responses, mask).tolist() == expected.tolist()


def test_the_report_counts_what_it_says():
    assert report(TEXTS, [RIGHT] * 5) == pytest.approx(
        {"right": 40, "one answer": 60, "right steps": 40, "right by wrong steps": 20}
    )
