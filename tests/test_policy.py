"""The softmax policy: log-probabilities, entropy, sampling and the score."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import actions, tensors
from torch.autograd import gradcheck
from torch.distributions import Categorical

from ppo_teach.policy import (
    action_logprobs,
    entropy,
    response_logprobs,
    sample,
    softmax_score,
    tempered_logprobs,
    top_k_logprobs,
)

# Probabilities 1/6, 2/6, 3/6: their logarithms, up to a constant, are log 1, log 2, log 3.
SIXTHS = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64).log()
INF = math.inf

# --- action_logprobs


def test_log_probabilities_by_hand():
    logits = torch.stack([SIXTHS, SIXTHS + 5, -SIXTHS])  # 1/6 : 2/6 : 3/6, the same, and 6/11 : 3/11 : 2/11
    logprobs = action_logprobs(logits, torch.tensor([1, 2, 0]))
    expected = torch.tensor([1 / 3, 1 / 2, 6 / 11], dtype=torch.float64).log()
    torch.testing.assert_close(logprobs, expected, rtol=1e-14, atol=0)


@given(tensors(2, 2, 4, low=-20, high=20), actions(2, 2, vocabulary_size=4))
def test_log_probabilities_are_those_of_torch_distributions(logits, taken):
    expected = Categorical(logits=logits).log_prob(taken)
    torch.testing.assert_close(action_logprobs(logits, taken), expected, rtol=1e-13, atol=1e-13)


def test_logits_of_a_thousand_do_not_overflow():
    logits = torch.tensor([[1000.0, 0.0], [1000.0, 0.0], [-1000.0, 0.0]])
    assert action_logprobs(logits, torch.tensor([0, 1, 1])).tolist() == [0, -1000, 0]


def test_an_impossible_token_has_log_probability_minus_infinity():
    logits = torch.tensor([[0.0, -INF, 0.0]])
    assert action_logprobs(logits, torch.tensor([1])).item() == -INF
    assert action_logprobs(logits, torch.tensor([2])).item() == pytest.approx(math.log(0.5))


@given(tensors(4, low=-20, high=20), st.floats(-100, 100))
def test_a_constant_added_to_all_logits_changes_nothing(logits, constant):
    every_action = torch.arange(4)
    shifted = action_logprobs((logits + constant).expand(4, 4), every_action)
    # Logits near 100 carry a rounding error of 1e-14.
    torch.testing.assert_close(shifted, action_logprobs(logits.expand(4, 4), every_action), rtol=0, atol=1e-12)
    assert shifted.exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_the_gradient_of_a_log_probability_is_the_score(rng):
    logits = torch.randn(2, 3, 5, dtype=torch.float64, generator=rng, requires_grad=True)
    taken = torch.randint(5, (2, 3), generator=rng)
    assert gradcheck(lambda z: action_logprobs(z, taken), logits)
    (gradient,) = torch.autograd.grad(action_logprobs(logits, taken).sum(), logits)
    torch.testing.assert_close(gradient, softmax_score(logits.detach(), taken), rtol=0, atol=1e-15)


# --- entropy


def test_entropies_by_hand():
    # ½, ¼, ¼: ½ log 2 + ½ log 4 = 1.5 log 2. Uniform over three: log 3. 1/6, 2/6, 3/6: log 6 − (2 log 2 + 3 log 3)/6.
    logits = torch.stack([torch.tensor([2.0, 1.0, 1.0]).double().log(), torch.zeros(3).double(), SIXTHS])
    expected = [1.5 * math.log(2), math.log(3), math.log(6) - (2 * math.log(2) + 3 * math.log(3)) / 6]
    torch.testing.assert_close(entropy(logits), torch.tensor(expected, dtype=torch.float64), rtol=1e-14, atol=0)
    assert entropy(torch.tensor([[1000.0, 0.0]])).item() == 0


@given(tensors(2, 2, 4, low=-20, high=20))
def test_entropy_is_that_of_torch_distributions_and_between_0_and_log_V(logits):
    entropies = entropy(logits)
    torch.testing.assert_close(entropies, Categorical(logits=logits).entropy(), rtol=1e-12, atol=1e-12)
    assert ((entropies >= 0) & (entropies <= math.log(4) + 1e-12)).all()


def test_an_impossible_token_adds_nothing_to_entropy_nor_to_its_gradient():
    logits = torch.tensor([[0.5, -INF, 1.0, -INF]], dtype=torch.float64, requires_grad=True)
    possible = torch.tensor([[0.5, 1.0]], dtype=torch.float64, requires_grad=True)
    entropy(logits).backward()
    entropy(possible).backward()
    assert torch.equal(entropy(logits), entropy(possible))
    assert torch.equal(logits.grad[:, [0, 2]], possible.grad)
    assert logits.grad[:, [1, 3]].tolist() == [[0, 0]]


def test_the_gradient_of_entropy_by_its_closed_form_and_by_finite_differences(rng):
    # ∂H/∂z_b = −π_b (log π_b + H)
    logits = torch.randn(3, 5, dtype=torch.float64, generator=rng, requires_grad=True)
    assert gradcheck(entropy, logits)
    (gradient,) = torch.autograd.grad(entropy(logits).sum(), logits)
    policy = Categorical(logits=logits.detach())
    closed_form = -policy.probs * (policy.probs.log() + policy.entropy()[:, None])
    torch.testing.assert_close(gradient, closed_form, rtol=0, atol=1e-14)


# --- sample


def test_samples_follow_the_distribution():
    # Pearson's χ² over five tokens has four degrees of freedom, where P(χ² > x) = exp(−x/2) (1 + x/2). A right sampler
    # fails for one seed in a million; one whose logits are 3 % too large fails nearly always at this many draws.
    draws, probabilities = 200_000, torch.tensor([0.05, 0.1, 0.15, 0.3, 0.4], dtype=torch.float64)
    drawn = sample(probabilities.log().expand(draws, 5), rng=torch.Generator().manual_seed(1))
    expected = draws * probabilities
    chi_square = ((torch.bincount(drawn, minlength=5) - expected).square() / expected).sum().item()
    assert math.exp(-chi_square / 2) * (1 + chi_square / 2) > 1e-6


def test_a_generator_makes_samples_reproducible_and_the_global_one_is_left_alone():
    logits, before = torch.zeros(100, 5), torch.get_rng_state()
    first, again, other = (sample(logits, rng=torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_next_draw_of_a_generator_is_another_one(rng):
    logits = torch.zeros(100, 5)
    assert not torch.equal(sample(logits, rng=rng), sample(logits, rng=rng))


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 3, 2)])
def test_each_distribution_gets_its_own_draw(shape, rng):
    certain = torch.randint(5, shape, generator=rng)
    logits = torch.full((*shape, 5), -INF).scatter(-1, certain[..., None], 0.0)
    assert torch.equal(sample(logits, rng=rng), certain)


def thrown(monkeypatch: pytest.MonkeyPatch, *darts: float) -> None:
    """From now on the uniform numbers are these."""
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.tensor(darts, dtype=torch.float64).view(shape))


def test_darts_by_hand(monkeypatch, rng):
    # ¼, ½ and ¼ end at 0.25, 0.75 and 1: a dart at an end belongs to the piece that begins there.
    thrown(monkeypatch, 0.0, 0.24, 0.25, 0.74, 0.75, 0.99)
    logits = torch.tensor([0.25, 0.5, 0.25], dtype=torch.float64).log().expand(6, 3)
    assert sample(logits, rng=rng).tolist() == [0, 0, 1, 1, 2, 2]


def test_an_impossible_action_is_never_drawn_not_even_by_a_dart_at_an_end(monkeypatch, rng):
    thrown(monkeypatch, 0.0, 1 - 2**-53)
    logits = torch.tensor([-INF, 0.0, -INF, 0.0, -INF, -INF], dtype=torch.float64).expand(2, 6)
    assert sample(logits, rng=rng).tolist() == [1, 3]


def test_a_vocabulary_of_a_hundred_thousand_keeps_its_tail(monkeypatch, rng):
    # In float32 the sum of so many small numbers is off by far more than any of them.
    thrown(monkeypatch, 0.500005, 1 - 1e-9)
    assert sample(torch.zeros(2, 100_000), rng=rng).tolist() == [50_000, 99_999]


@pytest.mark.parametrize("bad", [[0.0, math.nan], [0.0, INF], [-INF, -INF]])
def test_logits_without_probabilities_are_refused(bad, rng):
    with pytest.raises(ValueError, match="total probability of the logits must be finite"):
        sample(torch.tensor([[0.0, 0.0], bad]), rng=rng)


# --- softmax_score


def test_the_score_by_hand():
    # Token 1 was taken, at probability 2/6: 1 − 2/6 for itself, minus their probability for the others.
    score = softmax_score(SIXTHS[None], torch.tensor([1]))
    expected = torch.tensor([[-1 / 6, 2 / 3, -1 / 2]], dtype=torch.float64)
    torch.testing.assert_close(score, expected, rtol=1e-14, atol=0)


@given(tensors(5, low=-20, high=20))
def test_the_score_sums_to_zero_and_is_zero_on_average(logits):
    scores = softmax_score(logits.expand(5, 5), torch.arange(5))  # row a: the score of action a
    assert scores.sum(dim=-1).abs().max() < 1e-14
    assert (logits.softmax(dim=-1) @ scores).abs().max() < 1e-14


@given(tensors(5, low=-20, high=20))
def test_the_squared_length_of_the_score_is_on_average_the_chance_that_two_draws_differ(logits):
    probabilities = logits.softmax(dim=-1)
    lengths = softmax_score(logits.expand(5, 5), torch.arange(5)).square().sum(dim=-1)
    torch.testing.assert_close(probabilities @ lengths, 1 - probabilities.square().sum(), rtol=0, atol=1e-13)


@given(tensors(5, low=-5, high=5), st.integers(0, 4), st.floats(0.01, 100))
def test_a_step_along_the_score_makes_its_action_likelier_whatever_its_size(logits, action, size):
    taken = torch.tensor(action)
    step = size * softmax_score(logits, taken)
    assert action_logprobs(logits + step, taken) > action_logprobs(logits, taken)


# --- tempered_logprobs, and top-k, which is an exercise


def test_a_temperature_by_hand():
    # Logits log 4 and 0 at temperature 2 are log 2 and 0: two to one. At ½: log 16 and 0.
    logits = torch.tensor([[4.0, 1.0], [4.0, 1.0]], dtype=torch.float64).log()
    taken = torch.tensor([0, 1])
    warm, cold = (tempered_logprobs(logits, taken, temperature=temperature) for temperature in (2.0, 0.5))
    torch.testing.assert_close(warm.exp(), torch.tensor([2 / 3, 1 / 3], dtype=torch.float64), rtol=1e-14, atol=0)
    torch.testing.assert_close(cold.exp(), torch.tensor([16 / 17, 1 / 17], dtype=torch.float64), rtol=1e-14, atol=0)


def test_what_top_2_keeps_is_scaled_up_by_hand():
    # ½, 0.3 and 0.2: two are kept, of 0.8 together, so 5/8 and 3/8; the third can no longer be drawn.
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(3, -1)
    probabilities = top_k_logprobs(logits, torch.arange(3), k=2).exp()
    torch.testing.assert_close(probabilities, torch.tensor([5 / 8, 3 / 8, 0]))


@pytest.mark.parametrize("k", [0, 4])
def test_as_many_tokens_are_kept_as_there_are(k):
    with pytest.raises(ValueError, match=f"^k must be between 1 and the 3 tokens there are; got {k}$"):
        top_k_logprobs(torch.zeros(2, 3), torch.zeros(2, dtype=torch.long), k=k)


# --- response_logprobs


def test_each_token_is_scored_by_the_logits_before_it_by_hand():
    # A prompt of one token. Its logits give token 1 the share 3/5, and those after token 1 give token 2 the share 2/4.
    # Nobody reads the logits behind the last token.
    logits = torch.tensor([[[1.0, 3.0, 1.0], [1.0, 1.0, 2.0], [math.nan, 0.0, 0.0]]]).log()
    logprobs = response_logprobs(logits, torch.tensor([[0, 1, 2]]), prompt_width=1)
    torch.testing.assert_close(logprobs.exp(), torch.tensor([[3 / 5, 1 / 2]]))


def test_a_response_begins_behind_a_prompt():
    with pytest.raises(ValueError, match=r"^prompt_width must be at least 1; got 0$"):
        response_logprobs(torch.zeros(1, 3, 2), torch.zeros(1, 3, dtype=torch.long), prompt_width=0)
