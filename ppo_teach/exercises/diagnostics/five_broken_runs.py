"""Name the defects of five runs. Chapter: book/ppo/diagnostics.md."""

from ppo_teach.exercises.diagnostics.broken_trainers import (
    FrozenCritic,
    LargeSteps,
    LostScore,
    NegatedAdvantages,
    NeighboursScore,
    PaidForLeaving,
    ReferenceForOld,
    RefreshedOld,
    WhitenedReturns,
)
from ppo_teach.exercises.riddle import Defect, Riddle
from ppo_teach.trainer import PPOTrainer

TRAINERS: dict[str, type[PPOTrainer]] = {
    "kl_sign": PaidForLeaving,
    "frozen_critic": FrozenCritic,
    "whitened_returns": WhitenedReturns,
    "negated_advantages": NegatedAdvantages,
    "large_steps": LargeSteps,
    "reference_for_old": ReferenceForOld,
    "refreshed_old": RefreshedOld,
    "lost_score": LostScore,
    "neighbours_score": NeighboursScore,
}

EXERCISE = Riddle(
    name="five_broken_runs",
    title="Five broken runs",
    section="Five broken runs",
    minutes=20,
    difficulty=3,
    goal="Name the defect of each run, from its curves alone. No two runs have the same one. The names are "
    f"{', '.join(TRAINERS)}.",
    defects={
        "kl_sign": Defect(
            "the KL term has the wrong sign",
            "the policy is paid for leaving: with steps as long as a healthy run's, `ratio_error` below ½, `kl` climbs "
            "well above a healthy run's, and stays there",
        ),
        "frozen_critic": Defect(
            "the critic never learns",
            "`explained_variance` is exactly 0 from the first iteration to the last",
        ),
        "whitened_returns": Defect(
            "the returns are formed after whitening",
            "the critic's target is V plus a whitened advantage, which nobody can foresee: `value_loss` stays near ½, "
            "half the variance of whitened numbers",
        ),
        "negated_advantages": Defect(
            "the advantages have the wrong sign",
            "the policy learns well, and the opposite: `score` goes to 0 while `kl` climbs",
        ),
        "large_steps": Defect(
            "the learning rate is ten times too large",
            "already in the first iteration `ratio_error` is above 1 and the clip active at more than half of the "
            "tokens, although `first_ratio_error` is 0",
        ),
        "reference_for_old": Defect(
            "the ratio is formed with the reference instead of the old policy",
            "`first_ratio_error` is 0 in the first iteration, when the two are one, and above ½ soon after",
        ),
        "refreshed_old": Defect(
            "the old log-probabilities are computed anew before every step",
            "`ratio_error`, `kl_to_old` and `clip_fraction` are 0 throughout, although `kl` climbs",
        ),
        "lost_score": Defect(
            "the score never reaches the last token",
            "there is nothing to learn: the gradient is 0, so `ratio_error` and `kl` are 0 from the first iteration to "
            "the last",
        ),
        "neighbours_score": Defect(
            "each reply is paid the score of its neighbour",
            "the updates are of healthy size and lead nowhere: the credit of a token is an accident. `score` and `kl` "
            "stay low, and the critic explains nothing",
        ),
    },
    runs={
        "A": "whitened_returns",
        "B": "large_steps",
        "C": "neighbours_score",
        "D": "refreshed_old",
        "E": "reference_for_old",
    },
    clues={
        "A": (
            "Score, KL and entropy are healthy. Whose curve is not?",
            "`value_loss` hardly moves, and explained variance never comes near 1. What has the critic been told to "
            "expect?",
            "Half of 1 is ½. Which numbers of this algorithm have a variance of 1 by construction?",
        ),
        "B": (
            "How far does the policy move within the first iteration?",
            "`first_ratio_error` is 0, so the rollout is scored rightly. Compare `ratio_error` and `clip_fraction` "
            "with a healthy run's.",
            "The direction is right, and the first batch nearly decides everything.",
        ),
        "C": (
            "Does the policy move? Does the critic learn?",
            "The clip fraction is healthy, so there is a gradient. The explained variance says what the critic can "
            "make of the returns.",
            "The returns are real scores, and have nothing to do with the replies they stand beside.",
        ),
        "D": (
            "Which curves are exactly 0, and can that be?",
            "`kl` climbs, so the policy moves. Which curves say that it does not?",
            "Whom does the ratio compare the policy with, if it is always 1?",
        ),
        "E": (
            "What must the ratio be before the first step on a batch?",
            "`first_ratio_error` is right in the first iteration, and wrong from the second on. What was the same in "
            "the first?",
            "Before the first update three policies agree: the new one, the old one, and one more.",
        ),
    },
)
