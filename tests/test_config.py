"""The settings of a run keep their rules, and say which one was broken."""

import re
from dataclasses import FrozenInstanceError
from functools import partial
from math import inf, nan

import jaxtyping
import numpy as np
import pytest

from ppo_teach.config import ControlConfig, PPOConfig
from ppo_teach.kl import AdaptiveKL, FixedKL
from ppo_teach.tasks.settings import Supervision

COUNTS = ("iterations", "batch_size", "minibatch_size", "epochs", "max_tokens")
SIZES = ("learning_rate", "clip", "value_clip", "max_grad_norm", "temperature")
AMOUNTS = {"value_coef": 0.0, "entropy_coef": 0.0, "seed": 0}
SHARES = ("gamma", "lam")


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize("value", [0, -1])
def test_counts_are_at_least_1(field: str, value: int):
    with pytest.raises(ValueError, match=f"^{field} must be at least 1; got {value}$"):
        PPOConfig(**{field: value})


@pytest.mark.parametrize("field", SIZES)
@pytest.mark.parametrize("value", [0.0, -0.1, nan])
def test_sizes_are_greater_than_0(field: str, value: float):
    with pytest.raises(ValueError, match=f"^{field} must be greater than 0; got {value}$"):
        PPOConfig(**{field: value})


@pytest.mark.parametrize(("field", "least"), AMOUNTS.items())
def test_amounts_are_at_least_0(field: str, least: float):
    assert getattr(PPOConfig(**{field: least}), field) == 0
    with pytest.raises(ValueError, match=f"^{field} must be at least 0; got {least - 1}$"):
        PPOConfig(**{field: least - 1})


@pytest.mark.parametrize("field", SHARES)
def test_shares_lie_between_0_and_1(field: str):
    assert [getattr(PPOConfig(**{field: value}), field) for value in (0.0, 1.0)] == [0, 1]
    for value in (-0.01, 1.01, nan):
        with pytest.raises(ValueError, match=rf"^{field} must lie in \[0, 1\]; got {value}$"):
            PPOConfig(**{field: value})


def test_minibatches_divide_the_batch():
    assert PPOConfig(batch_size=6, minibatch_size=6).gradient_steps > 0
    with pytest.raises(ValueError, match=r"^minibatch_size must divide batch_size 6; got 4$"):
        PPOConfig(batch_size=6, minibatch_size=4)
    with pytest.raises(ValueError, match=r"^minibatch_size must divide batch_size 6; got 12$"):
        PPOConfig(batch_size=6, minibatch_size=12)


def test_an_adaptive_coefficient_cannot_fall_to_0_in_one_batch():
    # β falls by the share 0.2 · batch_size / horizon: by all of it when the horizon is a fifth of a batch.
    settings = {"batch_size": 50, "minibatch_size": 50}
    with pytest.raises(ValueError, match=r"^kl\.horizon must be greater than 10\.0, or β could reach 0; got 10\.0$"):
        PPOConfig(**settings, kl=AdaptiveKL(0.1, target=1.0, horizon=10.0))
    kl = PPOConfig(**settings, kl=AdaptiveKL(0.1, target=1.0, horizon=11.0)).kl
    assert kl.update(0.0, episodes=50).coef > 0


def test_the_critic_may_go_unclipped():
    assert PPOConfig(value_clip=inf).value_clip == inf


def test_the_sizes_of_a_run_follow_from_its_settings():
    # 3 iterations of 8 responses; each is seen twice, in minibatches of 4.
    config = PPOConfig(iterations=3, batch_size=8, minibatch_size=4, epochs=2)
    assert config.episodes == 3 * 8
    assert config.gradient_steps == 3 * 2 * 2


def test_settings_do_not_change_during_a_run():
    with pytest.raises(FrozenInstanceError):
        PPOConfig().clip = 0.3


def test_by_default_the_coefficient_of_kl_is_fixed():
    assert PPOConfig().kl == FixedKL(0.02)


@pytest.fixture
def without_type_checks(monkeypatch):
    """The package as it runs outside this suite."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("without_type_checks")
@pytest.mark.parametrize(
    ("make", "field", "value"),
    [
        *[(PPOConfig, field, value) for field in (*COUNTS, "seed") for value in (1.5, 2.0, "2", None)],
        *[(PPOConfig, field, value) for field in (*SIZES, *SHARES) for value in ("0.5", None)],
        *[(PPOConfig, "kl", value) for value in (0.1, None)],
        *[(ControlConfig, field, 2.0) for field in ("steps", "minibatch_size", "iterations")],
        *[(Supervision, field, 2.0) for field in ("steps", "batch_size")],
        (FixedKL, "coef", "0.1"),
    ],
)
def test_a_setting_of_another_type_is_refused_by_name(make, field, value):
    with pytest.raises(ValueError, match=f"^{field} must be of type .*; got {re.escape(repr(value))}$"):
        make(**{field: value})


@pytest.mark.usefixtures("without_type_checks")
def test_whole_numbers_will_do_for_floats_and_numpys_for_pythons():
    assert PPOConfig(gamma=1, kl=FixedKL(0)).gamma == 1
    assert PPOConfig(batch_size=np.int64(64), clip=np.float32(0.5)).clip == 0.5


@pytest.mark.parametrize("field", ["learning_rate", "temperature", "value_coef", "entropy_coef"])
def test_what_multiplies_is_finite(field):
    with pytest.raises(ValueError, match=f"^{field} must be finite; got inf$"):
        PPOConfig(**{field: inf})


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (FixedKL, "coef"),
        *[(partial(AdaptiveKL, coef=1.0, target=1.0, horizon=9.0), n) for n in ("coef", "target", "horizon")],
    ],
)
def test_a_controller_is_finite(make, field):
    with pytest.raises(ValueError, match=f"^{field} must be finite; got inf$"):
        make(**{field: inf})


def test_the_supervised_starts_learning_rate_is_finite():
    with pytest.raises(ValueError, match=r"^learning_rate must be finite; got inf$"):
        Supervision(learning_rate=inf)


@pytest.mark.parametrize("field", ["clip", "value_clip", "max_grad_norm"])
def test_a_bound_that_float32_cannot_hold_is_refused(field: str):
    with pytest.raises(
        ValueError, match=rf"^{field} must be at most 3.4e\+38, which float32 can hold, or inf; got 1e\+308$"
    ):
        PPOConfig(**{field: 1e308})
