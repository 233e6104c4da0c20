"""Errors name the field, the value and the rule, and no function broadcasts its arguments in silence."""

import inspect
import math
import re
from functools import partial
from importlib import import_module

import jaxtyping
import pytest
import torch

from ppo_teach.advantages import bootstrap_values, gae, td_residuals
from ppo_teach.checks import finite, require, same_shape
from ppo_teach.exact import exact_values, expected_return, kl_optimal_policy
from ppo_teach.kl import exact_kl, k1, k2, k3, kl_shaped_rewards
from ppo_teach.masks import last_token, masked_mean, masked_variance, whiten, zero_padding
from ppo_teach.policy import action_logprobs, softmax_score, tempered_logprobs
from ppo_teach.reinforce import reinforce_loss, rewards_to_go
from ppo_teach.surrogate import clip_fraction, clipped_surrogate, importance_ratio
from ppo_teach.values import clipped_value_loss, explained_variance, tree_values, value_loss


def test_a_rule_that_holds_says_nothing_and_a_broken_one_speaks():
    require(True, "unheard")
    with pytest.raises(ValueError, match=r"^clip must be greater than 0; got -1$"):
        require(False, "clip must be greater than 0; got -1")


def test_same_shape_names_every_tensor_and_its_shape():
    same_shape(rewards=torch.zeros(2, 3), values=torch.ones(2, 3), mask=torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="rewards, values must have the same shape") as error:
        same_shape(rewards=torch.zeros(2, 3), values=torch.zeros(3, 2))
    assert "'rewards': (2, 3)" in str(error.value)
    assert "'values': (3, 2)" in str(error.value)


def test_shapes_that_would_broadcast_are_not_the_same():
    with pytest.raises(ValueError, match=r"'values': \(4, 1\)"):
        same_shape(returns=torch.zeros(4), values=torch.zeros(4, 1))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_finite_names_the_first_bad_entry(bad):
    scores = torch.tensor([[0.0, 1.0], [2.0, bad], [bad, 3.0]])
    with pytest.raises(ValueError, match=rf"^scores must be finite; scores\[1, 1\] is {bad}$"):
        finite("scores", scores)


def test_finite_accepts_every_number_a_float_can_hold():
    finite("scores", torch.tensor([0.0, -1.0, torch.finfo(torch.float32).max, torch.finfo(torch.float32).tiny]))
    finite("scores", torch.zeros(0))


def test_finite_reads_well_for_a_single_number():
    finite("loss", torch.tensor(1.0))
    with pytest.raises(ValueError, match=r"^loss must be finite; loss is nan$"):
        finite("loss", torch.tensor(math.nan))


# Annotations state shapes and types; this suite checks them at run time (see addopts in pyproject.toml).


def test_this_suite_checks_shapes_at_run_time():
    right, narrow, ended = torch.zeros(2, 3), torch.zeros(2, 2), torch.zeros(2, 3, dtype=torch.bool)
    gae(right, right, right, ended, ended, gamma=1.0, lam=0.95)
    with pytest.raises(jaxtyping.TypeCheckError, match="next_values"):
        gae(right, right, narrow, ended, ended, gamma=1.0, lam=0.95)


def test_this_suite_checks_types_at_run_time():
    with pytest.raises(jaxtyping.TypeCheckError, match="mask"):
        masked_mean(torch.ones(3), torch.tensor([1.0, 1.0, 0.0]))


# A reader's own program runs without that check; there our errors have to speak.

B, T, V = 2, 3, 4
FLOATS, WEIGHTS, BOOLS = torch.zeros(B, T), torch.ones(B, T), torch.ones(B, T, dtype=torch.bool)
LOGITS, ACTIONS, SCORES = torch.zeros(B, T, V), torch.zeros(B, T, dtype=torch.long), torch.zeros(B)

