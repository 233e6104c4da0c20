"""What becomes of a help desk that is paid by a judge who learned from preferences, or by another rule than its own?

Two replies of the supervised start are shown to somebody who prefers one, by the support desk's rule and with noise; a
judge learns from such pairs, and PPO climbs the judge while the rule, the gold score, looks on. Beside that: the gold
score as the reward, the rules of an assistant and of a character, a constant. Whole conversations are held at the end.
"""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import torch
from beside import shortened
from many_runs import Result, experiment, rounded
from torch import Tensor, nn

from ppo_teach.kl import FixedKL
from ppo_teach.preferences import Preferences, noise_ceiling, simulated_preferences
from ppo_teach.reward_model import RewardModel, learned_reward, pair_scores, train_reward_model
from ppo_teach.rewards import Reward, constant
from ppo_teach.rollouts import generate
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.conversations import converse, summary
from ppo_teach.tasks.desk_rules import assistant, character, score_by
from ppo_teach.tasks.dialogue import SETTINGS_OF_DIALOGUE, customers, dialogue, model_desk
from ppo_teach.tasks.task import Task, evaluate
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer

TEMPERATURE = 1.0  # one point more is preferred with probability σ(1) = 0.73
LAST = 5  # iterations


@dataclass(frozen=True)
class Sizes:
    """Of what is asked, of a judge's training, and of what is held against it; a shorter run has smaller ones."""

    asked: int = 3000
    held_out: int = 500
    steps: int = 200  # of 32 pairs each
    learning_rate: float = 2e-3
    customers: int = 200


@dataclass(frozen=True)
class Variant:
    """What pays, from the task and its supervised start; a judge is taught where nothing is named."""

    kl_coef: float = 0.1
    named: Callable[[Task, nn.Module], Reward] | None = None


def by_rule(rule: Callable) -> Callable[[Task, nn.Module], Reward]:
    return lambda made, start: replace(made, score=score_by(rule)).reward(start)


VARIANTS = {
    "supervised start": None,
    "learned, β = 0.1": Variant(),
    "learned, β = 0.02": Variant(kl_coef=0.02),
    "learned, β = 0": Variant(kl_coef=0.0),
    "gold score": Variant(named=lambda made, start: made.reward(start)),
    "assistant's rule": Variant(named=by_rule(assistant)),
    "character's rule": Variant(named=by_rule(character)),
    "a constant": Variant(named=lambda made, start: constant(0.0)),
}


def taught_judge(made: Task, start: nn.Module, seed: int, sizes: Sizes) -> tuple[RewardModel, Result]:
    """A judge, standardised on preferred replies, and how well it foretells choices that it has not seen."""
    prompts, gold = made.prompts(start, made.train), made.reward(start)
    rng = torch.Generator().manual_seed(seed)

    def preferences(number: int) -> tuple[Preferences, float]:
        some = prompts[torch.randint(len(prompts), (number,), generator=rng)]
        pair = [generate(start, some, max_tokens=made.settings.ppo.max_tokens, rng=rng) for _ in range(2)]
        worth = [gold(it.prompts, it.responses, it.mask) for it in pair]
        ceiling = noise_ceiling(*worth, temperature=TEMPERATURE).item()
        return simulated_preferences(*pair, *worth, temperature=TEMPERATURE, rng=rng), ceiling

    seen, _ = preferences(sizes.asked)
    unseen, ceiling = preferences(sizes.held_out)
    judge = RewardModel(copy.deepcopy(start))
    train_reward_model(judge, seen, steps=sizes.steps, batch_size=32, learning_rate=sizes.learning_rate, rng=rng)
    with torch.no_grad():
        chosen, rejected = pair_scores(judge, unseen)
    judge.standardise(unseen.prompts, unseen.chosen, unseen.chosen_mask)
    return judge, {"accuracy": (chosen > rejected).float().mean().item(), "ceiling": ceiling}


def trained(variant: Variant | None, made: Task, seed: int, sizes: Sizes) -> Result:
    """The numbers of the test set, of whole conversations with test customers, and curves of the gold score and KL."""
    start = supervised_start(made, seed=seed)
    policy, gold = copy.deepcopy(start), made.reward(start)
    judged, golds, history = None, [], []

    def watched(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
        golds.append(rounded([gold(prompts, responses, mask).mean().item()]))
        return reward(prompts, responses, mask)

    if variant is not None:
        if variant.named:
            reward = variant.named(made, start)
        else:
            judge, judged = taught_judge(made, start, seed, sizes)
            reward = learned_reward(judge)
        config = replace(made.settings.ppo, seed=seed, kl=FixedKL(variant.kl_coef))
        history = PPOTrainer(policy, watched, made.prompts(start, made.train), config).train()
    numbers = evaluate(made, policy, made.test).numbers
    return {
        **{name.removesuffix(", sampled"): number for name, number in numbers.items()},
        **summary(converse(model_desk(made, policy), customers("test")[: sizes.customers])),
        "KL": rounded(metrics["kl"] for metrics in history[-LAST:]) if history else 0.0,
        "judge": judged,
        "curves": {"gold": golds, **{name: [rounded([step[name]]) for step in history] for name in ("score", "kl")}},
    }


@cache
def task() -> Task:
    """Made once in a process."""
    return dialogue()


def run(name: str, seed: int) -> Result:
    """One seed of a variant."""
    return trained(VARIANTS[name], task(), seed, Sizes())


def short_run(name: str, seed: int) -> Result:
    """The same for a moment."""
    made = shortened(replace(task(), train=task().train[:64]))
    return trained(VARIANTS[name], made, seed, Sizes(asked=8, held_out=8, steps=1, customers=2))


def settings() -> dict[str, Any]:
    """All that was chosen."""
    return {"temperature": TEMPERATURE, "judge": asdict(Sizes()), **asdict(SETTINGS_OF_DIALOGUE)}


if __name__ == "__main__":
    columns = ["gold score", "right", "wrong", "polite", "rude", "fluent", "solved", "misled", "KL"]
    experiment(run, short_run, list(VARIANTS), settings=settings(), columns=columns)
