"""The estimators against the truth: with exact probabilities as weights, a sample mean becomes an expectation.

One prompt, four tokens, three at most: 40 replies. All in float64, where 1e-12 is far above rounding and far below
every mistake.
"""

from collections import defaultdict
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from ppo_teach.advantages import gae
from ppo_teach.config import PPOConfig
from ppo_teach.exact import (
    enumerate_responses,
    exact_policy_gradient,
    exact_values,
    expected_return,
    kl_optimal_policy,
)
from ppo_teach.kl import FixedKL, kl_shaped_rewards
from ppo_teach.masks import is_last_token, zero_padding
from ppo_teach.models import TabularActorCritic
from ppo_teach.reinforce import reinforce_loss, rewards_to_go
from ppo_teach.rollouts import Rollout, score_responses
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer

V, H, EOS, PAD = 4, 3, 1, 0
RESPONSES, MASK = enumerate_responses(vocabulary_size=V, max_tokens=H, eos=EOS, pad=PAD)
N = len(RESPONSES)
KL_COEF = 0.5
SEEDS = (0, 1, 2)


def prompts(copies: int) -> Prompts:
    """The one prompt there is, so many times."""
    tokens = torch.zeros(copies, 1, dtype=torch.long)
    return Prompts(tokens, torch.ones_like(tokens, dtype=torch.bool), tokens[:, 0])


@dataclass(frozen=True)
class World:
    """A random policy with a random critic, a random reference, and a random score for each of the 40 replies."""

    model: TabularActorCritic
    reference: TabularActorCritic
    scores: Tensor

    def logprobs(self) -> Tensor:
        """log π(a_t | s_t) of every token of every reply, differentiable."""
        return zero_padding(score_responses(self.model, prompts(N), RESPONSES, MASK)[0], MASK)

    def baseline(self) -> Tensor:
        """The random critic's values: a number for each prefix, so a baseline that knows nothing of the action."""
        return score_responses(self.model, prompts(N), RESPONSES, MASK)[1].detach()

    def ref_logprobs(self) -> Tensor:
        return zero_padding(score_responses(self.reference, prompts(N), RESPONSES, MASK)[0], MASK).detach()

    def rewards(self) -> Tensor:
        return kl_shaped_rewards(self.scores, self.logprobs(), self.ref_logprobs(), MASK, kl_coef=KL_COEF)

    def values(self) -> Tensor:
        """The exact V(s_t)."""
        return exact_values(self.logprobs().detach(), self.rewards(), RESPONSES, MASK, gamma=1.0)

    def probabilities(self) -> Tensor:
        return self.logprobs().detach().sum(dim=-1).exp()

    def objective(self, logprobs: Tensor) -> Tensor:
        """J = E[R − β log(π / π_ref)] of replies with these log-probabilities."""
        return expected_return(logprobs, self.scores - KL_COEF * (logprobs - self.ref_logprobs().sum(dim=-1)))

    def exact_gradient(self) -> Tensor:
        """∇J, by differentiating the sum over all replies; the log π inside the penalty is differentiated as well."""
        logprobs = self.logprobs().sum(dim=-1)
        penalised = self.scores - KL_COEF * (logprobs - self.ref_logprobs().sum(dim=-1))
        return exact_policy_gradient(logprobs, penalised, [self.model.logits])[0]

    def reinforce_gradient(self, weights: Tensor) -> Tensor:
        """What REINFORCE's gradient with these weights is on average; its mean over N replies becomes Σ π."""
        loss = reinforce_loss(self.logprobs(), weights * N * self.probabilities()[:, None], MASK)
        return -torch.autograd.grad(loss, self.model.logits)[0]

    def first_step_gradient(self, advantages: Tensor) -> Tensor:
        """The same for PPO's objective before the first update; its mean over real tokens becomes Σ π, too."""
        logprobs = self.logprobs()
        weighted = advantages * MASK.sum() * self.probabilities()[:, None]
        objective = clipped_surrogate(logprobs, logprobs.detach(), weighted, MASK, clip=0.2)
        return torch.autograd.grad(objective, self.model.logits)[0]

    def advantages(self, values: Tensor, *, lam: float) -> Tensor:
        """GAE as text needs it: the episode terminates at the last real token."""
        next_values = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
        ends = is_last_token(MASK)
        return gae(self.rewards(), values, next_values, ends, torch.zeros_like(ends), gamma=1.0, lam=lam)


