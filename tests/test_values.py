"""Values by the Bellman equation, the critic's losses, and how much of the returns it explains."""

import math
from statistics import pvariance

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import padded_batches, tensors
from torch.autograd import gradcheck
from torch.nn.functional import mse_loss

from ppo_teach.exact import exact_values
from ppo_teach.masks import is_last_token
from ppo_teach.models import TabularActorCritic
from ppo_teach.rollouts import score_responses
from ppo_teach.tasks.ticket_clerk import EOS, MAX_TOKENS, PAD, WORDS, question, replies
from ppo_teach.values import (
    action_advantages,
    clipped_value_loss,
    explained_variance,
    tree_values,
    trunk_gradient,
    value_loss,
)

MASK = torch.tensor([[True, True, False], [True, False, False]])
ONE = torch.ones(1, dtype=torch.bool)


def one(number: float, *, learns: bool = False) -> torch.Tensor:
    return torch.tensor([number], dtype=torch.float64, requires_grad=learns)


# --- tree_values


def test_the_values_of_two_states_by_hand():
    # State 1: ½ · 4 + ½ · 0 = 2. State 0: ¼ · 8, and ¾ · (1 + ½ · 2), so 3.5 with γ = ½.
    probabilities = torch.tensor([[0.25, 0.75], [0.5, 0.5]], dtype=torch.float64)
    rewards = torch.tensor([[8.0, 1.0], [4.0, 0.0]], dtype=torch.float64)
    successors = torch.tensor([[-1, 1], [-1, -1]])
    assert tree_values(probabilities, rewards, successors, gamma=0.5).tolist() == [3.5, 2.0]


@given(tensors(21, 4, low=-3, high=3), tensors(21, 4), st.floats(0, 1))
def test_backward_induction_is_the_sum_over_all_that_may_follow(logits, payments, gamma):
    # The clerk's 40 replies against his 21 prefixes, numbered as TabularActorCritic numbers them.
    V = len(WORDS)
    children = torch.arange(21)[:, None] * V + 1 + torch.arange(V)
    successors = torch.where((children < 21) & (torch.arange(V) != EOS), children, -1)
    clerk = TabularActorCritic(vocabulary_size=V, max_tokens=MAX_TOKENS, eos=EOS, pad=PAD, dtype=torch.float64)
    with torch.no_grad():
        clerk.logits[0] = logits
        clerk.values[0] = tree_values(logits.softmax(dim=-1), payments, successors, gamma=gamma)
        responses, mask = replies()
        logprobs, values = score_responses(clerk, question(len(responses)), responses, mask)
        clerk.logits[0] = payments
        logits_are_payments, _ = clerk(question(len(responses)), responses, mask)
    rewards = logits_are_payments.gather(-1, responses[..., None]).squeeze(-1)
    expected = exact_values(logprobs, rewards, responses, mask, gamma=gamma)
    torch.testing.assert_close(values[mask], expected[mask], rtol=0, atol=1e-12)
    assert is_last_token(mask).any(dim=0).all()  # replies of every length took part


@pytest.mark.parametrize("successor", [0, 1])
def test_a_state_that_does_not_lead_onwards_is_refused(successor):
    successors = torch.tensor([[1], [successor]])
    with pytest.raises(ValueError, match="successors must have larger numbers than their states"):
        tree_values(torch.ones(2, 1), torch.ones(2, 1), successors, gamma=1.0)


# --- action_advantages


def test_advantages_of_the_clerks_first_token_by_hand():
    # Q = 0, 4, 8, 0, each with ¼: V = 3.
    advantages = action_advantages(torch.full((4,), 0.25), torch.tensor([0.0, 4.0, 8.0, 0.0]))
    assert advantages.tolist() == [-3, 1, 5, -3]


