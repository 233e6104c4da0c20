"""The model that learns from preferences. Chapter: book/language/reward-models.md."""

import copy
import math
from collections.abc import Callable

import jaxtyping
import pytest
import torch
from small_models import MAX_TOKENS, TRANSFORMERS, gpt2, ragged_prompts, ragged_responses
from torch import nn

from ppo_teach.config import PPOConfig
from ppo_teach.preferences import Preferences
from ppo_teach.reward_model import (
    RewardModel,
    bradley_terry_loss,
    learned_reward,
    pair_scores,
    train_reward_model,
    value_after_last_token,
)
from ppo_teach.trainer import PPOTrainer


@pytest.fixture
def shapes_unchecked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # readers run without shape checks


every_transformer = pytest.mark.parametrize("build", TRANSFORMERS.values(), ids=TRANSFORMERS)


def fresh() -> RewardModel:
    """One whose head is zero, as a fresh one's is."""
    model = RewardModel(gpt2())
    for parameter in model.model.value_head.parameters():
        torch.nn.init.zeros_(parameter)
    return model


def opinionated(build: Callable[..., nn.Module] = gpt2) -> RewardModel:
    """A reward model whose head is not zero."""
    model = RewardModel(build())
    torch.nn.init.normal_(model.model.value_head.weight, generator=torch.Generator().manual_seed(1))
    return model


# The loss.


def test_the_loss_of_two_pairs_by_hand():
    # A difference of log 3 is a choice of probability 3/4; a difference of 0 is one of 1/2.
    loss = bradley_terry_loss(torch.tensor([math.log(3), 5.0]), torch.tensor([0.0, 5.0]))
    assert loss.item() == pytest.approx(-(math.log(3 / 4) + math.log(1 / 2)) / 2)


def test_the_loss_pushes_apart_by_the_probability_of_the_other_choice():
    # dL/dR(chosen) = −σ(R(rejected) − R(chosen)) / B: 1/4 of a half, and 1/2 of a half.
    chosen = torch.tensor([math.log(3), 5.0], requires_grad=True)
    rejected = torch.tensor([0.0, 5.0], requires_grad=True)
    bradley_terry_loss(chosen, rejected).backward()
    assert chosen.grad.tolist() == pytest.approx([-1 / 8, -1 / 4])
    assert rejected.grad.tolist() == pytest.approx([1 / 8, 1 / 4])


def test_only_differences_count_and_large_ones_do_not_overflow():
    chosen, rejected = torch.tensor([1.0, -200.0]), torch.tensor([0.5, 200.0])
    loss = bradley_terry_loss(chosen, rejected)
    assert loss.item() == pytest.approx((math.log(1 + math.exp(-0.5)) + 400) / 2)
    torch.testing.assert_close(bradley_terry_loss(chosen + 7, rejected + 7), loss)


@pytest.mark.usefixtures("shapes_unchecked")
def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match="rejected"):
        bradley_terry_loss(torch.zeros(3), torch.zeros(2))


# The model.


def test_the_value_after_the_last_token_stands_one_column_behind_it():
    values = torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    mask = torch.tensor([[True, False, False], [True, True, True]])
    assert value_after_last_token(values, mask).tolist() == [2, 8]


@every_transformer
def test_a_score_is_read_after_the_last_token_and_nowhere_else(build: Callable[..., nn.Module]):
    model, prompts, (responses, mask) = opinionated(build), ragged_prompts(), ragged_responses()
    scores = model(prompts, responses, mask)
    for row, length in enumerate(mask.sum(dim=-1).tolist()):  # each alone, without padding
        alone = model(prompts[row : row + 1], responses[row : row + 1, :length], mask[row : row + 1, :length])
        assert alone.item() == pytest.approx(scores[row].item(), abs=1e-4)
        changed = responses.clone()
        changed[row, length - 1] = 4 - changed[row, length - 1]
        if changed[row, length - 1] != responses[row, length - 1]:  # the last token counts
            assert model(prompts, changed, mask)[row].item() != pytest.approx(scores[row].item(), abs=1e-3)


