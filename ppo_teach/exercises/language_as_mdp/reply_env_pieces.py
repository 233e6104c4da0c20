"""The environment of the exercise in pieces, so that a misconception can replace one of them."""

from collections.abc import Callable
from typing import Any


class InPieces:
    """The right environment, cut so that each piece can be replaced."""

    def __init__(self, prompt: list[int], reward: Callable[[list[int]], float], *, max_tokens: int, eos: int) -> None:
        self.prompt, self.reward, self.max_tokens, self.eos = prompt, reward, max_tokens, eos
        self.reply: list[int] = []

    def reset(self) -> Any:
        self.begin()
        return self.opening(self.state())

    def step(self, token: int) -> Any:
        before = self.state()
        self.append(token)
        terminated, truncated = self.flags(self.stopped(token), self.full())
        score = self.score(terminated or truncated)
        return self.answer(self.shown(before), score, terminated, truncated)

    def begin(self) -> None:
        self.reply = []

    def append(self, token: int) -> None:
        self.reply.append(token)

    def state(self) -> Any:
        return self.prompt + self.reply

    def shown(self, _before: Any) -> Any:
        return self.state()

    def stopped(self, token: int) -> bool:
        return token == self.eos

    def full(self) -> bool:
        return len(self.reply) == self.max_tokens

    def flags(self, stopped: bool, full: bool) -> tuple[bool, bool]:
        return stopped or full, False

    def score(self, over: bool) -> float:
        return self.reward(self.reply) if over else 0.0

    def opening(self, state: Any) -> Any:
        return state, {}

    def answer(self, state: Any, score: float, terminated: bool, truncated: bool) -> Any:
        return state, score, terminated, truncated, {}


def altered(**pieces: Callable) -> type:
    return type("ReplyEnv", (InPieces,), pieces)


class TheEndComesFirst(InPieces):
    """Looks whether the reply is over, and has it scored, before the token is in it."""

    def step(self, token: int) -> Any:
        terminated, truncated = self.flags(self.stopped(token), self.full())
        score = self.score(terminated)
        self.append(token)
        return self.answer(self.state(), score, terminated, truncated)


class CountedForEver(InPieces):
    """Counts tokens, and goes on counting in the next episode."""

    count = 0

    def append(self, token: int) -> None:
        self.reply.append(token)
        self.count += 1

    def full(self) -> bool:
        return self.count == self.max_tokens


class WrittenIntoThePrompt(InPieces):
    """The reply is appended to the prompt's own list."""

    def append(self, token: int) -> None:
        self.reply.append(token)
        self.prompt.append(token)

    def state(self) -> Any:
        return self.prompt.copy()


class ThePromptItself(WrittenIntoThePrompt):
    """The same, and the list is handed out as it is."""

    def state(self) -> Any:
        return self.prompt


class OneListForEverything(ThePromptItself):
    """Prompt, state and reply are one list."""

    def full(self) -> bool:
        return len(self.prompt) == self.max_tokens

    def score(self, over: bool) -> float:
        return self.reward(self.prompt) if over else 0.0


class OneList(InPieces):
    """A copy of the prompt that grows, handed out as it is."""

    def begin(self) -> None:
        self.reply, self.row = [], self.prompt.copy()

    def append(self, token: int) -> None:
        self.reply.append(token)
        self.row.append(token)

    def state(self) -> Any:
        return self.row
