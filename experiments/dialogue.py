"""What else could the help desk become? PPO on the gold score, on a judge who learned from preferences, on other rules.

Two replies of the supervised start are shown to somebody who prefers one, by the support desk's rule and with noise; a
judge learns from such pairs, and PPO climbs the judge while the rule, the gold score, looks on. Beside that stand the
usual controls, the rules of an assistant and of a character, and a customer's thanks. Every variant ends with whole
conversations. REINFORCE has four times PPO's rate, the best multiple on translation (`ppo_for_language.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from random import Random
from statistics import fmean

import torch
from torch import Tensor, nn

from experiments.beside import (
    PLACEBOS,
    Imitator,
    Method,
    N,
    imitates_the_corpus,
    imitates_the_references,
    learns_from,
    numbers_of,
    reinforce,
    shortened,
    without_training,
)
from experiments.framework import Experiment, Result, rounded
from experiments.judges import LEARNING_RATE, Seeds, Shared
from experiments.test_sets import many_conversations, many_customers
from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.reward_model import RewardModel, learned_reward, pair_scores
from ppo_teach.rewards import text_reward
from ppo_teach.rollouts import Rollout, generate
from ppo_teach.tasks.dialogue.conversations import Conversation, Desk, converse, summary
from ppo_teach.tasks.dialogue.desk_rules import assistant, character, score_by
from ppo_teach.tasks.dialogue.help_desk import VALUES, Reading, read, statement
from ppo_teach.tasks.dialogue.task import SETTINGS_OF_DIALOGUE, customers, model_desk, old_desk, perfect_desk
from ppo_teach.tasks.task import Examples, Task, evaluate
from ppo_teach.texts import Prompts, decode, encode_prompts, encode_responses
from ppo_teach.trainer import PPOTrainer

SAID = 8
TEMPERATURE = 1.0  # one point more is preferred with probability σ(1) = 0.73


@dataclass(frozen=True)
class Sizes:
    """Of what is asked, of a judge's training, and of what is held against it; a shorter run has smaller ones."""

    asked: int = 3000
    held_out: int = 500
    steps: int = 200
    customers: int = 1000


SHORT = Sizes(asked=8, held_out=8, steps=1, customers=1)


class HelpDesk(Shared):
    """The judge whom the start's replies taught, and what there is to know of him and of any desk."""

    temperature = TEMPERATURE

    @cached_property
    def judge(self) -> tuple[RewardModel, Result]:
        """And how well he foretells choices that he has not seen."""
        seen, _ = self.preferences(self.task.train, self.sizes.asked, self.rng)
        unseen, ceiling = self.preferences(self.task.train, self.sizes.held_out, self.rng)
        judge, _ = self.judge_of(seen, steps=self.sizes.steps, rng=self.rng)
        with torch.no_grad():
            chosen, rejected = pair_scores(judge, unseen)
        self.standardise(judge)
        accuracy = (chosen > rejected).float().mean().item()
        return judge, {"accuracy": accuracy, "ceiling": ceiling, "opinions": self.opinions(judge)}

    @torch.no_grad()
    def opinions(self, judge: RewardModel) -> Result:
        """What the judge thinks of four polite replies to test prompts, by what was due: means."""
        found = defaultdict(list)
        for prompt, due in zip(self.task.test.prompts, self.task.test.references, strict=True):
            said = "answer" if read(due).values else "name" if "name" in read(due).asked else "topic"
            screen = dict(zip(VALUES, prompt.split()[1:4], strict=True))
            topic = next((topic for topic in VALUES if screen[topic] in read(due).values), "time")
            others = [value for value in VALUES[topic] if value != screen[topic]]
            replies = {
                "what is due": due,
                "a false value": f"certainly , {statement(topic, others[0], Random(0))}",
                "who is speaking": "certainly , who is speaking ?",
                "we will look into it": "certainly , we will look into it .",
            }
            texts = encode_responses(self.task.tokenizer, list(replies.values()), eos=self.start.eos)
            asked = encode_prompts(self.task.tokenizer, [prompt] * len(replies), pad=self.start.pad)
            for name, score in zip(replies, judge(asked, *texts).tolist(), strict=True):
                found[f"{said} due: {name}"].append(score)
        return {name: rounded(scores) for name, scores in found.items()}

    def talked(self, desk: Desk) -> Result:
        """How whole conversations with test customers end: of all, and by what the customer left untold."""
        talks = converse(desk, many_customers()[: self.sizes.customers])
        by_untold = {name: [it for it in talks if it.customer.untold == name] for name in ("", "name", "topic")}
        parts = {
            f"{end}, {name or 'nothing'} untold": 100 * fmean(it.outcome == end for it in some)
            for end in ("solved", "misled", "given up")
            for name, some in by_untold.items()
            if some
        }
        pirates = fmean(read(reply).piratical for it in talks for reply in it.replies)
        return {**summary(talks), **parts, "pirate's replies": 100 * pirates}

    def says(self, model: nn.Module) -> list[str]:
        """Its most probable replies to the first test prompts."""
        return evaluate(self.task, model, self.task.test[:SAID]).greedy