@every_transformer
def test_what_stands_at_padding_never_matters(build: Callable[..., nn.Module]):
    model = opinionated(build)
    plain, junk = (model(ragged_prompts(junk=token), *ragged_responses(junk=token)) for token in (0, 5))
    assert torch.equal(plain, junk)


def test_a_fresh_head_has_no_opinion():
    assert fresh()(ragged_prompts(), *ragged_responses()).tolist() == [0.0] * 4


def test_an_empty_response_is_refused():
    responses, mask = ragged_responses()
    mask[2] = False
    with pytest.raises(ValueError, match="a response must not be empty; row 2 is"):
        RewardModel(gpt2())(ragged_prompts(), responses, mask)


def test_standardised_scores_have_mean_0_and_variance_1_and_keep_their_order():
    model, asked = opinionated(), (ragged_prompts(), *ragged_responses())
    before = model(*asked)
    for _ in range(2):  # the second time there is nothing left to do
        model.standardise(*asked)
        scores = model(*asked)
        assert scores.mean().item() == pytest.approx(0, abs=1e-5)
        assert scores.square().mean().item() == pytest.approx(1, abs=1e-4)
        torch.testing.assert_close(scores, (before - before.mean()) / before.std(correction=0), atol=1e-4, rtol=0)
    twin = RewardModel(gpt2())
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(*asked), model(*asked))


def test_scores_that_are_all_the_same_cannot_be_standardised():
    with pytest.raises(ValueError, match="scores must differ"):
        fresh().standardise(ragged_prompts(), *ragged_responses())


# Learning.


def preferences() -> Preferences:
    """Whoever says 4 first is preferred to whoever says 2 first."""
    chosen, rejected = torch.tensor([[4, 1, 0]] * 4), torch.tensor([[2, 3, 6, 1]] * 4)
    mask = torch.tensor([[True, True, False]] * 4)
    return Preferences(ragged_prompts(), chosen, mask, rejected, torch.ones_like(rejected, dtype=torch.bool))


def trained(seed: int = 0) -> tuple[RewardModel, list[float]]:
    model, rng = fresh(), torch.Generator().manual_seed(seed)
    return model, train_reward_model(model, preferences(), steps=30, batch_size=4, learning_rate=0.01, rng=rng)


def test_the_model_comes_to_score_the_preferred_response_higher():
    model, losses = trained()
    assert losses[0] == pytest.approx(math.log(2))  # no opinion: each choice has probability 1/2
    assert losses[-1] < 0.2
    chosen, rejected = pair_scores(model, preferences())
    assert (chosen > rejected + 1).all()


def test_the_seed_decides_the_pairs_drawn():
    assert trained()[1] == trained()[1] != trained(seed=1)[1]


def test_the_trainer_climbs_a_learned_reward_and_leaves_the_judge_alone():
    model, _ = trained()
    before = copy.deepcopy(model.state_dict())
    config = PPOConfig(iterations=6, batch_size=16, minibatch_size=16, learning_rate=0.02, max_tokens=MAX_TOKENS)
    history = PPOTrainer(gpt2(), learned_reward(model), ragged_prompts(), config).train()
    assert history[-1]["score"] > history[0]["score"] + 0.3
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_no_gradient_comes_through_the_judge():
    assert not learned_reward(opinionated())(ragged_prompts(), *ragged_responses()).requires_grad


@pytest.mark.parametrize("rows", [3, 7, 13])
def test_equal_scores_cannot_be_standardised_however_they_round(rows, monkeypatch, shapes_unchecked):
    # Seven times 0.1 have a deviation of 7e-9 in float32. Divided by it, the next score would be huge.
    model = RewardModel(gpt2())
    monkeypatch.setattr(model, "forward", lambda prompts, responses, mask: torch.full((rows,), 0.1))
    with pytest.raises(ValueError, match="scores must differ"):
        model.standardise(None, None, None)
