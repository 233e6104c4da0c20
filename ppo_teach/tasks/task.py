"""The one shape of an application.

A task is a handful of texts and two functions: `score`, which PPO maximises, and `report`, which we believe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import nn

from ppo_teach.checks import require
from ppo_teach.language_models import load
from ppo_teach.models import ActorCritic
from ppo_teach.rewards import Metric, Reward, text_reward
from ppo_teach.rollouts import Rollout, generate, generate_greedily
from ppo_teach.tasks.settings import Settings
from ppo_teach.texts import Prompts, decode, encode_prompts


@dataclass(frozen=True)
class Examples:
    """Prompts, each with its reference: a text to imitate, or to be compared with."""

    prompts: Sequence[str]
    references: Sequence[str]

    def __post_init__(self) -> None:
        prompts, references = len(self.prompts), len(self.references)
        require(prompts > 0, "prompts must hold at least one text; got none")
        require(prompts == references, f"references must number {prompts}, one for each prompt; got {references}")

    def __len__(self) -> int:
        return len(self.prompts)

    def __getitem__(self, rows: slice) -> "Examples":
        return Examples(self.prompts[rows], self.references[rows])


@dataclass(frozen=True)
class Task:
    """An application.

    corpus       what the supervised start imitates, faults included: prompts and responses
    train        the prompts that PPO answers, and the references that `score` compares the answers with
    validation   for choosing settings
    test         for the numbers that are reported; prompts of `test` and `validation` occur nowhere else
    score        one number per response, from (responses, references): the reward
    report       named numbers for a whole set of responses, from (responses, references)
    build        an untrained model from a seed
    """

    name: str
    corpus: Examples
    train: Examples
    validation: Examples
    test: Examples
    score: Metric
    report: Callable[[Sequence[str], Sequence[str]], dict[str, float]]
    tokenizer: Tokenizer
    build: Callable[[int], nn.Module]
    settings: Settings

    def reward(self, model: ActorCritic) -> Reward:
        """`score` as the trainer calls it."""
        return text_reward(self.tokenizer, self.train.references, self.score, eos=model.eos)

    def prompts(self, model: ActorCritic, examples: Examples) -> Prompts:
        """The prompts of these examples, as tokens."""
        return encode_prompts(self.tokenizer, examples.prompts, pad=model.pad)


def configured(task: Task, settings: Settings) -> Task:
    """The task with these settings, and with the model and the tokenizer that they name.

    Raises ValueError when no model can be read there.
    """
    task, name = replace(task, settings=settings), settings.model
    if name is None:
        return task
    try:
        _, tokenizer = load(name)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"model must be a checkpoint folder or a name on a hub; got {name}: {reason}") from error
    return replace(task, tokenizer=tokenizer, build=lambda seed: load(name)[0])


class Answers(NamedTuple):
    """A model's answers to some prompts, and the task's report of them."""

    greedy: list[str]
    sampled: list[str]
    numbers: dict[str, float]


def evaluate(task: Task, model: ActorCritic, examples: Examples) -> Answers:
    """The model's answers to every prompt, the most probable and a sampled one, and the task's report of each.

    Every model is sampled with the same random numbers, so that none is lucky.
    """
    device, max_tokens = next(model.parameters()).device, task.settings.ppo.max_tokens
    prompts, rng = task.prompts(model, examples).to(device), torch.Generator(device).manual_seed(0)

    def texts(rollout: Rollout) -> list[str]:
        return decode(task.tokenizer, rollout.responses, rollout.mask, eos=model.eos)

    greedy = texts(generate_greedily(model, prompts, max_tokens=max_tokens))
    sampled = texts(generate(model, prompts, max_tokens=max_tokens, rng=rng))
    numbers = {
        f"{name}, {way}": value
        for way, responses in (("greedy", greedy), ("sampled", sampled))
        for name, value in task.report(responses, examples.references).items()
    }
    return Answers(greedy, sampled, numbers)