CALLS = {
    "zero_padding": (zero_padding, FLOATS, BOOLS),
    "masked_mean": (masked_mean, FLOATS, BOOLS),
    "masked_variance": (masked_variance, FLOATS, BOOLS),
    "whiten": (whiten, FLOATS, BOOLS),
    "action_logprobs": (action_logprobs, LOGITS, ACTIONS),
    "tempered_logprobs": (partial(tempered_logprobs, temperature=1.0), LOGITS, ACTIONS),
    "softmax_score": (softmax_score, LOGITS, ACTIONS),
    "rewards_to_go": (partial(rewards_to_go, gamma=1.0), FLOATS, BOOLS),
    "reinforce_loss": (reinforce_loss, FLOATS, WEIGHTS, BOOLS),
    "value_loss": (value_loss, FLOATS, WEIGHTS, BOOLS),
    "clipped_value_loss": (partial(clipped_value_loss, clip=0.2), FLOATS, FLOATS, WEIGHTS, BOOLS),
    "explained_variance": (explained_variance, FLOATS, WEIGHTS, BOOLS),
    "bootstrap_values": (bootstrap_values, FLOATS, WEIGHTS, BOOLS, BOOLS),
    "td_residuals": (partial(td_residuals, gamma=1.0), FLOATS, FLOATS, FLOATS, BOOLS),
    "gae": (partial(gae, gamma=1.0, lam=1.0), FLOATS, FLOATS, FLOATS, BOOLS, BOOLS),
    "importance_ratio": (importance_ratio, FLOATS, FLOATS),
    "clipped_surrogate": (partial(clipped_surrogate, clip=0.2), FLOATS, FLOATS, WEIGHTS, BOOLS),
    "clip_fraction": (partial(clip_fraction, clip=0.2), FLOATS, FLOATS, WEIGHTS, BOOLS),
    "exact_kl": (exact_kl, LOGITS, LOGITS),
    "k1": (k1, FLOATS, FLOATS),
    "k2": (k2, FLOATS, FLOATS),
    "k3": (k3, FLOATS, FLOATS),
    "kl_shaped_rewards": (partial(kl_shaped_rewards, kl_coef=0.1), SCORES, FLOATS, FLOATS, BOOLS),
    "expected_return": (expected_return, SCORES, SCORES),
    "exact_values": (partial(exact_values, gamma=1.0), FLOATS, FLOATS, ACTIONS, BOOLS),
    "kl_optimal_policy": (partial(kl_optimal_policy, kl_coef=0.1), SCORES, SCORES),
}
ARGUMENTS = [(name, place) for name, (_, *arguments) in CALLS.items() for place in range(len(arguments))]


