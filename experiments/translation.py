"""Translation: what does PPO on sentence BLEU add to the supervised start, and what does a constant reward?"""

from experiments.beside import Method, learns_from_a_constant, shortened, without_training
from experiments.framework import Experiment
from ppo_teach.rewards import corpus_bleu_signature
from ppo_teach.tasks.translation import translation

METHODS = {
    "supervised start": without_training,
    "constant reward": Method(learns_from_a_constant),
    "PPO": Method(),
}
NUMBERS = ("BLEU", "chrF", "measure words", "grammatical")

EXPERIMENT = Experiment(
    task=translation,
    short=shortened,
    methods=METHODS,
    columns=[f"{name}, {way}" for way in ("greedy", "sampled") for name in NUMBERS],
    signatures={"BLEU": corpus_bleu_signature(tokenize="zh")},
    rows="numbers",
)
