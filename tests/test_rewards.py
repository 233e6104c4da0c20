"""BLEU and ROUGE by hand and against the libraries, and rewards made of them."""

import math
from importlib.metadata import version

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import corpus_bleu as sacrebleu_corpus_bleu
from sacrebleu import corpus_chrf as sacrebleu_corpus_chrf
from sacrebleu import sentence_bleu as sacrebleu_sentence_bleu

from ppo_teach.exercises.rewards.rouge_l import rouge_l
from ppo_teach.exercises.rewards.sentence_bleu import sentence_bleu
from ppo_teach.rewards import (
    as_scores,
    bleu,
    constant,
    corpus_bleu,
    corpus_bleu_signature,
    corpus_chrf,
    rouge,
    text_reward,
)
from ppo_teach.texts import build_tokenizer, encode_prompts, encode_responses

# Words of a-z and 0-9 only: on these rouge_score's own tokeniser agrees with white space.
sentences = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "2"]), max_size=9).map(" ".join)
CHINESE = [("我有三本书。", "我有两本新书。"), ("他昨天来了", "他昨天来了"), ("三本", "我有三本书")]


# BLEU.


def test_bleu_by_hand():
    # the cat sat on the mat / the cat is on the mat. Matching n-grams: 5 of 6, 3 of 5 (the-cat, on-the, the-mat),
    # 1 of 4 (on-the-mat), and 0 of 3, which exponential smoothing counts as ½ of 3. Equal lengths: no penalty.
    expected = (5 / 6 * 3 / 5 * 1 / 4 * 0.5 / 3) ** (1 / 4)
    assert bleu(["the cat sat on the mat"], ["the cat is on the mat"]).item() == pytest.approx(expected, rel=1e-6)


def test_a_short_hypothesis_is_punished_for_its_brevity_and_judged_by_the_n_grams_it_has():
    # "the cat" has one unigram more than bigrams and nothing longer: N = 2, both precisions 1. BP = exp(1 − 6/2).
    assert bleu(["the cat"], ["the cat sat on the mat"]).item() == pytest.approx(math.exp(1 - 6 / 2), rel=1e-6)


def test_a_perfect_hypothesis_has_1_and_one_without_a_common_word_next_to_nothing():
    assert bleu(["a b c d e", "a"], ["a b c d e", "a"]).tolist() == pytest.approx([1, 1], rel=1e-6)
    assert bleu(["x y", ""], ["the cat", "the cat"]).tolist() == pytest.approx([0, 0], abs=1e-6)


def test_chinese_is_compared_by_characters():
    # 我有三本书 / 我有两本书: 4 of 5 characters, 2 of 4 pairs (我有, 本书), 0 of 3 triples, smoothed to ½, 0 of 2
    # quadruples, smoothed to ¼.
    expected = (4 / 5 * 2 / 4 * 0.5 / 3 * 0.25 / 2) ** (1 / 4)
    assert bleu(["我有三本书"], ["我有两本书"], tokenize="zh").item() == pytest.approx(expected, rel=1e-6)
    assert bleu(["我有三本书"], ["我有两本书"]).item() < 1e-6  # by default the whole sentence is one word


@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=4))
def test_bleu_is_sacrebleus_sentence_bleu(pairs: list[tuple[str, str]]):
    hypotheses, references = zip(*pairs, strict=True)
    expected = [sacrebleu_sentence_bleu(hypothesis, [reference]).score / 100 for hypothesis, reference in pairs]
    assert bleu(hypotheses, references).tolist() == pytest.approx(expected, rel=1e-6)
    assert all(0 <= score <= 1 + 1e-6 for score in bleu(hypotheses, references).tolist())


def numbered(*texts: str) -> list[torch.Tensor]:
    """The words of the texts as numbers, equal words by equal numbers."""
    vocabulary = sorted({word for text in texts for word in text.split()})
    return [torch.tensor([vocabulary.index(word) for word in text.split()], dtype=torch.long) for text in texts]


@given(sentences, sentences.filter(bool))
def test_bleu_as_it_is_defined_is_sacrebleus_without_smoothing(hypothesis: str, reference: str):
    unsmoothed = sacrebleu_sentence_bleu(hypothesis, [reference], smooth_method="none").score / 100
    assert sentence_bleu(*numbered(hypothesis, reference)).item() == pytest.approx(unsmoothed, abs=1e-6)


@pytest.mark.parametrize("tokenize", ["13a", "zh", "char", "none"])
def test_the_tokenisation_asked_for_is_the_one_used(tokenize):
    hypotheses, references = zip(*CHINESE, ("a b, c", "a b,c"), strict=True)
    expected = [
        sacrebleu_sentence_bleu(hypothesis, [reference], tokenize=tokenize).score / 100
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]
    assert bleu(hypotheses, references, tokenize=tokenize).tolist() == pytest.approx(expected, rel=1e-6)
    expected_corpus = sacrebleu_corpus_bleu(hypotheses, [references], tokenize=tokenize).score
    assert corpus_bleu(hypotheses, references, tokenize=tokenize) == pytest.approx(expected_corpus)


