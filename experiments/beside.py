"""What could stand in PPO's place? The methods that a task's experiment sets beside PPO.

All methods of a seed set out from the same supervised start and, but for what their names say, take as many gradient
steps on as many texts as PPO with the task's own settings, with the same optimiser.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from statistics import fmean, stdev
from time import process_time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from experiments.framework import Result, rounded
from experiments.methods import LogProbabilities, ReinforceWithBaseline, WhitenedReinforce, relative
from ppo_teach.config import PPOConfig
from ppo_teach.kl import k1
from ppo_teach.masks import zero_padding
from ppo_teach.rewards import Metric, constant
from ppo_teach.rollouts import Rollout, generate, score_responses
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task, evaluate
from ppo_teach.texts import decode, encode_responses
from ppo_teach.trainer import PPOTrainer

N = 8  # of which the best is taken
LOOKS = 6  # at the first prompts of the validation set, on the way
PROMPTS = 64
SHOWN = 8  # responses that a record keeps
GAUGES = ("score", "kl", "explained_variance", "entropy", "clip_fraction", "ratio_error")

Build = Callable[[Task, nn.Module, PPOConfig], PPOTrainer]


class Imitator(LogProbabilities, PPOTrainer):
    """More supervised training, in PPO's own loop: given texts for its own, and a weight of 1 for each token."""

    def __init__(self, policy: nn.Module, task: Task, examples: Examples, config: PPOConfig) -> None:
        super().__init__(policy, constant(0.0), task.prompts(policy, examples), replace(config, value_coef=0.0))
        texts = encode_responses(task.tokenizer, examples.references, eos=policy.eos, pad=policy.pad)
        self.responses, self.mask = (tensor.to(self.rng.device) for tensor in texts)

    @torch.no_grad()
    def act(self) -> tuple[Rollout, Tensor, Tensor]:
        rows = self._random_rows(len(self.prompts), self.config.batch_size)
        given = self.prompts[rows], self.responses[rows], self.mask[rows]
        ref_logprobs, _ = score_responses(self.reference, *given)
        return Rollout(*given, *score_responses(self.policy, *given)), ref_logprobs, torch.zeros(len(rows))

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        return rollout.mask.to(rollout.values), rollout.values


class ShuffledScores(PPOTrainer):
    """PPO, but the scores of a batch are dealt out anew among its responses: the same numbers, and they say nothing."""

    def act(self) -> tuple[Rollout, Tensor, Tensor]:
        rollout, ref_logprobs, scores = super().act()
        dealt = torch.randperm(len(scores), generator=self.rng, device=self.rng.device)
        return rollout, ref_logprobs, scores[dealt]


