"""News to headlines: which reward makes them right, which makes them long, and what could stand in PPO's place?

"PPO" climbs the task's own score, ROUGE-L's F; with "facts" the reward adds the checker's verdict, a wrong fact at one,
two or three times the price of a right one. "Loose" runs have three times the rate and β = 0: what does a measure make
of length when little holds the policy? Struck references have lost what they say of people, where that is a number.
"Then" gives half of the iterations to each. REINFORCE has four times PPO's rate, the best multiple on translation
(`ppo_for_language.py`). Facts are counted in every headline as it is, and with the toll struck where that is a number.
Of the greedy headline to each of the first 200 stories the record keeps the number of words, the ROUGE-L recall, and a
letter for each of six facts (r: right, w: wrong, m: missing); of the first few, the words.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from experiments.beside import (
    PLACEBOS,
    Imitator,
    Method,
    best_of_the_start,
    imitates_the_corpus,
    imitates_the_references,
    in_turn,
    learns_from,
    learns_from_a_constant,
    learns_from_scores,
    reinforce,
    reinforces_as_often,
    shortened,
    without_training,
)
from experiments.framework import Experiment, Result, rounded
from experiments.methods import WhitenedReinforce
from experiments.test_sets import many_stories
from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.rewards import Metric, rouge
from ppo_teach.tasks.summarisation.fact_checker import check_facts
from ppo_teach.tasks.summarisation.news import NUMBERS
from ppo_teach.tasks.summarisation.task import SETTINGS_OF_SUMMARISATION, rouge_and_facts
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.trainer import PPOTrainer

READ = 200  # headlines that are read closely: those to the task's own test set
SHOWN = 6  # and of those the record keeps the words
TOLL_IN_NUMBERS = re.compile(rf" , ({'|'.join(NUMBERS)}) \w+$|^({'|'.join(NUMBERS)}) \w+ as ")
RATE = SETTINGS_OF_SUMMARISATION.ppo.learning_rate

recall, precision = (partial(rouge, measure=measure) for measure in ("recall", "precision"))


def recall_in_ten_words(headlines: Sequence[str], references: Sequence[str]) -> Tensor:
    """ROUGE-L's recall, less a tenth for every word beyond ten: no reference is longer."""
    excess = torch.tensor([max(0, len(headline.split()) - 10) for headline in headlines])
    return recall(headlines, references) - 0.1 * excess


def struck(headline: str) -> str:
    """Without what it says of people, where that is a number: to be trusted least. "None hurt" stays."""
    return TOLL_IN_NUMBERS.sub("", headline)


def imitates_struck_references(task: Task, start: nn.Module, config: PPOConfig) -> PPOTrainer:
    return Imitator(start, task, Examples(task.train.prompts, [struck(text) for text in task.train.references]), config)


def loose(score: Metric) -> Method:
    return Method(learns_from(score), {"learning_rate": 3 * RATE, "kl": FixedKL(0.0)})


price_3 = learns_from(partial(rouge_and_facts, price=3.0))
METHODS = {
    "supervised start": without_training,
    "PPO": Method(),
    "PPO, λ = 1": Method(settings={"lam": 1.0}),
    **PLACEBOS,
    "constant reward of −1": Method(partial(learns_from_a_constant, paid=-1.0)),
    "more of the same corpus": Method(imitates_the_corpus),
    "the references": Method(imitates_the_references),
    "REINFORCE": reinforce(SETTINGS_OF_SUMMARISATION, times=4),
    "REINFORCE, whitened": reinforce(SETTINGS_OF_SUMMARISATION, times=4, method=WhitenedReinforce),
    "REINFORCE, whitened, as many steps as PPO": Method(reinforces_as_often),
    "best of eight": best_of_the_start,
    "ROUGE and facts, price 1": Method(learns_from(rouge_and_facts)),
    "ROUGE and facts, price 2": Method(learns_from(partial(rouge_and_facts, price=2.0))),
    "ROUGE and facts, price 3": Method(price_3),
    "ROUGE, then price 3": Method(in_turn(learns_from_scores, price_3)),
    "the struck references": Method(imitates_struck_references),
    "the struck references, then price 3": Method(in_turn(imitates_struck_references, price_3)),
    "recall": Method(learns_from(recall)),
    "F, loose": loose(rouge),
    "recall, loose": loose(recall),
    "recall in ten words, loose": loose(recall_in_ten_words),
    "precision, loose": loose(precision),
}


def read_closely(method: Callable[[Task, int], Result], task: Task, seed: int) -> Result:
    """A method's result, and of its policy's greedy headlines of the test set what a mean does not tell."""
    read = []

    def report(headlines: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        read.append((headlines[:READ], references[:READ]))
        left = [struck(headline) for headline in headlines]
        return {
            **task.report(headlines, references),
            "recall": 100 * recall(headlines, references).mean().item(),
            "precision": 100 * precision(headlines, references).mean().item(),
            **{f"{name}, struck": share for name, share in task.report(left, references).items() if "facts" in name},
        }

    result = method(replace(task, report=report), seed)
    if not result["curves"]:  # no policy
        return result
    headlines, references = read[-2]  # the last two are the test set's, greedy and sampled
    verdicts = [check_facts(*pair).values() for pair in zip(headlines, references, strict=True)]
    closely = {
        "words": [len(headline.split()) for headline in headlines],
        "recall": [rounded([number]) for number in recall(headlines, references).tolist()],
        "facts": ["".join(verdict[0] for verdict in each) for each in verdicts],
        "greedy": headlines[:SHOWN],
    }
    return {**result, "headlines": closely}


EXPERIMENT = Experiment(
    task=many_stories,
    short=shortened,
    methods=METHODS,
    run=read_closely,
    columns=[f"{name}, greedy" for name in ("ROUGE-L", "facts right", "facts wrong", "length in words")] + ["KL"],
)
