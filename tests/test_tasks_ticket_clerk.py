"""The ticket clerk: what the book says of him, worked by hand. Module: tasks.ticket_clerk."""

import pytest
import torch
from torch import Tensor

from ppo_teach.exact import exact_values, expected_return
from ppo_teach.masks import is_last_token, zero_padding
from ppo_teach.models import TabularActorCritic
from ppo_teach.rollouts import score_responses
from ppo_teach.tasks.ticket_clerk import EOS, MAX_TOKENS, PAD, WORDS, novice, question, replies, reward, spell


def everything() -> tuple[list[str], Tensor, Tensor, Tensor]:
    """All replies: their words, tokens, mask and scores."""
    responses, mask = replies()
    return spell(responses, mask), responses, mask, reward(question(len(responses)), responses, mask).double()


def logprobs_of(clerk: TabularActorCritic) -> Tensor:
    """Of each token of each reply."""
    responses, mask = replies()
    return zero_padding(score_responses(clerk, question(len(responses)), responses, mask)[0], mask).detach()


def test_there_are_40_different_replies():
    # <eos>; three words and <eos>; nine pairs of words, each with one of four tokens. 27 of the last do not stop.
    texts, *_ = everything()
    assert len(set(texts)) == len(texts) == 1 + 3 + 9 * 4
    assert sorted(len(text.split()) for text in texts) == [1] + [2] * 3 + [3] * 36
    assert sum("<eos>" not in text for text in texts) == 27
    assert all("<eos>" not in text.split()[:-1] for text in texts)


def test_two_replies_earn_something():
    texts, _, _, scores = everything()
    assert {text: score for text, score in zip(texts, scores.tolist(), strict=True) if score} == {
        "at nine <eos>": 1.0,
        "nine <eos>": 0.5,
    }


def test_what_stands_at_padding_earns_nothing():
    # `nine <eos>`, and junk behind it; and a reply that says so only at padding.
    responses = torch.tensor([[2, 0, 3], [3, 2, 0]])
    mask = torch.tensor([[True, True, False], [True, False, False]])
    assert reward(question(2), responses, mask).tolist() == [0.5, 0.0]


def test_values_of_the_even_clerk_by_hand():
    # Each token has probability 1/4. After `at nine` one of four earns 1: 16/64. After `at` one of four leads there:
    # 4/64. After `nine` one of four earns 1/2: 8/64. At first one of four leads to each of these two: 1/64 + 2/64.
    texts, responses, mask, scores = everything()
    even = TabularActorCritic(vocabulary_size=len(WORDS), max_tokens=MAX_TOKENS, eos=EOS, pad=PAD).double()
    logprobs = logprobs_of(even)
    rewards = torch.where(is_last_token(mask), scores[:, None], 0.0)
    values = 64 * exact_values(logprobs, rewards, responses, mask, gamma=1.0)
    assert values[texts.index("at nine <eos>")].tolist() == pytest.approx([3, 4, 16], rel=1e-12)
    assert values[texts.index("nine <eos>")].tolist() == pytest.approx([3, 8, 0], rel=1e-12)
    assert values[texts.index("ten ten ten")].tolist() == pytest.approx([3, 0, 0], abs=1e-12)
    assert 64 * expected_return(logprobs.sum(dim=-1), scores).item() == pytest.approx(3, rel=1e-12)


def test_a_novice_is_the_same_each_time_and_another_for_each_seed():
    states = torch.random.get_rng_state()
    tables = [novice(seed=seed).logits for seed in (0, 0, 1)]
    assert torch.equal(tables[0], tables[1])
    assert not torch.isclose(tables[0], tables[2]).any()
    assert torch.equal(states, torch.random.get_rng_state())  # the session's own random numbers are left alone
    assert novice(seed=0, dtype=torch.float64).logits.dtype == torch.float64


def test_a_novice_prefers_some_tokens_and_expects_nothing():
    clerk = novice(seed=3)
    assert clerk.values.abs().max() == 0
    assert logprobs_of(clerk).sum(dim=-1).exp().sum().item() == pytest.approx(1, abs=1e-6)
    assert clerk.logits.std().item() == pytest.approx(1, abs=0.15)  # 336 normal numbers: ± 0.04
