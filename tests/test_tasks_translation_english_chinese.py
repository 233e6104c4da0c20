"""The grammar of English sentences and their Chinese translations."""

from itertools import chain, combinations, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppo_teach.tasks.translation.dictionary import PEOPLE, THIRD_PERSONS, VERBS
from ppo_teach.tasks.translation.english_chinese import (
    FLAWS,
    Deed,
    Phrase,
    Scene,
    crawled,
    flaws_in,
    is_chinese,
    measure_words,
    random_sentence,
)

seeds = st.integers(0, 2**32)


def deed(
    person: str, verb: str, tense: str, *things: Phrase, denied: bool = False, place: str = "", time: str = ""
) -> Deed:
    return Deed(person, verb, tense, denied, things, place, time)


HAT, KNIVES = Phrase("this", "", "hat"), Phrase("three", "very cheap", "knife")
WRITTEN_BY_HAND = [  # a tree; its English; its Chinese; its Chinese with every flaw
    (
        deed("her sister", "buy", "past", HAT, denied=True, place="at the market", time="yesterday"),
        "her sister did not buy this hat at the market yesterday .",
        "她 姐姐 昨天 没有 在 市场 上 买 这 顶 帽子 。",
        "她 姐姐 没有 买 这 个 帽子 在 市场 上 昨天 。",
    ),
    (
        deed("we", "draw", "past", KNIVES, place="at home"),
        "we drew three very cheap knives at home .",
        "我们 在 家 里 画 了 三 把 很 便宜 的 刀 。",
        "我们 画 了 三 个 很 便宜 刀 在 家 里 。",
    ),
    (
        deed("he", "sell", "present", Phrase("a", "expensive", "horse"), HAT, time="in summer"),
        "he sells an expensive horse and this hat in summer .",
        "他 夏天 卖 一 匹 昂贵 的 马 和 这 顶 帽子 。",
        "他 卖 一 个 昂贵 马 和 这 个 帽子 夏天 。",
    ),
    (
        deed("i", "steal", "future", Phrase("those two", "", "sheep"), denied=True),
        "i will not steal those two sheep .",
        "我 不会 偷 那 两 只 羊 。",
        "我 不会 偷 那 两 个 羊 。",
    ),
    (
        Scene("present", Phrase("two", "red", "fish"), "near the river", "on sundays"),
        "there are two red fish near the river on sundays .",
        "星期天 河边 有 两 条 红色 的 鱼 。",
        "有 两 个 红色 鱼 在 河边 星期天 。",
    ),
    (
        Scene("past", Phrase("a", "", "umbrella"), "at school", ""),
        "there was an umbrella at school .",
        "学校 有 一 把 雨伞 。",
        "有 一 个 雨伞 在 学校 。",
    ),
    (
        Scene("future", Phrase("one", "black", "cat"), "in the garden", "tomorrow"),
        "there will be one black cat in the garden tomorrow .",
        "明天 花园 里 会 有 一 只 黑色 的 猫 。",
        "会 有 一 个 黑色 猫 在 花园 里 明天 。",
    ),
]


@pytest.mark.parametrize(("sentence", "english", "chinese", "flawed"), WRITTEN_BY_HAND)
def test_both_languages_are_what_we_would_write_by_hand(
    sentence: Deed | Scene, english: str, chinese: str, flawed: str
):
    assert sentence.english() == english
    assert sentence.chinese() == chinese
    assert sentence.chinese(FLAWS) == flawed


@pytest.mark.parametrize("verb", VERBS)
def test_an_english_verb_agrees_with_its_subject_in_the_present_only(verb: str):
    past = VERBS[verb][1]
    for person in PEOPLE:
        ending = "s" if person in THIRD_PERSONS else ""  # no verb of the dictionary needs more than -s
        does = "does" if person in THIRD_PERSONS else "do"
        assert deed(person, verb, "present", HAT).english() == f"{person} {verb}{ending} this hat ."
        assert deed(person, verb, "present", HAT, denied=True).english() == f"{person} {does} not {verb} this hat ."
        assert deed(person, verb, "future", HAT).english() == f"{person} will {verb} this hat ."
        assert deed(person, verb, "past", HAT).english() == f"{person} {past} this hat ."


@given(seeds)
def test_an_stands_before_vowels_and_a_before_the_rest(seed: int):
    sentence = random_sentence(Random(seed))
    words = sentence.english().split()
    for article, following in pairwise(words):
        assert article != "a" or following[0] not in "aeiou"
        assert article != "an" or following[0] in "aeiou"


@given(seeds)
def test_the_parser_accepts_all_that_the_grammar_makes(seed: int):
    sentence = random_sentence(Random(seed))
    assert is_chinese(sentence.chinese())


@given(seeds, st.sampled_from(FLAWS))
def test_the_parser_refuses_every_flaw_that_shows(seed: int, flaw: str):
    sentence = random_sentence(Random(seed))
    flawed = sentence.chinese([flaw])
    assert is_chinese(flawed) == (flawed == sentence.chinese())


@given(seeds)
def test_the_parser_refuses_shuffled_words(seed: int):
    rng = Random(seed)
    sentence = random_sentence(rng)
    words = sentence.chinese().split()
    if " 和 " not in sentence.chinese():  # the two things that 和 joins may be exchanged
        rng.shuffle(words)
        assert is_chinese(" ".join(words)) == (" ".join(words) == sentence.chinese())


@given(seeds)
def test_the_parser_refuses_a_sentence_that_stops_early(seed: int):
    sentence = random_sentence(Random(seed))
    words = sentence.chinese().split()
    assert not any(is_chinese(" ".join(words[:end])) for end in range(len(words)))


def test_each_flaw_shows_as_often_as_it_should_and_none_brings_another():
    rng = Random(0)
    subsets = list(chain.from_iterable(combinations(FLAWS, size) for size in range(4)))
    seen = dict.fromkeys(subsets, 0)
    while sum(seen.values()) < 1000:
        sentence = random_sentence(rng)
        written = {sentence.chinese(flaws): flaws for flaws in subsets}
        if len(written) == 8:  # every flaw has something to spoil here, so the text tells which there are
            seen[written[crawled(sentence, rng, flaw_rate=0.65)]] += 1
    for flaws, count in seen.items():
        expected = 1000 * 0.65 ** len(flaws) * 0.35 ** (3 - len(flaws))
        assert abs(count - expected) < 4 * expected**0.5  # four standard deviations of a Poisson count, at least


def test_measure_words_stand_with_the_noun_that_follows():
    text = "我们 卖 三 本 很 旧 的 书 和 这 个 帽子 。 马"
    assert measure_words(text) == [("书", "本"), ("帽子", "个"), ("马", "")]


@given(seeds, st.sets(st.sampled_from(FLAWS)))
def test_the_flaws_that_show_are_found_and_no_others(seed: int, flaws: set[str]):
    sentence = random_sentence(Random(seed))
    showing = {flaw for flaw in flaws if sentence.chinese([flaw]) != sentence.chinese()}
    assert flaws_in(sentence.chinese(flaws)) == showing


def test_another_mistake_is_none_of_the_three_flaws():
    assert flaws_in("我 卖 三 匹 书 。") == set()  # a measure word, and a wrong one
    assert flaws_in("我 三 昨天 。") == set()
    assert flaws_in("我 卖 三 个 书 和 红色 书 在 学校 。") == {"measure", "particle", "order"}
