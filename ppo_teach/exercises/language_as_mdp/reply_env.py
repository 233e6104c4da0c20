"""Write `ReplyEnv`. Chapter: book/foundations/language-as-mdp.md.

The one exercise whose answer is a class. The grader plays recorded replies in it and reads what came back.
"""

from collections.abc import Callable
from typing import Any

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.exercises.language_as_mdp.playing import digits_of, place_in_trace, play

STEPS = "One reply, step by step"
NAN = float("nan")


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

    def reset(self):
        self.row, self.time = self.prompt.copy(), 0
        return self.state(), {"time": self.time}

    def step(self, token):
        self.row += [token]
        self.time += 1
        terminated = truncated = False
        reward = 0.0
        if token == self.eos or self.time == self.max_tokens:
            terminated, reward = True, self.reward(self.row[-self.time :])
        return self.state(), reward, terminated, truncated, {"time": self.time}

    def state(self):
        return self.row.copy()


class EndsNamed:
    """Looks at the two ends one by one; the state is a method."""

    def __init__(self, prompt, reward, *, max_tokens, eos):
        self.prompt, self.reward, self.max_tokens, self.eos = prompt, reward, max_tokens, eos
        self.reply: list[int] = []

    def reset(self):
        self.reply = []
        return self.state(), {}

    def step(self, token):
        self.reply.append(token)
        stopped, full = token == self.eos, len(self.reply) == self.max_tokens
        terminated, truncated = stopped or full, False
        reward = self.reward(self.reply) if terminated or truncated else 0.0
        return self.state(), reward, terminated, truncated, {}

    def state(self):
        return self.prompt + self.reply


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


