"""Staying near the reference: the divergence, its estimates and their gradients, the shaped reward, the controllers."""

import math
from dataclasses import FrozenInstanceError

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import padded_batches, tensors
from torch.autograd import gradcheck
from torch.distributions import Categorical, kl_divergence

from ppo_teach.kl import AdaptiveKL, FixedKL, exact_kl, k1, k2, k3, kl_loss, kl_shaped_rewards

INF = math.inf
MASK = torch.tensor([[True, True, False], [True, False, False]])

# --- exact_kl


def test_the_divergence_by_hand():
    # π = (½, ½), π_ref = (¼, ¾): ½ log 2 + ½ log ⅔ = ½ log 4/3. The other way round: ¼ log ½ + ¾ log 3/2.
    policy = torch.tensor([[0.5, 0.5]], dtype=torch.float64).log()
    reference = torch.tensor([[0.25, 0.75]], dtype=torch.float64).log()
    assert exact_kl(policy, reference).item() == pytest.approx(0.5 * math.log(4 / 3), rel=1e-14)
    reverse = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert exact_kl(reference, policy).item() == pytest.approx(reverse, rel=1e-14)


@given(tensors(2, 2, 4, low=-20, high=20), tensors(2, 2, 4, low=-20, high=20))
def test_the_divergence_is_that_of_torch_distributions_and_never_negative(logits, ref_logits):
    divergence = exact_kl(logits, ref_logits)
    expected = kl_divergence(Categorical(logits=logits), Categorical(logits=ref_logits))
    torch.testing.assert_close(divergence, expected, rtol=1e-12, atol=1e-12)
    assert (divergence > -1e-13).all()  # Σ π (log π − log π_ref) cancels to rounding where the two are equal


@given(tensors(3, 5), st.floats(-5, 5))
def test_the_divergence_is_zero_between_equal_policies_whatever_constant_their_logits_differ_by(logits, constant):
    assert exact_kl(logits, logits + constant).abs().max() < 1e-13


def test_a_token_that_neither_policy_can_say_adds_nothing():
    logits = torch.tensor([[0.5, -INF, 1.0]], dtype=torch.float64, requires_grad=True)
    possible = torch.tensor([[0.5, 1.0]], dtype=torch.float64, requires_grad=True)
    divergence = exact_kl(logits, torch.tensor([[0.0, -INF, 0.0]], dtype=torch.float64))
    expected = exact_kl(possible, torch.zeros(1, 2, dtype=torch.float64))
    divergence.backward()
    expected.backward()
    assert torch.equal(divergence, expected)
    assert logits.grad.tolist() == [[possible.grad[0, 0].item(), 0, possible.grad[0, 1].item()]]


def test_saying_what_the_reference_cannot_is_infinitely_far_and_the_reverse_is_not():
    everything, less = torch.zeros(1, 2), torch.tensor([[0.0, -INF]])
    assert exact_kl(everything, less).item() == INF
    assert exact_kl(less, everything).item() == pytest.approx(math.log(2))


def test_the_gradient_of_the_divergence_by_its_closed_form_and_by_finite_differences(rng):
    # ∂KL/∂z_b = π_b (log π_b − log π_ref,b − KL)
    logits, ref_logits = (torch.randn(3, 5, dtype=torch.float64, generator=rng) for _ in range(2))
    logits.requires_grad_()
    assert gradcheck(lambda z: exact_kl(z, ref_logits), logits)
    (gradient,) = torch.autograd.grad(exact_kl(logits, ref_logits).sum(), logits)
    policy, reference = Categorical(logits=logits.detach()), Categorical(logits=ref_logits)
    differences = policy.logits - reference.logits
    closed_form = policy.probs * (differences - kl_divergence(policy, reference)[:, None])
    torch.testing.assert_close(gradient, closed_form, rtol=0, atol=1e-14)


# --- k1, k2, k3: one sample each


