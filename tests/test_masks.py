"""Which positions are real, and that what stands elsewhere reaches nothing."""

import inspect
import math
from importlib import import_module
from statistics import fmean, pvariance

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import actions, padded_batches
from torch.autograd import gradcheck

from ppo_teach.advantages import gae, td_residuals
from ppo_teach.exact import enumerate_responses, exact_values
from ppo_teach.kl import kl_loss, kl_shaped_rewards
from ppo_teach.masks import (
    blank_padding,
    is_last_token,
    last_token,
    masked_mean,
    masked_variance,
    position_ids,
    response_mask,
    score_at_last_token,
    whiten,
    zero_padding,
)
from ppo_teach.reinforce import reinforce_loss, rewards_to_go
from ppo_teach.surrogate import clip_fraction, clipped_surrogate
from ppo_teach.values import clipped_value_loss, explained_variance, trunk_gradient, value_loss

MASK = torch.tensor([[True, True, False], [True, False, False]])
NO_MASK = torch.zeros(2, 3, dtype=torch.bool)

# --- response_mask, last_token, is_last_token, score_at_last_token, position_ids


def test_the_mask_runs_through_the_first_eos():
    # EOS is 1. Row 0 ends at its third token, row 1 at once, row 2 never; row 3 holds a second EOS, which is padding.
    responses = torch.tensor([[5, 6, 1, 0], [1, 0, 0, 0], [5, 6, 7, 8], [5, 1, 6, 1]])
    assert response_mask(responses, eos=1).tolist() == [
        [True, True, True, False],
        [True, False, False, False],
        [True, True, True, True],
        [True, True, False, False],
    ]


def test_padding_may_be_the_eos_token_itself():
    assert response_mask(torch.tensor([[5, 6, 1, 1, 1]]), eos=1).tolist() == [[True, True, True, False, False]]


@given(actions(3, 6, vocabulary_size=4))
def test_a_response_is_as_long_as_its_text_up_to_the_first_eos(responses):
    mask = response_mask(responses, eos=2)
    for tokens, real in zip(responses.tolist(), mask.tolist(), strict=True):
        length = tokens.index(2) + 1 if 2 in tokens else len(tokens)
        assert real == [True] * length + [False] * (6 - length)


def test_the_last_token_is_the_last_real_one():
    assert last_token(MASK).tolist() == [1, 0]
    assert last_token(torch.tensor([[False, True, False, True, False]])).tolist() == [3]  # a hole does not end a row


def test_a_row_without_a_real_token_is_named():
    with pytest.raises(ValueError, match=r"^mask must have a real token in every row; rows \[1, 2\] have none$"):
        last_token(torch.tensor([[True], [False], [False]]))


@given(padded_batches(0))
def test_exactly_one_token_of_each_row_is_the_last(batch):
    (mask,) = batch
    is_last = is_last_token(mask)
    assert is_last.sum(dim=-1).tolist() == [1] * len(mask)
    assert is_last.nonzero()[:, 1].tolist() == (mask.sum(dim=-1) - 1).tolist()


def test_a_score_at_the_last_token_is_the_return_of_every_token():
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]).bool()
    rewards = score_at_last_token(torch.tensor([3.0, -5.0]), mask)
    assert rewards.tolist() == [[0, 3, 0, 0], [0, 0, 0, -5]]
    assert rewards_to_go(rewards, mask, gamma=1.0).tolist() == [[3, 3, 0, 0], [-5, -5, -5, -5]]


def test_positions_count_from_the_first_real_token():
    # A text of three padded on the left, one of five, and one of two with padding on both sides.
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 0, 0]]).bool()
    assert position_ids(mask).tolist() == [[0, 0, 0, 1, 2], [0, 1, 2, 3, 4], [0, 0, 1, 1, 1]]


# --- zero_padding, masked_mean, masked_variance


