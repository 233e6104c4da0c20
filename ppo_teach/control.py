"""PPO on Gymnasium's classic control, in three phases. Chapter: book/ppo/ppo.md.

The same algorithm as in `ppo_teach.trainer`, where an action is a push and not a word: no prompts, no reference, no
padding. Row n of a tensor is an environment, column t a step. Where a time limit stops an episode we keep the
bootstrap; published single-file code treats that as the end of all reward. The rest is as published.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from tqdm import trange

from ppo_teach.advantages import gae
from ppo_teach.checkpoints import Metrics
from ppo_teach.checks import finite, require
from ppo_teach.config import ControlConfig
from ppo_teach.masks import whiten
from ppo_teach.policy import action_logprobs, sample
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.update import Batch, ppo_update
from ppo_teach.values import explained_variance

Credit = Float[Tensor, "N T"]


def vector_env(name: str, *, number: int) -> VectorEnv:
    """So many environments side by side. One whose episode has ended starts anew within the same step."""
    same_step = {"autoreset_mode": AutoresetMode.SAME_STEP}
    return gymnasium.make_vec(name, number, vectorization_mode="sync", vector_kwargs=same_step)


class MLPActorCritic(nn.Module):
    """Two networks that share nothing: `actor` gives the logits of the actions, `critic` the value of the state."""

    def __init__(self, observation_size: int, actions: int, *, rng: torch.Generator) -> None:
        super().__init__()
        self.actor = _mlp(observation_size, actions, scale=0.01, rng=rng)  # logits near 0: at first all is tried
        self.critic = _mlp(observation_size, 1, scale=1.0, rng=rng)

    def forward(self, observations: Float[Tensor, "*B D"]) -> tuple[Float[Tensor, "*B V"], Float[Tensor, "*B"]]:
        return self.actor(observations), self.critic(observations).squeeze(-1)


def _mlp(inputs: int, outputs: int, *, scale: float, rng: torch.Generator) -> nn.Sequential:
    """Two hidden layers of 64. Orthogonal weights keep lengths as they are; √2 makes up for some of what tanh takes."""
    layers = nn.Linear(inputs, 64), nn.Linear(64, 64), nn.Linear(64, outputs)
    for layer, gain in zip(layers, (math.sqrt(2), math.sqrt(2), scale), strict=True):
        nn.init.orthogonal_(layer.weight, gain, generator=rng)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


@dataclass(frozen=True)
class Experience:
    """What was seen and done. `next_values` belong to the state an action led to, the last of an episode included."""

    observations: Float[Tensor, "*B D"]
    actions: Int[Tensor, "*B"]
    logprobs: Float[Tensor, "*B"]
    values: Float[Tensor, "*B"]
    rewards: Float[Tensor, "*B"]
    next_values: Float[Tensor, "*B"]
    terminated: Bool[Tensor, "*B"]
    truncated: Bool[Tensor, "*B"]

    @property
    def mask(self) -> Bool[Tensor, "*B"]:
        """Every step is real."""
        return torch.ones_like(self.terminated)


@dataclass(frozen=True, eq=False)
class Steps(Batch):
    """A batch whose advantages are whitened within each minibatch, as in published code.

    PPOTrainer does it within the batch, so that an advantage does not depend on the company that shuffling gives it.
    """

    whiten: Callable[[Float[Tensor, "*B"], Bool[Tensor, "*B"]], Float[Tensor, "*B"]]

    def __getitem__(self, rows: Int[Tensor, " K"]) -> Batch:
        mb = super().__getitem__(rows)
        return replace(mb, advantages=self.whiten(mb.advantages, mb.mask))


class ControlTrainer:
    """Trains `policy` in `envs`, which must start anew within the step that ends an episode, as `vector_env` does.

    `history` holds one dict of metrics per iteration; `episodes`, for each that ended, the step and the return.

    A relative of PPO replaces one of the three functions, or a phase.
    """

    estimator = staticmethod(gae)
    whiten = staticmethod(whiten)
    objective = staticmethod(clipped_surrogate)

    def __init__(self, policy: nn.Module, envs: VectorEnv, config: ControlConfig) -> None:
        _require_suitable(envs, config)
        self.policy, self.envs, self.config = policy, envs, config
        self.rng = torch.Generator().manual_seed(config.seed)
        self.optimizer = torch.optim.Adam(policy.parameters(), lr=config.learning_rate, eps=1e-5, fused=True)
        # Environment n is seeded with n more than the first, and no two runs should share an environment's seed.
        observations, _ = envs.reset(seed=config.seed * envs.num_envs)
        self.observations = _tensor(observations)
        self.unfinished_returns = np.zeros(envs.num_envs)
        self.steps = 0
        self.episodes: list[tuple[int, float]] = []
        self.history: list[Metrics] = []

    @property
    def learning_rate(self) -> float:
        """Adam's in the coming iteration: it falls linearly, and would be 0 after the last."""
        return self.config.learning_rate * (1 - len(self.history) / self.config.iterations)

    def step(self) -> Metrics:
        """One iteration of PPO, and its metrics. Raises ValueError after the last: the learning rate has come to 0."""
        iterations = self.config.iterations
        require(len(self.history) < iterations, f"step must be called at most iterations = {iterations} times")
        experience = self.act()
        advantages, returns = self.assign_credit(experience)
        update_metrics = self.update(experience, advantages, returns)
        last_100 = [episodic_return for _, episodic_return in self.episodes[-100:]]
        metrics = {
            "iteration": len(self.history),
            "steps": self.steps,
            "episodic_return": fmean(last_100) if last_100 else math.nan,
            "explained_variance": explained_variance(experience.values, returns, experience.mask).item(),
            **update_metrics,
        }
        self.history.append(metrics)
        return metrics

    @torch.no_grad()
    def act(self) -> Experience:
        """Some steps of every environment. An episode goes on where the last iteration left it."""
        return self.recorded([self.play() for _ in range(self.config.steps)])

    def play(self) -> tuple[Tensor, ...]:
        """One step of every environment: observation, action, reward, next observation, terminated, truncated."""
        seen, actions = self.observations, sample(self.policy.actor(self.observations), rng=self.rng)
        arrived, rewards, terminated, truncated, infos = self.envs.step(actions.numpy())
        self.steps += len(rewards)
        self.unfinished_returns += rewards
        reached = arrived.copy()
        for n in np.flatnonzero(terminated | truncated):
            reached[n] = infos["final_obs"][n]
            self.episodes.append((self.steps, self.unfinished_returns[n].item()))
            self.unfinished_returns[n] = 0
        self.observations = _tensor(arrived)
        return seen, actions, *map(_tensor, (rewards, reached, terminated, truncated))

    def recorded(self, steps: Sequence[tuple[Tensor, ...]]) -> Experience:
        """These steps as columns, with what the policy that took them says of them."""
        columns = (torch.stack(column, dim=1) for column in zip(*steps, strict=True))
        observations, actions, rewards, reached, terminated, truncated = columns
        finite("rewards", rewards)
        # The policy has not changed meanwhile: one call on all steps gives what a call at each would have given.
        logits, values = self.policy(observations)
        _, next_values = self.policy(reached)
        logprobs = action_logprobs(logits, actions)
        return Experience(observations, actions, logprobs, values, rewards, next_values, terminated, truncated)

    def assign_credit(self, experience: Experience) -> tuple[Credit, Credit]:
        """Advantages, and the returns the critic should have expected."""
        rewards, values, next_values = experience.rewards, experience.values, experience.next_values
        ends = experience.terminated, experience.truncated
        settings = {"gamma": self.config.gamma, "lam": self.config.lam}
        advantages = self.estimator(rewards, values, next_values, *ends, **settings)
        return advantages, advantages + values

    def update(self, experience: Experience, advantages: Credit, returns: Credit) -> Metrics:
        """Several epochs of gradient steps on shuffled minibatches of steps."""
        self.optimizer.param_groups[0]["lr"] = self.learning_rate
        batch = self.batch(experience, advantages, returns)
        return ppo_update(self.policy, self.optimizer, batch, self.config, rng=self.rng, objective=self.objective)

    def batch(self, experience: Experience, advantages: Credit, returns: Credit) -> Batch:
        """The steps of all environments, in one long row."""
        inputs = (experience.observations.flatten(0, 1),)
        before = experience.actions, experience.mask, experience.logprobs, experience.values
        return Steps(inputs, *(x.flatten() for x in (*before, advantages, returns)), whiten=self.whiten)

    def train(self) -> list[Metrics]:
        """Run the iterations that are left, and return the history."""
        for _ in trange(len(self.history), self.config.iterations, desc="PPO", leave=False):
            self.step()
        return self.history


def _tensor(array: np.ndarray) -> Tensor:
    """Numbers in single precision; flags stay flags."""
    return torch.from_numpy(array if array.dtype == bool else array.astype(np.float32))


def _require_suitable(envs: VectorEnv, config: ControlConfig) -> None:
    """Raises ValueError for environments that the trainer cannot act in."""
    mode, seen, actions = envs.metadata.get("autoreset_mode"), envs.single_observation_space, envs.single_action_space
    require(mode == AutoresetMode.SAME_STEP, f"envs must start anew in the same step; their autoreset_mode is {mode}")
    require(isinstance(seen, Box) and len(seen.shape) == 1, f"envs must show a row of numbers; they show {seen}")
    require(isinstance(actions, Discrete), f"envs must have a Discrete action space; got {actions}")
    batch_size = envs.num_envs * config.steps
    divides = batch_size % config.minibatch_size == 0
    require(divides, f"minibatch_size must divide environments × steps = {batch_size}; got {config.minibatch_size}")
