"""Rewards that are 0 or 1: pass@k, groups without signal, the clip that reaches farther up, values by continuing."""

from functools import partial
from itertools import combinations
from math import comb

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_models import MAX_TOKENS, MODELS, ragged_prompts
from strategies import padded_batches

from ppo_teach.config import PPOConfig
from ppo_teach.exact import exact_values
from ppo_teach.masks import zero_padding
from ppo_teach.rollouts import score_responses
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.tasks.ticket_clerk import EOS, novice, question, replies, reward
from ppo_teach.trainer import PPOTrainer
from ppo_teach.verifiable import asymmetric_surrogate, groups_with_signal, pass_at_k, values_by_continuing

# --- pass_at_k


def test_pass_at_k_by_hand():
    # One of four answers is right. Of the six pairs three hold it; of the four triples three do.
    assert pass_at_k(torch.tensor([1]), n=4, k=2).item() == pytest.approx(3 / 6)
    assert pass_at_k(torch.tensor([1]), n=4, k=3).item() == pytest.approx(3 / 4)
    # All pairs but the one of the two wrong ones.
    assert pass_at_k(torch.tensor([2]), n=4, k=2).item() == pytest.approx(5 / 6)


def test_pass_at_k_counts_the_subsets_that_hold_a_right_answer():
    for n in range(1, 7):
        for c in range(n + 1):
            for k in range(1, n + 1):
                subsets = list(combinations([True] * c + [False] * (n - c), k))
                share = sum(map(any, subsets)) / len(subsets)
                assert pass_at_k(torch.tensor([c]), n=n, k=k).item() == pytest.approx(share, abs=1e-6)


@given(st.integers(1, 12), st.floats(0, 1))
def test_pass_at_k_is_unbiased_and_the_naive_estimate_is_too_low(n: int, right: float):
    weights = [comb(n, c) * right**c * (1 - right) ** (n - c) for c in range(n + 1)]
    for k in range(1, n + 1):
        estimates = pass_at_k(torch.arange(n + 1), n=n, k=k).tolist()
        mean = sum(weight * estimate for weight, estimate in zip(weights, estimates, strict=True))
        assert mean == pytest.approx(1 - (1 - right) ** k, abs=1e-5)
        naive = sum(weight * (1 - (1 - c / n) ** k) for c, weight in enumerate(weights))
        assert naive <= 1 - (1 - right) ** k + 1e-9  # Jensen: 1 − (1 − p)^k is concave in p


def test_pass_at_k_takes_many_problems_and_large_numbers():
    estimates = pass_at_k(torch.tensor([0, 1, 200, 100]), n=200, k=100)
    torch.testing.assert_close(estimates, torch.tensor([0.0, 0.5, 1.0, 1.0]))
    # Uncut, the factors before i = k would multiply to C(499, 249), which float32 cannot hold; and inf · 0 is NaN.
    assert pass_at_k(torch.tensor([0, 1000]), n=1000, k=500).tolist() == [0, 1]


def test_pass_at_k_refuses_what_cannot_be():
    for k in (0, 5):
        with pytest.raises(ValueError, match=f"k must lie between 1 and n = 4; got {k}"):
            pass_at_k(torch.tensor([1]), n=4, k=k)
    with pytest.raises(ValueError, match="correct must lie between 0 and n = 4"):
        pass_at_k(torch.tensor([5]), n=4, k=1)


# --- groups_with_signal