MISCONCEPTIONS = (
    Misconception(
        "two things instead of five",
        edited(EndsNamed, ("reward, terminated, truncated, {}", "reward")),
        "nobody is told when the reply is over",
        "a state and a reward are all that the picture of agent and environment shows",
        "How does whoever calls `step` know that the reply has ended?",
        section=STEPS,
    ),
    Misconception(
        "one flag instead of two",
        edited(EndsNamed, ("terminated, truncated, {}", "terminated or truncated, {}")),
        "the ends of two kinds share one flag",
        "this is how Gym did it before Gymnasium, and much code on the web still does",
        "A reply that is over, and one that we stopped watching: how would the caller tell them apart?",
    ),
    Misconception(
        "reset returns the state alone",
        edited(EndsNamed, ("self.state(), {}", "self.state()")),
        "a caller who unpacks two things gets the tokens of the prompt, or an error",
        "this is how Gym did it before Gymnasium, and there is nothing to remark",
        "How many things does `reset` return?",
        section=STEPS,
    ),
    Misconception(
        "reward and terminated have changed places",
        edited(EndsNamed, ("reward, terminated, truncated, {}", "terminated, reward, truncated, {}")),
        "where a flag should be, there is the score",
        "five things are many, and nothing fails when two numbers change places",
        "In which order does `step` answer?",
        section=STEPS,
    ),
    Misconception(
        "terminated and truncated are swapped",
        edited(EndsNamed, ("stopped or full, False", "False, stopped or full")),
        "every reply looks as if something were still to come",
        "both are true at an end, and the words are near neighbours",
        "After `<eos>`, is anything still to come?",
    ),
    Misconception(
        "the limit truncates",
        edited(EndsNamed, ("stopped or full, False", "stopped, full and not stopped")),
        "a reply that used all its tokens looks as if more were to come",
        "that is what a time limit does in most environments",
        "The limit is part of the task. What is still to come after the last token that it allows?",
    ),
    Misconception(
        "one flag for EOS, the other for the limit",
        edited(EndsNamed, ("stopped or full, False", "stopped, full")),
        "a reply that used all its tokens looks as if more were to come",
        "a reply ends in two ways, and there are two flags",
        "The flags do not say which rule ended the reply. After the last token that the limit allows, what is to come?",
    ),
    Misconception(
        "one flag for EOS, the other for the limit, and a cut reply is not scored",
        edited(EndsNamed, ("stopped or full, False", "stopped, full"), ("if terminated or truncated", "if stopped")),
        "a reply that used all its tokens looks as if more were to come, and its score was never paid",
        "a reply ends in two ways, there are two flags, and the score is paid at the end",
        "The flags do not say which rule ended the reply. After the last token that the limit allows, what is to come?",
    ),
    Misconception(
        "the limit sets both flags",
        edited(EndsNamed, ("stopped or full, False", "stopped or full, full")),
        "the reply is over, and something is still to come",
        "running out of tokens feels like both",
        "The limit is part of the task. Did anybody stop looking before the end?",
    ),
    Misconception(
        "EOS does not end the reply",
        edited(EndsNamed, ("stopped or full", "full")),
        "the reply goes on behind its end",
        "the limit ends every episode sooner or later",
        "Which two things end a reply?",
    ),
    Misconception(
        "the limit does not end the reply",
        edited(EndsNamed, ("stopped or full", "stopped")),
        "the reply goes on behind the limit",
        "a clerk who always says `<eos>` in time never shows it",
        "Which two things end a reply?",
    ),
    Misconception(
        "nothing ends the reply",
        edited(EndsNamed, ("stopped or full", "False")),
        "no episode ever ends, and no score is ever paid",
        "the flags look like a matter for the caller",
        "Who knows that the reply is over, if not the environment?",
    ),
    Misconception(
        "the limit comes one token late",
        edited(EndsNamed, ("== self.max_tokens", "> self.max_tokens")),
        "one token more than allowed was taken",
        "`>` reads like 'beyond the limit', and the token is in the list already",
        "With max_tokens = 2, how many tokens has a full reply?",
    ),
    Misconception(
        "the limit comes one token early",
        edited(EndsNamed, ("== self.max_tokens", ">= self.max_tokens - 1")),
        "the last token that the limit allows could not be said",
        "counting from 0, the last token has the number max_tokens − 1",
        "With max_tokens = 2, how many tokens has a full reply?",
    ),
    Misconception(
        "the end is looked for before the token is appended",
        edited(
            EndsNamed,
            ("        self.reply.append(token)\n", ""),
            ("return self.state(), reward", "self.reply.append(token)\n        return self.state(), reward"),
        ),
        "the limit came one token late, and the judge read a reply without its last token",
        "it feels safe to look before one writes",
        "When the judge reads the reply, is the token of this step in it?",
    ),
    Misconception(
        "the count of tokens is not reset",
        edited(
            EndsNamed,
            ("self.reply: list[int] = []", "self.reply, self.count = [], 0"),
            ("self.reply.append(token)", "self.reply.append(token)\n        self.count += 1"),
            ("len(self.reply)", "self.count"),
        ),
        "the tokens of the last episode were counted too",
        "the constructor has set the count to 0 once, and the first episode is right",
        "What must be forgotten when a new episode begins?",
    ),
    Misconception(
        "the prompt counts towards the limit",
        edited(EndsNamed, ("len(self.reply) ==", "len(self.prompt + self.reply) >=")),
        "a long prompt left no room for the reply",
        "a model's context counts both; the limit of a reply does not",
        "Whose tokens does `max_tokens` count?",
    ),
    Misconception(
        "EOS in the prompt ends the reply",
        edited(EndsNamed, ("token == self.eos", "self.eos in self.state()")),
        "the reply was over before it began",
        "`eos in state` is short, and most prompts have none",
        "Where may `eos` stand without ending the reply?",
    ),
    Misconception(
        "the score comes at every step",
        edited(EndsNamed, (" if terminated or truncated else 0.0", "")),
        "the rewards add up to more than the score of the reply",
        "a judge who can read a finished text can read an unfinished one, and waiting seems a waste",
        "What should the rewards of one reply add up to?",
        section="Break it",
    ),
    Misconception(
        "each token earns what it adds to the score",
        edited(EndsNamed, ("if terminated or truncated else 0.0", "- self.reward(self.reply[:-1])")),
        "the rewards add up to the score, but unfinished replies were judged to get them",
        "it pays early without paying too much; but then somebody else decides what an unfinished reply is worth",
        "`reward` takes a finished reply. At which step is there one?",
        section="Break it",
    ),
    Misconception(
        "a reply that was cut is not scored",
        edited(EndsNamed, ("if terminated or truncated", "if stopped")),
        "the reply ended, and its score was never paid",
        "a reply without an end seems to deserve no verdict; but that is for the judge to say",
        "The limit ended the reply. Who decides what such a reply is worth?",
    ),
    Misconception(
        "EOS is not shown to the judge",
        edited(EndsNamed, ("self.reward(self.reply)", "self.reward([t for t in self.reply if t != self.eos])")),
        "the judge could not see whether the reply stopped by itself",
        "EOS is no word",
        "How should the judge tell `at nine <eos>` from a reply that was cut after `at nine`?",
    ),
    Misconception(
        "EOS is not appended",
        edited(EndsNamed, ("self.reply.append(token)", "if token != self.eos: self.reply.append(token)")),
        "neither the state nor the judge could see that the reply stopped by itself",
        "EOS means 'I am done', which is no word to write down",
        "Is EOS an action? Then where does it stand in the next state?",
        section=STEPS,
    ),
    Misconception(
        "the prompt is scored too",
        edited(EndsNamed, ("self.reward(self.reply)", "self.reward(self.prompt + self.reply)")),
        "the judge was shown the state, not the reply",
        "the state holds all that was said, and is at hand",
        "Which tokens did the clerk choose?",
    ),
    Misconception(
        "only the last token is scored",
        edited(EndsNamed, ("self.reward(self.reply)", "self.reward(self.reply[-1:])")),
        "the judge was shown one token",
        "a reward belongs to one action",
        "Whose score is it: the last token's, or the reply's?",
    ),
    Misconception(
        "the state before the token",
        edited(EndsNamed, ("self.state(), reward", "self.state()[:-1], reward")),
        "the token that was said is missing",
        "the state is made first, and the token appended after",
        "The caller will choose the next token from this state. What must stand in it?",
        section=STEPS,
    ),
    Misconception(
        "the state has empty places",
        edited(
            EndsNamed,
            ("self.prompt + self.reply", "self.prompt + self.reply + [0] * (self.max_tokens - len(self.reply))"),
        ),
        "zeros stand where nothing has been said yet",
        "the rows of `TextEnv` look like that; a list needs no filling",
        "Which tokens are in the state before the first token is said?",
    ),
    Misconception(
        "the state has empty places, filled with EOS",
        edited(
            EndsNamed,
            ("self.prompt + self.reply", "self.prompt + self.reply + [self.eos] * (self.max_tokens - len(self.reply))"),
        ),
        "`eos` stands where nothing has been said yet",
        "the rows of `TextEnv` look like that; a list needs no filling",
        "Which tokens are in the state before the first token is said?",
    ),
    Misconception(
        "the state forgets the prompt",
        edited(EndsNamed, ("self.prompt + self.reply", "self.reply.copy()")),
        "the question is gone",
        "the prompt never changes, so it seems to say nothing",
        "Two prompts, the same reply so far: should the next token be the same?",
        section="Why the state must remember",
    ),
    Misconception(
        "the state is the last token",
        edited(EndsNamed, ("self.prompt + self.reply", "(self.prompt + self.reply)[-1:]")),
        "what stood before is gone",
        "the action changes one token, and 'Markov' sounds as if the last were enough",
        "After `nine`, does the reward of `<eos>` depend on what stood before it?",
        section="Why the state must remember",
    ),
    Misconception(
        "reset keeps the last reply",
        edited(EndsNamed, ("        self.reply = []\n", "")),
        "the new episode began where the last one ended",
        "the constructor has made an empty list once, and the first episode is right",
        "What must be forgotten when a new episode begins?",
        section=STEPS,
    ),
    Misconception(
        "the reply is written into the prompt",
        edited(CopyingList, ("self.prompt.copy()", "self.prompt")),
        "the prompt has grown, and the next episode begins with the last reply",
        "the state is one list, and appending to it is one line",
        "After `self.state = self.prompt` and `self.state.append(token)`, what is in `self.prompt`?",
        section=STEPS,
    ),
    Misconception(
        "the state is the prompt's own list",
        edited(CopyingList, ("self.prompt.copy()", "self.prompt"), ("self.row.copy()", "self.row")),
        "every state that was handed out is the prompt's list, which has grown since",
        "`self.state = self.prompt` looks like a copy",
        "After `self.state = self.prompt` and `self.state.append(token)`, what is in `self.prompt`?",
        section=STEPS,
    ),
    Misconception(
        "one list is prompt, state and reply",
        edited(EndsNamed, ("self.reply = []", "self.reply = self.prompt"), ("self.prompt + self.reply", "self.reply")),
        "the list began as the prompt, and was then counted, scored and handed out as if it were the reply",
        "one list is less to keep in order than two",
        "Which tokens does `max_tokens` count, which does the judge read, and which does the state show?",
        section=STEPS,
    ),
    Misconception(
        "the state is taken for the reply",
        edited(
            EndsNamed,
            ("len(self.reply)", "len(self.state())"),
            ("self.reward(self.reply)", "self.reward(self.state())"),
        ),
        "the prompt was counted and scored as if the clerk had said it",
        "the state is one list, and holds all that was said",
        "Which tokens does `max_tokens` count, and which does the judge read?",
    ),
    Misconception(
        "all states are one list",
        edited(CopyingList, ("self.row.copy()", "self.row")),
        "a state that was handed out earlier has changed since",
        "the list is right at the moment when it is returned",
        "Somebody keeps the state that `reset` gave him. What is in it after three steps?",
        section=STEPS,
    ),
)

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
    variants=(StateOnly, CountingDown, CopyingList, EndsNamed),
    play=play,
)
