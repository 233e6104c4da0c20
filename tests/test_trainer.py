"""PPO in three phases: what each does, what a run reports, and that a run can be stopped and taken up again."""

import copy
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch
from small_models import MAX_TOKENS, MODELS, gpt2, ragged_prompts, t5, table
from torch import Tensor, nn

from ppo_teach.actor_critics import CausalActorCritic
from ppo_teach.checkpoints import load_checkpoint
from ppo_teach.config import PPOConfig
from ppo_teach.kl import AdaptiveKL, FixedKL
from ppo_teach.masks import masked_mean
from ppo_teach.models import Step, TabularActorCritic
from ppo_teach.rewards import Reward, constant
from ppo_teach.rollouts import Rollout, score_responses
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer

# A short run in which every bound binds: the ratio's, the critic's, the gradient's, and that of a response's length.
BINDING = PPOConfig(
    iterations=2,
    batch_size=16,
    minibatch_size=8,
    epochs=3,
    learning_rate=0.05,
    clip=0.1,
    value_clip=0.05,
    value_coef=0.5,
    entropy_coef=0.01,
    gamma=0.9,
    lam=0.8,
    max_grad_norm=0.1,
    max_tokens=4,
    temperature=1.5,
    seed=0,
    kl=AdaptiveKL(0.2, target=1.0, horizon=64.0),
)


FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="killed_run.py forks, which Windows cannot")


