"""A help desk that learns to help. Chapter: book/applications/dialogue.md."""

from collections import Counter

import pytest

from ppo_teach.tasks.dialogue.conversations import converse, summary
from ppo_teach.tasks.dialogue.help_desk import read, spell
from ppo_teach.tasks.dialogue.task import customers, dialogue, model_desk, old_desk, perfect_desk, report
from ppo_teach.tasks.task import Task
from ppo_teach.texts import encode_responses


@pytest.fixture(scope="module")
def task() -> Task:
    return dialogue()


def test_no_prompt_and_no_screen_of_one_set_is_in_another(task: Task):
    train, validation, test = (set(split.prompts) for split in (task.train, task.validation, task.test))
    assert min(len(train), len(validation), len(test)) >= 200
    assert not train & validation | train & test | validation & test
    assert set(task.corpus.prompts) == train
    seen = [{spell(customer.screen) for customer in customers(split)} for split in ("train", "validation", "test")]
    assert list(map(len, seen)) == [243, 50, 50]
    assert len(set.union(*seen)) == 343


def test_the_task_is_the_same_each_time(task: Task):
    again = dialogue()
    assert (again.corpus, again.train, again.test) == (task.corpus, task.train, task.test)


def test_every_held_out_word_is_known_and_everything_fits(task: Task):
    model = task.build(0)
    for split in (task.train, task.validation, task.test):
        model.require_room(task.prompts(model, split), task.settings.ppo.max_tokens)
    _, mask = encode_responses(task.tokenizer, [*task.corpus.references, *task.test.references])
    assert mask.shape[1] <= task.settings.ppo.max_tokens


def test_references_earn_all_that_can_be_earned_and_the_corpus_does_not(task: Task):
    assert task.score(task.test.references, task.test.references).tolist() == [3.0] * len(task.test)
    assert report(task.test.references, task.test.references)["gold score"] == 100
    old = report(task.corpus.references, task.train.references)
    assert old["fluent"] == 100
    assert 0 < old["gold score"] < 30
    assert 40 < old["right"] < 60
    assert old["rude"] > old["polite"] > 20


def test_the_old_desk_will_not_talk_about_money(task: Task):
    vague = Counter()
    for prompt, reply in zip(task.corpus.prompts, task.corpus.references, strict=True):
        if "cost" in prompt or "euros do you ask for my" in prompt:
            vague[read(reply).vague] += 1
    assert vague[True] > 0.4 * vague.total()


def test_the_report_counts_what_it_says():
    due = "certainly , your order will be ready on friday ."
    plain, false = "your order will be ready on friday .", "listen , your order will be ready on monday ."
    numbers = report([due, plain, false, "it will all be fine .", "fine fine"], [due] * 5)
    assert numbers["gold score"] == pytest.approx(100 * (3 + 2 - 1 - 1.5) / 5 / 3)
    shares = {"right": 40, "wrong": 20, "vague": 40, "polite": 20, "rude": 20, "fluent": 80}
    assert {name: numbers[name] for name in shares} == shares
    assert numbers["words"] == (8 + 7 + 8 + 5 + 2) / 5


def test_a_perfect_desk_solves_everything_and_a_useless_one_nothing():
    callers = customers("test")[:50]
    perfect = summary(converse(perfect_desk, callers))
    assert (perfect["solved"], perfect["polite replies"], perfect["rude replies"]) == (100, 100, 0)
    useless = summary(converse(lambda conversations: ["it will all be fine ."] * len(conversations), callers))
    assert (useless["solved"], useless["given up"], useless["replies"]) == (0, 100, 2)
    old = summary(converse(old_desk(seed=0), callers))
    assert useless["solved"] < old["solved"] < perfect["solved"]
    assert old["misled"] > 0


def test_a_model_talks_and_its_seed_decides_what_it_says(task: Task):
    model, callers = task.build(0), customers("test")[:5]
    first, second, other = (converse(model_desk(task, model, seed=seed), callers) for seed in (0, 0, 1))
    assert first == second != other
