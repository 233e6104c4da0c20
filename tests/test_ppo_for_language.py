"""The functions of book/language/ppo-for-language.md that its exercises ask for."""

import torch

from ppo_teach.exercises.ppo_for_language.split_gain import split_gain
from ppo_teach.exercises.ppo_for_language.trunk_gradient import trunk_gradient
from ppo_teach.values import value_loss


def test_the_trunks_gradient_by_hand():
    # V = −1 and 1.5 for returns of 1 and ½: errors −2 and 1, over two real tokens, times the head (½, −1).
    hidden, weights = torch.tensor([[[1.0, 2.0], [2.0, 0.0], [9.0, 9.0]]]), torch.tensor([0.5, -1.0])
    returns, mask = torch.tensor([[1.0, 0.5, 0.0]]), torch.tensor([[True, True, False]])
    gradient = trunk_gradient(hidden, weights, 0.5, returns, mask)
    assert gradient.tolist() == [[[-0.5, 1.0], [0.25, -0.5], [0.0, 0.0]]]


def test_the_trunks_gradient_is_that_of_the_value_loss():
    rng = torch.Generator().manual_seed(0)
    hidden, returns = torch.randn(3, 4, 5, generator=rng), torch.randn(3, 4, generator=rng)
    weights, mask = torch.randn(5, generator=rng), torch.arange(4) < torch.tensor([[1], [4], [2]])
    hidden.requires_grad_()
    value_loss(hidden @ weights + 0.3, returns, mask).backward()
    torch.testing.assert_close(trunk_gradient(hidden.detach(), weights, 0.3, returns, mask), hidden.grad)


def test_a_head_of_zeros_leaves_the_trunk_alone_and_junk_at_padding_does_nothing():
    hidden, returns = torch.tensor([[[1.0], [torch.nan]]]), torch.tensor([[5.0, torch.nan]])
    mask = torch.tensor([[True, False]])
    assert trunk_gradient(hidden, torch.zeros(1), 0.0, returns, mask).tolist() == [[[0.0], [0.0]]]
    assert trunk_gradient(hidden, torch.ones(1), 0.0, returns, mask).tolist() == [[[-4.0], [0.0]]]


def test_a_gain_splits_by_hand():
    # Controls that gain 2 and lose 4; PPO has 48 and 34 more than they.
    parts = split_gain(torch.tensor([40.0, 50.0]), torch.tensor([42.0, 46.0]), torch.tensor([90.0, 80.0]))
    assert parts.tolist() == [-1.0, 41.0]


def test_the_two_parts_of_a_gain_add_up():
    start, control, trained = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(split_gain(start, control, trained).sum(), (trained - start).mean())
