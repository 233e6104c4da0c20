"""Film reviews: how far can a start be steered, towards praise and towards a topic, and what does each nat cost?

Beside the task's own report: how alike the samples are, how likely the start finds them per token, how long they are,
and how much of them speaks of music. REINFORCE has four times PPO's rate, the better multiple of two on this task
(`ablations_language.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from statistics import fmean

import torch
from torch import Tensor, nn

from experiments.beside import (
    PLACEBOS,
    ImitatorOfItsBest,
    Method,
    best_of_the_start,
    imitates_the_best,
    imitates_the_corpus,
    learns_from,
    learns_from_scores,
    overheard,
    reinforce,
    shortened,
    without_training,
)
from experiments.framework import Experiment, Result
from experiments.test_sets import many_reviews
from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.masks import masked_mean
from ppo_teach.rollouts import score_responses
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.generation.task import SETTINGS_OF_GENERATION, distinct_n, self_bleu, speaks_of
from ppo_teach.tasks.task import Task
from ppo_teach.texts import encode_prompts, encode_responses
from ppo_teach.trainer import PPOTrainer

MUSIC = ("music", "songs", "dances")
ALIKE = 64  # texts whose pairs are compared
COMPARED = 200  # texts whose bigrams are counted

music = speaks_of(MUSIC)


def learns_from_praise_of_music(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """PPO that is paid by halves, for the praise and for the topic."""

    def score(responses: Sequence[str], openings: Sequence[str]) -> Tensor:
        return (task.score(responses, openings) + music(responses, openings)) / 2

    return learns_from(score)(task, start, config)


METHODS = {
    "supervised start": without_training,
    **PLACEBOS,
    "more of the same corpus": Method(imitates_the_corpus),
    "best of eight": best_of_the_start,
    "imitation of the start's best": Method(imitates_the_best),
    "imitation of its own best": Method(partial(learns_from_scores, trainer=ImitatorOfItsBest)),
    "REINFORCE": reinforce(SETTINGS_OF_GENERATION, times=4),
    "PPO": Method(),
    **{f"PPO, β = {beta}": Method(settings={"kl": FixedKL(float(beta))}) for beta in (0, 0.01, 0.1, 0.3)},
    "music": Method(learns_from(music)),
    "music, best of eight": lambda task, seed: best_of_the_start(replace(task, score=music), seed),
    "praise and music": Method(learns_from_praise_of_music),
}


def measured(task: Task, seed: int) -> Task:
    """The task with more in its report; the judge of likelihood is the seed's own start."""
    start = supervised_start(task, seed=seed)

    def report(responses: Sequence[str], openings: Sequence[str]) -> dict[str, float]:
        prompts = encode_prompts(task.tokenizer, openings, pad=start.pad)
        tokens, mask = encode_responses(task.tokenizer, responses, eos=start.eos, pad=start.pad)
        with torch.no_grad():
            logprobs, _ = score_responses(start, prompts, tokens, mask)
        return {
            **task.report(responses, openings),
            "distinct bigrams": 100 * distinct_n(responses[:COMPARED], n=2),
            "self-BLEU": 100 * self_bleu(responses[:ALIKE]),
            "log-likelihood": masked_mean(logprobs, mask).item(),
            "words": fmean(len(response.split()) for response in responses),
            "music": 100 * music(responses, openings).mean().item(),
        }

    return replace(task, report=report)


def run(method: Callable[[Task, int], Result], task: Task, seed: int) -> Result:
    """One seed of a method, measured more closely, with some of what was said."""
    return overheard(method, measured(task, seed), seed)


EXPERIMENT = Experiment(
    task=many_reviews,
    short=shortened,
    methods=METHODS,
    run=run,
    settings={**asdict(SETTINGS_OF_GENERATION), "topic": MUSIC, "texts compared in pairs": ALIKE},
    columns=["P(positive), sampled", "music, sampled", "grammatical, sampled", "self-BLEU, sampled", "KL"],
)