def test_corpus_bleu_pools_counts_and_is_not_the_mean_of_sentences():
    # a b c d e / same, and a b x d y / a b c d e. Pooled: 8 of 10, 5 of 8 (4 + ab), 3 of 6, 2 of 4; no penalty.
    hypotheses, references = ["a b c d e", "a b x d y"], ["a b c d e", "a b c d e"]
    expected = 100 * (8 / 10 * 5 / 8 * 3 / 6 * 2 / 4) ** (1 / 4)
    assert corpus_bleu(hypotheses, references) == pytest.approx(expected)
    assert corpus_bleu(hypotheses, references) != pytest.approx(100 * bleu(hypotheses, references).mean().item())


def test_the_signature_names_what_bleu_depends_on():
    assert corpus_bleu_signature(tokenize="zh") == (
        f"nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:{version('sacrebleu')}"
    )
    assert "tok:13a" in corpus_bleu_signature()


def test_chrf_is_sacrebleus():
    hypotheses, references = zip(*CHINESE, strict=True)
    expected = sacrebleu_corpus_chrf(hypotheses, [references]).score
    assert corpus_chrf(hypotheses, references) == pytest.approx(expected)
    assert corpus_chrf(["他昨天来了"], ["他昨天来了"]) == pytest.approx(100)


# ROUGE.


def test_rouge_by_hand():
    # the cat sat / the cat sat on the mat: 3 of 3 words and of 6; 2 of 2 bigrams and of 5; the longest common
    # subsequence of "mat the cat" with the same reference is "the cat": 2 of 3 and of 6.
    reference = ["the cat sat on the mat"]
    for hypothesis, variant, precision, recall in (
        ("the cat sat", "rouge1", 3 / 3, 3 / 6),
        ("the cat sat", "rouge2", 2 / 2, 2 / 5),
        ("mat the cat", "rouge1", 3 / 3, 3 / 6),
        ("mat the cat", "rougeL", 2 / 3, 2 / 6),
    ):
        measures = {"precision": precision, "recall": recall, "fmeasure": 2 / (1 / precision + 1 / recall)}
        for measure, expected in measures.items():
            score = rouge([hypothesis], reference, variant=variant, measure=measure).item()
            assert score == pytest.approx(expected, rel=1e-6)


def test_rouge_is_the_f_measure_of_the_longest_common_subsequence_unless_told_otherwise():
    # "a b c d" against "a c b x": the subsequence a b (or a c), 2 of 4 words on both sides.
    assert rouge(["a b c d"], ["a c b x"]).item() == pytest.approx(1 / 2)


def test_rouge_takes_chinese_words_as_white_space_gives_them():
    # rouge_score's own tokeniser keeps a–z and 0–9 alone, so Chinese would always score 0.
    assert rouge(["我 有 三 本 书"], ["我 有 两 本 书"], variant="rouge1").item() == pytest.approx(4 / 5)


def test_without_a_common_word_rouge_is_0():
    assert rouge(["", "x", "x"], ["the cat", "the cat", ""]).tolist() == [0, 0, 0]


@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=4))
def test_rouge_is_rouge_scores(pairs: list[tuple[str, str]]):
    hypotheses, references = zip(*pairs, strict=True)
    for variant in ("rouge1", "rouge2", "rougeL"):
        scorer = RougeScorer([variant])
        scores = [scorer.score(reference, hypothesis)[variant] for hypothesis, reference in pairs]
        for measure in ("precision", "recall", "fmeasure"):
            expected = [getattr(score, measure) for score in scores]
            assert rouge(hypotheses, references, variant=variant, measure=measure).tolist() == pytest.approx(expected)


@given(sentences, sentences.filter(bool))
def test_the_table_of_the_longest_common_subsequence_gives_rouge_scores_rouge_l(hypothesis: str, reference: str):
    expected = RougeScorer(["rougeL"]).score(reference, hypothesis)["rougeL"].fmeasure
    assert rouge_l(*numbered(hypothesis, reference)).item() == pytest.approx(expected, abs=1e-6)


# What both refuse.


@pytest.mark.parametrize("metric", [bleu, rouge, corpus_bleu, corpus_chrf])
def test_texts_and_references_must_be_as_many(metric):
    with pytest.raises(ValueError, match="hypotheses and references must have the same length; got 2 and 1"):
        metric(["a", "b"], ["a"])


# Rewards.


def test_a_text_reward_finds_the_reference_of_each_prompt_by_its_row():
    tokenizer = build_tokenizer(["a b c d"])
    references = ["a b", "c d", "a d"]
    prompts = encode_prompts(tokenizer, ["a", "b", "c"])[torch.tensor([2, 0, 0, 1])]
    responses, mask = encode_responses(tokenizer, ["a d", "a b", "c d", "c d"])

    def same(hypotheses, references):
        return torch.tensor([float(pair[0] == pair[1]) for pair in zip(hypotheses, references, strict=True)])

    assert text_reward(tokenizer, references, same)(prompts, responses, mask).tolist() == [1, 1, 0, 1]
    assert text_reward(tokenizer, references, bleu)(prompts, responses, mask)[2] == 0


