"""Texts of an app into Chinese."""

import pytest

from ppo_teach.tasks.localisation.app_texts import PLACEHOLDERS, keeps_one_term, kept
from ppo_teach.tasks.localisation.task import FAULT_RATE, bleu_alone, localisation, report, rules_kept, score
from ppo_teach.tasks.task import Task
from ppo_teach.texts import encode_responses

REFERENCE = "把 这 个 文件 发送 给 {name} 。 cloudbox 找到 了 {count} 个 文件 。 要 删除 这 个 文件 吗 ？"
OTHER_WORD = REFERENCE.replace("文件", "档案")
MIXED = REFERENCE.replace("文件", "档案", 1)
BRACES_TRANSLATED = REFERENCE.replace("{name}", "名字")


@pytest.fixture(scope="module")
def task() -> Task:
    return localisation()


def test_the_three_sets_share_no_text(task: Task):
    train, validation, test = (set(split.prompts) for split in (task.train, task.validation, task.test))
    assert [len(train), len(validation), len(test)] == [4000, 200, 200]
    assert not train & validation | train & test | validation & test
    assert list(task.corpus.prompts) == list(task.train.prompts)


def test_references_keep_the_rules_and_the_corpus_breaks_them_as_often_as_it_says(task: Task):
    for split in (task.train, task.validation, task.test):
        assert bool(rules_kept(split.references, split.references).all())
    pairs = list(zip(task.corpus.references, task.train.references, strict=True))
    with_braces = [pair for pair in pairs if "{" in pair[1]]
    broken = sum(not kept(*pair, PLACEHOLDERS) for pair in with_braces) / len(with_braces)
    assert broken == pytest.approx(FAULT_RATE, abs=0.04)
    mixed = sum(not keeps_one_term(*pair) for pair in pairs) / len(pairs)
    assert mixed == pytest.approx(0.75 * FAULT_RATE, abs=0.04)  # three free choices agree once in four


def test_every_held_out_word_is_known_and_every_text_fits(task: Task):
    model = task.build(0)
    for split in (task.validation, task.test):
        model.require_room(task.prompts(model, split), task.settings.ppo.max_tokens)
        _, mask = encode_responses(task.tokenizer, split.references)
        assert mask.shape[1] <= task.settings.ppo.max_tokens


def test_bleu_prefers_the_references_word_and_the_rules_do_not():
    same, other, mixed = bleu_alone([REFERENCE, OTHER_WORD, MIXED], [REFERENCE] * 3)
    assert same == pytest.approx(1.0)
    assert other < mixed < same  # the more words agree, the better, whatever a reader would say
    assert rules_kept([REFERENCE, OTHER_WORD, MIXED, BRACES_TRANSLATED], [REFERENCE] * 4).tolist() == [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 0],
        [0, 1, 1],
    ]


def test_the_score_is_half_bleu_and_half_rules():
    both = score([REFERENCE, MIXED, ""], [REFERENCE] * 3)
    alone = bleu_alone([MIXED], [REFERENCE]).item()
    assert both.tolist() == pytest.approx([1.0, alone / 2 + 1 / 3, 0.0])


def test_the_report_counts_what_it_says():
    assert report([REFERENCE, OTHER_WORD], [REFERENCE, OTHER_WORD]) == {
        "BLEU": pytest.approx(100),
        "placeholders kept": 100,
        "products kept": 100,
        "one term": 100,
        "all rules kept": 100,
    }
    spoilt = report([MIXED, BRACES_TRANSLATED, REFERENCE, REFERENCE], [REFERENCE] * 4)
    assert spoilt["placeholders kept"] == spoilt["one term"] == 75
    assert spoilt["products kept"] == 100
    assert spoilt["all rules kept"] == 50
    assert 50 < spoilt["BLEU"] < 100
