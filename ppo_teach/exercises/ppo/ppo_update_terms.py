"""Known wrong terms of the loss in `ppo_update`."""

from types import SimpleNamespace

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.exercises.ppo.ppo_update_misconceptions import altered


def upside_down(it: SimpleNamespace) -> Tensor:
    ratio = 1 / it.ratio
    return torch.minimum(ratio * it.weights, ratio.clamp(1 - it.config.clip, 1 + it.config.clip) * it.weights)


TERMS = (
    Misconception(
        "the surrogate is minimised",
        altered(loss=lambda it: it.surrogate + it.config.value_coef * it.errors - it.config.entropy_coef * it.bonus),
        "good actions became rarer",
        "all three terms are called losses somewhere",
        "A good action, and a step down your loss: is it more likely now?",
    ),
    Misconception(
        "the loss is climbed",
        altered(loss=lambda it: it.surrogate - it.config.value_coef * it.errors + it.config.entropy_coef * it.bonus),
        "everything moved in the opposite direction, the critic too",
        "PPO's objective is maximised in the paper",
        "Which way does an optimiser of torch go?",
    ),
    Misconception(
        "entropy is a cost",
        altered(loss=lambda it: -it.surrogate + it.config.value_coef * it.errors + it.config.entropy_coef * it.bonus),
        "the policy was pushed to decide sooner",
        "in a loss most terms have a plus",
        "Should a policy that decides for good be rewarded for it, or pay?",
    ),
    Misconception(
        "there is no entropy bonus",
        altered(loss=lambda it: -it.surrogate + it.config.value_coef * it.errors),
        "`entropy_coef` was not used",
        "its weight is small, and often 0",
        "How many terms has the loss?",
    ),
    Misconception(
        "the critic's loss has no weight",
        altered(loss=lambda it: -it.surrogate + it.errors - it.config.entropy_coef * it.bonus),
        "`value_coef` was not used",
        "the loss has a ½ in it already",
        "Which settings in `config` are weights of a term?",
    ),
    Misconception(
        "the critic is not trained",
        altered(loss=lambda it: -it.surrogate - it.config.entropy_coef * it.bonus),
        "the value's weights stayed as they were",
        "the surrogate is what PPO is about",
        "How many terms has the loss, and what were the returns for?",
    ),
    Misconception(
        "the critic's step is not bounded",
        altered(value_clip=lambda config: torch.inf),
        "the plain value loss was used, or the old values were taken anew, which comes to the same",
        "the plain loss trains a critic as well, and in the first step they agree",
        "What did the critic say when the batch was drawn, and how far may it move from that?",
    ),
    Misconception(
        "one clip for both",
        altered(value_clip=lambda config: config.clip),
        "the critic was bounded by ε of the policy",
        "both are 0.2 by default",
        "Which setting bounds a ratio, and which a value?",
    ),
    Misconception(
        "the surrogate is not clipped",
        altered(surrogate=lambda it: it.ratio * it.weights),
        "each epoch went on where the last one had stopped, and nothing bounded the gain",
        "the ratio is there, and in the first step the two agree",
        "A good action is 1.46 times as likely as it was. Should making it likelier still pay?",
    ),
    Misconception(
        "only the clipped ratio counts",
        altered(surrogate=lambda it: it.clipped_ratio * it.weights),
        "a good action that became rarer than 1 − ε had no gradient, so nothing brought it back",
        "the clip looks as if it did the whole work",
        "A good action became rarer, because another step moved the same weights. Should its gradient be zero?",
    ),
    Misconception(
        "the ratio is upside down",
        altered(surrogate=upside_down),
        "π_old / π was raised where Â is positive, so good actions became rarer",
        "a difference of two logarithms is written one way round as easily as the other",
        "An action is twice as likely as when it was drawn. What is its ratio?",
    ),
    Misconception(
        "no gradient comes through the ratio",
        altered(surrogate=lambda it: torch.zeros_like(it.ratio)),
        "only the entropy bonus moved the logits",
        "new and old are easily swapped, and `clipped_surrogate` holds its second argument constant",
        "Which of the two rows of log-probabilities depends on the weights? Where in the call does it stand?",
    ),
    Misconception(
        "only the clipped value counts",
        altered(errors=lambda it: 0.5 * it.near),
        "a value that went astray by more than ε_V had no gradient, so nothing pulled it back",
        "the clip looks as if it did the whole work",
        "The value was 0, is 0.6 and should be −0.5. Should its gradient be zero?",
    ),
    Misconception(
        "the squared error of a library",
        altered(errors=lambda it: it.plain),
        "the critic's loss was neither halved nor bounded",
        "`mse_loss` is the name that comes to mind",
        "Which two things has the clipped value loss that `mse_loss` has not?",
    ),
    Misconception(
        "the critic's loss is halved twice",
        altered(errors=lambda it: 0.25 * (it.plain.maximum(it.near))),
        "its gradient is half as long as it should be",
        "`value_coef` is ½ by default, and the ½ of the formula is in `clipped_value_loss` already",
        "How many halves stand before the squared error, and where does each come from?",
    ),
)