def test_zero_padding_keeps_what_is_real_and_its_type():
    for dtype in (torch.float32, torch.float64, torch.long, torch.bool):
        x = torch.tensor([[7, 8, 9], [10, 11, 12]]).to(dtype)
        assert torch.equal(zero_padding(x, MASK), torch.tensor([[7, 8, 0], [10, 0, 0]]).to(dtype))
        assert zero_padding(x, MASK).dtype == dtype


def test_the_masked_mean_counts_every_real_token_once():
    # (1 + 2 + 6) / 3 = 3. The mean of the rows' means would be (1.5 + 6) / 2 = 3.75, the mean over all six 1.5.
    x = torch.tensor([[1.0, 2.0, 0.0], [6.0, 0.0, 0.0]])
    assert masked_mean(x, MASK) == 3


def test_the_masked_variance_divides_by_the_number_of_real_tokens():
    # Mean 3, so (4 + 1 + 9) / 3 = 14/3; divided by 3 − 1 it would be 7.
    x = torch.tensor([[1.0, 2.0, 50.0], [6.0, 50.0, 50.0]], dtype=torch.float64)
    assert masked_variance(x, MASK).item() == pytest.approx(14 / 3, rel=1e-15)
    assert masked_variance(x[1:], MASK[1:]) == 0


@given(padded_batches(1))
def test_masked_mean_and_variance_are_those_of_the_real_tokens_in_a_list(batch):
    x, mask = batch
    real = x[mask].tolist()
    # Entries are at most 3 in size and at most 15, so 1e-13 is far above float64's rounding.
    assert masked_mean(x, mask).item() == pytest.approx(fmean(real), abs=1e-13)
    assert masked_variance(x, mask).item() == pytest.approx(pvariance(real), abs=1e-13)


@pytest.mark.parametrize("function", [masked_mean, masked_variance, whiten])
def test_no_real_position_is_an_error(function):
    with pytest.raises(ValueError, match=r"^mask must have a real position; all 6 are padding$"):
        function(torch.zeros(2, 3), NO_MASK)


def test_the_gradient_of_the_masked_mean_is_shared_by_the_real_tokens():
    x = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    masked_mean(x, MASK).backward()
    assert torch.equal(x.grad, MASK / torch.tensor(3.0, dtype=torch.float64))


# --- whiten


def test_whitened_numbers_by_hand():
    # Real: 1, 2, 3, with mean 2 and biased variance 2/3: ±√(3/2) and 0.
    x = torch.tensor([[1.0, 2.0, 99.0], [3.0, 99.0, 99.0]], dtype=torch.float64)
    root = math.sqrt(3 / 2)
    expected = torch.tensor([[-root, 0.0, 0.0], [root, 0.0, 0.0]], dtype=torch.float64)
    # The 1e-8 under the root moves the result by a relative ½ · 1e-8 / (2/3) = 7.5e-9.
    torch.testing.assert_close(whiten(x, MASK), expected, rtol=1e-8, atol=0)


def test_what_is_added_to_the_variance_is_1e_8():
    # Real: ±1e-4, so the variance is 1e-8 as well: 1e-4 / √(2e-8) = 1/√2.
    x = torch.tensor([[1e-4, -1e-4]], dtype=torch.float64)
    half = math.sqrt(0.5)
    expected = torch.tensor([[half, -half]], dtype=torch.float64)
    torch.testing.assert_close(whiten(x, torch.ones(1, 2, dtype=torch.bool)), expected, rtol=1e-14, atol=0)


def test_what_a_model_says_at_padding_is_blank_by_hand():
    # One reply: action 1, then a column of padding, where the logits are no numbers and the action is no action.
    logits = torch.tensor([[[2.0, 3.0], [math.nan, math.inf]]], requires_grad=True)
    blank, actions = blank_padding(logits, torch.tensor([[1, 99]]), torch.tensor([[True, False]]))
    assert blank.tolist() == [[[2.0, 3.0], [0.0, 0.0]]]
    assert actions.tolist() == [[1, 0]]
    blank.square().sum().backward()
    assert logits.grad.tolist() == [[[4.0, 6.0], [0.0, 0.0]]]