@given(tensors(2, 3, 4), tensors(2, 3, 4))
def test_advantages_sum_to_zero_under_the_policy_and_keep_the_differences(logits, action_values):
    probabilities = logits.softmax(dim=-1)
    advantages = action_advantages(probabilities, action_values)
    torch.testing.assert_close((probabilities * advantages).sum(dim=-1), torch.zeros(2, 3).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(advantages.diff(dim=-1), action_values.diff(dim=-1), rtol=0, atol=1e-12)


# --- value_loss


def test_the_value_loss_by_hand():
    # Errors 1, −2 and 3 over three real tokens: ½ (1 + 4 + 9) / 3 = 7/3.
    values = torch.tensor([[1.0, 2.0, 50.0], [3.0, 50.0, 50.0]], dtype=torch.float64)
    returns = torch.tensor([[0.0, 4.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    assert value_loss(values, returns, MASK).item() == pytest.approx(7 / 3, rel=1e-15)


@given(padded_batches(2))
def test_the_value_loss_is_half_of_torchs_mean_squared_error(batch):
    values, returns, mask = batch
    expected = 0.5 * mse_loss(values[mask], returns[mask])
    torch.testing.assert_close(value_loss(values, returns, mask), expected, rtol=1e-13, atol=1e-13)


def test_the_gradient_is_the_error_over_the_number_of_real_tokens_and_returns_get_none(rng):
    values, returns = (torch.randn(2, 3, dtype=torch.float64, generator=rng, requires_grad=True) for _ in range(2))
    value_loss(values, returns, MASK).backward()
    errors = torch.where(MASK, values - returns, 0).detach()
    torch.testing.assert_close(values.grad, errors / 3, rtol=1e-15, atol=0)
    assert returns.grad is None
    assert gradcheck(lambda x: value_loss(x, returns.detach(), MASK), values)


# --- trunk_gradient


def test_the_trunks_gradient_by_hand():
    # V = −1 and 1.5 for returns of 1 and ½: errors −2 and 1, over two real tokens, times the head (½, −1).
    hidden, weights = torch.tensor([[[1.0, 2.0], [2.0, 0.0], [9.0, 9.0]]]), torch.tensor([0.5, -1.0])
    returns, mask = torch.tensor([[1.0, 0.5, 0.0]]), torch.tensor([[True, True, False]])
    gradient = trunk_gradient(hidden, weights, 0.5, returns, mask)
    assert gradient.tolist() == [[[-0.5, 1.0], [0.25, -0.5], [0.0, 0.0]]]


def test_the_trunks_gradient_is_that_of_the_value_loss():
    rng = torch.Generator().manual_seed(0)
    hidden, returns = torch.randn(3, 4, 5, generator=rng), torch.randn(3, 4, generator=rng)
    weights, mask = torch.randn(5, generator=rng), torch.arange(4) < torch.tensor([[1], [4], [2]])
    hidden.requires_grad_()
    value_loss(hidden @ weights + 0.3, returns, mask).backward()
    torch.testing.assert_close(trunk_gradient(hidden.detach(), weights, 0.3, returns, mask), hidden.grad)


def test_a_head_of_zeros_leaves_the_trunk_alone_and_junk_at_padding_does_nothing():
    hidden, returns = torch.tensor([[[1.0], [torch.nan]]]), torch.tensor([[5.0, torch.nan]])
    mask = torch.tensor([[True, False]])
    assert trunk_gradient(hidden, torch.zeros(1), 0.0, returns, mask).tolist() == [[[0.0], [0.0]]]
    assert trunk_gradient(hidden, torch.ones(1), 0.0, returns, mask).tolist() == [[[-4.0], [0.0]]]


def test_without_a_real_token_nothing_is_asked_of_the_trunk():
    with pytest.raises(ValueError, match=r"^mask must have a real token; got none$"):
        trunk_gradient(torch.ones(1, 2, 1), torch.ones(1), 0.0, torch.ones(1, 2), torch.zeros(1, 2).bool())


# --- clipped_value_loss


# V_old = 0 and clip = 0.2 throughout, so V_clip is V cut to [−0.2, 0.2]. The larger error counts.
@pytest.mark.parametrize(
    ("value", "target", "loss", "gradient"),
    [
        (0.1, 1.0, 0.5 * 0.9**2, -0.9),  # inside: the plain loss
        (-0.1, -1.0, 0.5 * 0.9**2, 0.9),
        (0.5, 1.0, 0.5 * 0.8**2, 0.0),  # too far towards the return: 0.8² > 0.5², and nothing more to gain
        (-0.5, -1.0, 0.5 * 0.8**2, 0.0),
        (-0.5, 1.0, 0.5 * 1.5**2, -1.5),  # too far, away from the return: the way back is open
        (0.5, -1.0, 0.5 * 1.5**2, 1.5),
        (0.5, 0.1, 0.5 * 0.4**2, 0.4),  # past the return and out of the interval: 0.4² > 0.1²
        (0.5, 0.3, 0.5 * 0.2**2, 0.2),  # past it, nearly as far as V_clip is short of it: 0.2² > 0.1²
        (0.5, 0.4, 0.5 * 0.2**2, 0.0),  # past it, but V_clip is further off: 0.2² > 0.1²
    ],
)
def test_every_case_of_the_clipped_value_loss_by_hand(value, target, loss, gradient):
    learner = one(value, learns=True)
    result = clipped_value_loss(learner, one(0.0), one(target), ONE, clip=0.2)
    result.backward()
    assert result.item() == pytest.approx(loss, rel=1e-12)
    assert learner.grad.item() == pytest.approx(gradient, rel=1e-12)


def test_the_interval_lies_around_the_old_value():
    # V_old = 3: V = 3.5 is cut to 3.2. Towards a return of 4 the error of 0.8 counts, and nothing is left to gain.
    learner = one(3.5, learns=True)
    result = clipped_value_loss(learner, one(3.0), one(4.0), ONE, clip=0.2)
    result.backward()
    assert result.item() == pytest.approx(0.5 * 0.8**2, rel=1e-12)
    assert learner.grad.item() == 0


def test_the_clipped_loss_averages_over_real_tokens():
    # One error of 2 inside the interval among three real tokens: ½ · 4 / 3.
    values, zeros = torch.tensor([[2.0, 0.0, 50.0], [0.0, 50.0, 50.0]], dtype=torch.float64), torch.zeros(2, 3).double()
    assert clipped_value_loss(values, zeros, zeros, MASK, clip=5.0).item() == pytest.approx(2 / 3, rel=1e-15)


@given(padded_batches(3), st.floats(0.01, 2))
def test_clipping_never_makes_the_loss_smaller(batch, clip):
    values, old_values, returns, mask = batch
    plain = value_loss(values, returns, mask)
    assert clipped_value_loss(values, old_values, returns, mask, clip=clip) >= plain - 1e-13
    # Without a bound, and with no step taken, it is the plain loss.
    unbounded = clipped_value_loss(values, old_values, returns, mask, clip=math.inf)
    unmoved = clipped_value_loss(values, values, returns, mask, clip=clip)
    torch.testing.assert_close(unbounded, plain, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(unmoved, plain, rtol=1e-13, atol=1e-13)


def test_only_the_values_learn_from_the_clipped_loss(rng):
    tensors = [torch.randn(2, 3, dtype=torch.float64, generator=rng, requires_grad=True) for _ in range(3)]
    values, old_values, returns = tensors
    clipped_value_loss(values, old_values, returns, MASK, clip=0.2).backward()
    assert values.grad.count_nonzero() > 0
    assert old_values.grad is None
    assert returns.grad is None
    constants = (old_values.detach(), returns.detach())
    assert gradcheck(lambda x: clipped_value_loss(x, *constants, MASK, clip=0.2), values)


# --- explained_variance


def test_explained_variance_by_hand():
    # Returns 1, 2, 3 have variance 2/3. Values 1, 2, 2 leave 0, 0, 1, whose variance is 2/9: 1 − (2/9)/(2/3) = 2/3.
    returns = torch.tensor([[1.0, 2.0, 50.0], [3.0, 50.0, 50.0]], dtype=torch.float64)
    values = torch.tensor([[1.0, 2.0, -50.0], [2.0, 50.0, 50.0]], dtype=torch.float64)
    assert explained_variance(values, returns, MASK).item() == pytest.approx(2 / 3, rel=1e-14)


def test_one_is_perfect_zero_is_a_constant_and_harm_is_negative():
    returns = torch.tensor([1.0, 2.0, 3.0, 6.0], dtype=torch.float64)
    mask = torch.ones(4, dtype=torch.bool)
    assert explained_variance(returns, returns, mask) == 1
    assert explained_variance(returns + 7, returns, mask) == 1  # an error that is the same everywhere does not vary
    assert explained_variance(torch.full_like(returns, 2.0), returns, mask) == 0
    assert explained_variance(-returns, returns, mask) == -3  # twice the returns are left: 1 − 4


@given(padded_batches(2))
def test_explained_variance_is_one_minus_a_quotient_of_variances(batch):
    values, returns, mask = batch
    returns = returns.round()  # so that their variance is 0 or far from it
    variance = pvariance(returns[mask].tolist())
    result = explained_variance(values, returns, mask).item()
    if variance > 0:
        assert result == pytest.approx(1 - pvariance((returns - values)[mask].tolist()) / variance, abs=1e-10)
    else:
        assert math.isnan(result)


def test_equal_returns_leave_nothing_to_explain():
    mask = torch.ones(2, dtype=torch.bool)
    for values in ([1.0, 1.0], [0.0, 1.0]):
        assert explained_variance(torch.tensor(values), torch.ones(2), mask).isnan()


@pytest.mark.parametrize("number", [0.1, 0.7, -3.3, 1e6 / 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_returns_leave_nothing_to_explain_however_they_round(number, dtype, rng):
    # The mean of seven times 0.1 is not 0.1 in float32: their variance comes out as 1e-17, not as 0.
    for count in range(1, 40):
        returns, mask = torch.full((count,), number, dtype=dtype), torch.ones(count, dtype=torch.bool)
        assert explained_variance(torch.randn(count, dtype=dtype, generator=rng), returns, mask).isnan()
