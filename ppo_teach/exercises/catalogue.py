"""All exercises by name, in the order of the book."""

from ppo_teach.exercises.ablations.paired_interval import PAIRED_INTERVAL
from ppo_teach.exercises.advantages.bootstrap_values import BOOTSTRAP_VALUES
from ppo_teach.exercises.advantages.gae import GAE
from ppo_teach.exercises.advantages.lambda_limit import LAMBDA_LIMIT
from ppo_teach.exercises.advantages.td_residuals import TD_RESIDUALS
from ppo_teach.exercises.diagnostics.five_broken_runs import FIVE_BROKEN_RUNS
from ppo_teach.exercises.dialogue.noise_ceiling import NOISE_CEILING
from ppo_teach.exercises.dialogue.success_rate import SUCCESS_RATE
from ppo_teach.exercises.exercise import Exercise
from ppo_teach.exercises.generation.distinct_n import DISTINCT_N
from ppo_teach.exercises.generation.frontier_point import FRONTIER_POINT
from ppo_teach.exercises.kl.adaptive_kl import ADAPTIVE_KL
from ppo_teach.exercises.kl.exact_kl import EXACT_KL
from ppo_teach.exercises.kl.k3 import K3
from ppo_teach.exercises.kl.kl_loss import KL_LOSS
from ppo_teach.exercises.kl.kl_shaped_rewards import KL_SHAPED_REWARDS
from ppo_teach.exercises.language_as_mdp.reply_env import REPLY_ENV
from ppo_teach.exercises.language_models.position_ids import POSITION_IDS
from ppo_teach.exercises.language_models.response_logprobs import RESPONSE_LOGPROBS
from ppo_teach.exercises.language_models.top_k_logprobs import TOP_K_LOGPROBS
from ppo_teach.exercises.policy_gradient.leave_one_out_baseline import LEAVE_ONE_OUT_BASELINE
from ppo_teach.exercises.policy_gradient.reinforce_loss import REINFORCE_LOSS
from ppo_teach.exercises.policy_gradient.rewards_to_go import REWARDS_TO_GO
from ppo_teach.exercises.ppo.advantages_and_returns import ADVANTAGES_AND_RETURNS
from ppo_teach.exercises.ppo.clipped_value_loss import CLIPPED_VALUE_LOSS
from ppo_teach.exercises.ppo.masked_mean import MASKED_MEAN
from ppo_teach.exercises.ppo.ppo_update import PPO_UPDATE
from ppo_teach.exercises.ppo.sequence_mean_loss import SEQUENCE_MEAN_LOSS
from ppo_teach.exercises.ppo.whiten import WHITEN
from ppo_teach.exercises.ppo_for_language.split_gain import SPLIT_GAIN
from ppo_teach.exercises.ppo_for_language.trunk_gradient import TRUNK_GRADIENT
from ppo_teach.exercises.reward_models.bradley_terry_loss import BRADLEY_TERRY_LOSS
from ppo_teach.exercises.reward_models.quality_to_report import QUALITY_TO_REPORT
from ppo_teach.exercises.reward_models.value_after_last_token import VALUE_AFTER_LAST_TOKEN
from ppo_teach.exercises.rewards.rouge_l import ROUGE_L
from ppo_teach.exercises.rewards.score_at_last_token import SCORE_AT_LAST_TOKEN
from ppo_teach.exercises.rewards.sentence_bleu import SENTENCE_BLEU
from ppo_teach.exercises.rewards.sequence_mask import SEQUENCE_MASK
from ppo_teach.exercises.riddle import Riddle
from ppo_teach.exercises.softmax_policy.action_logprobs import ACTION_LOGPROBS
from ppo_teach.exercises.softmax_policy.entropy import ENTROPY
from ppo_teach.exercises.softmax_policy.softmax_score import SOFTMAX_SCORE
from ppo_teach.exercises.softmax_policy.tempered_logprobs import TEMPERED_LOGPROBS
from ppo_teach.exercises.summarisation.break_even import BREAK_EVEN
from ppo_teach.exercises.summarisation.gain_at_equal_length import GAIN_AT_EQUAL_LENGTH
from ppo_teach.exercises.surrogate.clip_fraction import CLIP_FRACTION
from ppo_teach.exercises.surrogate.clipped_surrogate import CLIPPED_SURROGATE
from ppo_teach.exercises.surrogate.importance_ratio import IMPORTANCE_RATIO
from ppo_teach.exercises.surrogate.importance_weighted_mean import IMPORTANCE_WEIGHTED_MEAN
from ppo_teach.exercises.translation.measure_word_accuracy import MEASURE_WORD_ACCURACY
from ppo_teach.exercises.translation.placeholders_kept import PLACEHOLDERS_KEPT
from ppo_teach.exercises.value_functions.action_advantages import ACTION_ADVANTAGES
from ppo_teach.exercises.value_functions.explained_variance import EXPLAINED_VARIANCE
from ppo_teach.exercises.value_functions.tree_values import TREE_VALUES
from ppo_teach.exercises.value_functions.value_loss import VALUE_LOSS

IN_ORDER = (
    REPLY_ENV,
    ACTION_LOGPROBS,
    ENTROPY,
    TEMPERED_LOGPROBS,
    SOFTMAX_SCORE,
    REINFORCE_LOSS,
    REWARDS_TO_GO,
    LEAVE_ONE_OUT_BASELINE,
    ACTION_ADVANTAGES,
    TREE_VALUES,
    VALUE_LOSS,
    EXPLAINED_VARIANCE,
    TD_RESIDUALS,
    LAMBDA_LIMIT,
    BOOTSTRAP_VALUES,
    GAE,
    IMPORTANCE_WEIGHTED_MEAN,
    IMPORTANCE_RATIO,
    CLIPPED_SURROGATE,
    CLIP_FRACTION,
    MASKED_MEAN,
    WHITEN,
    ADVANTAGES_AND_RETURNS,
    CLIPPED_VALUE_LOSS,
    SEQUENCE_MEAN_LOSS,
    PPO_UPDATE,
    PAIRED_INTERVAL,
    RESPONSE_LOGPROBS,
    POSITION_IDS,
    TOP_K_LOGPROBS,
    SENTENCE_BLEU,
    ROUGE_L,
    SCORE_AT_LAST_TOKEN,
    SEQUENCE_MASK,
    EXACT_KL,
    K3,
    KL_LOSS,
    KL_SHAPED_REWARDS,
    ADAPTIVE_KL,
    TRUNK_GRADIENT,
    SPLIT_GAIN,
    BRADLEY_TERRY_LOSS,
    VALUE_AFTER_LAST_TOKEN,
    QUALITY_TO_REPORT,
    DISTINCT_N,
    FRONTIER_POINT,
    BREAK_EVEN,
    GAIN_AT_EQUAL_LENGTH,
    SUCCESS_RATE,
    NOISE_CEILING,
    MEASURE_WORD_ACCURACY,
    PLACEHOLDERS_KEPT,
)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for exercise in IN_ORDER}
RIDDLES: dict[str, Riddle] = {FIVE_BROKEN_RUNS.name: FIVE_BROKEN_RUNS}