@given(padded_batches(1))
def test_whitened_numbers_have_mean_0_variance_1_and_zeros_at_padding(batch):
    x, mask = batch
    white = whiten(x, mask)
    variance = pvariance(x[mask].tolist())
    assert white[mask].mean().item() == pytest.approx(0, abs=1e-10)
    # Var(x) / (Var(x) + 1e-8): 1 unless the numbers are nearly equal.
    assert pvariance(white[mask].tolist()) == pytest.approx(variance / (variance + 1e-8), abs=1e-10)
    assert torch.equal(white[~mask], torch.zeros_like(white[~mask]))


@given(st.floats(-5, 5), st.floats(0.5, 2))
def test_whitening_forgets_shift_and_scale(shift, scale):
    # The variance of 1, 2, 4 is 14/9, and at least a quarter of it when scaled: 1e-8 more or less under the root moves
    # the result by a relative 1e-8 at most.
    x = torch.tensor([[1.0, 2.0, 9.0], [4.0, 9.0, 9.0]], dtype=torch.float64)
    torch.testing.assert_close(whiten(scale * x + shift, MASK), whiten(x, MASK), rtol=1e-8, atol=1e-14)


def test_a_single_real_token_whitens_to_zero_with_a_finite_gradient():
    x = torch.tensor([[5.0, 1.0]], requires_grad=True)
    white = whiten(x, torch.tensor([[True, False]]))
    white.sum().backward()
    assert torch.equal(white, torch.zeros(1, 2))
    assert torch.equal(x.grad, torch.zeros(1, 2))


def test_the_gradient_of_whiten_is_that_of_finite_differences(rng):
    x = torch.randn(2, 3, dtype=torch.float64, generator=rng, requires_grad=True)
    assert gradcheck(lambda x: whiten(x, MASK), x)


# --- what stands at padding reaches nothing: every function that takes a mask

# All replies over two tokens, so that `exact_values` can be among them: one real token, two, three, three.
RESPONSES, REPLIES = enumerate_responses(vocabulary_size=2, max_tokens=3, eos=1, pad=0)
ENDS, GOES_ON = is_last_token(REPLIES), torch.zeros_like(REPLIES)

# name: how many float tensors with padding it takes, and the function of them
TAKE_A_MASK = {
    "zero_padding": (1, lambda x: zero_padding(x, REPLIES)),
    "blank_padding": (
        1,
        lambda x: blank_padding(torch.stack([x, -x], dim=-1), RESPONSES, REPLIES)[0].exp().sum(dim=-1),
    ),
    "masked_mean": (1, lambda x: masked_mean(x, REPLIES)),
    "masked_variance": (1, lambda x: masked_variance(x, REPLIES)),
    "whiten": (1, lambda x: whiten(x, REPLIES)),
    "rewards_to_go": (1, lambda x: rewards_to_go(x, REPLIES, gamma=0.9)),
    "reinforce_loss": (2, lambda x, y: reinforce_loss(x, y, REPLIES)),
    "trunk_gradient": (
        2,
        lambda x, y: trunk_gradient(x[..., None], torch.full((1,), 2.0).double(), 0.5, y, REPLIES).squeeze(-1),
    ),
    "value_loss": (2, lambda x, y: value_loss(x, y, REPLIES)),
    "clipped_value_loss": (3, lambda x, y, z: clipped_value_loss(x, y, z, REPLIES, clip=0.2)),
    "explained_variance": (2, lambda x, y: explained_variance(x, y, REPLIES)),
    "clipped_surrogate": (3, lambda x, y, z: clipped_surrogate(x, y, z, REPLIES, clip=0.2)),
    "clip_fraction": (3, lambda x, y, z: clip_fraction(x, y, z, REPLIES, clip=0.2)),
    "kl_loss": (2, lambda x, y: kl_loss(x, y, REPLIES)),
    "kl_shaped_rewards": (2, lambda x, y: kl_shaped_rewards(torch.arange(4.0).double(), x, y, REPLIES, kl_coef=0.1)),
    "exact_values": (
        2,
        lambda x, y: exact_values(x, y, torch.where(REPLIES, RESPONSES, 99), REPLIES, gamma=0.9),
    ),
}
# These know padding by the end of the episode before it. What stands there is the next value of its last token.
TAKE_ENDS = {
    "td_residuals": (2, lambda x, y: td_residuals(x, y, y.roll(-1, dims=1), ENDS, gamma=0.9)),
    "gae": (2, lambda x, y: gae(x, y, y.roll(-1, dims=1), ENDS, GOES_ON, gamma=0.9, lam=0.8)),
    "gae, truncated": (2, lambda x, y: gae(x, y, torch.ones_like(x), GOES_ON, ENDS, gamma=0.9, lam=0.8)),
}
MATHEMATICS = ("masks", "policy", "reinforce", "values", "advantages", "surrogate", "kl", "exact")


