"""Couplets in metre and rhyme."""

import pytest

from ppo_teach.tasks.poetry.task import poetry, report, score
from ppo_teach.tasks.task import Task
from ppo_teach.texts import encode_responses

OPENING = "my silver river"
BOTH = "sang beneath the tree / the sea remained beside a lonely bee"
METRE_ALONE = "sang beneath the tree / the sea remained beside a golden lane"
RHYME_ALONE = "slept by the tree / the crow slept near the bee"


@pytest.fixture(scope="module")
def task() -> Task:
    return poetry()


def test_the_three_sets_share_no_opening(task: Task):
    train, validation, test = (set(split.prompts) for split in (task.train, task.validation, task.test))
    assert len(validation) == len(test) == 200
    assert not train & validation | train & test | validation & test
    assert set(task.corpus.prompts) == train


def test_every_held_out_word_is_known_and_every_couplet_fits(task: Task):
    model = task.build(0)
    for split in (task.validation, task.test):
        model.require_room(task.prompts(model, split), task.settings.ppo.max_tokens)
    _, mask = encode_responses(task.tokenizer, task.corpus.references)
    assert mask.shape[1] <= task.settings.ppo.max_tokens


def test_half_of_the_score_is_metre_and_half_rhyme():
    scores = score([BOTH, METRE_ALONE, BOTH.replace(" / ", " ")], [OPENING] * 3)
    assert scores[:2].tolist() == pytest.approx([1.0, 0.5])
    assert scores[2] < 0.25  # one line: no rhyme, and half of the metre at most
    more = score([f"{BOTH} / {BOTH}"], [OPENING])
    assert more < 0.5


def test_an_empty_response_scores_for_the_opening_alone():
    assert score([""], [OPENING]).item() == pytest.approx((5 / 10) / 2 / 2)  # "my silver river" is five syllables


def test_the_report_counts_what_it_says():
    numbers = report([BOTH, METRE_ALONE, RHYME_ALONE, "tree tree"], [OPENING] * 4)
    assert numbers["scanning"] == 50
    assert numbers["rhyming"] == 50
    assert numbers["grammatical"] == 75
    assert 0 < numbers["distinct trigrams"] < 100