def fours(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
    """How often a response says 4."""
    return (mask & (responses == 4)).sum(dim=-1).float()


def trainer(
    policy: nn.Module | None = None,
    config: PPOConfig = BINDING,
    *,
    reward: Reward = fours,
    folder: Path | None = None,
    **settings: Any,
) -> PPOTrainer:
    config = replace(config, **settings)
    return PPOTrainer(table() if policy is None else policy, reward, ragged_prompts(), config, folder=folder)


def weights(trained: PPOTrainer) -> Tensor:
    """All of the policy's numbers in one row."""
    return torch.cat([parameter.detach().flatten() for parameter in trained.policy.parameters()])


def trained_weights(**settings: Any) -> Tensor:
    """The policy's numbers after a run."""
    run = trainer(**settings)
    run.train()
    return weights(run)


def lines(folder: Path) -> list[str]:
    return (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()


def assert_equal(state: Any, other: Any) -> None:
    """Equal all the way down, tensors bit for bit."""
    assert type(state) is type(other)
    if isinstance(state, Tensor):
        assert torch.equal(state, other)
    elif isinstance(state, dict):
        assert state.keys() == other.keys()
        for key in state:
            assert_equal(state[key], other[key])
    elif isinstance(state, list):
        assert len(state) == len(other)
        for item, other_item in zip(state, other, strict=True):
            assert_equal(item, other_item)
    else:
        assert state == other


# Act.


class Recorded(PPOTrainer):
    """Remembers what the three phases handed on."""

    def act(self):
        self.acted = super().act()
        return self.acted

    def assign_credit(self, rollout, ref_logprobs, scores):
        self.credit = super().assign_credit(rollout, ref_logprobs, scores)
        return self.credit


def test_the_reward_sees_each_response_with_the_prompt_that_it_answers():
    seen = []

    def reward(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        expected = ragged_prompts()[prompts.rows]
        assert torch.equal(prompts.tokens, expected.tokens)
        assert torch.equal(prompts.mask, expected.mask)
        seen.extend(prompts.rows.tolist())
        return prompts.rows.float()

    run = Recorded(table(), reward, ragged_prompts(), BINDING)
    run.step()
    assert run.acted[2].tolist() == run.acted[0].prompts.rows.tolist()
    assert len(seen) == BINDING.batch_size
    assert set(seen) == {0, 1, 2, 3}


def test_the_reference_is_a_frozen_copy_of_the_policy_as_it_was():
    policy, start = gpt2(), gpt2()
    run = trainer(policy)
    run.train()
    assert_equal(run.reference.state_dict(), start.state_dict())
    assert not any(parameter.requires_grad for parameter in run.reference.parameters())
    assert not torch.equal(policy.trunk.transformer.wte.weight, start.trunk.transformer.wte.weight)


def test_a_reference_of_ones_own_is_the_one_that_is_used():
    reference = table()
    with torch.no_grad():
        reference.logits.mul_(0.5)
    run = PPOTrainer(table(), fours, ragged_prompts(), BINDING, reference=reference)
    rollout, ref_logprobs, _ = run.act()
    expected, _ = score_responses(reference, rollout.prompts, rollout.responses, rollout.mask)
    assert torch.equal(ref_logprobs, expected)
    assert not torch.allclose(ref_logprobs, rollout.logprobs)
    assert not ref_logprobs.requires_grad


def test_policy_and_reference_act_and_score_at_the_runs_temperature():
    run = trainer(temperature=3.0)
    assert run.policy.temperature == run.reference.temperature == 3.0
    assert trainer(temperature=3.0).step()["kl"] == 0  # the policy is its own reference


# Assign credit.


def test_credit_by_hand():
    # One response of two tokens, then padding with NaN. β = 0.2, γ = λ = 0.5.
    #   rewards  −0.2·(−1 + 1.5) = −0.1, and −0.2·(−2 + 2.5) + 1 = 0.9
    #   δ_1 = 0.9 − 0.3 = 0.6 (the end)      δ_0 = −0.1 + 0.5·0.3 − 0.1 = −0.05
    #   Â_1 = 0.6      Â_0 = −0.05 + 0.25·0.6 = 0.1      returns: 0.1 + 0.1 and 0.6 + 0.3
    # Whitened: the mean is 0.35 and the deviation 0.25.
    nan = math.nan
    rollout = Rollout(
        ragged_prompts()[0:1],
        torch.tensor([[4, 1, 0]]),
        torch.tensor([[True, True, False]]),
        torch.tensor([[-1.0, -2.0, nan]]),
        torch.tensor([[0.1, 0.3, nan]]),
    )
    run = trainer(gamma=0.5, lam=0.5, kl=FixedKL(0.2))
    advantages, returns = run.assign_credit(rollout, torch.tensor([[-1.5, -2.5, nan]]), torch.tensor([1.0]))
    torch.testing.assert_close(advantages, torch.tensor([[-1.0, 1.0, 0.0]]))
    torch.testing.assert_close(returns[:, :2], torch.tensor([[0.2, 0.9]]))


def test_without_a_critics_help_and_without_discount_every_token_is_owed_the_score():
    run = Recorded(table(), fours, ragged_prompts(), replace(BINDING, gamma=1.0, lam=1.0, kl=FixedKL(0.0)))
    run.step()
    (rollout, _, scores), (_, returns) = run.acted, run.credit
    torch.testing.assert_close(returns[rollout.mask], scores[:, None].expand_as(returns)[rollout.mask])


# Update.


@pytest.mark.parametrize("build", [gpt2, t5, table])
def test_what_stands_at_padding_never_reaches_the_weights(build: Callable[[], nn.Module]):
    clean, dirty = trainer(build()), trainer(build())
    rollout, ref_logprobs, scores = clean.act()
    assert not rollout.mask.all()
    advantages, returns = clean.assign_credit(rollout, ref_logprobs, scores)
    metrics = clean.update(rollout, advantages, returns)

    assert torch.equal(dirty.act()[0].responses, rollout.responses)  # both generators stand at the same place
    mask, junk = rollout.mask, math.nan
    litter = replace(
        rollout, logprobs=torch.where(mask, rollout.logprobs, junk), values=torch.where(mask, rollout.values, junk)
    )
    dirty_metrics = dirty.update(litter, torch.where(mask, advantages, junk), torch.where(mask, returns, junk))
    assert torch.equal(weights(clean), weights(dirty))
    assert dirty_metrics == metrics


def test_the_learning_rate_falls_linearly_towards_0():
    run, rates = trainer(iterations=4), []
    for _ in range(4):
        run.step()
        rates.append(run.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.05 * share for share in (1, 0.75, 0.5, 0.25)])


def test_every_epoch_sees_every_response_once():
    class Watched(TabularActorCritic):
        seen: list[list[int]] = []

        def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
            if torch.is_grad_enabled():
                self.seen.append(prompts.rows.tolist())
            return super().forward(prompts, responses, mask)

    policy = Watched(vocabulary_size=7, max_tokens=MAX_TOKENS, eos=1, pad=0)
    run = trainer(policy)
    rollout, ref_logprobs, scores = run.act()
    numbered = replace(rollout, prompts=replace(rollout.prompts, rows=torch.arange(16)))
    run.update(numbered, *run.assign_credit(rollout, ref_logprobs, scores))
    assert [len(rows) for rows in policy.seen] == [8] * 6
    epochs = [first + second for first, second in zip(policy.seen[::2], policy.seen[1::2], strict=True)]
    assert [sorted(rows) for rows in epochs] == [list(range(16))] * 3
    assert epochs[0] != epochs[1]


def test_ppo_finds_the_word_that_is_rewarded():
    config = PPOConfig(
        iterations=20, batch_size=32, minibatch_size=32, epochs=4, learning_rate=0.2, max_tokens=2, kl=FixedKL(0.0)
    )
    history = trainer(TabularActorCritic(vocabulary_size=7, max_tokens=2, eos=1, pad=0), config).train()
    assert history[0]["score"] < 0.5
    assert history[-1]["score"] > 1.75  # of 2


def test_the_critic_comes_to_expect_what_is_earned():
    config = replace(BINDING, iterations=40, learning_rate=0.2, value_clip=math.inf, gamma=1.0, kl=FixedKL(0.0))
    run = trainer(config=config, reward=constant(2.0))
    history = run.train()
    assert history[-1]["value_loss"] < 0.5 * history[0]["value_loss"]  # states seldom seen are learned last
    rollout, _, _ = run.act()
    assert rollout.values[rollout.mask].mean().item() == pytest.approx(2.0, abs=0.3)


def test_the_bonus_keeps_the_policy_from_making_up_its_mind():
    free = replace(BINDING, iterations=20, learning_rate=0.2, kl=FixedKL(0.0))
    certain, open_minded = (trainer(config=free, entropy_coef=coef).train() for coef in (0.0, 1.0))
    assert certain[-1]["entropy"] < 0.8 * certain[0]["entropy"]
    assert open_minded[-1]["entropy"] > 0.95 * open_minded[0]["entropy"]


# Metrics.


def test_metrics_are_what_they_say():
    # One gradient step on the whole batch, so that everything is measured at the policy that acted.
    policy, reference = table(), table()
    with torch.no_grad():
        reference.logits.mul_(0.5)
    config = replace(BINDING, epochs=1, minibatch_size=16)
    run = Recorded(policy, fours, ragged_prompts(), config, reference=reference)
    metrics = run.step()
    (rollout, ref_logprobs, scores), (advantages, returns) = run.acted, run.credit
    real = rollout.mask
    assert metrics["iteration"] == 0
    assert metrics["score"] == pytest.approx(fmean(scores.tolist()))
    assert metrics["kl_coef"] == 0.2
    assert metrics["response_length"] == pytest.approx(real.sum().item() / 16)
    # KL is in nats per sequence: the sum over a response, the mean over responses.
    assert metrics["kl"] == pytest.approx((rollout.logprobs - ref_logprobs)[real].sum().item() / 16, rel=1e-5)
    squared = ((rollout.values - returns)[real] ** 2).mean().item()
    assert metrics["value_loss"] == pytest.approx(squared / 2, rel=1e-5)
    # The ratio is 1, so the surrogate is the mean of whitened advantages.
    assert metrics["surrogate"] == pytest.approx(0, abs=1e-6)
    assert advantages[real].square().mean().item() == pytest.approx(1, rel=1e-4)
    logits, _ = table()(rollout.prompts, rollout.responses, real)
    distribution = torch.distributions.Categorical(logits=logits / BINDING.temperature)
    assert metrics["entropy"] == pytest.approx(distribution.entropy()[real].mean().item(), rel=1e-5)
    assert metrics["explained_variance"] == pytest.approx(
        1 - (returns - rollout.values)[real].var().item() / returns[real].var().item(), rel=1e-4
    )
    assert metrics["ratio_error"] == metrics["first_ratio_error"] <= 1e-6
    assert metrics["clip_fraction"] == 0
    assert metrics["kl_to_old"] == pytest.approx(0, abs=1e-6)


def test_metrics_of_several_steps_are_their_means_and_compare_the_policy_with_the_one_that_acted():
    # Two steps on the whole batch. At the first the ratio is 1; at the second, with log ratios d of actions that the
    # old policy drew, KL(π_old ‖ π) is estimated by the mean of exp(d) − 1 − d.
    class Watched(TabularActorCritic):
        said: list[Tensor] = []

        def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
            logits, values = super().forward(prompts, responses, mask)
            if torch.is_grad_enabled():
                picked = logits.log_softmax(dim=-1).gather(-1, responses[..., None])[..., 0]
                self.said.append(picked[mask].detach())
            return logits, values

    policy = Watched(vocabulary_size=7, max_tokens=MAX_TOKENS, eos=1, pad=0)
    metrics = trainer(policy, epochs=2, minibatch_size=16, entropy_coef=0.0).step()
    (before, after) = (sorted(said.tolist()) for said in policy.said)
    moved = policy.said[1].sum() - policy.said[0].sum()  # minibatches shuffle rows, so only sums can be compared
    ratios = [math.exp(new - math.log(1 / 7)) for new in after]  # every old action had probability 1/7
    assert before == pytest.approx([math.log(1 / 7)] * len(before))
    expected = fmean(ratio - 1 - math.log(ratio) for ratio in ratios)
    assert moved.abs() > 0
    assert metrics["kl_to_old"] == pytest.approx((0 + expected) / 2, rel=1e-3)
    assert metrics["ratio_error"] == pytest.approx((0 + max(abs(ratio - 1) for ratio in ratios)) / 2, rel=1e-4)


class PolicyGradient(PPOTrainer):
    """Climbs the mean of log π · A, which knows nothing of the policy that acted."""

    def objective(self, logprobs: Tensor, _old: Tensor, advantages: Tensor, mask: Tensor, *, clip: float) -> Tensor:
        return masked_mean(logprobs * advantages, mask)


@pytest.mark.parametrize("epochs", [1, 2])
def test_ppos_first_step_is_that_of_the_policy_gradient_and_its_second_is_not(epochs: int):
    config = replace(BINDING, iterations=1, minibatch_size=BINDING.batch_size, epochs=epochs)
    ours, theirs = (kind(table(), fours, ragged_prompts(), config) for kind in (PPOTrainer, PolicyGradient))
    ours.train(), theirs.train()
    assert torch.allclose(weights(ours), weights(theirs), atol=1e-6) == (epochs == 1)


def test_metrics_of_a_second_epoch_show_how_far_the_policy_moved():
    metrics = trainer().step()
    assert metrics["first_ratio_error"] <= 1e-6
    assert metrics["ratio_error"] > BINDING.clip
    assert 0 < metrics["clip_fraction"] < 1
    assert metrics["kl_to_old"] > 0
    assert metrics["grad_norm"] > BINDING.max_grad_norm


@pytest.mark.parametrize("name", MODELS)
def test_the_first_ratio_of_a_healthy_model_is_1(name: str):
    assert all(metrics["first_ratio_error"] <= 1e-5 for metrics in trainer(MODELS[name]()).train())


class PositionsFromPadding(CausalActorCritic):
    """Scores with positions that count padding, though it acted with positions that do not."""

    def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        self.trunk.transformer.wpe.weight.data = self.trunk.transformer.wpe.weight.data.roll(-1, dims=0)
        output = super().forward(prompts, responses, mask)
        self.trunk.transformer.wpe.weight.data = self.trunk.transformer.wpe.weight.data.roll(1, dims=0)
        return output


class TemperatureWhileScoringOnly(CausalActorCritic):
    """Acts at temperature 1 and scores at another."""

    def _step(self, *arguments: Any, **options: Any) -> Step:
        step = super()._step(*arguments, **options)
        return step._replace(logits=step.logits * self.temperature)


class OffByOne(CausalActorCritic):
    """Scores token t with the logits of the token after it."""

    def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, values = super().forward(prompts, responses, mask)
        return logits.roll(-1, dims=1), values


class DropoutWhileScoring(CausalActorCritic):
    """Forgets that scoring, too, must run without dropout."""

    def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        self.trunk.train()
        output = super().forward(prompts, responses, mask)
        self.trunk.eval()
        return output


@pytest.mark.parametrize("broken", [PositionsFromPadding, TemperatureWhileScoringOnly, OffByOne, DropoutWhileScoring])
def test_the_first_ratio_of_a_broken_model_is_not(broken: type[CausalActorCritic]):
    model = gpt2()
    model.__class__ = broken
    assert trainer(model).step()["first_ratio_error"] > 0.05


# Settings.

CHANGES: dict[str, Any] = {
    "iterations": 3,
    "batch_size": 24,
    "minibatch_size": 16,
    "epochs": 2,
    "learning_rate": 0.04,
    "clip": 0.11,
    "value_clip": 0.06,
    "value_coef": 0.6,
    "entropy_coef": 0.02,
    "gamma": 0.95,
    "lam": 0.85,
    "max_grad_norm": 0.11,
    "max_tokens": 3,
    "temperature": 1.4,
    "seed": 1,
    "kl": AdaptiveKL(0.25, target=1.0, horizon=64.0),
}


@pytest.mark.parametrize("field", [field.name for field in fields(PPOConfig)])
def test_every_setting_changes_the_trained_weights(field: str):
    assert not torch.equal(trained_weights(), trained_weights(**{field: CHANGES[field]}))


@pytest.mark.parametrize("change", [{"target": 1e-6}, {"horizon": 32.0}])
def test_both_settings_of_the_kl_controller_change_the_trained_weights(change: dict[str, float]):
    # The first divergence is 0, whatever the target; later ones move the coefficient.
    changed = trained_weights(iterations=5, kl=replace(BINDING.kl, **change))
    assert not torch.equal(trained_weights(iterations=5), changed)


@pytest.mark.parametrize(
    ("field", "wide", "wider"),
    [("clip", 1e3, math.inf), ("value_clip", 1e6, math.inf), ("max_grad_norm", 1e6, math.inf)],
)
def test_a_bound_that_does_not_bind_changes_nothing(field: str, wide: float, wider: float):
    unbound = trained_weights(**{field: wider})
    assert unbound.isfinite().all()
    assert torch.equal(trained_weights(**{field: wide}), unbound)
    assert not torch.equal(trained_weights(), unbound)


def test_an_adaptive_coefficient_follows_the_divergence_it_measured():
    run = trainer(iterations=4)
    history = run.train()
    for before, after in pairwise(history):
        error = min(max(before["kl"] / 1.0 - 1, -0.2), 0.2)
        assert after["kl_coef"] == pytest.approx(before["kl_coef"] * (1 + error * 16 / 64))
    assert history[0]["kl_coef"] == 0.2
    assert history[1]["kl_coef"] != 0.2
    assert run.kl.coef != history[-1]["kl_coef"]  # already the next one


@pytest.mark.parametrize("build", [gpt2, table])
def test_the_same_seed_gives_the_same_weights_bit_for_bit_and_another_seed_gives_others(build: Callable[[], nn.Module]):
    torch.manual_seed(1)
    first, history = trainer(build()), None
    history = first.train()
    torch.manual_seed(2)  # nothing here draws from the global generator
    again = trainer(build())
    assert again.train() == history
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), trained_weights(policy=build(), seed=3))


