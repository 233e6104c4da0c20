"""News stories and their headlines."""

from collections import Counter
from dataclasses import replace
from functools import partial
from random import Random

import pytest
import torch

from ppo_teach.rewards import rouge
from ppo_teach.tasks.summarisation.fact_checker import check_facts, is_grammatical
from ppo_teach.tasks.summarisation.news import random_story
from ppo_teach.tasks.summarisation.task import facts, found_headline, report, rouge_and_facts, summarisation
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import encode_responses

REFERENCE = "fire destroys three houses in kelby , nine hurt"


@pytest.fixture(scope="module")
def task() -> Task:
    return summarisation()


def test_the_three_sets_share_no_story(task: Task):
    train, validation, test = (set(split.prompts) for split in (task.train, task.validation, task.test))
    assert [len(train), len(validation), len(test)] == [4000, 200, 200]
    assert not train & validation | train & test | validation & test
    assert list(task.corpus.prompts) == list(task.train.prompts)


def test_references_are_headlines_with_six_facts_and_the_corpus_is_mediocre(task: Task):
    for split in (task.train, task.validation, task.test):
        assert all(map(is_grammatical, split.references))
        assert all(set(check_facts(reference, reference).values()) == {"right"} for reference in split.references)
    pairs = list(zip(task.corpus.references, task.train.references, strict=True))
    assert all(is_grammatical(found) for found, _ in pairs)
    flawless = sum(set(check_facts(*pair).values()) == {"right"} for pair in pairs)
    assert abs(flawless - 1400) < 4 * (4000 * 0.35 * 0.65) ** 0.5  # 35 %; four standard deviations


def test_the_web_has_the_headlines_that_we_say():
    rng, kinds = Random(0), Counter()
    for _ in range(2000):
        story = random_story(rng)
        found = found_headline(story, rng)
        kinds["lead"] += found == story.lead
        kinds["short"] += found == story.event.short_headline()
        kinds["good"] += found in story.event.headlines()
    kinds["another story's"] = 2000 - kinds.total()
    for kind, share in {"lead": 0.45, "another story's": 0.1, "short": 0.1, "good": 0.35}.items():
        assert abs(kinds[kind] - 2000 * share) < 4 * (2000 * share * (1 - share)) ** 0.5


def test_every_held_out_word_is_known_and_every_story_fits(task: Task):
    model = task.build(0)
    for split in (task.train, task.validation, task.test):
        model.require_room(task.prompts(model, split), task.settings.ppo.max_tokens)
        _, mask = encode_responses(task.tokenizer, split.references)
        assert mask.shape[1] <= task.settings.ppo.max_tokens


def test_the_task_is_the_same_each_time(task: Task):
    again = summarisation()
    assert (again.corpus, again.train, again.validation, again.test) == (
        task.corpus,
        task.train,
        task.validation,
        task.test,
    )


def test_the_reward_is_rouge_l_and_hardly_minds_a_wrong_number(task: Task):
    wrong = REFERENCE.replace("nine", "eight")
    scores = task.score([REFERENCE, wrong, "nine hurt as fire destroys three houses in kelby", ""], [REFERENCE] * 4)
    # One word of nine is wrong. With the toll first, six words stand in the order of the reference. Equal lengths, so
    # precision, recall and F are one.
    assert scores.tolist() == pytest.approx([1, 8 / 9, 6 / 9, 0])
    assert scores.dtype == torch.float32


def test_a_wrong_fact_costs_its_price_and_a_missing_one_nothing():
    wrong = REFERENCE.replace("nine", "eight")
    missing = "fire destroys three houses in kelby"
    headlines, references = [REFERENCE, wrong, missing, "fire fire", ""], [REFERENCE] * 5
    assert facts(headlines, references).tolist() == pytest.approx([1, 4 / 6, 5 / 6, 1 / 6, 0])
    assert facts(headlines, references, price=3.0).tolist() == pytest.approx([1, 2 / 6, 5 / 6, 1 / 6, 0])


def test_a_wrong_guess_pays_under_rouge_alone_and_costs_once_facts_have_a_price():
    # 8 of 9 words in common, or 6 of 6 and of 9: an F of 8/9, or 12/15. Five facts right, and one wrong, or missing.
    pair = ["fire destroys three houses in kelby , eight hurt", "fire destroys three houses in kelby"]
    both = [rouge_and_facts(pair, [REFERENCE] * 2, price=price).tolist() for price in (0.0, 1.0, 3.0)]
    expected = [[8 / 9 + (5 - price) / 6, 12 / 15 + 5 / 6] for price in (0, 1, 3)]
    assert both == [pytest.approx(each) for each in expected]
    assert [guess > silence for guess, silence in both] == [True, False, False]


def test_facts_do_not_ask_for_the_references_words():
    toll_first = "nine hurt as fire destroys three houses in kelby"
    assert facts([toll_first], [REFERENCE]) == facts([REFERENCE], [toll_first]) == 1


@pytest.mark.parametrize(("measure", "short", "long"), [("precision", 1, 9 / 12), ("recall", 2 / 9, 1)])
def test_the_same_task_can_reward_precision_or_recall(task: Task, measure: str, short: float, long: float):
    one = Examples([task.train.prompts[0]] * 2, [REFERENCE] * 2)
    other = replace(task, train=one, score=partial(rouge, measure=measure))
    model = other.build(0)
    responses, mask = encode_responses(task.tokenizer, ["fire destroys", f"{REFERENCE} in kelby ,"])
    assert other.reward(model)(other.prompts(model, one), responses, mask).tolist() == pytest.approx([short, long])


def test_the_report_of_perfect_headlines(task: Task):
    numbers = report(task.test.references, task.test.references)
    words = sum(len(reference.split()) for reference in task.test.references) / 200
    perfect = dict.fromkeys(["ROUGE-1", "ROUGE-2", "ROUGE-L", "facts right", "grammatical"], pytest.approx(100))
    assert numbers == {**perfect, "length in words": words, "facts wrong": 0}
    assert 9 < words < 10


def test_the_report_by_hand():
    # The first is perfect. The second has the toll first and one fact wrong, the town. The third knows who.
    headlines = [REFERENCE, "nine hurt as fire destroys three houses in hollin", "fire fire"]
    numbers = report(headlines, [REFERENCE] * 3)
    assert numbers["facts right"] == pytest.approx(100 * (6 + 5 + 1) / 18)
    assert numbers["facts wrong"] == pytest.approx(100 * 1 / 18)
    assert numbers["grammatical"] == pytest.approx(100 * 2 / 3)
    assert numbers["length in words"] == pytest.approx(20 / 3)
    # Words in common: 9 of 9; 7 of 9 (all but "as" and "hollin"); 1 of 2 and of 9.
    assert numbers["ROUGE-1"] == pytest.approx(100 * (1 + 7 / 9 + 2 / (2 + 9)) / 3)
    # Pairs: 8 of 8; nine-hurt, fire-destroys, destroys-three, three-houses, houses-in, so 5 of 8; none.
    assert numbers["ROUGE-2"] == pytest.approx(100 * (1 + 5 / 8) / 3)
    # In order: 9 of 9; fire destroys three houses in, 5 of 9; 1 of 2 and of 9.
    assert numbers["ROUGE-L"] == pytest.approx(100 * (1 + 5 / 9 + 2 / 11) / 3)
