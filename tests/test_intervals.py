"""How sure a difference over seeds is, and what it is made of."""

import jaxtyping
import pytest
import torch

from ppo_teach.intervals import paired_interval, split_gain

FIVE = 2.776445105  # Student's t, 4 degrees of freedom, 97.5 %


def test_the_interval_of_three_seeds_by_hand():
    # The differences are 2, 1 and 3: mean 2, s² = (0 + 1 + 1) / 2 = 1. Half the width is 4.303 · 1 / √3 = 2.484.
    low, high = paired_interval(torch.tensor([3.0, 5.0, 4.0]), torch.tensor([1.0, 4.0, 1.0]), t=4.303).tolist()
    assert (low, high) == pytest.approx((2 - 2.4843, 2 + 2.4843), abs=1e-4)


def test_what_a_seed_does_to_both_cancels():
    ours, theirs = torch.tensor([3.0, 5.0, 4.0, 1.0]), torch.tensor([1.0, 4.0, 1.0, 1.0])
    luck = torch.tensor([100.0, -50.0, 7.0, 0.0])
    torch.testing.assert_close(paired_interval(ours + luck, theirs + luck, t=3.0), paired_interval(ours, theirs, t=3.0))


def test_seen_from_the_other_side_the_interval_is_turned_over():
    ours, theirs = torch.rand(2, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(paired_interval(theirs, ours, t=2.0), -paired_interval(ours, theirs, t=2.0).flip(0))


def test_of_a_hundred_intervals_of_five_seeds_ninety_five_hold_the_true_difference():
    rng = torch.Generator().manual_seed(0)
    draws = 0.3 + torch.randn(4000, 5, generator=rng), torch.zeros(5)
    held = sum(low <= 0.3 <= high for low, high in (paired_interval(ours, draws[1], t=FIVE) for ours in draws[0]))
    assert held / 4000 == pytest.approx(0.95, abs=0.015)  # 4 standard errors


def test_one_seed_has_no_spread_and_seeds_come_in_pairs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # readers run without shape checks
    with pytest.raises(ValueError, match="ours must hold at least 2 seeds, or there is no spread; got 1"):
        paired_interval(torch.ones(1), torch.zeros(1), t=2.0)
    with pytest.raises(ValueError, match="ours, theirs must have the same shape"):
        paired_interval(torch.ones(3), torch.zeros(2), t=2.0)


def test_a_gain_splits_by_hand():
    # Controls that gain 2 and lose 4; PPO has 48 and 34 more than they.
    parts = split_gain(torch.tensor([40.0, 50.0]), torch.tensor([42.0, 46.0]), torch.tensor([90.0, 80.0]))
    assert parts.tolist() == [-1.0, 41.0]


def test_the_two_parts_of_a_gain_add_up():
    start, control, trained = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(split_gain(start, control, trained).sum(), (trained - start).mean())