# Every tensor is made on the policy's device.


@pytest.mark.parametrize("name", ["gpt2", "t5", "table"])
def test_no_tensor_is_made_on_a_device_that_was_not_named(name: str):
    # On a GPU, a tensor made without a device would be on the CPU, and wrong. Here the unnamed device is one that holds
    # no numbers, while the policy is on the CPU: the first tensor without a device would stop the run.
    expected = trainer(MODELS[name]()).step()
    run = trainer(MODELS[name]())
    with torch.device("meta"):
        assert run.step() == expected


# Saving and resuming.


@pytest.mark.parametrize("build", [gpt2, table])
def test_a_run_resumed_after_a_crash_is_bit_for_bit_the_run_that_never_stopped(
    build: Callable[[], nn.Module], tmp_path: Path
):
    # The reward fails in the sixth iteration; the last checkpoint was made after the fourth.
    whole = trainer(build(), folder=tmp_path / "whole", iterations=7)
    whole.train(save_every=2)

    def failing(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        if len(lines(tmp_path / "part")) == 5:
            raise ConnectionError("the judge went home")
        return fours(prompts, responses, mask)

    part = trainer(build(), folder=tmp_path / "part", iterations=7, reward=failing)
    with pytest.raises(ConnectionError):
        part.train(save_every=2)
    assert len(lines(tmp_path / "part")) == 5

    resumed = trainer(build(), folder=tmp_path / "part", iterations=7)
    resumed.resume()
    assert len(resumed.history) == len(lines(tmp_path / "part")) == 4
    assert resumed.kl.coef != BINDING.kl.coef
    assert resumed.train(save_every=2) == whole.history
    assert torch.equal(weights(resumed), weights(whole))
    assert lines(tmp_path / "part") == lines(tmp_path / "whole")
    assert_equal(load_checkpoint(tmp_path / "part"), load_checkpoint(tmp_path / "whole"))


@FORKS
def test_a_run_killed_at_any_moment_goes_on_as_if_nothing_had_happened(tmp_path: Path):
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        printed, errors = run.stdout.read(), run.stderr.read()  # while its input is open; it ends with us
    assert run.returncode == 0, errors
    at_lines, by_clock = map(int, printed.split())
    assert at_lines > 30  # checkpoints.py runs more lines than that in two iterations
    assert by_clock > 0
    folders = [(tmp_path / "lines" / str(line), tmp_path / "short") for line in range(1, at_lines + 1)]
    for folder, undisturbed in [*folders, (tmp_path / "clock", tmp_path / "long")]:
        assert lines(folder) == lines(undisturbed)
        assert_equal(load_checkpoint(folder), load_checkpoint(undisturbed))


@FORKS
def test_runs_to_be_killed_end_with_the_test_that_started_them(tmp_path: Path):
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), str(tmp_path)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert "a run ended with status" in ended.stderr


