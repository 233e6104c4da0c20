"""PPO's objective: the ratio, the six cases of the clip, and when the clip is active."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import padded_batches, tensors
from torch.autograd import gradcheck

from ppo_teach.masks import masked_mean
from ppo_teach.surrogate import (
    clip_fraction,
    clipped_surrogate,
    effective_sample_size,
    importance_ratio,
    importance_weighted_mean,
)

MASK = torch.tensor([[True, True, False], [True, False, False]])
ONE = torch.ones(1, dtype=torch.bool)


def one(number: float, *, learns: bool = False) -> torch.Tensor:
    return torch.tensor([number], dtype=torch.float64, requires_grad=learns)


# --- importance_ratio


def test_the_ratio_is_new_over_old():
    # π_θ = ½ against π_old = ¼ is twice as likely; ¼ against ½ half; equal is 1, exactly.
    logprobs, old_logprobs = torch.tensor([0.5, 0.25, 0.3]).log(), torch.tensor([0.25, 0.5, 0.3]).log()
    ratio = importance_ratio(logprobs, old_logprobs)
    torch.testing.assert_close(ratio, torch.tensor([2.0, 0.5, 1.0]))
    assert ratio[2] == 1


def test_the_ratios_gradient_is_the_ratio_and_the_old_policy_gets_none(rng):
    logprobs, old_logprobs = (torch.randn(4, dtype=torch.float64, generator=rng, requires_grad=True) for _ in range(2))
    ratio = importance_ratio(logprobs, old_logprobs)
    ratio.sum().backward()
    assert torch.equal(logprobs.grad, ratio)  # d exp(x) = exp(x) dx
    assert old_logprobs.grad is None
    assert gradcheck(lambda x: importance_ratio(x, old_logprobs.detach()), logprobs)


# --- importance_weighted_mean

# Two dice with four faces, and what each face pays. Under the new one the mean is (0 + 2 + 4 + 8) / 4 = 3.5.
OLD, NEW = torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 8]), torch.full((4,), 1 / 4)
PAYS = torch.tensor([0.0, 2.0, 4.0, 8.0])


def test_draws_of_one_die_give_the_mean_of_another():
    # Eight draws that hold each face as often as the old die shows it: ρ = ½, 1, 2, 2, so (0 + 2·2 + 8 + 16) / 8.
    faces = torch.tensor([0, 0, 0, 0, 1, 1, 2, 3])
    assert importance_weighted_mean(PAYS[faces], NEW[faces].log(), OLD[faces].log()).item() == pytest.approx(3.5)
    assert importance_weighted_mean(PAYS[faces], OLD[faces].log(), OLD[faces].log()).item() == pytest.approx(2.0)


@given(tensors(5), tensors(5), tensors(5))
def test_the_weighted_mean_is_unbiased(values, logits, old_logits):
    logprobs, old_logprobs = logits.log_softmax(dim=0), old_logits.log_softmax(dim=0)
    estimates = [
        importance_weighted_mean(*draw)
        for draw in zip(*(x.view(5, 1) for x in (values, logprobs, old_logprobs)), strict=True)
    ]
    mean = (old_logprobs.exp() * torch.stack(estimates)).sum()
    torch.testing.assert_close(mean, (logprobs.exp() * values).sum(), rtol=1e-12, atol=1e-12)


def test_what_the_old_die_never_shows_is_missing_from_the_mean():
    # Support: without the face that pays 8 the estimate is (2 + 4 + …) short, and the mean ratio is ¾, not 1.
    old = torch.tensor([1 / 2, 1 / 4, 1 / 4, 0.0])
    faces = torch.tensor([0, 0, 1, 2])
    assert importance_weighted_mean(PAYS[faces], NEW[faces].log(), old[faces].log()).item() == pytest.approx(1.5)
    assert importance_ratio(NEW[faces].log(), old[faces].log()).mean().item() == pytest.approx(0.75)


# --- effective_sample_size


def test_equal_ratios_count_fully_and_a_heavy_one_counts_alone():
    assert effective_sample_size(torch.full((5,), 0.3)).item() == pytest.approx(5)
    assert effective_sample_size(torch.tensor([0.0, 7.0, 0.0])) == 1
    assert effective_sample_size(torch.tensor([1.0, 3.0])).item() == pytest.approx(16 / 10)


@given(tensors(6, low=-2.0))
def test_the_share_of_draws_that_count_is_one_over_one_plus_chi_squared(logits):
    # On a list that holds every outcome as often as π_old draws it: N/(1 + χ²), with χ² = Σ (new − old)²/old.
    counts = torch.tensor([5, 1, 2, 4, 3, 1])
    old, new = counts / counts.sum(), logits.softmax(dim=0)
    chi_squared = ((new - old).square() / old).sum()
    ratio = importance_ratio(new.log(), old.log().double()).repeat_interleave(counts)
    torch.testing.assert_close(effective_sample_size(ratio), counts.sum() / (1 + chi_squared), rtol=1e-6, atol=0)


# --- clipped_surrogate

# ε = 0.2, so the interval is [0.8, 1.2]. The gradient is with respect to log π_θ, where dρ = ρ.
SIX_CASES = [
    # ρ, Â, objective, gradient, is the clip active?
    (0.5, 2.0, 1.0, 1.0, False),  # a good action became rarer: pull it back
    (1.1, 2.0, 2.2, 2.2, False),  # inside
    (1.5, 2.0, 2.4, 0.0, True),  # a good action is already much likelier: 1.2 · 2, and no more to gain
    (0.5, -2.0, -1.6, 0.0, True),  # a bad action is already much rarer: 0.8 · −2, and no more to gain
    (1.1, -2.0, -2.2, -2.2, False),  # inside
    (1.5, -2.0, -3.0, -3.0, False),  # a bad action became likelier: push it back
]


@pytest.mark.parametrize(("ratio", "advantage", "objective", "gradient", "active"), SIX_CASES)
def test_the_six_cases_of_the_clip_by_hand(ratio, advantage, objective, gradient, active):
    old_logprobs = one(-1.0)
    logprobs = one(-1.0 + math.log(ratio), learns=True)
    result = clipped_surrogate(logprobs, old_logprobs, one(advantage), ONE, clip=0.2)
    result.backward()
    assert result.item() == pytest.approx(objective, rel=1e-14)
    assert logprobs.grad.item() == pytest.approx(gradient, rel=1e-14)
    assert clip_fraction(logprobs, old_logprobs, one(advantage), ONE, clip=0.2) == active


def test_an_advantage_of_zero_moves_nothing_and_is_no_work_of_the_clip():
    for ratio in (0.5, 1.0, 1.5):
        logprobs = one(math.log(ratio), learns=True)
        clipped_surrogate(logprobs, one(0.0), one(0.0), ONE, clip=0.2).backward()
        assert logprobs.grad.item() == 0
        assert clip_fraction(logprobs, one(0.0), one(0.0), ONE, clip=0.2) == 0


def test_the_objective_is_the_mean_over_real_tokens():
    # Ratio 1 everywhere: the mean of the real advantages, (1 + 2 + 6) / 3. The rows' means would give 3.75.
    zeros, advantages = torch.zeros(2, 3), torch.tensor([[1.0, 2.0, 50.0], [6.0, 50.0, 50.0]])
    assert clipped_surrogate(zeros, zeros, advantages, MASK, clip=0.2) == 3


def test_before_the_first_update_the_gradient_is_the_policy_gradient(rng):
    old_logprobs, advantages = (torch.randn(2, 3, dtype=torch.float64, generator=rng) for _ in range(2))
    logprobs = old_logprobs.clone().requires_grad_()
    clipped_surrogate(logprobs, old_logprobs, advantages, MASK, clip=0.2).backward()
    torch.testing.assert_close(logprobs.grad, torch.where(MASK, advantages / 3, 0), rtol=1e-15, atol=0)


def test_only_the_new_log_probabilities_learn(rng):
    tensors = [torch.randn(2, 3, dtype=torch.float64, generator=rng, requires_grad=True) for _ in range(3)]
    logprobs, old_logprobs, advantages = tensors
    clipped_surrogate(logprobs, old_logprobs, advantages, MASK, clip=0.2).backward()
    assert logprobs.grad.count_nonzero() > 0
    assert old_logprobs.grad is None
    assert advantages.grad is None
    constants = (old_logprobs.detach(), advantages.detach())
    assert gradcheck(lambda x: clipped_surrogate(x, *constants, MASK, clip=0.2), logprobs)


@given(padded_batches(3), st.floats(0, 0.9))
def test_the_clipped_objective_is_a_pessimistic_bound(batch, clip):
    logprobs, old_logprobs, advantages, mask = batch
    unclipped = masked_mean(importance_ratio(logprobs, old_logprobs) * advantages, mask)
    # Ratios reach exp(6) = 403 and advantages 3, so 1e-12 is rounding.
    assert clipped_surrogate(logprobs, old_logprobs, advantages, mask, clip=clip) <= unclipped + 1e-12
    wide_open = clipped_surrogate(logprobs, old_logprobs, advantages, mask, clip=1e6)
    torch.testing.assert_close(wide_open, unclipped, rtol=1e-12, atol=1e-12)


@given(padded_batches(3), st.floats(0.01, 0.9))
def test_a_shuffled_flat_minibatch_gives_the_same_objective(batch, clip):
    *tensors, mask = batch
    order = torch.randperm(mask.numel(), generator=torch.Generator().manual_seed(0))
    flat = [x.flatten()[order] for x in (*tensors, mask)]
    rectangular = clipped_surrogate(*tensors, mask, clip=clip)
    torch.testing.assert_close(clipped_surrogate(*flat, clip=clip), rectangular, rtol=1e-12, atol=1e-12)
    assert clip_fraction(*flat, clip=clip).item() == pytest.approx(clip_fraction(*tensors, mask, clip=clip).item())


# --- clip_fraction


def test_the_clip_fraction_counts_active_tokens_among_the_real_ones():
    # The six cases in one batch, and two positions of padding that would count: 2 of 6. Ratios outside the interval,
    # whatever the advantage's sign, are 4 of 6: the metric that much published code reports.
    ratio = torch.tensor([case[0] for case in SIX_CASES] + [1.5, 0.5])
    advantages = torch.tensor([case[1] for case in SIX_CASES] + [2.0, -2.0])
    mask = torch.arange(8) < 6
    fraction = clip_fraction(ratio.log(), torch.zeros(8), advantages, mask, clip=0.2)
    assert fraction.item() == pytest.approx(2 / 6)


def test_at_the_edge_of_the_interval_the_clip_is_not_active_yet():
    # ε = 1 has its upper edge at 2, ε = ½ its lower edge at ½: powers of two, where log and exp are exact enough.
    for edge, clip, advantage, beyond in ((2.0, 1.0, 1.0, 1e-6), (0.5, 0.5, -1.0, -1e-6)):
        logprobs, advantages = torch.tensor([edge]).log(), torch.tensor([advantage])
        assert logprobs.exp() == edge
        assert clip_fraction(logprobs, torch.zeros(1), advantages, ONE, clip=clip) == 0
        assert clip_fraction(logprobs + beyond, torch.zeros(1), advantages, ONE, clip=clip) == 1


@given(padded_batches(3), st.floats(0.01, 0.9))
def test_the_clip_is_active_where_the_gradient_vanishes_though_the_advantage_does_not(batch, clip):
    logprobs, old_logprobs, advantages, mask = batch
    advantages = torch.where(advantages.abs() < 0.01, 1.0, advantages)
    learner = logprobs.clone().requires_grad_()
    clipped_surrogate(learner, old_logprobs, advantages, mask, clip=clip).backward()
    flat = (learner.grad == 0) & mask
    fraction = clip_fraction(logprobs, old_logprobs, advantages, mask, clip=clip).item()
    assert fraction == pytest.approx((flat.sum() / mask.sum()).item())


def test_the_clip_fraction_does_not_hide_what_is_not_a_number():
    # A comparison with NaN is False, so the token would count as one that the clip leaves alone.
    mask, right = torch.tensor([True, True, False]), torch.zeros(3)
    for place, hidden in ((1, False), (2, True)):
        wrong = right.clone()
        wrong[place] = math.nan
        for arguments in ((wrong, right, right), (right, wrong, right), (right, right, wrong)):
            fraction = clip_fraction(*arguments, mask, clip=0.2)
            assert fraction.isnan() != hidden
