"""The chapters that exercises belong to. A report ends with one: See: Which token deserves the credit?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """A page of the book: `slug` is its path below book/, without .md; `title` its heading."""

    slug: str
    title: str


LANGUAGE_AS_MDP = Chapter("foundations/language-as-mdp", "How is writing text a decision problem?")
SOFTMAX_POLICY = Chapter("foundations/softmax-policy", "How does a network choose?")
POLICY_GRADIENT = Chapter("foundations/policy-gradient", "How do you climb a reward you cannot differentiate?")
VALUE_FUNCTIONS = Chapter("foundations/value-functions", "How good is it to be here?")
ADVANTAGES = Chapter("foundations/advantages", "Which token deserves the credit?")
SURROGATE = Chapter("ppo/surrogate", "How far may one batch carry us?")
PPO = Chapter("ppo/ppo", "What is the whole algorithm?")
DIAGNOSTICS = Chapter("ppo/diagnostics", "How do I know it works?")
ABLATIONS = Chapter("ppo/ablations", "Which details matter?")
LANGUAGE_MODELS = Chapter("language/language-models", "What is the policy now?")
REWARDS = Chapter("language/rewards", "What do we reward?")
KL = Chapter("language/kl", "How do we keep the language?")
PPO_FOR_LANGUAGE = Chapter("language/ppo-for-language", "Does it all fit together?")
REWARD_MODELS = Chapter("language/reward-models", "What if no metric exists?")
GENERATION = Chapter("applications/generation", "How do you steer what is written?")
SUMMARISATION = Chapter("applications/summarisation", "Shorter, and still right?")
DIALOGUE = Chapter("applications/dialogue", "When has a reply helped?")
TRANSLATION = Chapter("applications/translation", "What does BLEU teach a translator?")