def table(rng: torch.Generator) -> TabularActorCritic:
    model = TabularActorCritic(vocabulary_size=V, max_tokens=H, eos=EOS, pad=PAD, dtype=torch.float64)
    with torch.no_grad():
        model.logits.normal_(generator=rng)
        model.values.normal_(generator=rng)
    return model


@pytest.fixture(params=SEEDS)
def world(request) -> World:
    rng = torch.Generator().manual_seed(request.param)
    return World(table(rng), table(rng), torch.randn(N, dtype=torch.float64, generator=rng))


def relative_error(estimate: Tensor, truth: Tensor) -> float:
    return ((estimate - truth).norm() / truth.norm()).item()


# --- the policy gradient


def test_the_probabilities_of_the_forty_replies_sum_to_one(world):
    assert N == 40
    assert world.probabilities().sum().item() == pytest.approx(1, abs=1e-14)


def test_reinforce_is_exact_on_average(world):
    whole_return = world.rewards().sum(dim=-1, keepdim=True).expand(N, H)
    assert relative_error(world.reinforce_gradient(whole_return), world.exact_gradient()) < 1e-12


def test_reward_to_go_is_exact_on_average(world):
    returns = rewards_to_go(world.rewards(), MASK, gamma=1.0)
    assert relative_error(world.reinforce_gradient(returns), world.exact_gradient()) < 1e-12


def test_a_baseline_that_knows_nothing_of_the_action_changes_nothing_on_average(world):
    returns = rewards_to_go(world.rewards(), MASK, gamma=1.0)
    assert relative_error(world.reinforce_gradient(returns - world.baseline()), world.exact_gradient()) < 1e-12


def test_a_baseline_that_knows_the_action_is_wrong(world):
    returns = rewards_to_go(world.rewards(), MASK, gamma=1.0)
    knows = returns - RESPONSES  # the token's number: a "baseline" that differs between actions
    assert relative_error(world.reinforce_gradient(knows), world.exact_gradient()) > 0.1


def test_rewards_from_before_a_token_add_nothing_on_average(world):
    rewards = zero_padding(world.rewards(), MASK)
    before = rewards.cumsum(dim=-1) - rewards
    assert world.reinforce_gradient(before).norm() < 1e-12 * world.exact_gradient().norm()


# --- PPO's first step


def test_the_first_step_of_ppo_is_the_policy_gradient(world):
    advantages = world.advantages(world.baseline(), lam=1.0)
    assert relative_error(world.first_step_gradient(advantages), world.exact_gradient()) < 1e-12


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.95, 1.0])
def test_with_the_exact_values_gae_is_exact_for_every_lambda(world, lam):
    advantages = world.advantages(world.values(), lam=lam)
    assert relative_error(world.first_step_gradient(advantages), world.exact_gradient()) < 1e-12


def test_without_a_critic_gae_is_exact_for_lambda_1_only(world):
    nothing = torch.zeros(N, H, dtype=torch.float64)
    errors = [
        relative_error(world.first_step_gradient(world.advantages(nothing, lam=lam)), world.exact_gradient())
        for lam in (0.0, 0.5, 0.95, 1.0)
    ]
    assert errors[3] < 1e-12
    assert errors[0] > errors[1] > errors[2] > 0.001  # the further from 1, the more credit is lost


def test_the_trainers_own_returns_give_the_exact_gradient(world):
    # With λ = 1 the returns that PPOTrainer forms are the sums to go, whatever its critic said.
    config = PPOConfig(lam=1.0, max_tokens=H, kl=FixedKL(KL_COEF))
    trainer = PPOTrainer(world.model, lambda *_: world.scores, prompts(1), config, reference=world.reference)
    rollout = Rollout(prompts(N), RESPONSES, MASK, world.logprobs().detach(), world.baseline())
    _, returns = trainer.assign_credit(rollout, world.ref_logprobs(), world.scores)
    assert relative_error(world.reinforce_gradient(returns), world.exact_gradient()) < 1e-12


# --- values


