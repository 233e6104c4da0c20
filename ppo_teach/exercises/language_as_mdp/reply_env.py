"""Write `ReplyEnv`. Chapter: book/foundations/language-as-mdp.md.

The one exercise whose answer is a class. The grader plays recorded replies in it and reads what came back.
"""

from collections.abc import Callable
from typing import Any

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.language_as_mdp.playing import digits_of, place_in_trace, play
from ppo_teach.exercises.language_as_mdp.reply_env_misconceptions import MISCONCEPTIONS


class ReplyEnv:
    """One reply to one prompt, token by token, in plain lists."""

    def __init__(self, prompt: list[int], reward: Callable[[list[int]], float], *, max_tokens: int, eos: int) -> None:
        self.prompt, self.reward = prompt, reward
        self.max_tokens, self.eos = max_tokens, eos

    def reset(self) -> tuple[list[int], dict[str, Any]]:
        """Begin a new reply: the state, and remarks."""
        self.reply: list[int] = []
        return self.prompt + self.reply, {}

    def step(self, token: int) -> tuple[list[int], float, bool, bool, dict[str, Any]]:
        """Append one token: the next state, its reward, terminated, truncated (never), and remarks."""
        self.reply.append(token)
        terminated = token == self.eos or len(self.reply) == self.max_tokens
        score = self.reward(self.reply) if terminated else 0.0
        return self.prompt + self.reply, score, terminated, False, {}


class StateOnly:
    """Keeps nothing but the state, and knows where the reply begins in it."""

    def __init__(self, prompt, reward, *, max_tokens, eos):
        self.start, self.reward, self.limit, self.eos = tuple(prompt), reward, max_tokens, eos

    def reset(self):
        self.state = self.start
        return list(self.state), {}

    def step(self, token):
        self.state = (*self.state, token)
        reply = self.state[len(self.start) :]
        over = reply[-1] == self.eos or len(reply) >= self.limit
        return list(self.state), self.reward(list(reply)) if over else 0, over, False, {"length": len(reply)}


class CountingDown:
    """Counts the tokens that are left; flags are numbers, states tensors."""

    def __init__(self, prompt, reward, *, max_tokens, eos):
        self.prompt, self.judge, self.max_tokens, self.eos = torch.tensor(prompt), reward, max_tokens, eos

    def reset(self):
        self.left, self.said = self.max_tokens, torch.empty(0, dtype=torch.long)
        return self.prompt.clone(), {}

    def step(self, token):
        self.left = 0 if token == self.eos else self.left - 1
        self.said = torch.cat([self.said, torch.tensor([token])])
        score = 0.0 if self.left else self.judge(self.said.tolist())
        return torch.cat([self.prompt, self.said]), score, int(not self.left), 0, None


class CopyingList:
    """One list that grows, copied whenever it is handed out."""

    def __init__(self, prompt, reward, max_tokens, eos):
        self.prompt, self.reward, self.max_tokens, self.eos = prompt[:], reward, max_tokens, eos
        self.reset()

    def reset(self):
        self.state, self.time = self.prompt.copy(), 0
        return self.state.copy(), {"time": self.time}

    def step(self, token):
        self.state += [token]
        self.time += 1
        terminated = truncated = False
        reward = 0.0
        if token == self.eos or self.time == self.max_tokens:
            terminated, reward = True, self.reward(self.state[-self.time :])
        return self.state.copy(), reward, terminated, truncated, {"time": self.time}


def replies(prompt: list[int], tokens: list[list[int]], *, max_tokens: int, eos: int, law: str = "") -> Case:
    """What is said in each episode; whatever stands behind the end must never be asked for."""
    inputs = {"prompt": torch.tensor(prompt), "replies": torch.tensor(tokens), "max_tokens": max_tokens, "eos": eos}
    return Case(inputs, law=law)


def random_replies(rng: torch.Generator) -> Case:
    """Three episodes: one stops by itself, one uses the last token for it, one is cut."""
    prompt = torch.randint(2, 9, (2,), generator=rng).tolist()
    tokens = torch.randint(2, 9, (3, 6), generator=rng)
    tokens[0, int(torch.randint(2, (), generator=rng))] = 1
    tokens[1, 3] = 1
    order = torch.randperm(3, generator=rng)
    return replies(prompt, tokens[order].tolist(), max_tokens=4, eos=1)


NAN = float("nan")
EXERCISE = Exercise(
    function=ReplyEnv,
    title="The environment of a reply",
    section="Two ways to stop",
    minutes=20,
    difficulty=2,
    goal="`reset()` returns the state and {}, `step(token)` the next state, the reward, terminated, truncated and {}. "
    "The state is a list: the prompt's tokens, then the reply's. The reply ends at `eos` or after `max_tokens` tokens, "
    "and the limit is part of the task. The reward is 0 until then, and at the end `reward(reply)`, with `eos` in the "
    f"reply. One environment plays several episodes. {digits_of.__doc__}",
    entry=place_in_trace,
    worked=replies([7], [[2, 1, 0]], max_tokens=4, eos=0),
    answer=[
        [
            [2, NAN, NAN, NAN, 1, 7, NAN, NAN, NAN],
            [5, 0, 0, 0.00, 2, 7, 2, NAN, NAN],
            [5, 0, 0, 0.00, 3, 7, 2, 1, NAN],
            [5, 1, 0, 0.21, 4, 7, 2, 1, 0],
        ]
    ],
    answer_in_words="the states [7], [7, 2], [7, 2, 1] and [7, 2, 1, 0]; the rewards 0, 0 and 0.21; terminated at the "
    "third step, truncated never",
    cases=(
        replies([7], [[5, 2, 1, 6]], max_tokens=4, eos=1),
        replies([7], [[5, 2, 6, 8]], max_tokens=2, eos=1),
        replies([7, 4], [[5, 2, 1, 6], [6, 1, 3, 3]], max_tokens=3, eos=1),
        replies([7, 4], [[5, 2, 6, 3], [6, 2, 3, 5]], max_tokens=2, eos=1, law="Each episode begins with the prompt"),
        replies([7, 1], [[5, 1, 6]], max_tokens=3, eos=1, law="What stands in the prompt ends no reply"),
    ),
    random_case=random_replies,
    hints=(
        "What must the environment remember between two calls, and what must it forget when a new episode begins?",
        "Keep the reply in a list of its own, which `reset` replaces by a new one. The state is prompt + reply, a "
        "third list.",
        "Append the token; then terminated = token == self.eos or len(self.reply) == self.max_tokens, and the reward "
        "is self.reward(self.reply) if terminated else 0.0. truncated is False, always.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(StateOnly, CountingDown, CopyingList),
    play=play,
)
