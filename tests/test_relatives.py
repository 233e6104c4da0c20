"""PPO's relatives. Module: ppo_teach/relatives.py."""

import math
from dataclasses import replace

import pytest
import torch

from ppo_teach.config import PPOConfig
from ppo_teach.exact import exact_policy_gradient, expected_return, kl_optimal_policy
from ppo_teach.kl import FixedKL, k1
from ppo_teach.masks import zero_padding
from ppo_teach.preferences import Preferences, preference_probability
from ppo_teach.relatives import (
    GRPO,
    DrGRPO,
    GroupTrainer,
    ReinforcePlusPlus,
    RejectionSampling,
    best_of_group,
    centred_advantages,
    dpo_loss,
    fixed_length_surrogate,
    group_advantages,
    leave_one_out_advantages,
    pair_logprobs,
    sequence_mean_surrogate,
    train_dpo,
)
from ppo_teach.rollouts import score_responses
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.tasks.ticket_clerk import MAX_TOKENS, novice, question, replies, reward

CONFIG = PPOConfig(
    iterations=3, batch_size=32, minibatch_size=16, learning_rate=0.05, max_tokens=MAX_TOKENS, kl=FixedKL(0.1)
)
SCORES = torch.tensor([[1.0, 0.0, 0.0, 1.0], [3.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0]])


def test_advantages_of_groups_by_hand():
    third = 2 / 3
    torch.testing.assert_close(leave_one_out_advantages(SCORES)[0], torch.tensor([third, -third, -third, third]))
    torch.testing.assert_close(leave_one_out_advantages(SCORES)[1], torch.tensor([2.0, -third, -third, -third]))
    torch.testing.assert_close(centred_advantages(SCORES)[1], torch.tensor([1.5, -0.5, -0.5, -0.5]))
    torch.testing.assert_close(group_advantages(SCORES)[0], torch.tensor([1.0, -1.0, -1.0, 1.0]))
    high, low = math.sqrt(3), -1 / math.sqrt(3)
    torch.testing.assert_close(group_advantages(SCORES)[1], torch.tensor([high, low, low, low]))
    assert best_of_group(SCORES).tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("compare", [leave_one_out_advantages, centred_advantages, group_advantages])
def test_a_group_of_equals_has_no_advantages_and_a_shift_changes_none(compare):
    assert compare(SCORES)[2].tolist() == [0.0] * 4
    torch.testing.assert_close(compare(SCORES + 7), compare(SCORES), atol=1e-5, rtol=0)
    torch.testing.assert_close(compare(SCORES).sum(dim=-1), torch.zeros(3))


def test_a_groups_unit_cancels_in_grpo_alone():
    torch.testing.assert_close(group_advantages(100 * SCORES), group_advantages(SCORES))
    torch.testing.assert_close(leave_one_out_advantages(100 * SCORES), 100 * leave_one_out_advantages(SCORES))
    torch.testing.assert_close(4 / 3 * centred_advantages(SCORES), leave_one_out_advantages(SCORES))


