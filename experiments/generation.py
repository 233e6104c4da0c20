"""Film reviews: what does PPO on a classifier's score do to praise, grammar and variety, and what a constant reward?"""

from five_seeds import experiment

from ppo_teach.tasks.generation import SETTINGS_OF_GENERATION, generation

if __name__ == "__main__":
    experiment(generation, SETTINGS_OF_GENERATION)
