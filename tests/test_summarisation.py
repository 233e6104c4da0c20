"""The functions of book/applications/summarisation.md that its exercises ask for."""

import pytest
import torch

from ppo_teach.exercises.summarisation.break_even import break_even
from ppo_teach.exercises.summarisation.gain_at_equal_length import gain_at_equal_length
from ppo_teach.rewards import rouge


def test_a_break_even_chance_by_hand():
    # F = 12/15. A guess that stands alone: F/2. Behind two sure words even a wrong one pays: 3 · 6/15 − 2.
    counts = torch.tensor([6.0]), torch.tensor([6.0]), torch.tensor([9.0])
    assert [break_even(*counts, sure=sure).item() for sure in (0, 1, 2)] == pytest.approx([0.4, -0.2, -0.8])


@pytest.mark.parametrize(("sure", "guess"), [(0, "by"), (1, "by fire"), (2, "by fire in")])
def test_at_the_break_even_chance_rouge_does_not_care(sure: int, guess: str):
    # Two words in common of two and of eight; the guess is the last word of what is added.
    reference, before = "three houses destroyed by fire in kelby today", "three houses"
    wrong = " ".join([before, *guess.split()[:-1], "rain"])
    f_before, f_right, f_wrong = rouge([before, f"{before} {guess}", wrong], [reference] * 3).tolist()
    chance = break_even(torch.tensor([2.0]), torch.tensor([2.0]), torch.tensor([8.0]), sure=sure).item()
    assert chance * f_right + (1 - chance) * f_wrong == pytest.approx(f_before)


def test_a_gain_at_equal_length_by_hand():
    # Both means are 0.55. Of 8 words: −0.2, four headlines; of 10 words: −0.1, six.
    ours = torch.tensor([0.3, 0.6, 0.6, 0.6, 0.6, 0.6]), torch.tensor([8, 10, 10, 10, 10, 10])
    theirs = torch.tensor([0.5, 0.5, 0.5, 0.7]), torch.tensor([8, 8, 8, 10])
    assert gain_at_equal_length(*ours, *theirs).item() == pytest.approx(-0.14)
    assert gain_at_equal_length(*theirs, *ours).item() == pytest.approx(0.14)


def test_a_score_that_only_knows_length_has_no_gain_at_equal_length():
    lengths, base_lengths = torch.tensor([7, 9, 9, 12]), torch.tensor([5, 7, 7, 9])
    assert gain_at_equal_length(lengths / 20, lengths, base_lengths / 20, base_lengths) == 0


def test_systems_without_a_shared_length_cannot_be_compared():
    with pytest.raises(ValueError, match="must share at least one"):
        gain_at_equal_length(torch.ones(1), torch.tensor([3]), torch.ones(1), torch.tensor([4]))
