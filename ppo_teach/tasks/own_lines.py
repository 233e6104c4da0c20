"""A task of your own: lines of a text, continued to please a function of yours. Chapter:
book/applications/generation.md.

The prompt is the opening of a line, its first words; the response is the rest.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from statistics import fmean

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.checks import require
from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_causal
from ppo_teach.tasks.generation.task import distinct_n
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer, spaced

SETTINGS_OF_OWN_LINES = Settings(
    supervision=Supervision(steps=500, batch_size=32, learning_rate=5e-3),
    ppo=PPOConfig(iterations=40, epochs=2, learning_rate=5e-4, max_tokens=64, kl=FixedKL(0.03)),
)


def own_lines(
    lines: Sequence[str],
    score: Callable[[str], float],
    *,
    opening_words: int = 3,
    settings: Settings = SETTINGS_OF_OWN_LINES,
) -> Task:
    """The task. `score` gives a number to a whole line, opening included, as `spaced` writes it: in a script without
    spaces between words, such as Chinese, a word is one character here.

    Lines that are no longer than an opening are left out. So are lines whose rest, with its end, is longer than
    `settings.ppo.max_tokens`; a warning says how many. If the longest rest is shorter, `max_tokens` is its length.
    One opening in ten is kept for validation, one for the test. The report's "copied" is the percentage of responses
    that are the rest of a training line, word for word. Raises ValueError when fewer than ten openings differ.
    """
    words = [line.split() for line in dict.fromkeys(map(spaced, lines))]
    most, long_enough = settings.ppo.max_tokens, [line for line in words if len(line) > opening_words]
    kept = [line for line in long_enough if len(line) - opening_words < most]
    if too_long := len(long_enough) - len(kept):
        warnings.warn(f"{too_long} of {len(words)} lines are left out: max_tokens is {most}", stacklevel=2)
    halves = [(" ".join(line[:opening_words]), " ".join(line[opening_words:])) for line in kept]
    openings = sorted({opening for opening, _ in halves})
    require(len(openings) >= 10, f"lines must begin in at least 10 different ways; got {len(openings)}")
    Random(0).shuffle(openings)
    tenth = len(openings) // 10
    validation, test, train = openings[:tenth], openings[tenth : 2 * tenth], openings[2 * tenth :]
    seen = [half for half in halves if half[0] in set(train)]
    endings, tokenizer = {rest for _, rest in seen}, build_tokenizer([" ".join(half) for half in halves])
    longest = max(len(rest.split()) for _, rest in halves) + 1

    def scores(responses: Sequence[str], openings: Sequence[str]) -> Float[Tensor, " B"]:
        return torch.tensor([float(score(line)) for line in whole_lines(responses, openings)])

    def report(responses: Sequence[str], openings: Sequence[str]) -> dict[str, float]:
        whole = whole_lines(responses, openings)
        return {
            "score": scores(responses, openings).mean().item(),
            "words": fmean(len(line.split()) for line in whole),
            "distinct trigrams": 100 * distinct_n(responses, n=3),
            "copied": 100 * fmean(response in endings for response in responses),
        }

    return Task(
        name="own lines",
        corpus=Examples(*zip(*seen, strict=True)),
        train=Examples(train, train),
        validation=Examples(validation, validation),
        test=Examples(test, test),
        score=scores,
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_causal(tokenizer.get_vocab_size(), positions=opening_words + longest, seed=seed),
        settings=replace(settings, ppo=replace(settings.ppo, max_tokens=longest)),
    )


def whole_lines(responses: Sequence[str], openings: Sequence[str]) -> list[str]:
    """Each opening with its response."""
    return [f"{opening} {response}".strip() for opening, response in zip(openings, responses, strict=True)]
