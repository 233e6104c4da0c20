"""Translation: what does PPO on sentence BLEU add to the supervised start, and what does a constant reward?"""

from experiments.beside import START_PLACEBO_AND_PPO, shortened
from experiments.framework import Experiment
from experiments.test_sets import many_sentences
from ppo_teach.rewards import corpus_bleu_signature

NUMBERS = ("BLEU", "chrF", "measure words", "grammatical")

EXPERIMENT = Experiment(
    task=many_sentences,
    short=shortened,
    methods=START_PLACEBO_AND_PPO,
    columns=[f"{name}, {way}" for way in ("greedy", "sampled") for name in NUMBERS],
    signatures={"BLEU": corpus_bleu_signature(tokenize="zh")},
    rows="numbers",
)
