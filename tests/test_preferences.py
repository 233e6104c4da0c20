"""Preferences, and what chooses them. Chapter: book/language/reward-models.md."""

import math

import jaxtyping
import pytest
import torch
from small_models import MAX_TOKENS, gpt2, ragged_prompts
from torch import Tensor

from ppo_teach.preferences import (
    Preferences,
    calibration,
    noise_ceiling,
    preference_probability,
    simulated_preferences,
)
from ppo_teach.rollouts import Rollout, generate
from ppo_teach.texts import Prompts


@pytest.fixture
def shapes_unchecked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # readers run without shape checks


def preferences(**changes: Tensor) -> Preferences:
    rejected = torch.tensor([[2, 3, 6, 1]] * 4)
    parts = {
        "chosen": torch.tensor([[4, 1, 0]] * 4),
        "chosen_mask": torch.tensor([[True, True, False]] * 4),
        "rejected": rejected,
        "rejected_mask": torch.ones_like(rejected, dtype=torch.bool),
    }
    return Preferences(ragged_prompts(), **{**parts, **changes})


def test_some_preferences_are_the_rows_asked_for():
    some = preferences(chosen=torch.arange(12).view(4, 3))[torch.tensor([2, 0])]
    assert len(some) == 2
    assert some.prompts.rows.tolist() == [2, 0]
    assert some.chosen.tolist() == [[6, 7, 8], [0, 1, 2]]
    assert some.rejected_mask.shape == (2, 4)


@pytest.mark.parametrize("name", ["chosen", "rejected"])
@pytest.mark.usefixtures("shapes_unchecked")
def test_each_prompt_needs_both_responses_and_each_response_its_mask(name: str):
    with pytest.raises(ValueError, match=f"{name} must number 4, one for each prompt; got 1"):
        preferences(**{name: torch.zeros(1, 3, dtype=torch.long)})
    with pytest.raises(ValueError, match=f"{name}_mask"):
        preferences(**{f"{name}_mask": torch.ones(4, 9, dtype=torch.bool)})


# Who chooses.


def test_a_preference_is_the_sigmoid_of_a_difference_in_units_of_temperature():
    # Worth 3 against 1 at temperature 2: odds of e, so e/(1 + e). Equal: a coin.
    probability = preference_probability(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 5.0]), temperature=2.0)
    assert probability.tolist() == pytest.approx([math.e / (1 + math.e), 0.5])


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="temperature must be greater than 0; got 0"):
        preference_probability(torch.zeros(1), torch.zeros(1), temperature=0.0)


def two_answers(rows: int = 1) -> tuple[Rollout, Rollout]:
    """Two tokens against three, to the same prompts."""
    tokens = torch.ones(rows, 1, dtype=torch.long)
    prompts = Prompts(tokens, tokens.bool(), torch.arange(rows))

    def saying(reply: list[int]) -> Rollout:
        responses = torch.tensor([reply]).expand(rows, -1)
        numbers = torch.zeros(responses.shape)
        return Rollout(prompts, responses, torch.ones_like(responses).bool(), numbers, numbers)

    return saying([4, 1]), saying([2, 3, 1])


@pytest.mark.parametrize("first_is_better", [True, False])
def test_what_is_worth_far_more_is_chosen_with_its_own_mask(first_is_better: bool):
    rng, worth = torch.Generator().manual_seed(0), torch.tensor([100.0 if first_is_better else -100.0])
    made = simulated_preferences(*two_answers(), worth, -worth, temperature=1.0, rng=rng)
    sides = (made.chosen, made.chosen_mask), (made.rejected, made.rejected_mask)
    (short, short_mask), (long, long_mask) = sides if first_is_better else sides[::-1]
    assert short[short_mask].tolist() == [4, 1]
    assert long[long_mask].tolist() == [2, 3, 1]


def test_choices_are_as_frequent_as_their_probability():
    # Worth log 3 more at temperature 1: chosen three times in four; the standard error of 4,000 is 0.007.
    rng, rows = torch.Generator().manual_seed(0), 4000
    gold = torch.full((rows,), math.log(3)), torch.zeros(rows)
    made = simulated_preferences(*two_answers(rows), *gold, temperature=1.0, rng=rng)
    assert (made.chosen[:, 0] == 4).float().mean().item() == pytest.approx(0.75, abs=0.03)


def test_two_answers_must_be_to_the_same_prompt():
    rng = torch.Generator().manual_seed(0)
    first = generate(gpt2(), ragged_prompts(), max_tokens=MAX_TOKENS, rng=rng)
    with pytest.raises(ValueError, match="second must answer the prompts of first"):
        simulated_preferences(first, first[torch.tensor([1, 0, 2, 3])], *torch.zeros(2, 4), temperature=1.0, rng=rng)


# How well choices can be predicted.


def test_the_noise_ceiling_by_hand():
    # Probabilities ¾, ¼ and ½: who knows them is right in ¾, ¾ and ½ of the cases.
    gold = torch.tensor([2 * math.log(3), 0.0, 7.0]), torch.tensor([0.0, 2 * math.log(3), 7.0])
    assert noise_ceiling(*gold, temperature=2.0).item() == pytest.approx(2 / 3)


def test_calibration_by_hand():
    # Sure 0.5 and undecided; sure 0.6, once right and once wrong; sure 0.9 and right. Bins of a tenth; two are empty.
    def odds(p: float) -> float:
        return math.log(p / (1 - p))

    chosen = torch.tensor([0.0, odds(0.61), -odds(0.61), odds(0.91)])
    sure, right, counts = calibration(chosen + 3, torch.full((4,), 3.0), bins=5)
    assert sure.tolist() == pytest.approx([0.5, 0.61, 0.91])
    assert right.tolist() == pytest.approx([0.5, 0.5, 1.0])
    assert counts.tolist() == [1, 2, 1]


def test_complete_certainty_falls_into_the_last_bin():
    sure, right, counts = calibration(torch.tensor([500.0]), torch.tensor([-500.0]), bins=5)
    assert (sure.tolist(), right.tolist(), counts.tolist()) == ([1.0], [1.0], [1])


def test_the_scores_that_chose_are_as_often_right_as_sure():
    # 20,000 pairs whose probabilities are known: each bin within four standard errors.
    rng = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 20000, generator=rng)
    wins = torch.rand(20000, generator=rng) < preference_probability(first, second)
    chosen, rejected = torch.where(wins, first, second), torch.where(wins, second, first)
    sure, right, counts = calibration(chosen, rejected, bins=5)
    assert len(counts) == 5
    assert ((right - sure).abs() < 4 * (sure * (1 - sure) / counts).sqrt()).all()