def test_a_text_reward_does_not_read_what_stands_at_padding():
    tokenizer = build_tokenizer(["a b c d"])
    prompts = encode_prompts(tokenizer, ["a", "b"])
    reward = text_reward(tokenizer, ["a b c", "d"], rouge)
    responses, mask = encode_responses(tokenizer, ["a b", "d"])
    clean = reward(prompts, responses, mask)
    assert clean.tolist() == pytest.approx([0.8, 1])  # a b of a b c: precision 1, recall 2/3, so F = 4/5
    assert torch.equal(reward(prompts, torch.where(mask, responses, 6), mask), clean)


def test_a_text_reward_stops_at_the_models_own_end_of_sequence():
    tokenizer = build_tokenizer(["a b"])
    prompts = encode_prompts(tokenizer, ["a"])
    responses, mask = encode_responses(tokenizer, ["a"], eos=4)  # the token b
    assert text_reward(tokenizer, ["a"], rouge, eos=4)(prompts, responses, mask).item() == 1


def test_a_prompt_without_a_reference_is_refused():
    tokenizer = build_tokenizer(["a b"])
    prompts, (responses, mask) = encode_prompts(tokenizer, ["a", "b"]), encode_responses(tokenizer, ["a", "b"])
    with pytest.raises(
        ValueError, match=r"references must hold one text for each prompt; prompts\.rows reach 1, got 1"
    ):
        text_reward(tokenizer, ["a"], rouge)(prompts, responses, mask)


def test_a_response_that_is_its_eos_alone_earns_nothing():
    tokenizer = build_tokenizer(["a b"])
    prompts, (responses, mask) = encode_prompts(tokenizer, ["a"]), encode_responses(tokenizer, [""])
    for metric in (bleu, rouge):
        assert text_reward(tokenizer, ["a b"], metric)(prompts, responses, mask).item() == 0


def test_the_constant_reward_is_the_same_for_every_response():
    tokenizer = build_tokenizer(["a b"])
    prompts, (responses, mask) = encode_prompts(tokenizer, ["a", "b"]), encode_responses(tokenizer, ["b a", ""])
    assert constant(0.25)(prompts, responses, mask).tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    "given",
    [
        torch.tensor([0, 2, 1]),
        [0, 2, 1],
        (0.0, 2.0, 1.0),
        np.array([0, 2, 1]),
        np.array([0.0, 2.0, 1.0], dtype=np.float32),
        [torch.tensor(0.0), torch.tensor(2.0), torch.tensor(1.0)],
    ],
    ids=["integers", "list", "tuple", "array of integers", "array", "list of tensors"],
)
def test_scores_are_taken_from_whatever_holds_numbers(given):
    scores = as_scores(given, torch.zeros(3, 2, dtype=torch.long))
    assert scores.dtype == torch.float32
    assert scores.tolist() == [0, 2, 1]


@pytest.mark.parametrize("given", [torch.tensor([True, False]), [True, False], np.array([True, False])])
def test_true_is_a_score_of_1(given):
    assert as_scores(given, torch.zeros(2, 1, dtype=torch.long)).tolist() == [1, 0]


def test_scores_keep_their_precision():
    assert (
        as_scores(torch.tensor([0.1], dtype=torch.float64), torch.zeros(1, 1, dtype=torch.long)).dtype == torch.float64
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "judge must return numbers, one for each response; got None"),
        (["good", "bad"], r"judge must return numbers, one for each response; got \['good', 'bad'\]"),
        ([0.5, None], "judge must return numbers"),
        ([[1.0], [1.0, 2.0]], "judge must return numbers"),
        ([2**70, 1], "judge must return numbers"),
        (np.array([1, None]), "judge must return numbers"),
        ({"score": 1}, "judge must return numbers"),
        ([1j, 2], "judge must return real numbers; got torch.complex64"),
        (0.5, r"judge must return 2 scores; got shape \(\)"),
        ([1.0, 2.0, 3.0], r"judge must return 2 scores; got shape \(3,\)"),
        ([[1.0], [2.0]], r"judge must return 2 scores; got shape \(2, 1\)"),
        ([0.0, math.nan], r"scores must be finite; scores\[1\] is nan"),
    ],
)
def test_what_is_no_score_for_each_response_is_refused_by_name(given, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        as_scores(given, torch.zeros(2, 1, dtype=torch.long), by="judge")


@pytest.mark.parametrize("returned", [list, np.array, torch.tensor], ids=["list", "array", "integers"])
def test_a_metric_may_return_what_holds_numbers(returned):
    tokenizer = build_tokenizer(["a b"])
    prompts, (responses, mask) = encode_prompts(tokenizer, ["a", "b"]), encode_responses(tokenizer, ["b", "a a"])
    reward = text_reward(tokenizer, ["a", "b"], lambda texts, references: returned([len(text) for text in texts]))
    assert reward(prompts, responses, mask).tolist() == [1.0, 3.0]


def test_a_whole_number_will_do_for_a_constant_reward(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as readers run it
    prompts, responses = encode_prompts(build_tokenizer(["a"]), ["a"]), torch.tensor([[1]])
    assert constant(1)(prompts, responses, responses == 1).is_floating_point()
