"""Which exercises there are: those of each chapter, in the order of the book.

A report ends with a chapter: See: Advantages: which token deserves the credit?
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Chapter:
    """A page of the book: `slug` is its path below book/, without .md; `title` its heading."""

    slug: str
    title: str
    exercises: tuple[str, ...]

    def module_of(self, exercise: str) -> str:
        """exercises/language_as_mdp/reply_env.py for ReplyEnv of foundations/language-as-mdp."""
        folder = self.slug.split("/")[-1].replace("-", "_")
        return f"ppo_teach.exercises.{folder}.{re.sub('(?<=[a-z])(?=[A-Z])', '_', exercise).lower()}"


CHAPTERS = (
    Chapter(
        "foundations/language-as-mdp",
        "Markov decision processes: how is writing text a decision problem?",
        ("ReplyEnv",),
    ),
    Chapter(
        "foundations/softmax-policy",
        "The softmax policy: how does a network choose?",
        ("action_logprobs", "entropy", "tempered_logprobs", "softmax_score"),
    ),
    Chapter(
        "foundations/policy-gradient",
        "The policy gradient: how do you climb a reward you cannot differentiate?",
        ("reinforce_loss", "rewards_to_go", "leave_one_out_baseline"),
    ),
    Chapter(
        "foundations/value-functions",
        "Value functions: how good is it to be here?",
        ("action_advantages", "tree_values", "value_loss", "explained_variance"),
    ),
    Chapter(
        "foundations/advantages",
        "Advantages: which token deserves the credit?",
        ("td_residuals", "lambda_limit", "bootstrap_values", "gae"),
    ),
    Chapter(
        "ppo/surrogate",
        "The surrogate: how far may one batch carry us?",
        ("importance_weighted_mean", "importance_ratio"),
    ),
    Chapter(
        "ppo/clip",
        "The clip: when should a token stop paying?",
        ("clipped_surrogate", "clip_fraction"),
    ),
    Chapter(
        "ppo/ppo",
        "PPO: what is the whole algorithm?",
        (
            "masked_mean",
            "whiten",
            "advantages_and_returns",
            "clipped_value_loss",
            "ppo_update",
            "sequence_mean_loss",
        ),
    ),
    Chapter("ppo/diagnostics", "Diagnostics: how do I know it works?", ("five_broken_runs",)),
    Chapter("ppo/ablations", "Ablations: which details matter?", ("paired_interval",)),
    Chapter(
        "language/language-models",
        "Language models: what is the policy now?",
        ("response_logprobs", "position_ids", "top_k_logprobs"),
    ),
    Chapter(
        "language/rewards",
        "Rewards from text: what do we reward?",
        ("sentence_bleu", "rouge_l", "score_at_last_token", "sequence_mask"),
    ),
    Chapter(
        "language/kl",
        "The KL penalty: how do we keep the language?",
        ("exact_kl", "k3", "kl_loss", "kl_shaped_rewards", "AdaptiveKL"),
    ),
    Chapter(
        "language/ppo-for-language", "The whole trainer: does it all fit together?", ("trunk_gradient", "split_gain")
    ),
    Chapter(
        "language/reward-models",
        "Reward models: what if no metric exists?",
        ("bradley_terry_loss", "value_after_last_token", "quality_to_report"),
    ),
    Chapter(
        "applications/generation",
        "Text generation: how do you steer what is written?",
        ("distinct_n", "frontier_point"),
    ),
    Chapter(
        "applications/summarisation", "Summarisation: shorter, and still right?", ("break_even", "gain_at_equal_length")
    ),
    Chapter("applications/dialogue", "Dialogue: when has a reply helped?", ("success_rate", "noise_ceiling")),
    Chapter(
        "applications/translation",
        "Translation: what does BLEU teach a translator?",
        ("measure_word_accuracy", "placeholders_kept"),
    ),
    Chapter(
        "beyond/relatives",
        "Relatives of PPO: do I need PPO?",
        ("group_advantages", "best_of_group", "dpo_loss", "sequence_mean_surrogate"),
    ),
    Chapter(
        "beyond/verifiable",
        "Verifiable rewards: what if the answer can be checked?",
        ("pass_at_k", "groups_with_signal", "asymmetric_surrogate"),
    ),
    Chapter(
        "beyond/off-policy",
        "Off-policy: what if the sampler is not the trainer?",
        ("quantised", "truncated_importance_weights", "drifted"),
    ),
)


class Exercises(Mapping):
    """All exercises by name, each loaded when it is first asked for.

    Loading one computes tensors, and takes time: whoever imports `check` can still pin the kernels first, and whoever
    checks one exercise does not wait for fifty.
    """

    def __init__(self) -> None:
        self._chapters = {name: chapter for chapter in CHAPTERS for name in chapter.exercises}

    def __getitem__(self, name: str) -> Any:
        return import_module(self._chapters[name].module_of(name)).EXERCISE

    def __contains__(self, name: object) -> bool:
        return name in self._chapters

    def __iter__(self) -> Iterator[str]:
        return iter(self._chapters)

    def __len__(self) -> int:
        return len(self._chapters)

    def chapter_of(self, name: str) -> Chapter:
        return self._chapters[name]


EXERCISES = Exercises()
