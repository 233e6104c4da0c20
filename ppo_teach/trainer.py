"""PPO for language models, in three phases. Chapter: book/language/ppo-for-language.md.

`step` is the algorithm; `act`, `assign_credit` and `update` are its phases. To change one thing, replace one phase.
"""

import copy
from dataclasses import asdict, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import trange

from ppo_teach.advantages import gae
from ppo_teach.checkpoints import (
    CHECKPOINT,
    Metrics,
    append_history,
    load_checkpoint,
    save_checkpoint,
    truncate_history,
)
from ppo_teach.checks import require
from ppo_teach.config import PPOConfig
from ppo_teach.kl import k1, kl_shaped_rewards
from ppo_teach.masks import is_last_token, whiten, zero_padding
from ppo_teach.models import ActorCritic
from ppo_teach.rewards import Reward, as_scores
from ppo_teach.rollouts import Rollout, generate, score_responses
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.texts import Prompts
from ppo_teach.update import Batch, ppo_update
from ppo_teach.values import explained_variance


class PPOTrainer:
    """Trains `policy` on `prompts` to earn `reward` while staying near `reference`, a frozen copy of it by default.

    `history` holds one dict of metrics per iteration. With a `folder`, the run can be resumed from it after a kill. The
    models are the caller's: both get the temperature of the settings, and the policy is trained where it is.

    A relative of PPO replaces one of the three functions, or a phase.
    """

    estimator = staticmethod(gae)
    whiten = staticmethod(whiten)
    objective = staticmethod(clipped_surrogate)

    def __init__(
        self,
        policy: ActorCritic,
        reward: Reward,
        prompts: Prompts,
        config: PPOConfig,
        *,
        reference: ActorCritic | None = None,
        folder: Path | None = None,
    ) -> None:
        self.policy, self.reward, self.config, self.folder = policy, reward, config, folder
        self.reference = copy.deepcopy(policy).requires_grad_(False) if reference is None else reference
        for model in (self.policy, self.reference):
            model.temperature = config.temperature
            model.require_room(prompts, config.max_tokens)
        device = next(policy.parameters()).device
        self.prompts = prompts.to(device)
        self.rng = torch.Generator(device).manual_seed(config.seed)
        self.optimizer = torch.optim.Adam(policy.parameters(), lr=config.learning_rate, eps=1e-5, fused=True)
        self.kl = config.kl
        self.history: list[Metrics] = []

    @property
    def learning_rate(self) -> float:
        """Adam's in the coming iteration: it falls linearly, and would be 0 after the last."""
        return self.config.learning_rate * (1 - len(self.history) / self.config.iterations)

    def step(self) -> Metrics:
        """One iteration of PPO, and its metrics. Raises ValueError after the last: the learning rate has come to 0."""
        iterations = self.config.iterations
        require(len(self.history) < iterations, f"step must be called at most iterations = {iterations} times")
        rollout, ref_logprobs, scores = self.act()
        advantages, returns = self.assign_credit(rollout, ref_logprobs, scores)
        update_metrics = self.update(rollout, advantages, returns)

        kl = zero_padding(k1(rollout.logprobs, ref_logprobs), rollout.mask).sum(dim=-1).mean().item()
        metrics = {
            "iteration": len(self.history),
            "score": scores.mean().item(),
            "kl": kl,
            "kl_coef": self.kl.coef,
            "response_length": rollout.mask.sum(dim=-1).float().mean().item(),
            "explained_variance": explained_variance(rollout.values, returns, rollout.mask).item(),
            **update_metrics,
        }
        self.kl = self.kl.update(kl, episodes=len(rollout))
        self.history.append(metrics)
        return metrics

    def act(self) -> tuple[Rollout, Float[Tensor, "B T"], Float[Tensor, " B"]]:
        """Draw prompts, answer them, and have the answers judged: by the reference and by the reward."""
        rows = self._random_rows(len(self.prompts), self.config.batch_size)
        rollout = generate(self.policy, self.prompts[rows], max_tokens=self.config.max_tokens, rng=self.rng)
        with torch.no_grad():
            ref_logprobs, _ = score_responses(self.reference, rollout.prompts, rollout.responses, rollout.mask)
        scores = as_scores(self.reward(rollout.prompts, rollout.responses, rollout.mask), rollout.responses)
        return rollout, ref_logprobs, scores

    def assign_credit(
        self, rollout: Rollout, ref_logprobs: Float[Tensor, "B T"], scores: Float[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
        """Whitened advantages, and the returns the critic should have expected. The last real token ends an episode."""
        config, mask, values = self.config, rollout.mask, rollout.values
        rewards = kl_shaped_rewards(scores, rollout.logprobs, ref_logprobs, mask, kl_coef=self.kl.coef)
        next_values = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
        ends = is_last_token(mask), torch.zeros_like(mask)
        advantages = self.estimator(rewards, values, next_values, *ends, gamma=config.gamma, lam=config.lam)
        return self.whiten(advantages, mask), advantages + values

    def update(self, rollout: Rollout, advantages: Float[Tensor, "B T"], returns: Float[Tensor, "B T"]) -> Metrics:
        """Several epochs of gradient steps on shuffled minibatches of responses."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate
        inputs = rollout.prompts, rollout.responses, rollout.mask
        batch = Batch(inputs, rollout.responses, rollout.mask, rollout.logprobs, rollout.values, advantages, returns)
        return ppo_update(self.policy, self.optimizer, batch, self.config, rng=self.rng, objective=self.objective)

    def train(self, *, save_every: int = 10) -> list[Metrics]:
        """Run the iterations that are left, and return the history. Saves as it goes when there is a folder.

        Raises ValueError rather than write over a run that was not resumed.
        """
        if self.folder is not None:
            free = bool(self.history) or not (self.folder / CHECKPOINT).exists()
            require(free, f"folder must be new, or resumed first; {self.folder} holds a {CHECKPOINT}")
            truncate_history(self.folder, len(self.history))
        for _ in trange(len(self.history), self.config.iterations, desc="PPO", leave=False):
            metrics = self.step()
            if self.folder is not None:
                append_history(self.folder, metrics)
                if len(self.history) % save_every == 0 or len(self.history) == self.config.iterations:
                    self.save()
        return self.history

    def save(self) -> None:
        """Write everything that `resume` needs to go on bit for bit."""
        state = {
            "config": asdict(self.config),
            "iteration": len(self.history),
            "policy": self.policy.state_dict(),
            "reference": self.reference.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.get_state(),
            "kl_coef": self.kl.coef,
        }
        save_checkpoint(self.folder, state)

    def resume(self) -> None:
        """Go back to the checkpoint in `folder`. Raises ValueError when it was made with other settings."""
        state = load_checkpoint(self.folder)
        settings, saved = asdict(self.config), state["config"]
        changed = [f"{name} {saved[name]}, got {settings[name]}" for name in settings if settings[name] != saved[name]]
        require(not changed, f"config must be the checkpoint's to resume its run: {'; '.join(changed)}")
        self.history = truncate_history(self.folder, state["iteration"])
        self.policy.load_state_dict(state["policy"])
        self.reference.load_state_dict(state["reference"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.set_state(state["rng"])
        self.kl = replace(self.kl, coef=state["kl_coef"])

    def _random_rows(self, rows: int, draws: int) -> Int[Tensor, " K"]:
        """Rows drawn with replacement, so that the generator's state is all there is to the order of prompts."""
        return torch.randint(rows, (draws,), generator=self.rng, device=self.rng.device)