def test_a_run_resumes_with_a_reference_that_is_not_its_start(tmp_path: Path):
    run = trainer(folder=tmp_path)
    run.train()
    resumed = PPOTrainer(run.policy, fours, ragged_prompts(), BINDING, folder=tmp_path)
    resumed.resume()
    assert_equal(resumed.reference.state_dict(), run.reference.state_dict())


def test_history_is_written_as_the_run_goes(tmp_path: Path):
    seen = []

    def reward(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        seen.append(len(lines(tmp_path)))
        return fours(prompts, responses, mask)

    history = trainer(folder=tmp_path, reward=reward, iterations=4).train()
    assert seen == [0, 1, 2, 3]
    assert [json.loads(line) for line in lines(tmp_path)] == history


def test_a_run_saves_every_so_often_and_at_its_end(tmp_path: Path):
    saved = []

    class Saving(PPOTrainer):
        def save(self) -> None:
            saved.append(len(self.history))
            super().save()

    Saving(table(), fours, ragged_prompts(), replace(BINDING, iterations=5), folder=tmp_path).train(save_every=2)
    assert saved == [2, 4, 5]
    assert load_checkpoint(tmp_path)["iteration"] == 5


def test_a_finished_run_resumes_to_nothing_left_to_do(tmp_path: Path):
    run = trainer(folder=tmp_path)
    history = copy.deepcopy(run.train())
    resumed = trainer(folder=tmp_path)
    resumed.resume()
    assert resumed.train() == history
    assert torch.equal(weights(resumed), weights(run))


def test_resuming_with_other_settings_is_refused_and_names_them_all(tmp_path: Path):
    trainer(folder=tmp_path).train()
    before = (tmp_path / "checkpoint.pt").read_bytes(), lines(tmp_path)
    other = trainer(folder=tmp_path, clip=0.3, gamma=1.0)
    start = weights(other)
    with pytest.raises(
        ValueError, match=r"^config must be the checkpoint's .*: clip 0.1, got 0.3; gamma 0.9, got 1.0$"
    ):
        other.resume()
    with pytest.raises(ValueError, match=r"kl .*'coef': 0\.2, .*got \{'coef': 0\.2\}"):
        trainer(folder=tmp_path, kl=FixedKL(0.2)).resume()
    assert torch.equal(weights(other), start)
    assert ((tmp_path / "checkpoint.pt").read_bytes(), lines(tmp_path)) == before


def test_a_run_is_not_written_over_unless_it_was_resumed(tmp_path: Path):
    trainer(folder=tmp_path).train()
    before = (tmp_path / "checkpoint.pt").read_bytes(), lines(tmp_path)
    with pytest.raises(ValueError, match=r"folder must be new, or resumed first; .* holds a checkpoint\.pt"):
        trainer(folder=tmp_path).train()
    assert ((tmp_path / "checkpoint.pt").read_bytes(), lines(tmp_path)) == before


def test_a_run_that_died_before_its_first_checkpoint_starts_over(tmp_path: Path):
    (tmp_path / "history.jsonl").write_text('{"iteration": 0}\n{"iter', encoding="utf-8")
    trainer(folder=tmp_path).train()
    assert [json.loads(line)["iteration"] for line in lines(tmp_path)] == [0, 1]


def test_there_is_nothing_to_resume_in_an_empty_folder(tmp_path: Path):
    with pytest.raises(ValueError, match=r"folder must hold a checkpoint\.pt"):
        trainer(folder=tmp_path).resume()


# Bad input.


def failing_late(scores: Callable[[int], Tensor]) -> Reward:
    """Three good batches, then this."""
    calls = []

    def reward(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        calls.append(len(responses))
        return fours(prompts, responses, mask) if len(calls) <= 3 else scores(len(responses))

    return reward


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (lambda rows: torch.tensor([0.0] * (rows - 1) + [math.nan]), r"scores must be finite; scores\[15\] is nan"),
        (lambda rows: torch.tensor([math.inf] * rows), r"scores must be finite; scores\[0\] is inf"),
        (lambda rows: torch.zeros(rows, 1), r"reward must return 16 scores; got shape \(16, 1\)"),
        (lambda rows: torch.zeros(rows + 1), r"reward must return 16 scores; got shape \(17,\)"),
        (lambda rows: torch.tensor(0.0), r"reward must return 16 scores; got shape \(\)"),
    ],
)
def test_a_bad_reward_is_refused_and_nothing_saved_is_lost(
    scores: Callable[[int], Tensor], message: str, tmp_path: Path
):
    run = trainer(folder=tmp_path, reward=failing_late(scores), iterations=5)
    with pytest.raises(ValueError, match=message):
        run.train(save_every=2)
    assert load_checkpoint(tmp_path)["iteration"] == 2
    assert len(lines(tmp_path)) == 3
    resumed = trainer(folder=tmp_path, iterations=5)
    resumed.resume()
    assert len(resumed.train()) == 5


