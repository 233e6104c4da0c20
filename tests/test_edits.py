"""A wrong implementation as an edit of the right one. Module: exercises.edits."""

import pytest
import torch
from all_exercises import ALL

from ppo_teach.advantages import gae, td_residuals
from ppo_teach.exercises.contents import CHAPTERS
from ppo_teach.exercises.edits import edited, source_of
from ppo_teach.kl import FixedKL
from ppo_teach.masks import masked_mean
from ppo_teach.values import value_loss

FOUR = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
NO_END = torch.zeros(1, 4, dtype=torch.bool)


def test_an_edit_changes_what_it_names_and_nothing_else():
    without_lam = edited(gae, ("gamma * lam", "gamma"))
    rollout = FOUR, FOUR / 2, FOUR / 4, NO_END, NO_END
    assert torch.equal(without_lam(*rollout, gamma=0.5, lam=0.1), gae(*rollout, gamma=0.5, lam=1.0))
    assert not torch.equal(without_lam(*rollout, gamma=0.5, lam=0.1), gae(*rollout, gamma=0.5, lam=0.1))


def test_without_edits_it_is_a_copy():
    rollout = FOUR, FOUR / 2, FOUR / 4, NO_END, NO_END
    assert edited(gae) is not gae
    assert torch.equal(edited(gae)(*rollout, gamma=0.5, lam=0.5), gae(*rollout, gamma=0.5, lam=0.5))


def test_a_function_that_it_calls_may_be_another():
    summed = edited(value_loss, masked_mean=lambda x, mask: x.sum())
    mask = ~NO_END
    torch.testing.assert_close(summed(FOUR, 0 * FOUR, mask), 4 * value_loss(FOUR, 0 * FOUR, mask))
    assert masked_mean(FOUR, mask) == 2.5  # the module's own is as it was


@pytest.mark.parametrize(("old", "times"), [("gamma * lamb", 0), ("ended", 2)])
def test_what_is_replaced_stands_there_once(old: str, times: int):
    with pytest.raises(ValueError, match=f"stands once in gae; '.*' stands {times} times"):
        edited(gae, (old, "gamma"))


def test_neither_the_docstring_nor_annotations_are_searched():
    assert "δ" not in source_of(td_residuals)
    assert "Float" not in source_of(td_residuals)


def test_of_a_class_all_methods_can_be_edited():
    Doubling = edited(FixedKL, ("return self", "return FixedKL(2 * self.coef)"))
    assert Doubling(0.1).update(0.0, episodes=1).coef == 0.2


def test_every_exercise_stands_in_the_contents_once():
    names = [name for chapter in CHAPTERS for name in chapter.exercises]
    assert list(ALL) == names
    assert [it.name for it in ALL.values()] == names