def test_the_three_estimates_of_one_sample_by_hand():
    # π = ½, π_ref = ¼: k1 = log 2; k2 = ½ log² 2; q = ½, so k3 = −½ + log 2.
    logprobs, ref_logprobs = torch.tensor([0.5]).double().log(), torch.tensor([0.25]).double().log()
    assert k1(logprobs, ref_logprobs).item() == pytest.approx(math.log(2), rel=1e-14)
    assert k2(logprobs, ref_logprobs).item() == pytest.approx(0.5 * math.log(2) ** 2, rel=1e-14)
    assert k3(logprobs, ref_logprobs).item() == pytest.approx(math.log(2) - 0.5, rel=1e-14)
    # The other way round q = 2: k1 changes its sign, k2 does not, k3 = 1 − log 2.
    assert k1(ref_logprobs, logprobs).item() == pytest.approx(-math.log(2), rel=1e-14)
    assert k2(ref_logprobs, logprobs).item() == pytest.approx(0.5 * math.log(2) ** 2, rel=1e-14)
    assert k3(ref_logprobs, logprobs).item() == pytest.approx(1 - math.log(2), rel=1e-14)


@given(tensors(6, low=-20, high=0), tensors(6, low=-20, high=0))
def test_k2_and_k3_are_never_negative_and_all_are_zero_where_the_policies_agree(logprobs, ref_logprobs):
    assert (k2(logprobs, ref_logprobs) >= 0).all()
    assert (k3(logprobs, ref_logprobs) >= 0).all()
    for estimate in (k1, k2, k3):
        assert estimate(logprobs, logprobs).tolist() == [0] * 6


def test_k3_is_accurate_for_small_differences():
    # k3 = x²/2 + x³/6 + … with x = log q = 1e-3: 5.0017e-7. In float32, exp(x) − 1 would lose half of its digits.
    estimate = k3(torch.tensor([0.0]), torch.tensor([1e-3])).item()
    assert estimate == pytest.approx(0.5e-6 + 1e-9 / 6, rel=2e-4)


# --- k1, k2, k3: on average, by enumerating the five tokens of one distribution

POLICY = torch.tensor([0.3, -1.0, 0.8, 0.0, -0.4], dtype=torch.float64)
REFERENCE = torch.tensor([-0.5, 0.4, 0.1, 1.2, -0.9], dtype=torch.float64)


def on_average(estimate, logits, ref_logits):
    """Σ_a π(a) k(a), with π(a) held constant: what the mean over many samples of π, and its gradient, tend to."""
    logprobs = logits.log_softmax(dim=-1)
    return (logprobs.detach().exp() * estimate(logprobs, ref_logits.log_softmax(dim=-1))).sum()


def average_gradient(estimate):
    logits = POLICY.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(on_average(estimate, logits, REFERENCE), logits)
    return gradient


def gradient_of_divergence(*, forward: bool):
    """Of KL(π ‖ π_ref), or else of KL(π_ref ‖ π), with respect to π's logits; by torch.distributions."""
    logits = POLICY.clone().requires_grad_()
    pair = Categorical(logits=logits), Categorical(logits=REFERENCE)
    (gradient,) = torch.autograd.grad(kl_divergence(*(pair if forward else pair[::-1])), logits)
    return gradient


def test_k1_and_k3_are_unbiased_and_k2_is_not():
    divergence = kl_divergence(Categorical(logits=POLICY), Categorical(logits=REFERENCE)).item()
    assert on_average(k1, POLICY, REFERENCE).item() == pytest.approx(divergence, rel=1e-14)
    assert on_average(k3, POLICY, REFERENCE).item() == pytest.approx(divergence, rel=1e-14)
    assert abs(on_average(k2, POLICY, REFERENCE).item() - divergence) > 0.01 * divergence


@given(tensors(5), tensors(5))
def test_k1_and_k3_average_to_the_divergence_between_any_two_policies(logits, ref_logits):
    divergence = exact_kl(logits, ref_logits).item()
    assert on_average(k1, logits, ref_logits).item() == pytest.approx(divergence, abs=1e-13)
    assert on_average(k3, logits, ref_logits).item() == pytest.approx(divergence, abs=1e-12)


def test_k1_as_a_loss_teaches_nothing_on_average():
    assert average_gradient(k1).abs().max() < 1e-15


def test_k2_as_a_loss_has_the_divergences_gradient_on_average():
    torch.testing.assert_close(average_gradient(k2), gradient_of_divergence(forward=True), rtol=0, atol=1e-15)