def ragged(seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Log-probabilities, older ones, advantages and a mask of three responses; NaN at padding."""
    rng = torch.Generator().manual_seed(seed)
    logprobs, old, advantages = torch.randn(3, 3, 5, generator=rng, dtype=torch.float64)
    mask = torch.arange(5) < torch.tensor([[5], [1], [3]])
    nan = torch.where(mask, 0.0, torch.nan)
    return (logprobs / 4 + nan).requires_grad_(), old / 4 + nan, advantages + nan, mask


def clipped_terms(logprobs, old, advantages, mask):
    rows = []
    for row in range(len(mask)):
        terms = []
        for t in range(int(mask[row].sum())):
            ratio = (logprobs[row, t] - old[row, t]).exp()
            terms.append(torch.minimum(ratio * advantages[row, t], ratio.clamp(0.8, 1.2) * advantages[row, t]))
        rows.append(torch.stack(terms))
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_aggregations_are_the_double_sums(seed: int):
    inputs = ragged(seed)
    rows = clipped_terms(*inputs)
    by_response = sequence_mean_surrogate(*inputs, clip=0.2)
    torch.testing.assert_close(by_response, torch.stack([row.mean() for row in rows]).mean())
    fixed = fixed_length_surrogate(*inputs, clip=0.2, tokens=20)
    torch.testing.assert_close(fixed, torch.cat(rows).sum() / 60)
    for objective in (by_response, fixed):
        (gradient,) = torch.autograd.grad(objective, inputs[0])
        assert (gradient[~inputs[3]] == 0).all()
        assert gradient.isfinite().all()


def test_with_equal_lengths_the_aggregations_agree():
    logprobs, old, advantages, mask = (x[:1] for x in ragged())
    by_token = clipped_surrogate(logprobs, old, advantages, mask, clip=0.2)
    torch.testing.assert_close(sequence_mean_surrogate(logprobs, old, advantages, mask, clip=0.2), by_token)
    torch.testing.assert_close(fixed_length_surrogate(logprobs, old, advantages, mask, clip=0.2, tokens=5), by_token)


def test_an_empty_response_has_no_mean():
    logprobs, old, advantages, mask = ragged()
    mask = mask & (torch.arange(3) != 1)[:, None]
    with pytest.raises(ValueError, match="a response must not be empty; row 1 is"):
        sequence_mean_surrogate(logprobs, old, advantages, mask, clip=0.2)


def test_the_dpo_loss_by_hand():
    # β (−1 − (−2)) = ½ for the chosen one and β (−3 − (−2)) = −½ for the other: −log σ(1).
    numbers = [torch.tensor([x]) for x in (-1.0, -3.0, -2.0, -2.0)]
    torch.testing.assert_close(dpo_loss(*numbers, beta=0.5), torch.tensor(math.log(1 + math.exp(-1))))
    same = dpo_loss(numbers[0], numbers[1], numbers[0], numbers[1], beta=0.5)
    torch.testing.assert_close(same, torch.tensor(math.log(2)))
    with pytest.raises(ValueError, match=r"beta must be greater than 0; got 0\.0"):
        dpo_loss(*numbers, beta=0.0)


def test_the_reference_of_dpo_is_held_constant():
    numbers = [torch.randn(3, requires_grad=True) for _ in range(4)]
    gradients = torch.autograd.grad(dpo_loss(*numbers, beta=0.5), numbers, allow_unused=True)
    assert [gradient is not None for gradient in gradients] == [True, True, False, False]


def clerks_logprobs(clerk):
    responses, mask = replies()
    logprobs, _ = score_responses(clerk, question(len(responses)), responses, mask)
    return zero_padding(logprobs, mask).sum(dim=-1)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_dpos_optimum_on_all_pairs_is_the_best_policy_of_the_penalty(temperature: float):
    """With preferences at temperature τ it is the best policy for τβ: only β times the log-ratio has to be R/τ."""
    responses, mask = replies()
    scores = reward(question(len(responses)), responses, mask).double()
    start = clerks_logprobs(novice(seed=0, dtype=torch.float64)).detach()
    best = kl_optimal_policy(start, scores, kl_coef=0.5 * temperature).requires_grad_()
    first, second = torch.cartesian_prod(torch.arange(40), torch.arange(40)).unbind(dim=1)
    wins = preference_probability(scores[first], scores[second], temperature=temperature)
    losses = torch.stack(
        [
            dpo_loss(*(x[i : i + 1] for x in (best[first], best[second], start[first], start[second])), beta=0.5)
            for i in range(len(first))
        ]
    )
    (slope,) = torch.autograd.grad((wins * losses).sum(), best)
    assert slope.abs().max() < 1e-10


LEVELS = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)


def expected_advantages(compare, chances: torch.Tensor, group: int) -> torch.Tensor:
    """What a response with each of the three scores may expect, summed over all that the others may have."""
    others = torch.cartesian_prod(*[torch.arange(3)] * (group - 1)).view(-1, group - 1)
    weights = chances[others].prod(dim=-1)
    own = torch.arange(3)[:, None, None].expand(3, len(others), 1)
    groups = torch.cat([own, others.expand(3, *others.shape)], dim=-1)
    return (compare(LEVELS[groups])[..., 0] * weights).sum(dim=-1)


@pytest.mark.parametrize("group", [2, 3, 6])
def test_whose_expected_gradient_is_the_true_one(group: int):
    """All groups of the clerk's replies are enumerated: each method climbs the mean of what a score may expect."""
    clerk = novice(seed=1, dtype=torch.float64)
    responses, mask = replies()
    scores = reward(question(len(responses)), responses, mask).double()
    logprobs = clerks_logprobs(clerk)
    level = (2 * scores).long()
    chances = torch.zeros(3, dtype=torch.float64).index_add(0, level, logprobs.detach().exp())
    (true,) = exact_policy_gradient(logprobs, scores, [clerk.logits])

    def gradient(compare):
        worth = expected_advantages(compare, chances, group)[level]
        return exact_policy_gradient(clerks_logprobs(clerk), worth, [clerk.logits])[0]

    torch.testing.assert_close(gradient(leave_one_out_advantages), true)
    torch.testing.assert_close(gradient(centred_advantages), (1 - 1 / group) * true)
    turned = torch.cosine_similarity(gradient(group_advantages).flatten(), true.flatten(), dim=0)
    assert 0.9 < turned < 0.99


@pytest.mark.parametrize("kind", [ReinforcePlusPlus, GroupTrainer, GRPO, DrGRPO, RejectionSampling])
def test_relatives_teach_the_clerk_and_leave_the_critic_alone(kind):
    clerk = novice(seed=0)
    values = clerk.values.clone()
    responses, mask = replies()
    scores = reward(question(len(responses)), responses, mask)
    before = expected_return(clerks_logprobs(clerk), scores).item()
    config = replace(CONFIG, iterations=15, batch_size=64, minibatch_size=64, learning_rate=0.1)
    kind(clerk, reward, question(1), config).train()
    assert expected_return(clerks_logprobs(clerk), scores).item() > before + 0.2
    assert torch.equal(clerk.values, values)


def test_a_group_answers_one_prompt_and_its_tokens_share_an_advantage():
    trainer = GroupTrainer(novice(seed=0), reward, question(6), CONFIG)
    rollout, ref_logprobs, scores = trainer.act()
    assert (rollout.prompts.rows.view(-1, 8) == rollout.prompts.rows.view(-1, 8)[:, :1]).all()
    ref_logprobs = ref_logprobs - 0.3  # as if the policy had moved
    advantages, _ = trainer.assign_credit(rollout, ref_logprobs, scores)
    worth = scores - 0.1 * zero_padding(k1(rollout.logprobs, ref_logprobs), rollout.mask).sum(dim=-1)
    expected = leave_one_out_advantages(worth.view(-1, 8)).view(-1, 1) * rollout.mask
    torch.testing.assert_close(advantages, expected)


def test_a_batch_must_hold_whole_groups():
    trainer = GroupTrainer(novice(seed=0), reward, question(1), replace(CONFIG, batch_size=30, minibatch_size=15))
    with pytest.raises(ValueError, match="batch_size must be a multiple of group = 8; got 30"):
        trainer.step()


def test_dpo_learns_from_choices_alone():
    """Every pair of replies once; the one with more points is chosen."""
    responses, mask = replies()
    scores = reward(question(len(responses)), responses, mask)
    pairs = [(i, j) for i in range(40) for j in range(40) if scores[i] > scores[j]]
    chosen, rejected = torch.tensor(pairs).unbind(dim=1)
    choices = Preferences(question(len(pairs)), responses[chosen], mask[chosen], responses[rejected], mask[rejected])
    clerk, start = novice(seed=0), novice(seed=0)
    losses = train_dpo(
        clerk, start, choices, beta=0.5, steps=60, batch_size=32, learning_rate=0.1,
        rng=torch.Generator().manual_seed(0),
    )  # fmt: skip
    assert losses[0] == pytest.approx(math.log(2))
    assert losses[-1] < 0.3
    assert expected_return(clerks_logprobs(clerk), scores) > expected_return(clerks_logprobs(start), scores) + 0.2
    assert torch.equal(start.logits, novice(seed=0).logits)
    whole, _ = pair_logprobs(clerk, choices)
    torch.testing.assert_close(whole, clerks_logprobs(clerk)[chosen])
