"""Film reviews: what does PPO on a classifier's score do to praise, grammar and variety, and what a constant reward?"""

from experiments.beside import Method, learns_from_a_constant, shortened, without_training
from experiments.framework import Experiment
from ppo_teach.tasks.generation import generation

METHODS = {
    "supervised start": without_training,
    "constant reward": Method(learns_from_a_constant),
    "PPO": Method(),
}
NUMBERS = ("P(positive)", "grammatical", "praising", "distinct trigrams")

EXPERIMENT = Experiment(
    task=generation,
    short=shortened,
    methods=METHODS,
    columns=[f"{name}, {way}" for way in ("greedy", "sampled") for name in NUMBERS],
    rows="numbers",
)
