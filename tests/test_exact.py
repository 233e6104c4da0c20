"""Ground truth has to be true: enumeration against counting, closed forms and hand-worked trees."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import tensors

from ppo_teach.exact import (
    enumerate_responses,
    exact_policy_gradient,
    exact_values,
    expected_return,
    frontier_point,
    kl_optimal_policy,
)
from ppo_teach.kl import exact_kl
from ppo_teach.masks import response_mask, zero_padding
from ppo_teach.policy import action_logprobs, softmax_score

# --- enumerate_responses


def test_all_replies_of_two_tokens_by_hand():
    # Token 1 is EOS, 9 stands for padding: an immediate end, one word and the end, two words and no room for the end.
    responses, mask = enumerate_responses(vocabulary_size=2, max_tokens=2, eos=1, pad=9)
    listed = sorted(zip(responses.tolist(), mask.tolist(), strict=True))
    assert listed == [([0, 0], [True, True]), ([0, 1], [True, True]), ([1, 9], [True, False])]


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_every_reply_is_listed_once(vocabulary_size, max_tokens, data):
    eos, pad = (data.draw(st.integers(0, vocabulary_size - 1)) for _ in range(2))
    responses, mask = enumerate_responses(vocabulary_size=vocabulary_size, max_tokens=max_tokens, eos=eos, pad=pad)
    texts = [tuple(row[real].tolist()) for row, real in zip(responses, mask, strict=True)]
    # V − 1 words before the end: (V−1)^0 + … + (V−1)^(T−1) replies that end, and (V−1)^T that are cut.
    words = vocabulary_size - 1
    assert len(set(texts)) == len(texts) == sum(words**length for length in range(max_tokens + 1))
    for text in texts:
        assert eos not in text[:-1]
        assert len(text) == max_tokens or text[-1] == eos
    assert torch.equal(mask, response_mask(responses, eos=eos))
    assert (responses[~mask] == pad).all()


@given(tensors(4, 3), st.integers(0, 3))
def test_the_probabilities_of_all_replies_sum_to_one(logits_after_each_token, eos):
    # A policy that looks at the token before only: still a distribution over replies.
    responses, mask = enumerate_responses(vocabulary_size=4, max_tokens=3, eos=eos, pad=eos)
    logits = torch.cat([logits_after_each_token, torch.zeros(4, 1, dtype=torch.float64)], dim=1)
    before = torch.cat([torch.zeros_like(responses[:, :1]), responses[:, :-1]], dim=1)
    logprobs = zero_padding(action_logprobs(logits[before], responses), mask).sum(dim=-1)
    assert logprobs.exp().sum().item() == pytest.approx(1, abs=1e-13)


# --- expected_return, exact_policy_gradient


def test_the_expected_return_by_hand():
    # ¼ · 8 + ¾ · (−4) = −1.
    logprobs = torch.tensor([0.25, 0.75], dtype=torch.float64).log()
    assert expected_return(logprobs, torch.tensor([8.0, -4.0]).double()).item() == pytest.approx(-1, rel=1e-14)


@given(tensors(5), tensors(5))
def test_the_policy_gradient_of_a_softmax_is_its_closed_form(logits, scores):
    # ∂J/∂z_b = π_b (R_b − J)
    logits = logits.requires_grad_()
    logprobs = logits.log_softmax(dim=-1)
    (gradient,) = exact_policy_gradient(logprobs, scores, [logits])
    probabilities = logits.detach().softmax(dim=-1)
    closed_form = probabilities * (scores - probabilities @ scores)
    torch.testing.assert_close(gradient, closed_form, rtol=0, atol=1e-13)


@given(tensors(5), tensors(5))
def test_the_policy_gradient_is_the_mean_of_the_score_times_the_reward(logits, rewards):
    # The log-derivative theorem: the left side differentiates a sum, the right side averages ∇ log π · R.
    logits = logits.requires_grad_()
    logprobs = logits.log_softmax(dim=-1)
    (gradient,) = exact_policy_gradient(logprobs, rewards, [logits])
    of_each_action = softmax_score(logits.detach().expand(5, 5), torch.arange(5))
    average = (logprobs.detach().exp() * rewards) @ of_each_action
    torch.testing.assert_close(gradient, average, rtol=0, atol=1e-13)


def test_the_gradient_is_given_for_each_parameter():
    # J = π_1 with log π = log_softmax(a·b·(0, 1)): at a = 2, b = 0 we have π_1 = ½, ∂J/∂a = 0 and ∂J/∂b = ¼ · 2.
    a, b = torch.tensor(2.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    logprobs = (a * b * torch.tensor([0.0, 1.0])).log_softmax(dim=-1)
    gradients = exact_policy_gradient(logprobs, torch.tensor([0.0, 1.0]), [a, b])
    assert [gradient.item() for gradient in gradients] == [0, 0.5]


# --- exact_values

RESPONSES, MASK = enumerate_responses(vocabulary_size=2, max_tokens=2, eos=1, pad=0)


def rows(table: dict[tuple[int, ...], list[float]]) -> torch.Tensor:
    """Numbers per reply (its real tokens) in the order of RESPONSES."""
    texts = (tuple(row[real].tolist()) for row, real in zip(RESPONSES, MASK, strict=True))
    return torch.tensor([table[text] for text in texts], dtype=torch.float64)


def test_values_of_a_tree_by_hand():
    # First token: EOS with ¼ and a reward of 8, or the word 0 with ¾ and a reward of 1. After the word: EOS with ½ and
    # 4, the word with ½ and 0. γ = ½. V(word) = ½·4 + ½·0 = 2; V(start) = ¼·8 + ¾·(1 + ½·2) = 3.5.
    logprobs = rows({(1,): [0.25, 1], (0, 1): [0.75, 0.5], (0, 0): [0.75, 0.5]}).log()
    rewards = rows({(1,): [8, 0], (0, 1): [1, 4], (0, 0): [1, 0]})
    values = exact_values(logprobs, rewards, RESPONSES, MASK, gamma=0.5)
    torch.testing.assert_close(values, rows({(1,): [3.5, 0], (0, 1): [3.5, 2], (0, 0): [3.5, 2]}), rtol=1e-14, atol=0)


@given(tensors(2, 3, low=-2, high=2), tensors(15, 3), st.floats(0, 1))
def test_the_value_of_the_start_is_the_expected_discounted_return(logits, rewards, gamma):
    # Three tokens of 0, 1, 2 with EOS = 2: logits of the first token, and of all later ones.
    responses, mask = enumerate_responses(vocabulary_size=3, max_tokens=3, eos=2, pad=2)
    logprobs = action_logprobs(logits[[0, 1, 1]].expand(15, 3, 3), responses)
    values = exact_values(logprobs, rewards, responses, mask, gamma=gamma)
    probabilities = torch.where(mask, logprobs, 0).sum(dim=-1).exp()
    discounts = torch.tensor([1, gamma, gamma**2], dtype=torch.float64)
    expected = probabilities @ (torch.where(mask, rewards, 0) * discounts).sum(dim=-1)
    torch.testing.assert_close(values[:, 0], expected.expand(15), rtol=0, atol=1e-12)
    assert (values[~mask] == 0).all()


# --- kl_optimal_policy


def test_the_optimal_policy_by_hand():
    # π_ref = (½, ½), R = (log 3, 0), β = 1: weights 3/2 and 1/2, so (¾, ¼). At β = ½ the weights are 9 to 1.
    reference = torch.tensor([0.5, 0.5], dtype=torch.float64).log()
    scores = torch.tensor([math.log(3), 0], dtype=torch.float64)
    for kl_coef, best in ((1.0, [0.75, 0.25]), (0.5, [0.9, 0.1])):
        optimal = kl_optimal_policy(reference, scores, kl_coef=kl_coef)
        torch.testing.assert_close(optimal.exp(), torch.tensor(best, dtype=torch.float64), rtol=1e-14, atol=0)


@given(tensors(6), tensors(6), tensors(6), st.floats(0.1, 10))
def test_any_other_policy_falls_short_by_beta_times_its_divergence(ref_logits, scores, other_logits, kl_coef):
    # J(π) = E[R] − β KL(π ‖ π_ref). Then J(π*) − J(π) = β KL(π ‖ π*), and J(π*) = β log Σ π_ref exp(R/β).
    reference, other = ref_logits.log_softmax(dim=-1), other_logits.log_softmax(dim=-1)
    best = kl_optimal_policy(reference, scores, kl_coef=kl_coef)

    def objective(logprobs):
        return expected_return(logprobs, scores - kl_coef * (logprobs - reference)).item()

    shortfall = kl_coef * (other.exp() * (other - best)).sum().item()
    assert objective(best) - objective(other) == pytest.approx(shortfall, abs=1e-11)
    assert objective(best) == pytest.approx(kl_coef * (reference + scores / kl_coef).logsumexp(0).item(), abs=1e-11)
    assert best.exp().sum().item() == pytest.approx(1, abs=1e-13)


def test_a_strong_penalty_keeps_the_reference_and_a_weak_one_takes_the_best_reply():
    reference = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64).log()
    scores = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    torch.testing.assert_close(kl_optimal_policy(reference, scores, kl_coef=1e9), reference, rtol=1e-8, atol=0)
    assert kl_optimal_policy(reference, scores, kl_coef=1e-3)[2].exp() == 1


@pytest.mark.parametrize("kl_coef", [0.0, -1.0])
def test_without_a_penalty_there_is_no_such_policy(kl_coef):
    with pytest.raises(ValueError, match=rf"^kl_coef must be greater than 0; got {kl_coef}$"):
        kl_optimal_policy(torch.zeros(2), torch.zeros(2), kl_coef=kl_coef)
    with pytest.raises(ValueError, match=rf"^kl_coef must be greater than 0; got {kl_coef}$"):
        frontier_point(torch.zeros(2), kl_coef=kl_coef)


# --- frontier_point


def test_the_frontier_of_two_samples_by_hand():
    # Scores 0 and log 3, β = 1: weights 1/4 and 3/4 against 1/2 each.
    point = frontier_point(torch.tensor([0.0, math.log(3)]), kl_coef=1.0)
    torch.testing.assert_close(point, torch.tensor([0.75 * math.log(3), 0.75 * math.log(1.5) + 0.25 * math.log(0.5)]))


@given(tensors(5, low=0.0, high=1.0), st.floats(0.05, 3.0))
def test_the_frontier_of_samples_is_the_best_policy_of_a_uniform_reference(scores, kl_coef):
    ref = torch.full_like(scores, 1 / 5).log()
    best = kl_optimal_policy(ref, scores, kl_coef=kl_coef)
    expected = torch.stack([best.exp() @ scores, exact_kl(best, ref)])
    torch.testing.assert_close(frontier_point(scores, kl_coef=kl_coef), expected, rtol=0, atol=1e-9)