@pytest.fixture
def without_shape_checks(monkeypatch):
    """The package as it runs outside this suite."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(("name", "place"), ARGUMENTS)
def test_no_function_broadcasts_its_arguments_or_guesses_their_order(name, place):
    function, *arguments = CALLS[name]
    function(*arguments)
    one_row_for_all, transposed = (arguments.copy() for _ in range(2))
    one_row_for_all[place] = arguments[place][:1]
    with pytest.raises(ValueError, match="shape"):
        function(*one_row_for_all)
    if arguments[place].ndim > 1:
        transposed[place] = arguments[place].transpose(0, 1)
        with pytest.raises(ValueError, match="shape"):
            function(*transposed)


@pytest.mark.usefixtures("without_shape_checks")
def test_a_wrong_shape_is_reported_with_its_field():
    with pytest.raises(ValueError, match=r"'old_logprobs': \(2, 1\)"):
        clipped_surrogate(FLOATS, FLOATS[:, :1], WEIGHTS, BOOLS, clip=0.2)
    with pytest.raises(ValueError, match=r"got actions \(2, 1\), logits \(2, 3, 4\)"):
        action_logprobs(LOGITS, ACTIONS[:, :1])
    with pytest.raises(ValueError, match=r"^scores must hold one number per response, shape \(2,\); got \(2, 1\)$"):
        kl_shaped_rewards(SCORES[:, None], FLOATS, FLOATS, BOOLS, kl_coef=0.1)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(("name", "place"), ARGUMENTS)
def test_a_wrong_shape_is_reported_under_the_callers_own_name(name, place):
    function, *arguments = CALLS[name]
    parameter = list(inspect.signature(function).parameters)[place]
    arguments[place] = torch.cat([arguments[place], arguments[place][:1]])
    with pytest.raises(ValueError, match=rf"\b{parameter}\b"):
        function(*arguments)


# What types alone cannot keep out: integers for floats, numbers for flags, shares that are none.

TREE = torch.full((1, 2), 0.5), torch.ones(1, 2), torch.full((1, 2), -1)
CALLS_AND_TREE = CALLS | {"tree_values": (partial(tree_values, gamma=0.9), *TREE)}
PLACES = [(name, place) for name, (_, *arguments) in CALLS_AND_TREE.items() for place in range(len(arguments))]


def places_of(dtype: torch.dtype) -> list[tuple[str, int]]:
    """The arguments that have this type, in each of the calls above."""
    return [(name, place) for name, place in PLACES if CALLS_AND_TREE[name][place + 1].dtype == dtype]


# Torch itself refuses integers for logits, and zeros at padding leave every type as it is.
TAKE_INTEGERS = {"action_logprobs", "softmax_score", "zero_padding"}


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(("name", "place"), [at for at in places_of(torch.float32) if at[0] not in TAKE_INTEGERS])
def test_integers_are_refused_or_give_what_floats_give(name, place):
    function, *arguments = CALLS_AND_TREE[name]
    parameter = list(inspect.signature(function).parameters)[place]
    whole = torch.arange(arguments[place].numel()).view(arguments[place].shape)
    before, after = arguments[:place], arguments[place + 1 :]
    if name in {"rewards_to_go", "exact_values", "tree_values", "exact_kl"} and parameter != "logprobs":
        with pytest.raises(ValueError, match=f"^{parameter} must hold floats; got torch.int64$"):
            function(*before, whole, *after)
    else:
        result, expected = function(*before, whole, *after), function(*before, whole.float(), *after)
        torch.testing.assert_close(result, expected, equal_nan=True)  # their types, too


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
@pytest.mark.parametrize(("name", "place"), places_of(torch.bool))
def test_a_mask_of_numbers_is_refused(name, place, dtype):
    function, *arguments = CALLS_AND_TREE[name]
    parameter = list(inspect.signature(function).parameters)[place]
    arguments[place] = arguments[place].to(dtype)
    with pytest.raises(ValueError, match=f"^{parameter} must hold True and False; got {dtype}$"):
        function(*arguments)


@pytest.mark.usefixtures("without_shape_checks")
def test_the_last_token_of_a_mask_of_numbers_is_refused():
    with pytest.raises(ValueError, match=r"^mask must hold True and False; got torch.int64$"):
        last_token(torch.tensor([[1, 1, 0]]))


def test_a_return_among_integers_is_not_cut_off_in_silence(without_shape_checks):
    # The reward 1 after two tokens is worth 0.81 at the first. Kept in integers, that is 0.
    with pytest.raises(ValueError, match=r"^rewards must hold floats; got torch.int64$"):
        rewards_to_go(torch.tensor([[0, 0, 1]]), torch.ones(1, 3, dtype=torch.bool), gamma=0.9)


RULES = {"gamma": (-1.0, 1.1, math.nan), "lam": (-1.0, 1.1, math.nan), "clip": (-1.0, math.nan)}
SETTINGS = [
    (name, setting, bad)
    for name, (call, *_) in CALLS_AND_TREE.items()
    if isinstance(call, partial)
    for setting in call.keywords
    for bad in RULES.get(setting, ())
]


@pytest.mark.parametrize(("name", "setting", "bad"), SETTINGS)
def test_discounts_are_shares_and_a_clip_is_not_negative(name, setting, bad):
    function, *arguments = CALLS_AND_TREE[name]
    rule = "be at least 0" if setting == "clip" else "lie in [0, 1]"
    with pytest.raises(ValueError, match=f"^{re.escape(f'{setting} must {rule}; got {bad}')}$"):
        function(*arguments, **{setting: bad})


def test_no_function_with_a_discount_or_a_clip_is_forgotten_here():
    taking = {
        name
        for module in ("masks", "policy", "reinforce", "values", "advantages", "surrogate", "kl", "exact")
        for name, function in inspect.getmembers(import_module(f"ppo_teach.{module}"), inspect.isfunction)
        if RULES.keys() & inspect.signature(function).parameters.keys()
    }
    assert taking == {name for name, _, _ in SETTINGS}
