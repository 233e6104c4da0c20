"""Rewards learned from preferences. Chapter: book/language/reward-models.md.

Somebody was shown two responses to a prompt and preferred one. A language model with one number at its end learns to
give that one the higher number.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ppo_teach.checks import flags, require, same_shape
from ppo_teach.models import ActorCritic
from ppo_teach.preferences import Preferences
from ppo_teach.pretraining import descend
from ppo_teach.rewards import Reward
from ppo_teach.texts import Prompts


def bradley_terry_loss(chosen: Float[Tensor, " B"], rejected: Float[Tensor, " B"]) -> Float[Tensor, ""]:
    """Minus the mean log-probability of the choices that were made, in nats per pair: a loss to minimise.

        L = −mean log σ(R(x, y_chosen) − R(x, y_rejected))

    Only differences of scores count, so all of them may be shifted alike.
    Source: Bradley and Terry (1952); Christiano et al. (2017), equation 1.
    """
    same_shape(chosen=chosen, rejected=rejected)
    return -logsigmoid(chosen - rejected).mean()


def value_after_last_token(values: Float[Tensor, "B U"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, " B"]:
    """The value of each response when all of its tokens have been read: that of column n for one of n tokens.

    Index t stands before token t, as everywhere, so there is one column more than there are tokens.
    """
    flags(mask=mask)
    return values.gather(1, mask.sum(dim=1, keepdim=True)).squeeze(1)


class RewardModel(nn.Module):
    """A language model whose value head is read once: when the whole response has been seen.

    `model` is usually a copy of the supervised start. Scores are shifted and scaled by `mean` and `std`, which
    `standardise` sets; until then they are as the head gives them.
    """

    def __init__(self, model: ActorCritic) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor(0.0))
        self.register_buffer("std", torch.tensor(1.0))

    def forward(
        self, prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]
    ) -> Float[Tensor, " B"]:
        """The score of each response, never read at padding. Raises ValueError for an empty response.

        A policy's value t stands before token t. The score must stand after the last one, so a column is added: the
        value of the token that would come next is that of all there is.
        """
        lengths = mask.sum(dim=-1)
        require(bool((lengths > 0).all()), f"a response must not be empty; row {int(lengths.argmin())} is")
        after = torch.zeros_like(mask[:, :1])
        _, values = self.model(prompts, torch.cat([responses, after.long()], dim=1), torch.cat([mask, after], dim=1))
        return (value_after_last_token(values, mask) - self.mean) / self.std

    @torch.no_grad()
    def standardise(self, prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> None:
        """From here on the scores of these responses have mean 0 and variance 1. A loss cannot tell: it sees only
        differences, so where 0 lies, and how much 1 is, training leaves open."""
        scores = self(prompts, responses, mask)
        differ = bool(scores.amax() > scores.amin())  # rounding gives equal numbers a deviation, too
        require(differ, "scores must differ to be standardised; all of them are the same")
        self.mean += self.std * scores.mean()
        self.std *= scores.std(correction=0)


def train_reward_model(
    model: RewardModel,
    preferences: Preferences,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    rng: torch.Generator,
) -> list[float]:
    """The loss of each step, in nats per pair, while the model learns to score the preferred response higher.

    Trained as in `pretraining.descend`.
    """
    preferences = preferences.to(next(model.parameters()).device)

    def loss(rows: Int[Tensor, " K"]) -> Float[Tensor, ""]:
        return bradley_terry_loss(*pair_scores(model, preferences[rows]))

    sizes = {"examples": len(preferences), "steps": steps, "batch_size": batch_size}
    return descend(model, loss, **sizes, learning_rate=learning_rate, rng=rng, desc="reward model")


def pair_scores(model: RewardModel, preferences: Preferences) -> tuple[Float[Tensor, " B"], Float[Tensor, " B"]]:
    """The scores of the preferred responses, and of the others."""
    chosen = model(preferences.prompts, preferences.chosen, preferences.chosen_mask)
    return chosen, model(preferences.prompts, preferences.rejected, preferences.rejected_mask)


def learned_reward(model: RewardModel) -> Reward:
    """The model as the trainer calls it: nobody learns from a gradient through the judge."""

    @torch.no_grad()
    def reward(prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, " B"]:
        return model(prompts, responses, mask)

    return reward