def by_state(world: World, numbers: Tensor) -> dict[tuple, dict[int, tuple[float, float]]]:
    """For each prefix that is visited, and each action there: its probability, and its number."""
    probabilities, states = world.logprobs().exp(), defaultdict(dict)
    for n, t in MASK.nonzero().tolist():
        prefix, action = tuple(RESPONSES[n, :t].tolist()), RESPONSES[n, t].item()
        states[prefix][action] = probabilities[n, t].item(), numbers[n, t].item()
    return states


def action_values(world: World) -> Tensor:
    """Q(s_t, a_t) = r_t + V(s_{t+1}), where V = 0 after the last token."""
    values = world.values()
    next_values = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    return world.rewards() + next_values


def test_values_are_the_mean_of_action_values(world):
    values = by_state(world, world.values())
    states = by_state(world, action_values(world))
    assert len(states) == 1 + 3 + 9  # no word, one word, two words
    for prefix, actions in states.items():
        assert len(actions) == V
        (value,) = {value for _, value in values[prefix].values()}
        assert value == pytest.approx(sum(p * q for p, q in actions.values()), abs=1e-13)


def test_advantages_are_zero_on_average_in_every_state(world):
    for lam in (0.0, 0.95, 1.0):
        advantages = world.advantages(world.values(), lam=lam)
        # A token is followed by many replies; its advantage on average over them, given the token.
        followed = exact_mean_given_token(world, advantages)
        for actions in by_state(world, followed).values():
            assert sum(p * a for p, a in actions.values()) == pytest.approx(0, abs=1e-13)


def exact_mean_given_token(world: World, numbers: Tensor) -> Tensor:
    """E[number_t | s_t, a_t]: the mean over all replies that agree up to token t, it included."""
    probabilities, means = world.probabilities(), torch.zeros_like(numbers)
    for n, t in MASK.nonzero().tolist():
        agree = (RESPONSES[:, : t + 1] == RESPONSES[n, : t + 1]).all(dim=-1) & MASK[:, t]
        means[n, t] = probabilities[agree] @ numbers[agree, t] / probabilities[agree].sum()
    return means


def test_the_mean_advantage_of_a_token_is_its_action_value_minus_the_value(world):
    for lam in (0.0, 0.95, 1.0):
        means = exact_mean_given_token(world, world.advantages(world.values(), lam=lam))
        expected = action_values(world) - world.values()
        torch.testing.assert_close(means[MASK], expected[MASK], rtol=0, atol=1e-13)


# --- the optimum


def divergence(logprobs: Tensor, other: Tensor) -> float:
    return (logprobs.exp() * (logprobs - other)).sum().item()


def test_what_is_missing_to_the_optimum_is_beta_times_the_divergence_from_it(world):
    logprobs = world.logprobs().sum(dim=-1).detach()
    optimum = kl_optimal_policy(world.ref_logprobs().sum(dim=-1), world.scores, kl_coef=KL_COEF)
    missing = world.objective(optimum) - world.objective(logprobs)
    assert missing.item() == pytest.approx(KL_COEF * divergence(logprobs, optimum), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_ppo_with_a_kl_penalty_reaches_the_optimum(seed):
    rng = torch.Generator().manual_seed(seed)
    policy, scores = table(rng), torch.randn(N, dtype=torch.float64, generator=rng)
    with torch.no_grad():
        policy.values.zero_()

    def reward(_: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        padded = torch.nn.functional.pad(torch.where(mask, responses, PAD), (0, H - responses.shape[1]), value=PAD)
        return scores[(padded[:, None] == RESPONSES).all(dim=-1).long().argmax(dim=-1)]

    config = PPOConfig(
        iterations=50,
        batch_size=512,
        minibatch_size=256,
        epochs=4,
        learning_rate=0.05,
        value_clip=float("inf"),
        max_tokens=H,
        seed=seed,
        kl=FixedKL(KL_COEF),
    )
    trainer = PPOTrainer(policy, reward, prompts(1), config)
    world = World(policy, trainer.reference, scores)
    optimum = kl_optimal_policy(world.ref_logprobs().sum(dim=-1), scores, kl_coef=KL_COEF)
    assert divergence(world.logprobs().sum(dim=-1).detach(), optimum) > 0.1
    trainer.train()
    assert divergence(world.logprobs().sum(dim=-1).detach(), optimum) < 1e-2
