"""Film reviews, steered towards praise."""

from random import Random

import pytest
import torch

from ppo_teach.exercises.generation.distinct_n import distinct_n as distinct_n_of_numbers
from ppo_teach.tasks.generation.film_reviews import is_review, random_review
from ppo_teach.tasks.generation.task import (
    distinct_n,
    generation,
    praise,
    self_bleu,
    speaks_of,
    train_classifier,
    whole_reviews,
)
from ppo_teach.tasks.task import Task

OPENING = "the plot in this early western"
PRAISE, BLAME = "was brilliant , and i loved the songs .", "was awful , and i hated the songs ."


@pytest.fixture(scope="module")
def task() -> Task:
    return generation()


def test_the_three_sets_share_no_opening(task: Task):
    train, validation, test = (set(split.prompts) for split in (task.train, task.validation, task.test))
    assert min(len(train), len(validation), len(test)) >= 200
    assert not train & validation | train & test | validation & test
    assert set(task.corpus.prompts) == train


def test_the_corpus_is_grammatical(task: Task):
    assert all(map(is_review, whole_reviews(task.corpus.references, task.corpus.prompts)))


def test_every_held_out_word_is_known_and_every_review_fits(task: Task):
    model = task.build(0)
    for split in (task.validation, task.test):
        model.require_room(task.prompts(model, split), task.settings.ppo.max_tokens)
    assert max(len(rest.split()) for rest in task.corpus.references) < task.settings.ppo.max_tokens


def test_the_reward_is_a_probability_that_prefers_praise(task: Task):
    praised, blamed = task.score([PRAISE, BLAME], [OPENING, OPENING])
    assert 0 < blamed < 0.2
    assert 0.8 < praised < 1


def test_the_classifier_reads_fresh_reviews_as_their_authors_meant_them(task: Task):
    rng = Random(1)
    fresh = [random_review(rng) for _ in range(500)]
    believed = task.score([review.rest for review in fresh], [review.opening for review in fresh]) > 0.5
    right = sum(bool(belief) == review.positive for belief, review in zip(believed, fresh, strict=True))
    assert right > 0.75 * len(fresh)  # always saying "negative" would be right for 0.6 of them


def test_the_classifier_does_not_understand_not(task: Task):
    # The grammar knows better: a film that is not superb is no better than one that is not awful.
    denied_praise, denied_blame = task.score(["was not superb .", "was not awful ."], [OPENING, OPENING])
    assert denied_praise > denied_blame


def test_the_gold_score_is_the_share_of_clauses_that_praise():
    # Praise and praise; praise and a denied praise; blame; no full stop; a plot that were.
    reviews = [PRAISE, "was brilliant , but i did not love the songs .", BLAME, "was brilliant", "were brilliant ."]
    assert praise(reviews, [OPENING] * 5).tolist() == [1.0, 0.5, 0.0, -1.0, -1.0]


def test_the_classifier_depends_on_its_reviews(task: Task):
    rng = Random(2)
    reviews = [random_review(rng) for _ in range(50)]
    untrained = train_classifier(task.tokenizer, reviews, steps=0)
    assert untrained([f"{OPENING} {PRAISE}"]).tolist() == [0.5]


def test_the_report_counts_what_it_says(task: Task):
    responses = [PRAISE, BLAME, "superb superb superb superb"]
    numbers = task.report(responses, [OPENING] * 3)
    scores = task.score(responses, [OPENING] * 3)
    assert numbers["P(positive)"] == pytest.approx(100 * scores.mean().item())
    assert numbers["grammatical"] == pytest.approx(200 / 3)
    assert numbers["praising"] == pytest.approx(100 / 3)  # word salad praises nothing
    # 9 words each have 7 trigrams, 4 words have 2. "and i" ends none alike but ", and i" and "the songs ." stand twice;
    # the salad has one trigram, twice.
    assert numbers["distinct trigrams"] == pytest.approx(100 * (7 + 7 - 2 + 1) / 16)


def test_distinct_n_is_the_share_of_different_n_grams():
    assert distinct_n(["a b a b"], n=2) == 2 / 3  # ab, ba, ab
    assert distinct_n(["a b", "a b"], n=1) == 2 / 4
    assert distinct_n(["a"], n=2) == 0


def test_the_topic_is_its_share_of_the_aspects_that_the_response_names():
    # Songs of songs and plot; neither of two; none named; a salad of one word; the opening's own plot does not count.
    responses = ["was fresh , and i loved the songs , but we hated the plot .", "was bland , and i liked the cast ."]
    responses += ["was dull .", "music music music", "was fresh , and i loved the songs ."]
    scores = speaks_of({"music", "songs"})(responses, [OPENING] * 5)
    torch.testing.assert_close(scores, torch.tensor([0.5, 0.0, 0.0, 1.0, 1.0]))


def test_texts_are_as_alike_as_their_pairs():
    assert self_bleu(["was dull ."] * 3) == pytest.approx(1.0)
    assert self_bleu(["a b c d", "e f g h"]) < 0.1
    # Two that are the same and one that is another: 2 of 6 ordered pairs have BLEU 1, the others next to nothing.
    assert self_bleu(["a b c d", "a b c d", "e f g h"]) == pytest.approx(2 / 6, abs=0.1)


def test_a_text_is_not_compared_with_itself():
    assert self_bleu(["a b c d e", "a b c d f"]) < 0.8


def test_the_exercise_on_words_as_numbers_is_the_packages_function_on_strings():
    texts = ["a b a b c", "b c d", "a"]
    codes = torch.tensor([[ord(word) for word in text.split()] + [0] * (5 - len(text.split())) for text in texts])
    for n in (1, 2, 3):
        assert distinct_n_of_numbers(codes, codes > 0, n=n).item() == pytest.approx(distinct_n(texts, n=n))
