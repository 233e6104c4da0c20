"""The policy gradient's two parts: what a token is credited with, and the loss that turns credit into a gradient."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import padded_batches, tensors
from torch.autograd import gradcheck

from ppo_teach.exact import exact_policy_gradient, expected_return
from ppo_teach.masks import zero_padding
from ppo_teach.policy import action_logprobs
from ppo_teach.reinforce import leave_one_out_baseline, reinforce_loss, rewards_to_go
from ppo_teach.rollouts import score_responses
from ppo_teach.tasks.ticket_clerk import novice, question, replies, reward

ALL = torch.ones(1, 3, dtype=torch.bool)
MASK = torch.tensor([[True, True, True], [True, False, False]])

# --- rewards_to_go


def test_rewards_to_go_by_hand():
    # γ = ½, from the end: 3; 2 + ½·3 = 3.5; 1 + ½·3.5 = 2.75. The second row ends after its first token.
    rewards = torch.tensor([[1.0, 2.0, 3.0], [4.0, 50.0, 50.0]])
    assert rewards_to_go(rewards, MASK, gamma=0.5).tolist() == [[2.75, 3.5, 3.0], [4.0, 0.0, 0.0]]


def test_discounting_counts_from_the_token_not_from_the_start():
    # A reward of 8 at the last of three tokens, γ = ½: 2, 4, 8. Counted from the start, all three would be 2.
    assert rewards_to_go(torch.tensor([[0.0, 0.0, 8.0]]), ALL, gamma=0.5).tolist() == [[2.0, 4.0, 8.0]]


@given(padded_batches(1), st.floats(0, 1))
def test_rewards_to_go_are_the_double_sum(batch, gamma):
    rewards, mask = batch
    returns = rewards_to_go(rewards, mask, gamma=gamma)
    for row, length in enumerate(mask.sum(dim=-1).tolist()):
        for t in range(length):
            discounted = sum(gamma ** (later - t) * rewards[row, later].item() for later in range(t, length))
            assert returns[row, t].item() == pytest.approx(discounted, abs=1e-13)


@given(padded_batches(1))
def test_without_discount_the_first_return_is_the_episode_and_with_full_discount_each_is_its_reward(batch):
    rewards, mask = batch
    whole = rewards_to_go(rewards, mask, gamma=1.0)[:, 0]
    torch.testing.assert_close(whole, torch.where(mask, rewards, 0).sum(dim=-1), rtol=0, atol=1e-13)
    assert torch.equal(rewards_to_go(rewards, mask, gamma=0.0), torch.where(mask, rewards, 0))


def test_a_return_depends_on_rewards_from_its_token_on_and_on_none_before(rng):
    rewards = torch.randn(1, 3, dtype=torch.float64, generator=rng, requires_grad=True)
    (gradient,) = torch.autograd.grad(rewards_to_go(rewards, ALL, gamma=0.5)[0, 1], rewards)
    assert gradient.tolist() == [[0, 1, 0.5]]


def test_rewards_are_left_as_they_were():
    rewards = torch.tensor([[1.0, 2.0, 3.0]])
    rewards_to_go(rewards, ALL, gamma=1.0)
    assert rewards.tolist() == [[1, 2, 3]]


# --- reinforce_loss


def test_the_loss_sums_over_tokens_and_averages_over_episodes():
    # Episode 0: −1·1 − 2·2 − 3·3 = −14. Episode 1 has one token: −4·4 = −16. Minus their mean: 15.
    # A mean over the four tokens would give 7.5.
    logprobs = torch.tensor([[-1.0, -2.0, -3.0], [-4.0, -50.0, -50.0]])
    weights = torch.tensor([[1.0, 2.0, 3.0], [4.0, 50.0, 50.0]])
    assert reinforce_loss(logprobs, weights, MASK) == 15


def test_the_gradient_of_a_log_probability_is_minus_its_weight_over_the_number_of_episodes(rng):
    logprobs, weights = (torch.randn(2, 3, dtype=torch.float64, generator=rng, requires_grad=True) for _ in range(2))
    reinforce_loss(logprobs, weights, MASK).backward()
    assert torch.equal(logprobs.grad, torch.where(MASK, -weights.detach() / 2, 0))
    assert weights.grad is None  # the reward is not differentiated, even where it could be
    assert gradcheck(lambda x: reinforce_loss(x, weights.detach(), MASK), logprobs)


def test_minimising_the_loss_makes_a_rewarded_action_more_likely():
    logits = torch.zeros(1, 3, 4, requires_grad=True)
    taken = torch.tensor([[0, 1, 2]])
    before = action_logprobs(logits, taken)
    reinforce_loss(before, torch.tensor([[1.0, 0.0, -1.0]]), ALL).backward()
    rise = (action_logprobs(logits - 0.1 * logits.grad, taken) - before).squeeze()
    assert rise[0] > 0
    assert rise[1] == 0
    assert rise[2] < 0


RESPONSES, REAL = replies()
SCORES = reward(question(40), RESPONSES, REAL).double()


def a_clerk_listed() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """His logits, log π of each token, ∇J, and 40 π(y): with these as weights the mean over 40 replies becomes Σ π."""
    clerk = novice(seed=0, dtype=torch.float64)
    logprobs, _ = score_responses(clerk, question(40), RESPONSES, REAL)
    of_replies = zero_padding(logprobs, REAL).sum(dim=-1)
    (exact,) = torch.autograd.grad(expected_return(of_replies, SCORES), clerk.logits, retain_graph=True)
    return clerk.logits, logprobs, exact, 40 * of_replies.detach().exp()[:, None]


def test_on_average_the_gradient_of_the_loss_is_minus_the_policy_gradient():
    logits, logprobs, exact, drawn = a_clerk_listed()
    loss = reinforce_loss(logprobs, (drawn * SCORES[:, None]).expand(40, 3), REAL)
    torch.testing.assert_close(torch.autograd.grad(loss, logits)[0], -exact, rtol=0, atol=1e-15)


def test_a_number_for_each_prefix_may_be_subtracted_a_number_for_each_action_may_not():
    logits, logprobs, exact, drawn = a_clerk_listed()
    before = torch.cat([torch.zeros(40, 1), RESPONSES[:, :1], 4 * RESPONSES[:, :1] + RESPONSES[:, 1:2]], dim=1)
    errors = []
    for baseline in (before, RESPONSES):
        loss = reinforce_loss(logprobs, drawn * (SCORES[:, None] - baseline), REAL)
        errors.append((torch.autograd.grad(loss, logits, retain_graph=True)[0] + exact).norm() / exact.norm())
    assert errors[0] < 1e-12
    assert errors[1] > 1


# --- leave_one_out_baseline


def test_each_reply_is_held_against_the_mean_of_the_others_by_hand():
    # (2 + 6)/2 = 4, (1 + 6)/2 = 3.5, (1 + 2)/2 = 1.5; the second prompt keeps its own scores.
    scores = torch.tensor([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]])
    assert leave_one_out_baseline(scores).tolist() == [[4, 3.5, 1.5], [1.5, 1.5, 0]]


@given(tensors(5))
def test_a_score_does_not_move_its_own_baseline_and_a_common_shift_cancels(scores):
    own = torch.eye(5, dtype=torch.float64)  # row i: score i is raised by 1
    rise = leave_one_out_baseline(scores + own) - leave_one_out_baseline(scores)
    torch.testing.assert_close(rise, (1 - own) / 4, rtol=0, atol=1e-13)
    shifted = scores + 7 - leave_one_out_baseline(scores + 7)
    torch.testing.assert_close(shifted, scores - leave_one_out_baseline(scores), rtol=0, atol=1e-13)


@given(tensors(4), tensors(4))
def test_leaving_one_out_keeps_the_gradient_that_the_mean_of_the_batch_halves(logits, action_scores):
    # Batches of two actions, all sixteen of them: with the mean of both, 1 − 1/2 of the gradient is left.
    logits = logits.requires_grad_()
    (exact,) = exact_policy_gradient(logits.log_softmax(dim=-1), action_scores, [logits])
    pairs = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    both = action_scores[pairs]
    for baseline, factor in ((both.mean(dim=1, keepdim=True), 0.5), (leave_one_out_baseline(both), 1.0)):
        logprobs = logits.log_softmax(dim=-1)[pairs]
        objectives = ((both - baseline) * logprobs).mean(dim=1)
        expected = logprobs.detach().sum(dim=1).exp() @ objectives
        (gradient,) = torch.autograd.grad(expected, logits)
        torch.testing.assert_close(gradient, factor * exact, rtol=0, atol=1e-13)


def test_one_reply_has_no_others():
    with pytest.raises(ValueError, match=r"^scores must hold at least 2 replies to each prompt; got 1$"):
        leave_one_out_baseline(torch.zeros(3, 1))