def test_k3_as_a_loss_has_the_other_divergences_gradient_on_average():
    torch.testing.assert_close(average_gradient(k3), gradient_of_divergence(forward=False), rtol=0, atol=1e-15)
    assert (average_gradient(k3) - gradient_of_divergence(forward=True)).abs().max() > 0.01


def test_the_gradients_of_single_samples_are_those_of_finite_differences(rng):
    logprobs, ref_logprobs = (-torch.rand(5, dtype=torch.float64, generator=rng) for _ in range(2))
    logprobs.requires_grad_()
    ref_logprobs.requires_grad_()
    for estimate in (k1, k2, k3):
        assert gradcheck(estimate, (logprobs, ref_logprobs))


# --- kl_loss


def test_the_loss_is_half_the_mean_square_over_real_tokens():
    # Log-ratios 2 and −4 in row 0, 6 in row 1: (2 + 8 + 18) / 3.
    logprobs = torch.tensor([[-1.0, -5.0, -9.0], [-2.0, -9.0, -9.0]])
    ref_logprobs = torch.tensor([[-3.0, -1.0, -1.0], [-8.0, -1.0, -1.0]])
    assert kl_loss(logprobs, ref_logprobs, MASK).item() == pytest.approx(28 / 3, rel=1e-6)


def test_the_gradient_of_the_loss_is_the_log_ratio_of_each_real_token_and_none_of_the_reference():
    logprobs = torch.tensor([[-1.0, -5.0, math.nan], [-2.0, math.nan, math.nan]], requires_grad=True)
    ref_logprobs = torch.tensor([[-3.0, -1.0, math.nan], [-8.0, math.nan, math.nan]], requires_grad=True)
    kl_loss(logprobs, ref_logprobs, MASK).backward()
    torch.testing.assert_close(logprobs.grad, torch.tensor([[2.0, -4, 0], [6, 0, 0]]) / 3, rtol=1e-6, atol=0)
    assert ref_logprobs.grad is None


def test_the_loss_has_the_divergences_gradient_on_average():
    # Tokens in the proportions of π = (½, ½) are all there is to average over; π_ref = (¼, ¾).
    logits = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    ref_logprobs = torch.tensor([0.25, 0.75], dtype=torch.float64).log()
    both = torch.tensor([True, True])
    (gradient,) = torch.autograd.grad(kl_loss(logits.log_softmax(dim=-1), ref_logprobs, both), logits)
    (expected,) = torch.autograd.grad(exact_kl(logits, ref_logprobs), logits)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-15)


# --- kl_shaped_rewards


def test_shaped_rewards_by_hand():
    # β = ½. Row 0: log-ratios 2 and −4 cost −1 and +2; the score of 10 comes at its last real token: −1, 12.
    # Row 1: a log-ratio of 6 costs −3 at the only token, where its score of 20 is: 17.
    logprobs = torch.tensor([[-1.0, -5.0, -9.0], [-2.0, -9.0, -9.0]])
    ref_logprobs = torch.tensor([[-3.0, -1.0, -1.0], [-8.0, -1.0, -1.0]])
    rewards = kl_shaped_rewards(torch.tensor([10.0, 20.0]), logprobs, ref_logprobs, MASK, kl_coef=0.5)
    assert rewards.tolist() == [[-1, 12, 0], [17, 0, 0]]


@given(padded_batches(3), st.floats(0, 2))
def test_shaped_rewards_sum_to_the_score_minus_beta_times_the_log_ratio(batch, kl_coef):
    logprobs, ref_logprobs, others, mask = batch
    scores = others[:, 0]
    rewards = kl_shaped_rewards(scores, logprobs, ref_logprobs, mask, kl_coef=kl_coef)
    log_ratio = torch.where(mask, logprobs - ref_logprobs, 0).sum(dim=-1)
    torch.testing.assert_close(rewards.sum(dim=-1), scores - kl_coef * log_ratio, rtol=0, atol=1e-12)


def test_at_the_reference_only_the_score_is_left():
    logprobs = torch.full((2, 3), -1.0)
    rewards = kl_shaped_rewards(torch.tensor([10.0, 20.0]), logprobs, logprobs, MASK, kl_coef=0.5)
    assert rewards.tolist() == [[0, 10, 0], [20, 0, 0]]


