"""Known wrong ways to end a reply in `ReplyEnv`."""

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.exercises.language_as_mdp.reply_env_pieces import CountedForEver, TheEndComesFirst, altered

WRONG_ENDS = (
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
        "one flag for EOS, the other for the limit",
        altered(flags=lambda self, stopped, full: (stopped, full)),
        "a reply that used all its tokens looks as if more were to come",
        "a reply ends in two ways, and there are two flags",
        "The flags do not say which rule ended the reply. After the last token that the limit allows, what is to come?",
    ),
    Misconception(
        "one flag for EOS, the other for the limit, and a cut reply is not scored",
        altered(
            flags=lambda self, stopped, full: (stopped, full),
            score=lambda self, over: self.reward(self.reply) if self.stopped(self.reply[-1]) else 0.0,
        ),
        "a reply that used all its tokens looks as if more were to come, and its score was never paid",
        "a reply ends in two ways, there are two flags, and the score is paid at the end",
        "The flags do not say which rule ended the reply. After the last token that the limit allows, what is to come?",
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
        "the end is looked for before the token is appended",
        TheEndComesFirst,
        "the limit came one token late, and the judge read a reply without its last token",
        "it feels safe to look before one writes",
        "When the judge reads the reply, is the token of this step in it?",
    ),
    Misconception(
        "the count of tokens is not reset",
        CountedForEver,
        "the tokens of the last episode were counted too",
        "the constructor has set the count to 0 once, and the first episode is right",
        "What must be forgotten when a new episode begins?",
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
)
