"""Write `clip_fraction`. Chapter: book/ppo/surrogate.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.surrogate.clip_fraction_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.surrogate.clipped_surrogate import random_tokens, rare_tokens, tokens
from ppo_teach.surrogate import clip_fraction, clipped_surrogate


def random_updates(rng: torch.Generator) -> Case:
    """All six cases of the clip in one batch, as for the objective itself."""
    return random_tokens(rng)


def where_the_gradient_vanishes(logprobs, old_logprobs, advantages, mask, *, clip):
    """By its meaning: real tokens with an advantage whose objective is flat."""
    leaf = logprobs.detach().clone().requires_grad_()
    clipped_surrogate(leaf, old_logprobs, advantages, mask, clip=clip).backward()
    return ((leaf.grad == 0) & (advantages != 0) & mask).sum() / mask.sum()


def by_the_sign(logprobs, old_logprobs, advantages, mask, *, clip):
    """How far the ratio has gone in the direction of the advantage, in float64."""
    ratio = torch.exp(logprobs[mask].double() - old_logprobs[mask].double())
    return ((ratio - 1) * advantages[mask].sign() > clip).double().mean()


def as_published_for_language_models(logprobs, old_logprobs, advantages, mask, *, clip):
    """The clipped loss is the larger one."""
    ratio = (logprobs - old_logprobs).exp()
    first, second = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    return torch.where(mask, second > first, False).sum() / mask.sum()


def token_by_token(logprobs, old_logprobs, advantages, mask, *, clip):
    """A loop and two counters."""
    active = count = 0
    for new, old, advantage, real in zip(
        *(x.flatten() for x in (logprobs, old_logprobs, advantages, mask)), strict=True
    ):
        if real:
            ratio, count = (new - old).exp(), count + 1
            active += int((advantage > 0 and ratio > 1 + clip) or (advantage < 0 and ratio < 1 - clip))
    return active / count


NAN = float("nan")
EXERCISE = Exercise(
    function=clip_fraction,
    title="The clip fraction",
    section="The clip",
    minutes=10,
    difficulty=2,
    goal="Return the share of real tokens at which the clip is active, so that the objective is flat there: Â > 0 and "
    "ρ > 1 + ε, or Â < 0 and ρ < 1 − ε. At the very edge it is not active yet. What stands where the mask is False, "
    "NaN included, does not count. Log-probabilities of −200 are no trouble. Batches may be (B, T) or flat.",
    entry="share",
    worked=tokens([0.1, 0.22, 0.3, 0.1, 0.22, 0.3], [0.2] * 6, [2, 2, 2, -2, -2, -2]),
    answer=1 / 3,
    cases=(
        tokens([[0.3, 0.2]], [[0.2, 0.2]], [[1, 1]]),
        tokens([[0.1, 0.2, 0.2]], [[0.2, 0.2, 0.2]], [[-1, 1, 1]]),
        tokens([[0.1]], [[0.2]], [[1]]),
        tokens([[0.23]], [[0.2]], [[1]], clip=0.1),
        tokens([[0.162, 0.165]], [[0.2, 0.2]], [[-1, 1]]),
        tokens([[0.03]], [[0.02]], [[-1]]),
        tokens([[0.3, 0.2], [0.3, 0.9]], [[0.2, 0.2], [0.2, 0.1]], [[1, 1], [1, 9]], [[1, 1], [1, 0]]),
        tokens([[0.3, 0.1]], [[0.2, 0.2]], [[0, 0]], law="Without an advantage there is nothing to clip"),
        tokens([0.3, 0.4], [0.3, 0.4], [1, -3], clip=0.0, law="At the very edge the clip is not active yet"),
        tokens([[0.3, 0.4]], [[0.3, 0.4]], [[1, -3]], law="While both policies agree, nothing is clipped"),
        tokens([0.3, 0.1, 0.6, 0.9], [0.2, 0.2, 0.4, 0.1], [1, 1, 1, 9], [1, 1, 1, 0], law="A flat batch is a batch"),
        tokens(
            [[0.3, NAN], [0.2, 0.3]],
            [[0.2, NAN], [0.2, 0.2]],
            [[1, NAN], [1, 1]],
            [[1, 0], [1, 1]],
            law="What stands at padding changes nothing",
        ),
        rare_tokens([[-200, -202]], [[-200.1, -201]], [[1, -2]]),
    ),
    random_case=random_updates,
    hints=(
        "In which of the six cases is the gradient 0?",
        "Two conditions joined by *or*; each joins a sign of Â and a side of the interval by *and*.",
        "((advantages > 0) & (ratio > 1 + clip)) | ((advantages < 0) & (ratio < 1 - clip)), over the real tokens.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(where_the_gradient_vanishes, by_the_sign, as_published_for_language_models, token_by_token),
)
