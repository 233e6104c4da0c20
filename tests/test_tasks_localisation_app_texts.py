"""Texts of an app, and the rules their translations keep."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppo_teach.tasks.localisation.app_texts import (
    PLACEHOLDERS,
    PRODUCTS,
    SENTENCES,
    THINGS,
    AppText,
    keeps_one_term,
    kept,
    random_app_text,
)

seeds = st.integers(0, 2**32)
SHARED, NEW, FOUND = (
    "{name} shared the <thing> with you .",
    "you have {count} new <things> .",
    "<app> found {count} <things> .",
)


def test_both_languages_are_what_we_would_write_by_hand():
    text = AppText((SHARED, NEW, FOUND), "photo", "相片", "photobay")
    assert text.english() == (
        "{name} shared the photo with you . you have {count} new photos . photobay found {count} photos ."
    )
    assert text.chinese() == (
        "{name} 与 你 分享 了 这 张 相片 。 你 有 {count} 张 新 相片 。 photobay 找到 了 {count} 张 相片 。"
    )
    assert text.chinese(["placeholder", "product"]) == (
        "名字 与 你 分享 了 这 张 相片 。 你 有 数量 张 新 相片 。 照片湾 找到 了 数量 张 相片 。"
    )


def test_the_fault_of_terms_chooses_at_every_mention():
    text = AppText((SHARED, NEW, FOUND), "photo", "相片", "photobay")
    rng = Random(0)
    faulty = [text.chinese(["term"], rng=rng) for _ in range(400)]
    assert {response.count("相片") for response in faulty} == {0, 1, 2, 3}
    agreeing = sum(keeps_one_term(response, text.chinese()) for response in faulty)
    assert abs(agreeing - 100) < 4 * (400 * 0.25 * 0.75) ** 0.5  # three coins fall alike once in four


def test_every_sentence_has_one_thing_and_a_translation_with_the_same_placeholders():
    for english, chinese in SENTENCES.items():
        assert english.count("<thing>") + english.count("<things>") == 1
        assert chinese.count("<thing>") == chinese.count("<measure>") == 1
        for kept_as_it_is in (*PLACEHOLDERS, "<app>"):
            assert english.count(kept_as_it_is) == chinese.count(kept_as_it_is)


@given(seeds)
def test_a_reference_keeps_every_rule(seed: int):
    text = random_app_text(Random(seed))
    chinese = text.chinese()
    assert kept(chinese, chinese, PLACEHOLDERS)
    assert kept(chinese, chinese, PRODUCTS)
    assert keeps_one_term(chinese, chinese)
    assert "<" not in chinese + text.english()


@given(seeds)
def test_the_other_word_of_the_thing_is_as_good(seed: int):
    text = random_app_text(Random(seed))
    mine, other = text.word, next(word for word in THINGS[text.thing][2] if word != text.word)
    assert keeps_one_term(text.chinese().replace(mine, other), text.chinese())
    assert not keeps_one_term(text.chinese().replace(mine, other, 1), text.chinese())
    assert not keeps_one_term(text.chinese().replace(mine, "", 1), text.chinese())


@given(seeds)
def test_each_fault_breaks_its_own_rule_where_it_shows(seed: int):
    text = random_app_text(Random(seed))
    clean = text.chinese()
    for fault, words in (("placeholder", PLACEHOLDERS), ("product", PRODUCTS)):
        faulty = text.chinese([fault])
        assert kept(faulty, clean, words) == (faulty == clean)
        assert keeps_one_term(faulty, clean)


def test_a_word_too_many_is_not_kept():
    assert kept("a b", "b a", ["a", "b", "c"])
    assert not kept("a a b", "a b", ["a"])
    assert not kept("b", "a b", ["a"])


def test_a_reference_without_a_thing_is_refused():
    with pytest.raises(ValueError, match="reference must mention a thing of the grammar; got '你 好'"):
        keeps_one_term("你 好", "你 好")