def test_no_function_that_takes_a_mask_is_forgotten_here():
    taking = {
        name
        for module in MATHEMATICS
        for name, function in inspect.getmembers(import_module(f"ppo_teach.{module}"), inspect.isfunction)
        if "mask" in inspect.signature(function).parameters
    }
    nothing_else_padded = {"last_token", "is_last_token", "position_ids", "score_at_last_token"}
    assert taking - nothing_else_padded == set(TAKE_A_MASK)


def values_and_gradients(function, arguments, weights):
    """The result at real positions, and the gradient of its weighted sum with respect to each argument."""
    leaves = [x.clone().requires_grad_() for x in arguments]
    result = function(*leaves)
    real = result[REPLIES] if result.shape == REPLIES.shape else result
    if not result.requires_grad:
        return real, [torch.zeros_like(x) for x in leaves]
    gradients = torch.autograd.grad((real * weights[: real.numel()].view(real.shape)).sum(), leaves, allow_unused=True)
    return real.detach(), [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, gradients, strict=True)]


@pytest.mark.parametrize("junk", [1e3, 1e300, -1e300, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", [*TAKE_A_MASK, *TAKE_ENDS])
def test_padding_reaches_no_value_and_no_gradient(name, junk, rng):
    count, function = (TAKE_A_MASK | TAKE_ENDS)[name]
    arguments = [torch.randn(4, 3, dtype=torch.float64, generator=rng) for _ in range(count)]
    weights = torch.randn(9, dtype=torch.float64, generator=rng)
    clean = [zero_padding(x, REPLIES) for x in arguments]
    dirty = [torch.where(REPLIES, x, junk) for x in arguments]
    values, gradients = values_and_gradients(function, clean, weights)
    dirty_values, dirty_gradients = values_and_gradients(function, dirty, weights)
    assert values.isfinite().all()
    assert torch.equal(dirty_values, values)
    for gradient, dirty_gradient in zip(gradients, dirty_gradients, strict=True):
        assert torch.equal(dirty_gradient, gradient)
        assert torch.equal(gradient, zero_padding(gradient, REPLIES))


@pytest.mark.parametrize(
    "name", ["zero_padding", "whiten", "rewards_to_go", "trunk_gradient", "kl_shaped_rewards", "exact_values"]
)
def test_results_that_promise_zeros_at_padding_keep_it(name):
    count, function = TAKE_A_MASK[name]
    result = function(*[torch.where(REPLIES, torch.full((4, 3), 2.0).double(), math.nan) for _ in range(count)])
    assert result[~REPLIES].tolist() == [0, 0, 0]


def test_a_mean_on_an_accelerator_does_not_ask_for_a_number():
    # As on a GPU, where asking waits for all that has been sent before; a meta tensor refuses to be asked at all.
    x, mask = torch.ones(2, 3, device="meta"), torch.ones(2, 3, dtype=torch.bool, device="meta")
    with pytest.raises(RuntimeError):
        bool(mask.sum() > 0)
    assert masked_mean(x, mask).shape == ()
