"""The grammar of film reviews."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppo_teach.tasks.generation.film_reviews import clause_signs, is_review, random_review

seeds = st.integers(0, 2**32)

WRITTEN_BY_HAND = {  # a review and what each of its clauses says
    "the plot in this early western was boring .": [-1],
    "the songs in this late musical were not very boring , and i truly enjoyed the warm ending .": [+1, +1],
    "the cast in this silent drama was utterly superb , but critics did not like the jokes .": [+1, -1],
    "the sets in this famous sequel were dull , but we did not hate the script , while the cast was warm .": [
        -1,
        +1,
        +1,
    ],
    # The grammar would not write this one, yet it has the form of a review: who hates clever songs hates them.
    "the plot in this early western was clever , and we hated the clever songs .": [+1, -1],
}
BROKEN = [
    "the plot in this early western was .",  # nothing said of it
    "the plot in this early western were boring .",  # no agreement
    "the jokes in this early western was boring .",
    "the plot was boring .",  # no film
    "the plot in this early western boring .",  # no verb
    "the plot in this early western was not utterly boring .",  # the grammar does not deny this degree
    "the plot in this early western was boring",  # no end
    "the plot in this early western was boring , .",
    "the plot in this early western was boring , and .",
    "the plot in this early western was boring and the cast was superb .",  # no comma
    "the plot in this early western was boring , and i did not enjoyed the songs .",
    "the plot in this early western was boring , and i enjoy the songs .",
    "brilliant brilliant superb superb",
    "",
]


@pytest.mark.parametrize(("text", "signs"), WRITTEN_BY_HAND.items())
def test_the_parser_reads_what_a_person_would_read(text: str, signs: list[int]):
    assert is_review(text)
    assert clause_signs(text) == signs


@pytest.mark.parametrize("text", BROKEN)
def test_the_parser_refuses_what_is_broken(text: str):
    assert not is_review(text)
    with pytest.raises(ValueError, match="text must be a review of the grammar"):
        clause_signs(text)


@given(seeds)
def test_the_parser_accepts_all_that_the_grammar_makes(seed: int):
    review = random_review(Random(seed))
    assert is_review(review.text)
    assert 2 <= len(clause_signs(review.text)) <= 3
    assert review.text == f"{review.opening} {review.rest}"


@given(seeds)
def test_the_parser_refuses_a_review_that_stops_early_or_runs_backwards(seed: int):
    review = random_review(Random(seed))
    words = review.text.split()
    assert not any(is_review(" ".join(words[:end])) for end in range(len(words)))
    assert not is_review(" ".join(reversed(words)))


@given(seeds)
def test_clauses_that_agree_are_joined_by_and_or_while_the_others_by_but_or_though(seed: int):
    review = random_review(Random(seed))
    signs = clause_signs(review.text)
    connectives = [clause.split()[0] for clause in review.text.split(" , ")[1:]]
    for word, (before, after) in zip(connectives, pairwise(signs), strict=True):
        assert word in ({"and", "while"} if before == after else {"but", "though"})


def test_four_authors_in_ten_like_the_film_and_most_of_their_clauses_say_so():
    rng = Random(0)
    written = [random_review(rng) for _ in range(2000)]
    positive = sum(review.positive for review in written)
    assert abs(positive - 800) < 4 * (2000 * 0.4 * 0.6) ** 0.5  # four standard deviations
    agreeing = [(sign > 0) == review.positive for review in written for sign in clause_signs(review.text)]
    assert abs(sum(agreeing) - 0.85 * len(agreeing)) < 4 * (len(agreeing) * 0.85 * 0.15) ** 0.5
