"""Credit assignment: residuals and their fading sum, and that no credit crosses the end of an episode."""

from itertools import product
from math import nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import booleans, padded_batches, tensors
from torch.autograd import gradcheck

from ppo_teach.advantages import bootstrap_values, gae, td_residuals
from ppo_teach.masks import is_last_token
from ppo_teach.reinforce import rewards_to_go


def row(*numbers: float) -> torch.Tensor:
    return torch.tensor([numbers], dtype=torch.float64)


def flags(*numbers: int) -> torch.Tensor:
    return torch.tensor([numbers], dtype=torch.bool)


def shifted(values: torch.Tensor) -> torch.Tensor:
    """V(s_{t+1}) of a text: the values one further on, and 0 at the end."""
    return torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)


# A batch in which anything may end anywhere: rewards, values, next values, terminated, truncated.
anything = st.tuples(tensors(2, 4), tensors(2, 4), tensors(2, 4), booleans(2, 4), booleans(2, 4))
fractions = st.floats(0, 1)

# --- bootstrap_values


def test_next_values_by_hand():
    # Token 1 was cut, token 3 ended by itself in the step in which time ran out, and the row stops after token 4.
    values, final_values = row(0.1, 0.2, 0.3, 0.4, 0.5), row(nan, 0.7, nan, 0.8, 0.9)
    next_values = bootstrap_values(values, final_values, flags(0, 0, 0, 1, 0), flags(0, 1, 0, 1, 0))
    assert next_values.tolist() == [[0.2, 0.7, 0.4, 0, 0.9]]


@given(anything)
def test_next_values_come_from_the_row_only_inside_an_episode(batch):
    values, final_values, _, terminated, truncated = batch
    next_values = bootstrap_values(values, final_values, terminated, truncated)
    for i, t in product(range(2), range(4)):
        stops = truncated[i, t] or t == 3
        expected = 0 if terminated[i, t] else final_values[i, t] if stops else values[i, t + 1]
        assert next_values[i, t] == expected


# --- td_residuals


def test_residuals_by_hand():
    # γ = ½. Token 0: 1 + ½·4 − 2 = 1. Token 1 ends the episode, so its next value of 100 counts for nothing: 3 − 4.
    deltas = td_residuals(row(1, 3), row(2, 4), row(4, 100), flags(0, 1), gamma=0.5)
    assert deltas.tolist() == [[1, -1]]


@given(anything, fractions)
def test_residuals_are_one_step_of_reward_and_value(batch, gamma):
    rewards, values, next_values, terminated, _ = batch
    deltas = td_residuals(rewards, values, next_values, terminated, gamma=gamma)
    for place in terminated.nonzero():
        i, t = place.tolist()
        assert deltas[i, t] == rewards[i, t] - values[i, t]
    for place in (~terminated).nonzero():
        i, t = place.tolist()
        expected = rewards[i, t].item() + gamma * next_values[i, t].item() - values[i, t].item()
        assert deltas[i, t].item() == pytest.approx(expected, abs=1e-14)


# --- gae


def test_two_tokens_and_a_reward_of_one_by_hand():
    # V = 0.5 and 0.8, γ = 1, λ = 0.5. δ_1 = 1 − 0.8 = 0.2, δ_0 = 0.8 − 0.5 = 0.3; Â_1 = 0.2, Â_0 = 0.3 + 0.5·0.2 = 0.4.
    values = row(0.5, 0.8)
    advantages = gae(row(0, 1), values, shifted(values), flags(0, 1), flags(0, 0), gamma=1.0, lam=0.5)
    torch.testing.assert_close(advantages, row(0.4, 0.2), rtol=0, atol=1e-15)


def test_credit_fades_by_gamma_times_lambda():
    # No critic, a reward of 1 at the last of four tokens, γ = ½ and λ = ½: it counts ¼ as much one token earlier.
    zeros = row(0, 0, 0, 0)
    advantages = gae(row(0, 0, 0, 1), zeros, zeros, flags(0, 0, 0, 1), flags(0, 0, 0, 0), gamma=0.5, lam=0.5)
    assert advantages.tolist() == [[1 / 64, 1 / 16, 1 / 4, 1]]


