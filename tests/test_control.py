"""PPO on classic control: probes whose answers are known, what the three phases hand on, and bad input."""

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import Tensor, nn

from experiments.control import TimeLimitEnds
from experiments.methods import relative
from ppo_teach.config import ControlConfig
from ppo_teach.control import ControlTrainer, Experience, MLPActorCritic, vector_env

# Probes are easy: a few large steps, and a critic that may go wherever it likes.
PROBING = ControlConfig(
    iterations=20, steps=16, minibatch_size=64, learning_rate=0.02, value_clip=math.inf, entropy_coef=0.0
)
# A short run in which every bound binds: the ratio's, the critic's and the gradient's.
BINDING = ControlConfig(
    iterations=2,
    steps=32,
    minibatch_size=32,
    epochs=3,
    learning_rate=0.02,
    clip=0.1,
    value_clip=0.01,
    value_coef=0.5,
    entropy_coef=0.01,
    gamma=0.9,
    lam=0.8,
    max_grad_norm=0.1,
    seed=0,
)


class Probe(gymnasium.Env):
    """Each episode shows these observations, one a step, or with `shuffled` one of them; then it ends, or is cut off.

    A step pays what `pay` says of the observation and the action.
    """

    action_space: gymnasium.Space = Discrete(2)
    observation_space: gymnasium.Space = Box(-10.0, 10.0, (1,))

    def __init__(
        self, pay: Callable[[float, int], float], *shown: float, shuffled: bool = False, cut_off: bool = False
    ) -> None:
        self.pay, self.shown, self.shuffled, self.cut_off = pay, shown, shuffled, cut_off

    def reset(self, **options: Any) -> tuple[np.ndarray, dict]:
        super().reset(**options)
        self.left = [self.np_random.choice(self.shown), 0.0] if self.shuffled else list(self.shown)
        return self._observe(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        reward = self.pay(self.left.pop(0), int(action))
        over = len(self.left) == 1
        return self._observe(), reward, over and not self.cut_off, over and self.cut_off, {}

    def _observe(self) -> np.ndarray:
        return np.array(self.left[:1], dtype=np.float32)


def one(observation: float, action: int) -> float:
    return 1.0


def observation_itself(observation: float, action: int) -> float:
    return observation


def side_by_side(*probes: gymnasium.Env) -> SyncVectorEnv:
    return SyncVectorEnv([lambda env=env: env for env in probes], autoreset_mode=AutoresetMode.SAME_STEP)


def network(size: int = 1, actions: int = 2, *, seed: int = 0) -> MLPActorCritic:
    return MLPActorCritic(size, actions, rng=torch.Generator().manual_seed(seed))


def trained(*shown: float, pay: Callable[[float, int], float] = one, **options: bool) -> MLPActorCritic:
    """A network that has trained on four copies of a probe."""
    trainer = ControlTrainer(network(), side_by_side(*(Probe(pay, *shown, **options) for _ in range(4))), PROBING)
    trainer.train()
    return trainer.policy


def cartpole(config: ControlConfig = BINDING, policy: nn.Module | None = None, **settings: Any) -> ControlTrainer:
    return ControlTrainer(policy or network(4), vector_env("CartPole-v1", number=2), replace(config, **settings))


def weights(trainer: ControlTrainer) -> Tensor:
    """All of the policy's numbers in one row."""
    return torch.cat([parameter.detach().flatten() for parameter in trainer.policy.parameters()])


def trained_weights(**settings: Any) -> Tensor:
    trainer = cartpole(**settings)
    trainer.train()
    return weights(trainer)


# Probes, from the easiest on: where the first one fails, there is the defect.


def test_the_critic_learns_to_expect_a_reward_of_1():
    _, value = trained(3.0, 0.0)(torch.tensor([[3.0]]))
    assert value.item() == pytest.approx(1.0, abs=0.02)


def test_the_critic_tells_two_observations_apart():
    _, values = trained(-1.0, 1.0, pay=observation_itself, shuffled=True)(torch.tensor([[-1.0], [1.0]]))
    assert values.tolist() == pytest.approx([-1.0, 1.0], abs=0.05)


def test_the_critic_discounts_a_reward_that_comes_a_step_later():
    # The first step pays 0 and the second 1, so V is γ · 1 at first and 1 then.
    _, values = trained(0.0, 1.0, 0.0, pay=observation_itself)(torch.tensor([[0.0], [1.0]]))
    assert values.tolist() == pytest.approx([0.99, 1.0], abs=0.03)


def test_the_policy_learns_the_action_that_pays():
    logits, _ = trained(3.0, 0.0, pay=lambda observation, action: float(action))(torch.tensor([[3.0]]))
    assert logits.softmax(dim=-1)[0, 1] > 0.95


def test_the_policy_learns_which_action_pays_where():
    def agreement(observation: float, action: int) -> float:
        return float((observation > 0) == action)

    logits, _ = trained(-1.0, 1.0, pay=agreement, shuffled=True)(torch.tensor([[-1.0], [1.0]]))
    assert logits.softmax(dim=-1).diagonal().min() > 0.95


def test_an_episode_cut_off_is_worth_what_would_have_come():
    # Every state looks the same and pays 1 for ever, so V = 1 / (1 − γ), although no episode is longer than two steps.
    shown = (0.0, 0.0, 0.0)
    envs = side_by_side(*(Probe(one, *shown, cut_off=True) for _ in range(4)))
    trainer = ControlTrainer(network(), envs, replace(PROBING, gamma=0.5))
    trainer.train()
    _, value = trainer.policy(torch.tensor([[0.0]]))
    assert value.item() == pytest.approx(2.0, abs=0.05)


# Act and assign credit.


class Line(nn.Module):
    """A critic that can be done in the head: V(s) = 10 s + 4. Every action is as likely as the other."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(10.0))

    def actor(self, observations: Tensor) -> Tensor:
        return torch.zeros(*observations.shape[:-1], 2)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        return self.actor(observations), self.slope * observations[..., 0] + 4.0


def ends_by_hand(trainer: type[ControlTrainer] = ControlTrainer) -> ControlTrainer:
    """Two episodes of two steps that show 0, 1 and at last 2: the one ends, the other is cut off."""
    envs = side_by_side(Probe(one, 0.0, 1.0, 2.0), Probe(one, 0.0, 1.0, 2.0, cut_off=True))
    config = ControlConfig(iterations=2, steps=3, minibatch_size=6, gamma=0.5, lam=0.5)
    return trainer(Line(), envs, config)


def test_an_episode_cut_off_bootstraps_from_its_last_state_and_not_from_the_next_ones_first():
    # V is 4, 14, 24 at 0, 1, 2. The first residual is 1 + 7 − 4 = 4 in both episodes. Then, where the episode is
    # over, 1 + 0 − 14 = −13; where it is cut off, 1 + 12 − 14 = −1 (from the next one's first state it would be −11).
    # The third step is the first of the next episode, 4 again, and the batch ends there. γλ = 1/4.
    trainer = ends_by_hand()
    advantages, returns = trainer.assign_credit(trainer.act())
    assert advantages.tolist() == [[4 - 13 / 4, -13.0, 4.0], [4 - 1 / 4, -1.0, 4.0]]
    assert returns.tolist() == [[4.75, 1.0, 8.0], [7.75, 13.0, 8.0]]


def test_what_is_recorded_belongs_to_the_state_in_which_it_happened():
    experience = ends_by_hand().act()
    assert experience.observations[..., 0].tolist() == [[0.0, 1.0, 0.0]] * 2
    assert experience.values.tolist() == [[4.0, 14.0, 4.0]] * 2
    assert experience.next_values.tolist() == [[14.0, 24.0, 14.0]] * 2
    assert experience.rewards.tolist() == [[1.0, 1.0, 1.0]] * 2
    assert experience.terminated.tolist() == [[False, True, False], [False, False, False]]
    assert experience.truncated.tolist() == [[False, False, False], [False, True, False]]
    torch.testing.assert_close(experience.logprobs, torch.full((2, 3), math.log(0.5)))


def test_an_episode_goes_on_where_the_last_iteration_left_it_and_is_noted_when_it_ends():
    trainer = ends_by_hand()
    assert trainer.step()["steps"] == 6
    assert trainer.episodes == [(4, 2.0), (4, 2.0)]  # the two environments have taken two steps each
    experience = trainer.act()
    assert experience.observations[..., 0].tolist() == [[1.0, 0.0, 1.0]] * 2
    assert trainer.episodes == [(4, 2.0), (4, 2.0), (8, 2.0), (8, 2.0), (12, 2.0), (12, 2.0)]


def test_the_mean_return_is_that_of_the_last_100_episodes_and_unknown_before_the_first():
    trainer = ends_by_hand()
    trainer.config = replace(trainer.config, steps=1, minibatch_size=2)
    assert math.isnan(trainer.step()["episodic_return"])
    trainer.episodes = [(0, 500.0)] * 50 + [(0, 1.0)] * 98  # with the two that end now, 100 ones and twos
    assert trainer.step()["episodic_return"] == pytest.approx((98 * 1.0 + 2 * 2.0) / 100)


def test_actions_are_drawn_from_the_policy_and_logprobs_are_those_of_the_actions_drawn():
    policy = network(4)
    with torch.no_grad():
        policy.actor[-1].bias.copy_(torch.tensor([0.0, math.log(3)]))  # three to one
    experience = cartpole(policy=policy, steps=512).act()
    assert experience.actions.float().mean().item() == pytest.approx(0.75, abs=0.05)  # 3.7 standard errors
    distribution = torch.distributions.Categorical(logits=policy.actor(experience.observations))
    torch.testing.assert_close(experience.logprobs, distribution.log_prob(experience.actions))


# Update.


def test_a_batch_holds_the_steps_of_all_environments_and_what_belongs_to_a_step_stays_with_it():
    trainer = cartpole()
    experience = trainer.act()
    numbers = torch.arange(64.0).view(2, 32)
    batch = trainer.batch(experience, numbers, -numbers)
    assert len(batch) == 64
    mb = batch[torch.tensor([33, 5])]
    assert mb.returns.tolist() == [-33.0, -5.0]
    assert torch.equal(mb.inputs[0], torch.stack([experience.observations[1, 1], experience.observations[0, 5]]))
    assert torch.equal(mb.logprobs, torch.stack([experience.logprobs[1, 1], experience.logprobs[0, 5]]))


def test_advantages_are_whitened_within_each_minibatch():
    trainer = cartpole()
    advantages = torch.linspace(0.0, 1.0, 64).view(2, 32) ** 4
    batch = trainer.batch(trainer.act(), advantages, advantages)
    for rows in torch.arange(64).split(32):
        whitened = batch[rows].advantages
        assert whitened.mean().item() == pytest.approx(0, abs=1e-6)
        assert whitened.square().mean().item() == pytest.approx(1, rel=1e-4)


def test_the_learning_rate_falls_linearly_towards_0():
    trainer, rates = cartpole(iterations=4), []
    for _ in range(4):
        trainer.step()
        rates.append(trainer.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.02 * share for share in (1, 0.75, 0.5, 0.25)])


def test_a_run_ends_when_its_learning_rate_has_come_to_0():
    trainer = cartpole()
    trainer.train()
    with pytest.raises(ValueError, match="step must be called at most iterations = 2 times"):
        trainer.step()


def test_weights_start_orthogonal_biases_at_0_and_actions_almost_equally_likely():
    policy = network(4, 3)
    for net in (policy.actor, policy.critic):
        first, hidden, last = (layer for layer in net if isinstance(layer, nn.Linear))
        # Orthogonal columns of length √2, or rows where there are fewer of them.
        torch.testing.assert_close(first.weight.T @ first.weight, 2 * torch.eye(4), atol=1e-5, rtol=0)
        torch.testing.assert_close(hidden.weight @ hidden.weight.T, 2 * torch.eye(64), atol=1e-5, rtol=0)
        scale = 0.01 if net is policy.actor else 1.0
        gram = scale**2 * torch.eye(len(last.weight))
        torch.testing.assert_close(last.weight @ last.weight.T, gram, atol=1e-5 * scale**2, rtol=0)
        assert all(not layer.bias.any() for layer in (first, hidden, last))
    probabilities = policy.actor(torch.randn(50, 4)).softmax(dim=-1)
    assert (probabilities - 1 / 3).abs().max() < 0.05


def test_the_critic_learns_nothing_from_the_actors_loss_and_the_actor_nothing_from_the_critics():
    policy = network(4)
    logits, values = policy(torch.ones(4))
    (from_logits, from_values) = (
        torch.autograd.grad(output.sum(), list(policy.parameters()), allow_unused=True, retain_graph=True)
        for output in (logits, values)
    )
    assert all((a is None) != (b is None) for a, b in zip(from_logits, from_values, strict=True))


class PolicyGradient(ControlTrainer):
    """Climbs the mean of log π · A, which knows nothing of the policy that acted."""

    def objective(self, logprobs: Tensor, _old: Tensor, advantages: Tensor, *_mask: Tensor, clip: float) -> Tensor:
        return (logprobs * advantages).mean()


def test_the_update_descends_surrogate_critics_loss_and_entropy_bonus_as_one():
    # One step on the whole batch. There ρ = 1 and V = V_old, so the surrogate's slope is that of log π · A, and the
    # critic's loss is half the mean squared error. The gradient of all three together is scaled down, to 0.1.
    trainer = cartpole(epochs=1, minibatch_size=64)
    experience = trainer.act()
    advantages, returns = trainer.assign_credit(experience)
    by_hand = network(4)
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=BINDING.learning_rate, eps=1e-5, fused=True)
    logits, values = by_hand(experience.observations)
    distribution = torch.distributions.Categorical(logits=logits)
    gain = distribution.log_prob(experience.actions) * (advantages - advantages.mean()) / advantages.std(correction=0)
    loss = 0.5 * (values - returns).square().mean() / 2 - gain.mean() - 0.01 * distribution.entropy().mean()
    loss.backward()
    grad_norm = nn.utils.clip_grad_norm_(by_hand.parameters(), 0.1)
    optimizer.step()
    assert trainer.update(experience, advantages, returns)["grad_norm"] == pytest.approx(grad_norm.item(), rel=1e-4)
    expected = torch.cat([parameter.detach().flatten() for parameter in by_hand.parameters()])
    torch.testing.assert_close(weights(trainer), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("epochs", [1, 2])
def test_ppos_first_step_is_that_of_the_policy_gradient_and_its_second_is_not(epochs: int):
    config = replace(BINDING, iterations=1, minibatch_size=64, epochs=epochs)
    ours, theirs = (
        kind(network(4), vector_env("CartPole-v1", number=2), config) for kind in (ControlTrainer, PolicyGradient)
    )
    ours.train(), theirs.train()
    assert torch.allclose(weights(ours), weights(theirs), atol=1e-6) == (epochs == 1)


# Metrics.


class Recorded(ControlTrainer):
    """Remembers what the phases handed on."""

    def act(self) -> Experience:
        self.experience = super().act()
        return self.experience

    def assign_credit(self, experience: Experience) -> tuple[Tensor, Tensor]:
        self.credit = super().assign_credit(experience)
        return self.credit


def test_metrics_are_what_they_say():
    # One gradient step on the whole batch, so that everything is measured at the policy that acted.
    config = replace(BINDING, epochs=1, minibatch_size=64)
    trainer = Recorded(network(4), vector_env("CartPole-v1", number=2), config)
    metrics = trainer.step()
    experience, (_, returns) = trainer.experience, trainer.credit
    distribution = torch.distributions.Categorical(logits=network(4).actor(experience.observations))
    errors = returns - experience.values
    assert metrics["value_loss"] == pytest.approx(errors.square().mean().item() / 2, rel=1e-5)
    assert metrics["entropy"] == pytest.approx(distribution.entropy().mean().item(), rel=1e-5)
    assert metrics["explained_variance"] == pytest.approx(1 - (errors.var() / returns.var()).item(), rel=1e-4)
    # The ratio is 1, so the surrogate is the mean of whitened advantages.
    assert metrics["surrogate"] == pytest.approx(0, abs=1e-6)
    assert metrics["ratio_error"] == metrics["first_ratio_error"] <= 1e-6
    assert metrics["clip_fraction"] == 0
    assert metrics["kl_to_old"] == pytest.approx(0, abs=1e-6)


def test_metrics_of_later_epochs_show_how_far_the_policy_moved():
    metrics = cartpole().step()
    assert metrics["first_ratio_error"] <= 1e-6
    assert metrics["ratio_error"] > BINDING.clip
    assert 0 < metrics["clip_fraction"] < 1
    assert metrics["kl_to_old"] > 0
    assert metrics["grad_norm"] > BINDING.max_grad_norm


# Settings and seeds.

CHANGES: dict[str, Any] = {
    "iterations": 3,
    "steps": 16,
    "minibatch_size": 16,
    "epochs": 2,
    "learning_rate": 0.01,
    "clip": 0.11,
    "value_clip": 0.02,
    "value_coef": 0.6,
    "entropy_coef": 0.02,
    "gamma": 0.95,
    "lam": 0.85,
    "max_grad_norm": 0.11,
    "seed": 1,
}


@pytest.mark.parametrize("field", [field.name for field in fields(ControlConfig)])
def test_every_setting_changes_the_trained_weights(field: str):
    assert not torch.equal(trained_weights(), trained_weights(**{field: CHANGES[field]}))


@pytest.mark.parametrize("field", ["clip", "value_clip", "max_grad_norm"])
def test_a_bound_that_does_not_bind_changes_nothing(field: str):
    unbound = trained_weights(**{field: math.inf})
    assert unbound.isfinite().all()
    assert torch.equal(trained_weights(**{field: 1e6}), unbound)


def test_the_same_seed_gives_the_same_history_and_weights_and_another_seed_gives_others():
    torch.manual_seed(1)
    first = cartpole()
    first.train()
    torch.manual_seed(2)  # nothing here draws from the global generator
    again = cartpole()
    assert again.train() == first.history
    assert again.episodes == first.episodes
    assert torch.equal(weights(again), weights(first))
    assert cartpole(seed=1).train() != first.history


def test_the_seed_decides_the_actions_drawn():
    # At first every action is as likely as the other, so two seeds agree on about half of them.
    trainers = [cartpole(seed=seed) for seed in (0, 1)]
    experience, other = (trainer.act() for trainer in trainers)
    assert 0.25 < (experience.actions == other.actions).float().mean() < 0.75


def test_no_environment_of_one_seed_starts_like_one_of_the_next():
    starts = torch.cat([cartpole(seed=seed).observations for seed in range(3)])
    assert len(starts.unique(dim=0)) == 6


# Bad input.


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, "steps must be at least 1; got 0"),
        ("minibatch_size", 0, "minibatch_size must be at least 1; got 0"),
        ("iterations", 0, "iterations must be at least 1; got 0"),
        ("clip", 0.0, "clip must be greater than 0; got 0.0"),
        ("entropy_coef", -0.1, "entropy_coef must be at least 0; got -0.1"),
        ("lam", 1.5, r"lam must lie in \[0, 1\]; got 1.5"),
    ],
)
def test_a_setting_outside_its_rule_is_refused(field: str, value: float, message: str):
    with pytest.raises(ValueError, match=f"^{message}$"):
        ControlConfig(**{field: value})


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        ControlConfig().clip = 0.3


def test_minibatches_must_divide_the_batch():
    with pytest.raises(ValueError, match=r"minibatch_size must divide environments × steps = 64; got 48"):
        cartpole(minibatch_size=48)


def test_environments_that_start_anew_in_the_next_step_are_refused():
    envs = SyncVectorEnv([lambda: Probe(one, 0.0, 0.0)])
    with pytest.raises(ValueError, match=r"envs must start anew in the same step; their autoreset_mode is .*NEXT_STEP"):
        ControlTrainer(network(), envs, BINDING)


class Steered(Probe):
    action_space = Box(-1.0, 1.0, (1,))


class Filmed(Probe):
    observation_space = Box(0.0, 1.0, (8, 8))


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (Steered, r"envs must have a Discrete action space; got Box\(-1.0, 1.0"),
        (Filmed, r"envs must show a row of numbers; they show Box\(0.0, 1.0, \(8, 8\)"),
    ],
)
def test_spaces_that_the_network_cannot_take_are_refused(probe: type[Probe], message: str):
    with pytest.raises(ValueError, match=message):
        ControlTrainer(network(), side_by_side(probe(one, 0.0, 0.0)), BINDING)


def test_a_reward_that_is_not_finite_is_refused():
    envs = side_by_side(Probe(one, 0.0, 0.0), Probe(lambda observation, action: math.nan, 0.0, 0.0))
    with pytest.raises(ValueError, match=r"rewards must be finite; rewards\[1, 0\] is nan"):
        ControlTrainer(network(), envs, BINDING).step()


# The experiment.


def test_without_the_bootstrap_an_episode_cut_off_is_like_one_that_ended():
    trainer = ends_by_hand(relative(TimeLimitEnds, ControlTrainer))
    advantages, _ = trainer.assign_credit(trainer.act())
    assert advantages.tolist() == [[4 - 13 / 4, -13.0, 4.0]] * 2
