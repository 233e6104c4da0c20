"""The sampler is not the trainer. Module: ppo_teach/off_policy.py."""

import copy
from dataclasses import replace
from functools import partial

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import BPE

from ppo_teach.config import PPOConfig
from ppo_teach.exact import exact_policy_gradient
from ppo_teach.kl import FixedKL
from ppo_teach.masks import zero_padding
from ppo_teach.off_policy import (
    OtherSampler,
    RatioToSampler,
    RoundedSampler,
    StaleSampler,
    TruncatedWeights,
    drifted,
    encoded_again,
    in_bfloat16,
    quantised,
    truncated_importance_weights,
    with_rounded_weights,
)
from ppo_teach.rollouts import generate, score_responses
from ppo_teach.tasks.ticket_clerk import MAX_TOKENS, novice, question, replies, reward
from ppo_teach.trainer import PPOTrainer

CONFIG = PPOConfig(
    iterations=6, batch_size=32, minibatch_size=16, learning_rate=0.05, max_tokens=MAX_TOKENS, kl=FixedKL(0.1)
)
COARSE = staticmethod(partial(quantised, bits=3))


def test_truncated_weights_by_hand():
    ours, theirs = torch.tensor([[0.6, 0.1, 0.9]]).log(), torch.tensor([[0.3, 0.2, 0.1]]).log()
    mask = torch.tensor([[True, True, True]])
    weights = truncated_importance_weights(ours, theirs, mask, cap=3.0)
    torch.testing.assert_close(weights, torch.tensor([[2.0, 0.5, 3.0]]))


def test_weights_are_constants_and_0_at_padding():
    ours = torch.tensor([[-1.0, torch.nan]], requires_grad=True)
    weights = truncated_importance_weights(ours, ours.detach(), torch.tensor([[True, False]]), cap=2.0)
    assert weights.tolist() == [[1.0, 0.0]]
    assert not weights.requires_grad
    with pytest.raises(ValueError, match=r"cap must be greater than 0; got 0\.0"):
        truncated_importance_weights(ours, ours, torch.tensor([[True, False]]), cap=0.0)


def clerks_tokens(clerk):
    responses, mask = replies()
    return zero_padding(score_responses(clerk, question(len(responses)), responses, mask)[0], mask)


def test_weights_of_whole_replies_undo_the_sampler_exactly():
    """Σ_y μ(y) π(y)/μ(y) R(y) ∇log π(y) = ∇J: over all replies of the clerk, for a sampler of three bits."""
    clerk = novice(seed=3, dtype=torch.float64)
    responses, mask = replies()
    scores = reward(question(len(responses)), responses, mask).double()
    ours = clerks_tokens(clerk).sum(dim=-1)
    theirs = clerks_tokens(with_rounded_weights(clerk, COARSE.__func__)).sum(dim=-1)
    (true,) = exact_policy_gradient(ours, scores, [clerk.logits])
    everything = torch.ones(len(ours), dtype=torch.bool)

    def gradient(weights):
        drawn = theirs.exp() * weights * scores
        return torch.autograd.grad((drawn * clerks_tokens(clerk).sum(dim=-1)).sum(), clerk.logits)[0]

    weighted = truncated_importance_weights(ours, theirs, everything, cap=1e6)
    torch.testing.assert_close(gradient(weighted), true)
    assert (gradient(torch.ones_like(ours)) - true).norm() > 0.1 * true.norm()


def test_rounding_by_hand():
    weights = torch.tensor([-1.0, -0.4, 0.0, 0.1, 0.26, 0.9])
    torch.testing.assert_close(quantised(weights, bits=2), torch.tensor([-1.0, -0.0, 0.0, 0.0, 0.0, 1.0]))
    third = 1 / 3
    torch.testing.assert_close(quantised(weights, bits=3), torch.tensor([-1.0, -third, 0.0, 0.0, third, 1.0]))
    assert quantised(torch.zeros(3), bits=4).tolist() == [0.0] * 3
    assert in_bfloat16(torch.tensor([1.0, 1.0 + 2**-9, 1.0 + 2**-7])).tolist() == [1.0, 1.0, 1.0 + 2**-7]
    with pytest.raises(ValueError, match="bits must be at least 2; got 1"):
        quantised(weights, bits=1)


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_rounding_is_to_the_nearest_of_so_many_numbers_and_rounds_once(bits: int):
    weights = torch.randn(50, 7, generator=torch.Generator().manual_seed(0))
    rounded = quantised(weights, bits=bits)
    assert len(rounded.unique()) <= 2**bits - 1
    step = weights.abs().amax() / (2 ** (bits - 1) - 1)
    assert (rounded - weights).abs().amax() <= step / 2 * 1.0001
    torch.testing.assert_close(quantised(rounded, bits=bits), rounded)
    torch.testing.assert_close(quantised(-3 * weights, bits=bits), -3 * rounded)


