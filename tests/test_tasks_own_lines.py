"""A task from lines of a text and a function of one's own."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from ppo_teach.runs.run import run
from ppo_teach.tasks.own_lines import SETTINGS_OF_OWN_LINES, own_lines
from ppo_teach.tasks.settings import Supervision

WHO = ["Ada", "Ben", "Carl", "Dora"]
WHAT = ["brought", "bought", "baked", "ate", "hid"]
HOW = ["an apple.", "a pear, and an apple!", "nothing at all?"]
LINES = [" ".join(words) for words in product(WHO, WHAT, HOW)]


def apples(line: str) -> float:
    return float(line.split().count("apple"))


def test_lines_are_halved_and_openings_kept_apart():
    task = own_lines([*LINES, LINES[0], "Ada.", ""], apples, opening_words=2)
    pairs = list(zip(task.corpus.prompts, task.corpus.references, strict=True))
    assert ("ada brought", "a pear , and an apple !") in pairs or "ada brought" not in task.train.prompts
    splits = [set(split.prompts) for split in (task.train, task.validation, task.test)]
    assert [len(split) for split in splits] == [16, 2, 2]
    assert len(set.union(*splits)) == 20
    assert set(task.corpus.prompts) == splits[0]
    assert len(pairs) == 16 * len(HOW)  # each line once, and none that an opening fills
    assert task.settings.ppo.max_tokens == len(["a", "pear", ",", "and", "an", "apple", "!"]) + 1


def test_the_score_is_of_the_whole_line_and_the_report_names_what_was_copied():
    task = own_lines(LINES, lambda line: float(line == "ada ate an apple ."), opening_words=2)
    assert task.score(["an apple .", "an apple"], ["ada ate", "ada ate"]).tolist() == [1.0, 0.0]
    opening = task.test.prompts[0]  # a new line may have an old ending
    report = task.report(["an apple .", "an apple an apple"], [opening, opening])
    assert report["copied"] == 50
    assert report["words"] == 5.5
    assert report["distinct trigrams"] == pytest.approx(100 * 3 / 3)


def test_too_few_openings_are_refused():
    with pytest.raises(ValueError, match=r"lines must begin in at least 10 different ways; got 4"):
        own_lines(LINES, apples, opening_words=1)


def test_a_run_writes_what_the_score_likes_more_often(tmp_path: Path):
    short = replace(
        SETTINGS_OF_OWN_LINES,
        supervision=Supervision(steps=40, batch_size=32, learning_rate=5e-3),
        ppo=replace(SETTINGS_OF_OWN_LINES.ppo, iterations=8, batch_size=24, minibatch_size=24, learning_rate=5e-3),
    )
    numbers = run(own_lines(LINES, apples, opening_words=2, settings=short), tmp_path)
    assert numbers["PPO"]["score, sampled"] > numbers["supervised start"]["score, sampled"]
    assert numbers["PPO"]["score, greedy"] > 0.9


def test_a_text_without_spaces_is_a_text_of_characters():
    lines = [
        f"{first}{second}，{third}。" for first, second, third in product("春夏秋冬", "江河湖海", ["花开了", "月明"])
    ]
    task = own_lines(lines, lambda line: float(line.count("花")), opening_words=2)
    assert set(task.corpus.references) == {"， 花 开 了 。", "， 月 明 。"}
    assert "春 江" in {*task.train.prompts, *task.validation.prompts, *task.test.prompts}


def test_accents_typed_in_two_ways_are_one_word_and_signs_of_vowels_stay_where_they_are():
    lines = [f"{who} mange un {what} क्या." for who in WHO for what in ("cafe\u0301", "caf\u00e9", "the\u0301")]
    task = own_lines(
        [f"{day} {line}" for day in ("lundi", "mardi", "jeudi") for line in lines], apples, opening_words=2
    )
    assert set(task.corpus.references) == {"mange un caf\u00e9 क्या .", "mange un th\u00e9 क्या ."}


def test_lines_that_need_more_than_max_tokens_are_left_out_and_counted():
    endless = f"Eve said {'nothing ' * 3000}"
    with pytest.warns(UserWarning, match="^1 of 61 lines are left out: max_tokens is 64$"):
        task = own_lines([*LINES, endless], apples, opening_words=2)
    assert task.settings.ppo.max_tokens == 8
    assert task.build(0).trunk.config.n_positions == 10
    tight = replace(SETTINGS_OF_OWN_LINES, ppo=replace(SETTINGS_OF_OWN_LINES.ppo, max_tokens=7))
    with pytest.warns(UserWarning, match="^20 of 60 lines are left out: max_tokens is 7$"):
        task = own_lines(LINES, apples, opening_words=2, settings=tight)  # those with "a pear , and an apple !"
    assert task.settings.ppo.max_tokens == len(["nothing", "at", "all", "?", "<eos>"])
    assert not any("pear" in reference for reference in task.corpus.references)
