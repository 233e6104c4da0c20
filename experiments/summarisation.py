"""News to headlines: what does PPO on ROUGE-L do to facts, grammar and length, and what does a constant reward?"""

from five_seeds import experiment

from ppo_teach.tasks.summarisation import SETTINGS_OF_SUMMARISATION, summarisation

if __name__ == "__main__":
    experiment(summarisation, SETTINGS_OF_SUMMARISATION)
