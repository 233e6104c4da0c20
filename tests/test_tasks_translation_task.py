"""English to Chinese."""

import pytest
import torch

from ppo_teach.tasks.task import Task
from ppo_teach.tasks.translation.english_chinese import is_chinese
from ppo_teach.tasks.translation.task import report, translation
from ppo_teach.texts import encode_responses


@pytest.fixture(scope="module")
def task() -> Task:
    return translation()


def test_the_three_sets_share_no_sentence(task: Task):
    train, validation, test = (set(split.prompts) for split in (task.train, task.validation, task.test))
    assert [len(train), len(validation), len(test)] == [4000, 200, 200]
    assert not train & validation | train & test | validation & test
    assert list(task.corpus.prompts) == list(task.train.prompts)


def test_references_are_clean_and_the_corpus_is_not(task: Task):
    for split in (task.train, task.validation, task.test):
        assert all(is_chinese(reference) for reference in split.references)
    flawless = sum(is_chinese(response) for response in task.corpus.references) / len(task.corpus)
    assert 0.35**3 < flawless < 0.35  # no flaw of three, or of one where only one can show


def test_every_held_out_word_is_known_and_every_sentence_fits(task: Task):
    model = task.build(0)
    for split in (task.validation, task.test):
        prompts = task.prompts(model, split)
        model.require_room(prompts, task.settings.ppo.max_tokens)
        _, mask = encode_responses(task.tokenizer, split.references)
        assert mask.shape[1] <= task.settings.ppo.max_tokens


def test_the_task_is_the_same_each_time(task: Task):
    again = translation()
    assert (again.corpus, again.train, again.validation, again.test) == (
        task.corpus,
        task.train,
        task.validation,
        task.test,
    )


def test_the_reward_of_a_clean_translation_is_one_and_of_a_flawed_one_less(task: Task):
    clean, flawed = "我们 昨天 卖 了 三 本 书 。", "我们 卖 了 三 个 书 昨天 。"
    scores = task.score([clean, flawed, ""], [clean, clean, clean])
    assert scores[0] == pytest.approx(1.0)
    assert 0 < scores[1] < 0.7
    assert scores[2] == 0
    assert scores.dtype == torch.float32


def test_the_report_counts_what_it_says():
    references = ["我 卖 一 本 书 和 一 匹 马 。", "他 偷 这 只 猫 。"]
    perfect = report(references, references)
    assert perfect == dict.fromkeys(("BLEU", "chrF", "ROUGE-L", "measure words", "grammatical"), pytest.approx(100))
    # The book has its measure word; the horse has 个, the cat is a dog: one in three. Neither sentence is flawless, for
    # the second one wants 条.
    spoilt = report(["我 卖 一 本 书 和 一 个 马 。", "他 偷 这 只 狗 。"], references)
    assert spoilt["measure words"] == pytest.approx(100 / 3)
    assert spoilt["grammatical"] == 0
    assert 0 < spoilt["BLEU"] < 100
    assert 0 < spoilt["chrF"] < 100
    # One word of ten is wrong, then one of six.
    assert spoilt["ROUGE-L"] == pytest.approx(100 * (9 / 10 + 5 / 6) / 2)