def test_a_rounded_copy_leaves_the_model_alone():
    clerk = novice(seed=0)
    copied = with_rounded_weights(clerk, COARSE.__func__)
    assert torch.equal(clerk.logits, novice(seed=0).logits)
    assert torch.equal(copied.logits, quantised(clerk.logits, bits=3))
    assert not copied.logits.requires_grad
    assert clerk.logits.requires_grad


def test_drift_is_seen_in_tokens_and_in_lengths_and_not_at_padding():
    responses = torch.tensor([[1, 2, 9], [1, 2, 3], [1, 2, 3], [4, 9, 9]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1], [1, 0, 0]]).bool()
    again = torch.tensor([[1, 2], [1, 2], [1, 7], [4, 5]])
    again_mask = torch.tensor([[1, 1], [1, 1], [1, 1], [1, 0]]).bool()
    assert drifted(responses, mask, again, again_mask).tolist() == [False, True, True, False]
    assert drifted(again, again_mask, responses, mask).tolist() == [False, True, True, False]


def test_tokens_that_travel_as_text_come_back_as_the_tokenizer_cuts_them():
    vocabulary = {"a": 0, "b": 1, "ab": 2}
    tokenizer = Tokenizer(BPE(vocabulary, [("a", "b")]))
    tokenizer.decoder = Fuse()
    assert encoded_again(tokenizer, [[2], [0, 1], [1, 0]]) == [[2], [2], [1, 0]]


class Tempered(OtherSampler):
    """A sampler of another temperature."""

    def sampler(self):
        other = copy.deepcopy(self.policy)
        other.temperature = 2.0
        return other


def make(*kinds, **attributes):
    return type("Kind", kinds, attributes)(novice(seed=0), reward, question(1), CONFIG)


def test_the_sampler_writes_and_the_trainer_scores():
    trainer = make(Tempered)
    rollout, _, _ = trainer.act()
    hot = novice(seed=0)
    hot.temperature = 2.0
    written = generate(hot, rollout.prompts, max_tokens=MAX_TOKENS, rng=torch.Generator().manual_seed(0))
    scored, _ = score_responses(trainer.policy, rollout.prompts, rollout.responses, rollout.mask)
    torch.testing.assert_close(zero_padding(rollout.logprobs, rollout.mask), zero_padding(scored, rollout.mask))
    assert rollout.responses.shape == written.responses.shape
    assert (trainer.sampled - rollout.logprobs)[rollout.mask].abs().max() > 0.1
    assert trainer.policy.temperature == 1.0


def test_the_ratio_may_be_to_the_sampler():
    trainer = make(RatioToSampler, Tempered)
    rollout, _, _ = trainer.act()
    assert torch.equal(rollout.logprobs, trainer.sampled)
    assert trainer.step()["clip_fraction"] > make(Tempered).step()["clip_fraction"]


def test_advantages_are_weighed_by_the_truncated_ratio():
    plain, weighed = make(Tempered), make(TruncatedWeights, Tempered, cap=1.5)
    (one, _), (other, _) = (trainer.assign_credit(*trainer.act()) for trainer in (plain, weighed))
    rollout, _, _ = make(Tempered).act()
    expected = truncated_importance_weights(rollout.logprobs, plain.sampled, rollout.mask, cap=1.5) * one
    torch.testing.assert_close(other, expected)
    assert weighed.sampled.shape == other.shape


@pytest.mark.parametrize("kinds", [(RoundedSampler,), (RatioToSampler, RoundedSampler), (StaleSampler,)])
def test_without_a_difference_they_are_ppo_bit_for_bit(kinds):
    trainer = make(*kinds, rounded=staticmethod(lambda weights: weights))
    ppo = PPOTrainer(novice(seed=0), reward, question(1), CONFIG)
    for _ in range(3):
        ours, theirs = trainer.step(), ppo.step()
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)


def test_a_stale_sampler_gets_new_weights_when_they_are_due():
    trainer = make(StaleSampler, batches=3)
    copies = []
    for _ in range(6):
        trainer.step()
        copies.append(trainer.copied)
    assert copies[0] is copies[1] is copies[2]
    assert copies[3] is copies[4] is copies[5]
    assert copies[3] is not copies[0]
    assert not torch.equal(copies[3].logits, copies[0].logits)


def test_a_policy_whose_sampler_failed_is_back_in_its_place():
    trainer = make(RoundedSampler, rounded=COARSE)
    trainer.reward = lambda *_: 1 / 0
    policy = trainer.policy
    with pytest.raises(ZeroDivisionError):
        trainer.act()
    assert trainer.policy is policy


def test_it_learns_from_a_coarse_sampler():
    config = replace(CONFIG, iterations=30, batch_size=64, minibatch_size=64, learning_rate=0.1, kl=FixedKL(0.0))
    kind = type("Kind", (TruncatedWeights, RoundedSampler), {"rounded": COARSE})
    trainer = kind(novice(seed=1), reward, question(1), config)
    assert trainer.train()[-1]["score"] > 0.9
