"""The same decision process as a Gymnasium environment. Chapter: book/foundations/language-as-mdp.md.

Nothing in the trainer uses it: it shows, one token at a time, what `generate` does to a whole batch.
"""

from typing import Any, ClassVar

import gymnasium
import numpy as np
import torch

from ppo_teach.checks import require
from ppo_teach.rewards import Reward, as_scores
from ppo_teach.texts import Prompts


class TextEnv(gymnasium.Env):
    """One reply, written token by token.

    State: the prompt and the tokens so far, as one row of `prompt width + max_tokens` integers in which padding stands
    for what is not there. Action: the next token. The reward is 0 until the reply is over, then the score of the whole.
    An episode terminates at EOS or after `max_tokens` tokens: the limit is part of the task, so it is never truncated.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(
        self, prompts: Prompts, reward: Reward, *, vocabulary_size: int, max_tokens: int, eos: int, pad: int
    ) -> None:
        self.prompts, self.reward, self.max_tokens, self.eos, self.pad = prompts, reward, max_tokens, eos, pad
        width = prompts.tokens.shape[1] + max_tokens
        self.observation_space = gymnasium.spaces.MultiDiscrete(np.full(width, vocabulary_size))
        self.action_space = gymnasium.spaces.Discrete(vocabulary_size)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin a reply to a prompt drawn at random, or to the one at `options["prompt"]`."""
        super().reset(seed=seed)
        index = (options or {}).get("prompt", self.np_random.integers(len(self.prompts)))
        self.prompt, self.response = self.prompts[torch.tensor([index])], []
        return self._observation(), {}

    def step(self, action: int | np.integer) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Emit one token: the next state, its reward, terminated, truncated (never), and an empty dict."""
        over = len(self.response) == self.max_tokens or self.eos in self.response
        require(not over, "step must not be called after the end of a reply: call reset first")
        require(self.action_space.contains(action), f"action must be in {self.action_space}; got {action!r}")
        self.response.append(int(action))
        terminated = action == self.eos or len(self.response) == self.max_tokens
        score = self._score() if terminated else 0.0
        return self._observation(), score, bool(terminated), False, {}

    def _score(self) -> float:
        responses = torch.tensor([self.response])
        mask = torch.ones_like(responses, dtype=torch.bool)
        return as_scores(self.reward(self.prompt, responses, mask), responses).item()

    def _observation(self) -> np.ndarray:
        prompt = torch.where(self.prompt.mask, self.prompt.tokens, self.pad)[0].tolist()
        waiting = [self.pad] * (self.max_tokens - len(self.response))
        return np.array([*prompt, *self.response, *waiting])