def test_shaped_rewards_are_constants():
    scores, logprobs = torch.ones(2, requires_grad=True), torch.ones(2, 3, requires_grad=True)
    assert not kl_shaped_rewards(scores, logprobs, 2 * logprobs, MASK, kl_coef=0.5).requires_grad


# --- FixedKL, AdaptiveKL


def test_a_fixed_coefficient_stays_whatever_happens():
    controller = FixedKL(0.1)
    assert controller.update(1000.0, episodes=64) is controller
    assert FixedKL(0.0).coef == 0  # no KL term at all is a choice, too


def test_an_adaptive_coefficient_by_hand():
    # Target 6 nats per sequence, horizon 1000 episodes, 100 in this batch.
    controller = AdaptiveKL(coef=0.5, target=6.0, horizon=1000.0)
    # 6.6 nats are 10 % too many: × (1 + 0.1 · 100/1000) = × 1.01. 5.4 are 10 % too few: × 0.99.
    assert controller.update(6.6, episodes=100).coef == pytest.approx(0.505, rel=1e-12)
    assert controller.update(5.4, episodes=100).coef == pytest.approx(0.495, rel=1e-12)
    # At the target nothing changes.
    assert controller.update(6.0, episodes=100) == controller


def test_one_batch_moves_the_coefficient_by_at_most_a_fifth_of_its_share_of_the_horizon():
    # 12 nats are 100 % too many, but count as 20 %: × (1 + 0.2 · 100/1000) = × 1.02. None, or fewer than none (a mean
    # of samples can be negative), count as 20 % too few.
    controller = AdaptiveKL(coef=0.5, target=6.0, horizon=1000.0)
    assert controller.update(12.0, episodes=100).coef == pytest.approx(0.51, rel=1e-12)
    assert controller.update(600.0, episodes=100) == controller.update(12.0, episodes=100)
    assert controller.update(0.0, episodes=100).coef == pytest.approx(0.49, rel=1e-12)
    assert controller.update(-5.0, episodes=100) == controller.update(0.0, episodes=100)


@given(st.floats(-50, 50), st.floats(0.01, 20), st.integers(1, 256))
def test_the_coefficient_rises_above_the_target_falls_below_it_and_stays_positive(kl, target, episodes):
    before = AdaptiveKL(coef=0.1, target=target, horizon=1000.0)
    after = before.update(kl, episodes=episodes)
    assert after.coef > 0
    assert (after.coef >= before.coef) if kl >= target else (after.coef <= before.coef)
    assert (after.target, after.horizon) == (before.target, before.horizon)


def test_only_the_quotient_of_kl_and_target_and_that_of_episodes_and_horizon_count():
    one_token = AdaptiveKL(coef=0.1, target=0.5, horizon=100.0).update(0.55, episodes=10)
    whole_sequence = AdaptiveKL(coef=0.1, target=10.0, horizon=1000.0).update(11.0, episodes=100)
    assert one_token.coef == pytest.approx(whole_sequence.coef, rel=1e-12)


def test_a_controller_is_frozen():
    for controller in (FixedKL(0.1), AdaptiveKL(coef=0.1, target=6.0, horizon=1000.0)):
        with pytest.raises(FrozenInstanceError):
            controller.coef = 0.2


@pytest.mark.parametrize("bad", [-0.1, math.nan])
def test_a_fixed_coefficient_is_not_negative(bad):
    with pytest.raises(ValueError, match=rf"^coef must be at least 0; got {bad}$"):
        FixedKL(bad)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
@pytest.mark.parametrize("name", ["coef", "target", "horizon"])
def test_an_adaptive_controllers_numbers_are_positive(name, bad):
    with pytest.raises(ValueError, match=rf"^{name} must be greater than 0; got {bad}$"):
        AdaptiveKL(**{"coef": 0.1, "target": 6.0, "horizon": 1000.0, name: bad})


def test_a_horizon_so_short_that_one_batch_could_take_the_coefficient_to_zero_is_an_error():
    # 0.2 · 50/10 = 1, so β · (1 − 1) = 0.
    controller = AdaptiveKL(coef=0.1, target=6.0, horizon=10.0)
    with pytest.raises(ValueError, match=r"^horizon must be more than a fifth of a batch of 50 episodes; got 10\.0$"):
        controller.update(0.0, episodes=50)
    assert controller.update(0.0, episodes=49).coef > 0