def test_a_loss_that_is_not_finite_is_refused_before_it_reaches_the_weights(monkeypatch: pytest.MonkeyPatch):
    run = trainer(reward=constant(1e30))  # finite, but its square is not
    start = weights(run)
    with pytest.raises(ValueError, match="loss must be finite; loss is inf"):
        run.step()
    assert torch.equal(weights(run), start)


def test_prompts_too_long_for_the_model_are_refused_before_training():
    too_long = Prompts(torch.full((1, 14), 2), torch.ones(1, 14, dtype=torch.bool), torch.arange(1))
    with pytest.raises(ValueError, match="must fit the model's 16 positions; got 17"):
        PPOTrainer(gpt2(), fours, too_long, BINDING)
    with pytest.raises(ValueError, match=f"max_tokens must be at most {MAX_TOKENS}, the table's; got {MAX_TOKENS + 1}"):
        trainer(max_tokens=MAX_TOKENS + 1)


def test_a_reference_with_less_room_than_the_policy_is_refused_too():
    small = TabularActorCritic(vocabulary_size=7, max_tokens=2, eos=1, pad=0)
    with pytest.raises(ValueError, match="max_tokens must be at most 2"):
        PPOTrainer(table(), fours, ragged_prompts(), BINDING, reference=small)


def test_a_run_ends_when_its_learning_rate_has_come_to_0():
    run = trainer()
    run.train()
    with pytest.raises(ValueError, match="step must be called at most iterations = 2 times"):
        run.step()


