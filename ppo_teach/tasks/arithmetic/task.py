"""Sums, and a reward that is 0 or 1 and true. Chapter: book/beyond/verifiable.md.

The prompt is a sum of three digits, the response its steps and its answer. The supervised start imitates careless
pupils. The verifier reads the answer alone, so the steps can be counted by another reader.
"""

from collections.abc import Callable, Sequence
from random import Random

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_causal
from ppo_teach.rewards import Metric
from ppo_teach.tasks.arithmetic.sums import answer_of, careless_solution, has_right_steps, problems, solution
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer

PUPILS = 8  # each solves every problem of the training set
SETTINGS_OF_ARITHMETIC = Settings(
    supervision=Supervision(steps=800, batch_size=32, learning_rate=1e-2),
    ppo=PPOConfig(
        iterations=40, batch_size=128, minibatch_size=128, learning_rate=2e-3, max_tokens=20, kl=FixedKL(0.0)
    ),
)


def arithmetic() -> Task:
    """The task. Its problems are always the same; a run's seed is for the model and for PPO."""
    rng = Random(0)
    shuffled = rng.sample(problems(), 729)
    train, validation, test = (
        Examples(part, list(map(solution, part))) for part in (shuffled[:529], shuffled[529:629], shuffled[629:])
    )
    solved = [problem for problem in train.prompts for _ in range(PUPILS)]
    pupils = [careless_solution(problem, rng) for problem in solved]
    tokenizer = build_tokenizer([*map(str, range(40)), "+ = , answer or"])
    return Task(
        name="arithmetic",
        corpus=Examples(solved, pupils),
        train=train,
        validation=validation,
        test=test,
        score=right_answer,
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_causal(tokenizer.get_vocab_size(), layers=1, positions=32, seed=seed),
        settings=SETTINGS_OF_ARITHMETIC,
    )


def verifier(accepts: Callable[[str, str], bool]) -> Metric:
    """A score of 1 for each response that is accepted beside its reference, else 0."""

    def score(responses: Sequence[str], references: Sequence[str]) -> Float[Tensor, " B"]:
        pairs = zip(responses, references, strict=True)
        return torch.tensor([float(accepts(response, reference)) for response, reference in pairs])

    return score


right_answer = verifier(lambda response, reference: answer_of(response) == answer_of(reference))
one_answer = verifier(lambda response, reference: answer_of(response) is not None)
right_steps = verifier(has_right_steps)
mentions_answer = verifier(lambda response, reference: answer_of(reference) in response.split())  # it has a hole


def report(responses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """In percent: right answers; texts that end with one answer; texts with all steps right; right answers without."""
    right, formed, steps = (judge(responses, references) for judge in (right_answer, one_answer, right_steps))
    numbers = {"right": right, "one answer": formed, "right steps": steps, "right by wrong steps": right * (1 - steps)}
    return {name: 100 * share.mean().item() for name, share in numbers.items()}