def test_a_terminated_episode_forgets_what_follows_and_a_truncated_one_keeps_its_bootstrap():
    # γ = λ = 1, no rewards, V = 1 everywhere, a next value of 5 where the first episode ends. The third token belongs
    # to a second episode with a reward of 100: δ_2 = 100 − 1 = 99.
    rewards, values, next_values, last = row(0, 0, 100), row(1, 1, 1), row(1, 5, 0), flags(0, 0, 1)
    # Terminated: δ_1 = 0 − 1 = −1, Â_0 = (1 − 1) + (−1) = −1.
    terminated = gae(rewards, values, next_values, last | flags(0, 1, 0), flags(0, 0, 0), gamma=1.0, lam=1.0)
    assert terminated.tolist() == [[-1, -1, 99]]
    # Truncated: δ_1 = 5 − 1 = 4, Â_0 = 0 + 4.
    truncated = gae(rewards, values, next_values, last, flags(0, 1, 0), gamma=1.0, lam=1.0)
    assert truncated.tolist() == [[4, 4, 99]]
    # Neither: δ_1 = 4 as before, but the second episode's 99 flows in.
    joined = gae(rewards, values, next_values, last, flags(0, 0, 0), gamma=1.0, lam=1.0)
    assert joined.tolist() == [[103, 103, 99]]
    # Both at once is terminated.
    both = gae(rewards, values, next_values, last | flags(0, 1, 0), flags(0, 1, 0), gamma=1.0, lam=1.0)
    assert torch.equal(both, terminated)


@given(anything, fractions, fractions)
def test_advantages_are_the_double_sum_of_faded_residuals(batch, gamma, lam):
    rewards, values, next_values, terminated, truncated = batch
    advantages = gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
    deltas = td_residuals(rewards, values, next_values, terminated, gamma=gamma).tolist()
    ended = (terminated | truncated).tolist()
    for i in range(2):
        for t in range(4):
            end = next((later for later in range(t, 4) if ended[i][later]), 3)
            faded = sum((gamma * lam) ** (later - t) * deltas[i][later] for later in range(t, end + 1))
            assert advantages[i, t].item() == pytest.approx(faded, abs=1e-12)


@given(anything, fractions)
def test_lambda_0_gives_the_residual(batch, gamma):
    expected = td_residuals(*batch[:4], gamma=gamma)
    assert torch.equal(gae(*batch, gamma=gamma, lam=0.0), expected)


@given(padded_batches(2), fractions)
def test_lambda_1_gives_the_return_minus_the_value(batch, gamma):
    rewards, values, mask = batch
    never = torch.zeros_like(mask)
    advantages = gae(rewards, values, shifted(values), is_last_token(mask), never, gamma=gamma, lam=1.0)
    expected = rewards_to_go(rewards, mask, gamma=gamma) - values
    torch.testing.assert_close(advantages[mask], expected[mask], rtol=0, atol=1e-12)


@given(anything, fractions, fractions, st.integers(0, 3), st.booleans())
def test_nothing_crosses_the_end_of_an_episode(batch, gamma, lam, end, really):
    rewards, values, next_values, terminated, truncated = (x.clone() for x in batch)
    (terminated if really else truncated)[:, end] = True
    before = gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
    for x in (rewards, values, next_values):
        x[:, end + 1 :] = 7.0
    after = gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
    assert torch.equal(after[:, : end + 1], before[:, : end + 1])


@given(anything, tensors(2, 4), fractions, fractions)
def test_better_rewards_never_lower_an_advantage(batch, gift, gamma, lam):
    rewards, *rest = batch
    difference = gae(rewards + gift.abs(), *rest, gamma=gamma, lam=lam) - gae(rewards, *rest, gamma=gamma, lam=lam)
    assert (difference >= -1e-13).all()


def test_the_gradients_of_gae_are_those_of_finite_differences(rng):
    ended = flags(0, 1, 0, 0, 1), flags(0, 0, 1, 0, 0)
    inputs = [torch.randn(1, 5, dtype=torch.float64, generator=rng, requires_grad=True) for _ in range(3)]
    assert gradcheck(lambda r, v, n: gae(r, v, n, *ended, gamma=0.9, lam=0.8), inputs)


def test_a_next_value_behind_the_end_gets_no_gradient(rng):
    rewards, values, next_values = (torch.randn(1, 3, generator=rng, requires_grad=True) for _ in range(3))
    gae(rewards, values, next_values, flags(0, 1, 0), flags(0, 0, 0), gamma=0.5, lam=1.0)[:, :2].sum().backward()
    # Â_0 + Â_1 = δ_0 + (½ + 1) δ_1 with δ_0 = r_0 + ½ V(s_1) − V(s_0) and δ_1 = r_1 − V(s_1).
    assert rewards.grad.tolist() == [[1, 1.5, 0]]
    assert values.grad.tolist() == [[-1, -1.5, 0]]
    assert next_values.grad.tolist() == [[0.5, 0, 0]]


def test_inputs_are_left_as_they_were(rng):
    inputs = [torch.randn(1, 3, generator=rng) for _ in range(3)]
    copies = [x.clone() for x in inputs]
    gae(*inputs, flags(0, 0, 1), flags(0, 1, 0), gamma=0.9, lam=0.9)
    assert all(torch.equal(x, copy) for x, copy in zip(inputs, copies, strict=True))
