"""Which of two responses is better? Answers, where they come from here, and how well they can be predicted.

Chapter: book/language/reward-models.md. Nobody was asked: a hidden score chooses, with noise, as Bradley and Terry say
that people do.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import pad

from ppo_teach.checks import require, same_shape
from ppo_teach.rollouts import Rollout
from ppo_teach.texts import Prompts


@dataclass(frozen=True, eq=False)
class Preferences:
    """Prompts, and for each two responses, of which the first was preferred."""

    prompts: Prompts
    chosen: Int[Tensor, "B T"]
    chosen_mask: Bool[Tensor, "B T"]
    rejected: Int[Tensor, "B U"]
    rejected_mask: Bool[Tensor, "B U"]

    def __post_init__(self) -> None:
        for name in ("chosen", "rejected"):
            responses, mask = getattr(self, name), getattr(self, f"{name}_mask")
            require(
                len(responses) == len(self),
                f"{name} must number {len(self)}, one for each prompt; got {len(responses)}",
            )
            same_shape(**{name: responses, f"{name}_mask": mask})

    def __len__(self) -> int:
        return len(self.prompts)

    def __getitem__(self, rows: slice | Int[Tensor, " K"]) -> "Preferences":
        return self._each(lambda part: part[rows])

    def to(self, device: torch.device | str) -> "Preferences":
        return self._each(lambda part: part.to(device))

    def _each(self, change: Callable) -> "Preferences":
        return Preferences(*(change(getattr(self, field.name)) for field in fields(self)))


def preference_probability(
    first: Float[Tensor, "*B"], second: Float[Tensor, "*B"], *, temperature: float = 1.0
) -> Float[Tensor, "*B"]:
    """P(the first is preferred to the second), from what each is worth.

        P(y₁ ≻ y₂) = σ((R(x, y₁) − R(x, y₂)) / τ)

    The temperature τ, in units of score, says how large a difference is easy to see.
    Source: Bradley and Terry (1952).
    """
    require(temperature > 0, f"temperature must be greater than 0; got {temperature}")
    return torch.sigmoid((first - second) / temperature)


def simulated_preferences(
    first: Rollout,
    second: Rollout,
    first_gold: Float[Tensor, " B"],
    second_gold: Float[Tensor, " B"],
    *,
    temperature: float,
    rng: torch.Generator,
) -> Preferences:
    """What somebody prefers who sees the gold scores of two responses to each prompt through noise.

    Where both are worth the same, a coin decides. Raises ValueError when the prompts are not the same.
    """
    same = torch.equal(first.prompts.rows, second.prompts.rows)
    require(same, "second must answer the prompts of first; their prompts.rows differ")
    width = max(first.responses.shape[1], second.responses.shape[1])
    ours, theirs, our_mask, their_mask = (
        pad(tensor, (0, width - tensor.shape[1]))  # what stands at padding never matters
        for tensor in (first.responses, second.responses, first.mask, second.mask)
    )
    probability = preference_probability(first_gold, second_gold, temperature=temperature)
    wins = (torch.rand(len(first), generator=rng, device=rng.device) < probability)[:, None]
    return Preferences(
        first.prompts,
        chosen=torch.where(wins, ours, theirs),
        chosen_mask=torch.where(wins, our_mask, their_mask),
        rejected=torch.where(wins, theirs, ours),
        rejected_mask=torch.where(wins, their_mask, our_mask),
    )


def noise_ceiling(
    first_gold: Float[Tensor, " B"], second_gold: Float[Tensor, " B"], *, temperature: float
) -> Float[Tensor, ""]:
    """The largest share of these choices that can be predicted, by someone who knows the gold scores.

        mean max(p, 1 − p),     p = P(y₁ ≻ y₂)

    Nobody does better on average, however many preferences he has seen.
    """
    probability = preference_probability(first_gold, second_gold, temperature=temperature)
    return torch.maximum(probability, 1 - probability).mean()


def calibration(
    chosen: Float[Tensor, " B"], rejected: Float[Tensor, " B"], *, bins: int
) -> tuple[Float[Tensor, " K"], Float[Tensor, " K"], Int[Tensor, " K"]]:
    """How sure the scores were of a choice, how often they were right, and of how many pairs: a row for each bin.

    Sure is max(p, 1 − p), right is p > ½ (half right at ½), with p = σ(R(x, y_chosen) − R(x, y_rejected)). The bins cut
    [½, 1] into equal parts; those without a pair are left out. Scores that can be trusted are as often right as sure.
    """
    probability = preference_probability(chosen, rejected)
    sure = torch.maximum(probability, 1 - probability)
    right = ((probability - 0.5).sign() + 1) / 2
    rows = ((sure - 0.5) * 2 * bins).long().clamp(max=bins - 1)
    counts = torch.bincount(rows, minlength=bins)
    used = counts > 0
    means = (torch.bincount(rows, weights=x, minlength=bins)[used] / counts[used] for x in (sure, right))
    return *means, counts[used]