@pytest.mark.parametrize(
    "given",
    [lambda scores: scores.long(), lambda scores: scores.bool(), Tensor.tolist, Tensor.numpy],
    ids=["integers", "flags", "list", "array"],
)
def test_a_reward_may_return_what_holds_numbers(given: Callable[[Tensor], Any]):
    expected = trained_weights(reward=lambda *batch: torch.as_tensor(given(fours(*batch))).float())
    run = trainer(reward=lambda *batch: given(fours(*batch)))
    run.train()
    assert torch.equal(weights(run), expected)


class NotANumberAtPadding(TabularActorCritic):
    """A model that says nothing sensible where there is no token."""

    def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, values = super().forward(prompts, responses, mask)
        return torch.where(mask[..., None], logits, math.nan), torch.where(mask, values, math.nan)


def test_neither_the_models_junk_at_padding_nor_a_batchs_reaches_the_weights():
    careless = NotANumberAtPadding(vocabulary_size=7, max_tokens=MAX_TOKENS, eos=1, pad=0)
    careless.load_state_dict(table().state_dict())
    clean, dirty = trainer(), trainer(careless)
    rollout, ref_logprobs, scores = clean.act()
    assert not rollout.mask.all()
    advantages, returns = clean.assign_credit(rollout, ref_logprobs, scores)
    metrics = clean.update(rollout, advantages, returns)
    dirty.act()  # both generators stand at the same place
    litter = replace(rollout, responses=torch.where(rollout.mask, rollout.responses, -100))
    assert dirty.update(litter, advantages, returns) == metrics
    assert torch.equal(weights(dirty), weights(clean))
