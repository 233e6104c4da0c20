"""Translation: what does PPO on sentence BLEU add to the supervised start, and what does a constant reward?"""

from five_seeds import experiment

from ppo_teach.rewards import corpus_bleu_signature
from ppo_teach.tasks.translation import SETTINGS_OF_TRANSLATION, translation

if __name__ == "__main__":
    experiment(translation, SETTINGS_OF_TRANSLATION, signatures={"BLEU": corpus_bleu_signature(tokenize="zh")})