class InEights(PPOTrainer):
    """Draws N responses to each prompt, one after the other, in a batch of as many responses as ever."""

    def _random_rows(self, rows: int, draws: int) -> Tensor:
        return super()._random_rows(rows, draws // N).repeat_interleave(N)


class BestOfNReward(InEights):
    """PPO, but of N responses to a prompt the one with the highest score is paid 1, and the others nothing."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        return super().assign_credit(rollout, ref_logprobs, the_best(scores).to(scores))


class RankReward(InEights):
    """PPO, but N responses to a prompt are paid by rank, from 0 to 1; equals share theirs."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        one, other = scores.view(-1, N, 1), scores.view(-1, 1, N)
        beaten = ((one > other).sum(dim=-1) + (one >= other).sum(dim=-1) - 1) / (2 * (N - 1))
        return super().assign_credit(rollout, ref_logprobs, beaten.view(-1).to(scores))


class ImitatorOfItsBest(LogProbabilities, InEights):
    """Draws N responses to a prompt and imitates the one worth most, score less β KL; in each iteration anew."""

    def assign_credit(self, rollout: Rollout, ref_logprobs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        worth = scores - self.kl.coef * zero_padding(k1(rollout.logprobs, ref_logprobs), rollout.mask).sum(dim=-1)
        return (the_best(worth)[:, None] * rollout.mask).to(rollout.values), rollout.values


def the_best(scores: Tensor) -> Tensor:
    """1 for the first highest of each N in a row, else 0."""
    return one_hot(scores.view(-1, N).argmax(dim=1), N).view(-1)


def learns_from_scores(task: Task, start: nn.Module, config: PPOConfig, trainer: type = PPOTrainer) -> PPOTrainer:
    return trainer(start, task.reward(start), task.prompts(start, task.train), config)


def learns_from(score: Metric) -> Build:
    """PPO that is paid by another score than the task's own; it is reported on as ever."""
    return lambda task, start, config: learns_from_scores(replace(task, score=score), start, config)


def learns_from_a_constant(task: Task, start: nn.Module, config: PPOConfig, *, paid: float = 1.0) -> PPOTrainer:
    return PPOTrainer(start, constant(paid), task.prompts(start, task.train), config)


def learns_from_an_expected_constant(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """The same with a critic that expects it of every state, so that no token is better than another.

    A critic that expects nothing hands a constant c to the tokens as c·λᵏ, k tokens before the end. Whitening takes
    the size from this, not the sign: c = 1 is a prize for an early end, and c = −1 is a fine on it.
    """
    nn.init.constant_(start.value_head.bias, 1.0)
    return learns_from_a_constant(task, start, config)


def imitates_the_corpus(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    return Imitator(start, task, task.corpus, config)


def imitates_the_references(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """For tasks whose references are texts that could stand as answers."""
    return Imitator(start, task, task.train, config)


def imitates_the_best(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """The best of N of the start's own responses to a prompt, for so many prompts that it draws what PPO draws."""
    rows = Random(config.seed).sample(range(len(task.train)), config.episodes // N)
    prompts, references = task.train.prompts, task.train.references
    drawn = Examples([prompts[row] for row in rows], [references[row] for row in rows])
    best = best_of(task, start, drawn, seed=config.seed)
    return Imitator(start, task, Examples(drawn.prompts, best), config)


def in_turn(first: Build, then: Build, **settings_of_the_first: Any) -> Build:
    """The first has half of the iterations; the second sets out from what it made, and stays near that."""

    def build(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
        half = replace(config, iterations=(config.iterations + 1) // 2)
        earlier = first(task, start, replace(half, **settings_of_the_first))
        for _ in range(half.iterations):
            earlier.step()
        return then(task, earlier.policy, half)

    return build


def best_of(task: Task, model: nn.Module, examples: Examples, *, seed: int) -> list[str]:
    """To each prompt that one of N sampled responses which the task scores highest."""
    prompts, rng = task.prompts(model, examples), torch.Generator().manual_seed(seed)
    draws, scores = [], []
    for _ in range(N):
        rollout = generate(model, prompts, max_tokens=task.settings.ppo.max_tokens, rng=rng)
        draws.append(decode(task.tokenizer, rollout.responses, rollout.mask, eos=model.eos))
        scores.append(task.score(draws[-1], examples.references))
    return [draws[best][row] for row, best in enumerate(torch.stack(scores).argmax(dim=0).tolist())]


@dataclass(frozen=True)
class Method:
    """How the trainer is built, and the settings that are not the task's own."""

    build: Build = learns_from_scores
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, task: Task, seed: int) -> Result:
        """The trained model's numbers of the test set, curves on the way, and the processor time of the training."""
        start, config = supervised_start(task, seed=seed), replace(task.settings.ppo, seed=seed, **self.settings)
        began, curves = process_time(), defaultdict(list)
        trainer = self.build(task, copy.deepcopy(start), config)
        seconds, iterations = process_time() - began, trainer.config.iterations
        every = max(1, iterations // LOOKS)
        for iteration in range(iterations + 1):
            if iteration % every == 0:
                curves["iteration"].append(iteration)
                for name, number in evaluate(task, trainer.policy, task.validation[:PROMPTS]).numbers.items():
                    curves[name].append(rounded([number]))
            if iteration < iterations:
                began = process_time()
                trainer.step()
                seconds += process_time() - began
        told = ("kl",) if isinstance(trainer, Imitator) else GAUGES  # it has no critic and no ratio
        gauges = {name: [rounded([metrics[name]]) for metrics in trainer.history] for name in told}
        numbers = numbers_of(task, trainer.policy, start)
        return {**numbers, "seconds": rounded([seconds]), "curves": {**curves, **gauges}}


def reinforce(settings: Settings, *, times: float, method: type = ReinforceWithBaseline) -> Method:
    """REINFORCE with PPO's critic for a baseline: one step to a batch, at a multiple of PPO's rate."""
    ppo = settings.ppo
    one_step = {"epochs": 1, "minibatch_size": ppo.batch_size, "learning_rate": times * ppo.learning_rate}
    return Method(partial(learns_from_scores, trainer=relative(method, PPOTrainer)), one_step)


def as_often(config: PPOConfig) -> PPOConfig:
    """Settings for one step to a batch, and as many steps on as many texts as PPO: so many times the smaller batches.

    A text is used once, where PPO uses it in every epoch. The rate is PPO's own.
    """
    steps = config.epochs * config.batch_size // config.minibatch_size
    size = config.batch_size // steps
    return replace(config, iterations=steps * config.iterations, epochs=1, batch_size=size, minibatch_size=size)


def reinforces_as_often(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """REINFORCE, whitened, with as many gradient steps as PPO."""
    return learns_from_scores(task, start, as_often(config), trainer=relative(WhitenedReinforce, PPOTrainer))


def without_training(task: Task, seed: int) -> Result:
    """The supervised start itself."""
    start = supervised_start(task, seed=seed)
    return {**numbers_of(task, start, start), "seconds": 0.0, "curves": {"iteration": [0]}}


# What becomes of a start that is paid for nothing: by the task's own scores in the wrong order, whatever they are; by a
# constant, for which a new critic finds reasons; and by a constant that the critic expects.
PLACEBOS = {
    "shuffled scores": Method(partial(learns_from_scores, trainer=ShuffledScores)),
    "constant reward": Method(learns_from_a_constant),
    "constant reward, expected": Method(learns_from_an_expected_constant),
}
START_PLACEBO_AND_PPO = {"supervised start": without_training, **PLACEBOS, "PPO": Method()}


def best_of_the_start(task: Task, seed: int) -> Result:
    """N responses to each prompt of the test set, and the best by the task's score: no training, N times the writing.

    Where the score asks for the reference this is no method but a bound: what the start could say, had it a judge who
    knows the answer.
    """
    start = supervised_start(task, seed=seed)
    report = task.report(best_of(task, start, task.test, seed=seed), task.test.references)
    numbers = dict.fromkeys(numbers_of(task, start, start)) | {f"{name}, sampled": report[name] for name in report}
    return {**numbers, "seconds": 0.0, "curves": {}}


def overheard(method: Callable[[Task, int], Result], task: Task, seed: int) -> Result:
    """A method's result, and of its policy, where it has one, the responses to the first test prompts."""
    said = []

    def report(responses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        said.append(responses[:SHOWN])
        return task.report(responses, references)

    result = method(replace(task, report=report), seed)
    return {**result, "greedy": said[-2], "sampled": said[-1]} if result["curves"] else result


def numbers_of(task: Task, model: nn.Module, start: nn.Module) -> dict[str, float]:
    """The task's report on the test set; in nats per response how far the model has gone from its start; and the task's
    score in percent, with its standard error: how much other prompts would change it, whatever the seed."""
    prompts, rng = task.prompts(model, task.test), torch.Generator().manual_seed(1)
    rollout = generate(model, prompts, max_tokens=task.settings.ppo.max_tokens, rng=rng)
    with torch.no_grad():
        ref_logprobs, _ = score_responses(start, rollout.prompts, rollout.responses, rollout.mask)
    kl = zero_padding(k1(rollout.logprobs, ref_logprobs), rollout.mask).sum(dim=-1).mean().item()
    answers = evaluate(task, model, task.test)
    numbers = {**answers.numbers, "KL": kl}
    for way in ("greedy", "sampled"):
        scores = (100 * task.score(getattr(answers, way), task.test.references)).tolist()
        numbers |= {f"reward, {way}": fmean(scores), f"reward's error, {way}": error(scores, task.test.prompts)}
    return numbers


def error(scores: Iterable[float], prompts: Iterable[str]) -> float:
    """The standard error of their mean, were it other prompts; several replies to one count as one number."""
    by_prompt = defaultdict(list)
    for prompt, score in zip(prompts, scores, strict=True):
        by_prompt[prompt].append(score)
    return stdev(map(fmean, by_prompt.values())) / len(by_prompt) ** 0.5


def shortened(task: Task) -> Task:
    """The same task for a moment."""
    ppo = replace(task.settings.ppo, iterations=1, max_tokens=4)
    settings = replace(task.settings, ppo=ppo, supervision=Supervision(steps=1))
    return replace(
        task,
        corpus=task.corpus[:32],
        train=task.train[:32],
        validation=task.validation[:4],
        test=task.test[:8],
        settings=settings,
    )