Variant = Callable[[HelpDesk], Result]


def untrained(shared: HelpDesk) -> Result:
    """The supervised start itself."""
    result = without_training(shared.task, shared.seed)
    return {
        **result,
        **shared.talked(model_desk(shared.task, shared.start)),
        "says": shared.says(shared.start),
    }


def trained(method: Method) -> Variant:
    """What the method makes of the start; with the gold scores of its batches, and whole conversations at the end."""

    def variant(shared: HelpDesk) -> Result:
        golds, trainers = [], []

        def build(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
            trainer = method.build(task, start, config)
            gold, paid = task.reward(start), trainer.reward

            def watched(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
                golds.append(rounded([gold(prompts, responses, mask).mean().item()]))
                return paid(prompts, responses, mask)

            trainer.reward = watched
            trainers.append(trainer)
            return trainer

        result = Method(build, method.settings)(shared.task, shared.seed)
        policy = trainers[0].policy
        talk = shared.talked(model_desk(shared.task, policy))
        return {**result, **talk, "says": shared.says(policy), "curves": {**result["curves"], "gold": golds}}

    return variant


def imitates_the_good_logs(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """No more of the old desk's replies than those that are worth 2 points at least: the right ones, unless rude."""
    worth = task.score(task.corpus.references, task.train.references)
    good = [row for row, points in enumerate(worth.tolist()) if points >= 2]
    kept = Examples([task.corpus.prompts[row] for row in good], [task.corpus.references[row] for row in good])
    return Imitator(start, task, kept, config)


def learns_from_the_judge(kl_coef: float) -> Variant:
    """PPO that the judge pays."""

    def variant(shared: HelpDesk) -> Result:
        judge, record = shared.judge

        def build(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
            return PPOTrainer(start, learned_reward(judge), task.prompts(start, task.train), config)

        return {**trained(Method(build, {"kl": FixedKL(kl_coef)}))(shared), "judge": record}

    return variant


def learns_from_thanks(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    """PPO that the customer pays, at once or never."""
    reward = text_reward(task.tokenizer, wishes(), score_by(thanks), eos=start.eos)
    return PPOTrainer(start, reward, task.prompts(start, task.train), config)


def thanks(reply: Reading, wish: Reading) -> float:
    """3 if this very reply tells the customer what he came for and no other value, so that he says thank you."""
    return 3.0 * (reply.values == wish.values)


@cache
def wishes() -> list[str]:
    """What the customer of each training prompt came for, which he may not have said yet."""
    found, desk = [], old_desk(seed=1)  # the conversations that the task's prompts are from

    def noting(conversations: Sequence[Conversation]) -> Sequence[str]:
        found.extend(conversation.customer.answer for conversation in conversations)
        return desk(conversations)

    converse(noting, customers("train"))
    return found


def best_of_eight(shared: HelpDesk, worth: Callable[[Rollout, Examples], Tensor]) -> Result:
    """Eight replies of the start to each prompt, of which the one worth most is sent: no training."""
    task, start, rng = shared.task, shared.start, torch.Generator().manual_seed(shared.seed)

    def best(examples: Examples) -> list[str]:
        prompts, texts, scores = task.prompts(start, examples), [], []
        for _ in range(N):
            rollout = generate(start, prompts, max_tokens=task.settings.ppo.max_tokens, rng=rng)
            texts.append(decode(task.tokenizer, rollout.responses, rollout.mask, eos=start.eos))
            scores.append(worth(rollout, Examples(texts[-1], examples.references)))
        return [texts[best][row] for row, best in enumerate(torch.stack(scores).argmax(dim=0).tolist())]

    def desk(conversations: Sequence[Conversation]) -> list[str]:
        return best(Examples([it.prompt for it in conversations], perfect_desk(conversations)))

    report = task.report(best(task.test), task.test.references)
    numbers = dict.fromkeys(numbers_of(task, start, start)) | {f"{name}, sampled": report[name] for name in report}
    return {**numbers, **shared.talked(desk), "curves": {"right": [report["right"]]}}


def best_by_gold(shared: HelpDesk) -> Result:
    """No method but a bound: whoever knows what is due need not ask a model."""
    return best_of_eight(shared, lambda _, said: shared.task.score(said.prompts, said.references))


def best_by_judge(shared: HelpDesk) -> Result:
    judge, record = shared.judge
    paid = learned_reward(judge)
    return {**best_of_eight(shared, lambda it, _: paid(it.prompts, it.responses, it.mask)), "judge": record}


VARIANTS = {
    "supervised start": untrained,
    **{name: trained(placebo) for name, placebo in PLACEBOS.items()},
    "more of the same logs": trained(Method(imitates_the_corpus)),
    "the good logs": trained(Method(imitates_the_good_logs)),
    "the perfect desk's replies": trained(Method(imitates_the_references)),
    "REINFORCE": trained(reinforce(SETTINGS_OF_DIALOGUE, times=4)),
    "best of eight, gold": best_by_gold,
    "best of eight, judge": best_by_judge,
    "PPO, gold": trained(Method()),
    "PPO, gold, λ = 1": trained(Method(settings={"lam": 1.0})),
    "PPO, judge, β = 3": learns_from_the_judge(3.0),
    "PPO, judge, β = 1": learns_from_the_judge(1.0),
    "PPO, judge, β = 0.3": learns_from_the_judge(0.3),
    "PPO, judge, β = 0.1": learns_from_the_judge(0.1),
    "PPO, judge, β = 0.02": learns_from_the_judge(0.02),
    "PPO, judge, β = 0": learns_from_the_judge(0.0),
    "PPO, assistant's rule": trained(Method(learns_from(score_by(assistant)))),
    "PPO, character's rule": trained(Method(learns_from(score_by(character)))),
    "PPO, thanks": trained(Method(learns_from_thanks)),
}


def run(variant: Variant, seeds: Seeds, seed: int) -> Result:
    """One seed of a variant."""
    return variant(seeds.of(seed))


def short(seeds: Seeds) -> Seeds:
    """Where nobody has learned anything, or says much."""
    task = shortened(seeds.task)
    ppo = replace(task.settings.ppo, max_tokens=2, epochs=1)
    return Seeds(HelpDesk, replace(task, settings=replace(task.settings, ppo=ppo)), SHORT)


EXPERIMENT = Experiment(
    task=lambda: Seeds(HelpDesk, many_conversations(), Sizes()),
    short=short,
    methods=VARIANTS,
    run=run,
    settings={
        "temperature": TEMPERATURE,
        "sizes": asdict(Sizes()),
        "judge's rate": LEARNING_RATE,
        **asdict(SETTINGS_OF_DIALOGUE),
    },
    columns=[f"{name}, sampled" for name in ("gold score", "right", "polite", "fluent")]
    + ["solved", "misled", "given up", "KL"],
)