def test_groups_whose_answers_are_all_right_or_all_wrong_are_silent():
    scores = torch.tensor([1.0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    assert groups_with_signal(scores, group_size=4).tolist() == [True, False, False]
    assert groups_with_signal(scores, group_size=2).tolist() == [True, True, False, False, False, False]
    assert groups_with_signal(scores, group_size=1).tolist() == [False] * 12  # nothing to compare with


def test_groups_need_not_be_scored_0_or_1():
    assert groups_with_signal(torch.tensor([0.3, 0.3, 0.3, 0.4]), group_size=2).tolist() == [False, True]


def test_a_torn_group_is_refused():
    with pytest.raises(ValueError, match="group_size must divide 5; got 2"):
        groups_with_signal(torch.zeros(5), group_size=2)


# --- asymmetric_surrogate


def test_the_clip_reaches_farther_up_by_hand():
    # ρ = 1.5, 1.25 and ½; Â = 1, 1 and −1; ε = 0.2 below and 0.3 above: 1.3, 1.25 and −0.8.
    it = torch.tensor([1.5, 1.25, 0.5]).log(), torch.zeros(3), torch.tensor([1.0, 1, -1]), torch.ones(3).bool()
    assert asymmetric_surrogate(*it, clip=0.2, clip_high=0.3).item() == pytest.approx((1.3 + 1.25 - 0.8) / 3)
    # Exchanged, 1.2, 1.2 and −0.7.
    assert asymmetric_surrogate(*it, clip=0.3, clip_high=0.2).item() == pytest.approx((1.2 + 1.2 - 0.7) / 3)


@given(padded_batches(3), st.floats(0, 2))
def test_with_equal_sides_it_is_the_clipped_surrogate_gradient_included(batch, clip: float):
    logprobs, old_logprobs, advantages, mask = batch
    results = []
    for objective in (partial(asymmetric_surrogate, clip_high=clip), clipped_surrogate):
        leaf = logprobs.clone().requires_grad_()
        value = objective(leaf, old_logprobs, advantages, mask, clip=clip)
        results.append((value, *torch.autograd.grad(value, leaf)))
    for mine, theirs in zip(*results, strict=True):
        assert torch.equal(mine, theirs)


def test_padding_reaches_neither_the_objective_nor_its_gradient():
    logprobs = torch.tensor([[-1.0, float("nan")]], requires_grad=True)
    others = torch.tensor([[-1.2, float("nan")]]), torch.tensor([[1.0, float("nan")]]), torch.tensor([[True, False]])
    asymmetric_surrogate(logprobs, *others, clip=0.2, clip_high=0.28).backward()
    assert logprobs.grad[0, 0] > 0
    assert logprobs.grad[0, 1] == 0


def test_a_negative_side_is_refused():
    it = torch.zeros(1), torch.zeros(1), torch.zeros(1), torch.ones(1).bool()
    with pytest.raises(ValueError, match=r"clip_high must be at least 0; got -0\.1"):
        asymmetric_surrogate(*it, clip=0.2, clip_high=-0.1)


def test_a_trainer_climbs_it():
    class Higher(PPOTrainer):
        objective = staticmethod(partial(asymmetric_surrogate, clip_high=0.28))

    config = PPOConfig(iterations=8, max_tokens=3, learning_rate=0.1, epochs=4)
    trainer = Higher(novice(seed=0), reward, question(4), config)
    history = trainer.train()
    assert history[-1]["score"] > history[0]["score"] + 0.2


# --- values_by_continuing


def test_values_by_continuing_are_those_of_enumeration():
    clerk, (responses, mask) = novice(seed=3), replies()
    prompts = question(len(responses))
    logprobs, _ = score_responses(clerk, prompts, responses, mask)
    scores = reward(prompts, responses, mask)
    last = mask & ~torch.cat([mask[:, 1:], torch.zeros_like(mask[:, :1])], dim=1)
    exact = exact_values(zero_padding(logprobs, mask), last * scores[:, None], responses, mask, gamma=1.0)
    at = next(row for row, tokens in enumerate(responses.tolist()) if tokens[0] == 1)  # any reply that begins with `at`
    draws = 4000
    for written in (0, 1):
        prefix = responses[at : at + 1, :written].expand(draws, -1)
        assert not bool((prefix == EOS).any())
        rng = torch.Generator().manual_seed(0)
        means = values_by_continuing(clerk, question(draws), prefix, reward, max_tokens=3, draws=2, rng=rng)
        assert means.shape == (draws,)
        assert means.mean().item() == pytest.approx(exact[at, written].item(), abs=5 * 0.5 / (2 * draws) ** 0.5)


@pytest.mark.parametrize("name", ["gpt2", "table"])
def test_the_reward_reads_whole_responses_and_their_own_prompts(name: str):
    model, prompts, seen = MODELS[name](), ragged_prompts(), []

    def watch(asked, responses, mask):
        seen.append((asked, responses, mask))
        return torch.ones(len(responses))

    prefixes = torch.tensor([[2, 3], [3, 3], [4, 2], [5, 6]])
    values = values_by_continuing(
        model, prompts, prefixes, watch, max_tokens=MAX_TOKENS, draws=3, rng=torch.Generator().manual_seed(0)
    )
    assert values.tolist() == [1.0] * 4
    assert len(seen) == 3
    for asked, responses, mask in seen:
        assert asked is prompts
        assert torch.equal(responses[:, :2], prefixes)
        assert bool(mask[:, :3].all())
        assert responses.shape == mask.shape
        assert responses.shape[1] <= MAX_TOKENS
