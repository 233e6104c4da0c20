"""Known wrong ways to write `ReplyEnv`: each is the right one with one piece replaced."""

from collections.abc import Callable
from typing import Any

from ppo_teach.exercises.exercise import Misconception


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


class OneList(InPieces):
    """A copy of the prompt that grows, handed out as it is."""

    def begin(self) -> None:
        self.reply, self.row = [], self.prompt.copy()

    def append(self, token: int) -> None:
        self.reply.append(token)
        self.row.append(token)

    def state(self) -> Any:
        return self.row


ENDS = "Two ways to stop"
STEPS = "One reply, step by step"
MISCONCEPTIONS = (
    Misconception(
        "two things instead of five",
        altered(answer=lambda self, state, score, terminated, truncated: (state, score)),
        "nobody is told when the reply is over",
        "a state and a reward are all that the picture of agent and environment shows",
        "How does whoever calls `step` know that the reply has ended?",
        section=STEPS,
    ),
    Misconception(
        "one flag instead of two",
        altered(answer=lambda self, state, score, terminated, truncated: (state, score, terminated or truncated, {})),
        "the ends of two kinds share one flag",
        "this is how Gym did it before Gymnasium, and much code on the web still does",
        "A reply that is over, and one that we stopped watching: how would the caller tell them apart?",
    ),
    Misconception(
        "reset returns the state alone",
        altered(opening=lambda self, state: state),
        "a caller who unpacks two things gets the tokens of the prompt, or an error",
        "this is how Gym did it before Gymnasium, and there is nothing to remark",
        "How many things does `reset` return?",
        section=STEPS,
    ),
    Misconception(
        "terminated and truncated are swapped",
        altered(flags=lambda self, stopped, full: (False, stopped or full)),
        "every reply looks as if something were still to come",
        "both are true at an end, and the words are near neighbours",
        "After `<eos>`, is anything still to come?",
    ),
    Misconception(
        "the limit truncates",
        altered(flags=lambda self, stopped, full: (stopped, full and not stopped)),
        "a reply that used all its tokens looks as if more were to come",
        "that is what a time limit does in most environments",
        "The limit is part of the task. What is still to come after the last token that it allows?",
    ),
    Misconception(
        "the limit sets both flags",
        altered(flags=lambda self, stopped, full: (stopped or full, full)),
        "the reply is over, and something is still to come",
        "running out of tokens feels like both",
        "The limit is part of the task. Did anybody stop looking before the end?",
    ),
    Misconception(
        "EOS does not end the reply",
        altered(stopped=lambda self, token: False),
        "the reply goes on behind its end",
        "the limit ends every episode sooner or later",
        "Which two things end a reply?",
    ),
    Misconception(
        "the limit does not end the reply",
        altered(full=lambda self: False),
        "the reply goes on behind the limit",
        "a clerk who always says `<eos>` in time never shows it",
        "Which two things end a reply?",
    ),
    Misconception(
        "nothing ends the reply",
        altered(flags=lambda self, stopped, full: (False, False)),
        "no episode ever ends, and no score is ever paid",
        "the flags look like a matter for the caller",
        "Who knows that the reply is over, if not the environment?",
    ),
    Misconception(
        "the limit comes one token late",
        altered(full=lambda self: len(self.reply) > self.max_tokens),
        "one token more than allowed was taken",
        "`>` reads like 'beyond the limit', and the token is in the list already",
        "With max_tokens = 2, how many tokens has a full reply?",
    ),
    Misconception(
        "the limit comes one token early",
        altered(full=lambda self: len(self.reply) + 1 >= self.max_tokens),
        "the last token that the limit allows could not be said",
        "counting from 0, the last token has the number max_tokens − 1",
        "With max_tokens = 2, how many tokens has a full reply?",
    ),
    Misconception(
        "the prompt counts towards the limit",
        altered(full=lambda self: len(self.prompt) + len(self.reply) >= self.max_tokens),
        "a long prompt left no room for the reply",
        "a model's context counts both; the limit of a reply does not",
        "Whose tokens does `max_tokens` count?",
    ),
    Misconception(
        "EOS in the prompt ends the reply",
        altered(stopped=lambda self, token: self.eos in self.state()),
        "the reply was over before it began",
        "`eos in state` is short, and most prompts have none",
        "Where may `eos` stand without ending the reply?",
    ),
    Misconception(
        "the score comes at every step",
        altered(score=lambda self, over: self.reward(self.reply)),
        "the rewards add up to more than the score of the reply",
        "a judge who can read a finished text can read an unfinished one, and waiting seems a waste",
        "What should the rewards of one reply add up to?",
        section="Break it",
    ),
    Misconception(
        "a reply that was cut is not scored",
        altered(score=lambda self, over: self.reward(self.reply) if self.stopped(self.reply[-1]) else 0.0),
        "the reply ended, and its score was never paid",
        "a reply without an end seems to deserve no verdict; but that is for the judge to say",
        "The limit ended the reply. Who decides what such a reply is worth?",
    ),
    Misconception(
        "EOS is not shown to the judge",
        altered(score=lambda self, over: self.reward([t for t in self.reply if t != self.eos]) if over else 0.0),
        "the judge could not see whether the reply stopped by itself",
        "EOS is no word",
        "How should the judge tell `at nine <eos>` from a reply that was cut after `at nine`?",
    ),
    Misconception(
        "the prompt is scored too",
        altered(score=lambda self, over: self.reward(self.prompt + self.reply) if over else 0.0),
        "the judge was shown the state, not the reply",
        "the state holds all that was said, and is at hand",
        "Which tokens did the clerk choose?",
    ),
    Misconception(
        "only the last token is scored",
        altered(score=lambda self, over: self.reward(self.reply[-1:]) if over else 0.0),
        "the judge was shown one token",
        "a reward belongs to one action",
        "Whose score is it: the last token's, or the reply's?",
    ),
    Misconception(
        "the state before the token",
        altered(shown=lambda self, before: before),
        "the token that was said is missing",
        "the state is made first, and the token appended after",
        "The caller will choose the next token from this state. What must stand in it?",
        section=STEPS,
    ),
    Misconception(
        "the state forgets the prompt",
        altered(state=lambda self: self.reply.copy()),
        "the question is gone",
        "the prompt never changes, so it seems to say nothing",
        "Two prompts, the same reply so far: should the next token be the same?",
        section="Why the state must remember",
    ),
    Misconception(
        "the state is the last token",
        altered(state=lambda self: (self.prompt + self.reply)[-1:]),
        "what stood before is gone",
        "the action changes one token, and 'Markov' sounds as if the last were enough",
        "After `nine`, does the reward of `<eos>` depend on what stood before it?",
        section="Why the state must remember",
    ),
    Misconception(
        "reset keeps the last reply",
        altered(begin=lambda self: None),
        "the new episode began where the last one ended",
        "the constructor has made an empty list once, and the first episode is right",
        "What must be forgotten when a new episode begins?",
        section=STEPS,
    ),
    Misconception(
        "the reply is written into the prompt",
        WrittenIntoThePrompt,
        "the prompt has grown, and the next episode begins with the last reply",
        "the state is one list, and appending to it is one line",
        "After `self.state = self.prompt` and `self.state.append(token)`, what is in `self.prompt`?",
        section=STEPS,
    ),
    Misconception(
        "the state is the prompt's own list",
        ThePromptItself,
        "every state that was handed out is the prompt's list, which has grown since",
        "`self.state = self.prompt` looks like a copy",
        "After `self.state = self.prompt` and `self.state.append(token)`, what is in `self.prompt`?",
        section=STEPS,
    ),
    Misconception(
        "all states are one list",
        OneList,
        "a state that was handed out earlier has changed since",
        "the list is right at the moment when it is returned",
        "Somebody keeps the state that `reset` gave him. What is in it after three steps?",
        section=STEPS,
    ),
)
