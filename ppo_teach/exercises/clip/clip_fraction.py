"""Write `clip_fraction`. Chapter: book/ppo/clip.md."""

import torch

from ppo_teach.exercises.clip.clipped_surrogate import random_tokens, rare_tokens, tokens
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.surrogate import clip_fraction, clipped_surrogate


def random_updates(rng: torch.Generator) -> Case:
    """All six cases of the clip in one batch, as for the objective itself."""
    return random_tokens(rng)


def step_by_step(logprobs, old_logprobs, advantages, mask, *, clip):
    """A line for each idea."""
    ratio = torch.exp(logprobs - old_logprobs)
    good, bad = advantages > 0, advantages < 0
    above, below = ratio > 1 + clip, ratio < 1 - clip
    active = (good & above) | (bad & below)
    counted = (active & mask).float()
    return counted.sum() / mask.sum()


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


MISCONCEPTIONS = (
    Misconception(
        "all ratios outside the interval are counted",
        edited(step_by_step, ("(good & above) | (bad & below)", "above | below")),
        "this is another metric, published under the same name; it does not look at the advantage",
        "CleanRL and Stable-Baselines3 log it so, and it needs no advantage",
        "In how many of the four cases outside the interval is the gradient zero?",
    ),
    Misconception(
        "tokens whose gradient pulls back are counted",
        edited(step_by_step, ("(good & above) | (bad & below)", "(bad & above) | (good & below)")),
        "these are the tokens outside the interval where the objective is *not* flat",
        "a bad token that became likelier looks like the one to be stopped",
        "ρ = 1.5 and Â = −2: is the objective flat there?",
    ),
    Misconception(
        "counted above the interval only",
        edited(step_by_step, ("(good & above) | (bad & below)", "good & above")),
        "bad tokens that became much rarer were left out",
        "the upper bound is the one that every picture shows first",
        "ρ = 0.5 and Â = −2: is the objective flat there?",
    ),
    Misconception(
        "counted below the interval only",
        edited(step_by_step, ("(good & above) | (bad & below)", "bad & below")),
        "good tokens that became much likelier were left out",
        "one side is half of the work",
        "ρ = 1.5 and Â = 2: is the objective flat there?",
    ),
    Misconception(
        "the edge is counted",
        edited(step_by_step, ("> 1 + clip", ">= 1 + clip"), ("< 1 - clip", "<= 1 - clip")),
        "a ratio of exactly 1 + ε or 1 − ε was counted",
        "≥ and > differ in one number, and ratios hardly ever hit it",
        "At ρ = 1 + ε, do ρÂ and clip(ρ)Â differ yet?",
    ),
    Misconception(
        "tokens inside the interval are counted",
        edited(step_by_step, ("active & mask", "~active & mask")),
        "this is the share that still has a gradient",
        "1 minus a share is a share",
        "What should the clip fraction be before the first update?",
    ),
    Misconception(
        "tokens without an advantage are counted",
        edited(step_by_step, ("advantages > 0, advantages < 0", "advantages >= 0, advantages <= 0")),
        "with Â = 0 the objective is 0 everywhere, clip or no clip",
        "zero has to go somewhere",
        "With Â = 0, what would the gradient be without the clip?",
    ),
    Misconception(
        "tokens without an advantage count as bad ones",
        edited(step_by_step, ("advantages < 0", "advantages <= 0")),
        "with Â = 0 the objective is 0 everywhere, clip or no clip",
        "what is not good is bad, with two branches",
        "With Â = 0, what would the gradient be without the clip?",
    ),
    Misconception(
        "divided after the exponential",
        edited(step_by_step, ("torch.exp(logprobs - old_logprobs)", "torch.exp(logprobs) / torch.exp(old_logprobs)")),
        "exp(−200) is 0 in float32, 0/0 is NaN, and NaN is neither above nor below anything",
        "it is the definition, word for word, and right for likely tokens",
        "What is exp(−200) in float32? And is 0/0 above 1 + ε?",
    ),
    Misconception(
        "the ratio of the log-probabilities",
        edited(step_by_step, ("torch.exp(logprobs - old_logprobs)", "logprobs / old_logprobs")),
        "log π was divided by log π_old",
        "the formula prints a fraction, and the arguments are the two sides of it",
        "The ratio is one of probabilities. What becomes of a quotient under the logarithm?",
    ),
    Misconception(
        "the exponential is missing",
        edited(step_by_step, ("torch.exp(", "(")),
        "the logarithm of the ratio was used as the ratio",
        "a difference of logarithms already is a quotient, up to one exp",
        "What is your ratio while both policies agree?",
    ),
    Misconception(
        "the interval in logarithms",
        edited(step_by_step, ("ratio > 1 + clip, ratio < 1 - clip", "ratio.log() > clip, ratio.log() < -clip")),
        "log ρ was compared with ±ε",
        "for small ε, log ρ is nearly ρ − 1",
        "Which interval should the ratio itself leave?",
    ),
    Misconception(
        "the ratio is inverted",
        edited(step_by_step, ("logprobs - old_logprobs", "old_logprobs - logprobs")),
        "π_old stands above π",
        "'old over new' and 'new over old' are both 1 at first",
        "A good token became more likely. Should its ratio be above 1, or below?",
    ),
    Misconception(
        "ε is fixed at 0.2",
        edited(step_by_step, ("1 + clip", "1.2"), ("1 - clip", "0.8")),
        "the argument `clip` was not used",
        "0.2 is the value in every paper",
        "Call your function with clip=0.1 and with clip=0.3. Should the answers differ?",
    ),
    Misconception(
        "the number instead of the share",
        edited(step_by_step, (" / mask.sum()", "")),
        "the tokens were counted, not divided by how many there are",
        "it is the count that one has first",
        "Should twice as many tokens give a number twice as large?",
    ),
    Misconception(
        "divided by all positions",
        edited(step_by_step, (".sum() / mask.sum()", ".mean()")),
        "padding was counted in the denominator",
        "`.float().mean()` is how shares are usually taken",
        "How many real tokens are there, and by how many did you divide?",
    ),
    Misconception(
        "a mean of the rows' means",
        edited(step_by_step, ("counted.sum() / mask.sum()", "(counted.sum(dim=-1) / mask.sum(dim=-1)).mean()")),
        "a token of a short reply weighs more than one of a long reply",
        "one mean after the other comes naturally to a (B, T) tensor",
        "A reply of one token and a reply of nine: how much should each token weigh?",
    ),
    Misconception(
        "all ratios outside the interval are counted, padding too",
        edited(
            step_by_step,
            ("(good & above) | (bad & below)", "above | below"),
            ("counted.sum() / mask.sum()", "active.float().mean()"),
        ),
        "this is another metric, published under the same name, and it looked at padding as well",
        "it is the line that libraries for control have, where nothing is padded",
        "Which tokens have a flat objective? And which positions of the batch are tokens?",
    ),
    Misconception(
        "padding is counted",
        edited(step_by_step, ("counted.sum() / mask.sum()", "active.float().mean()")),
        "what stands at padding was looked at like a token",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
)

NAN = float("nan")
EXERCISE = Exercise(
    function=clip_fraction,
    title="The clip fraction",
    section="Stop paying",
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
    variants=(step_by_step, where_the_gradient_vanishes, by_the_sign, as_published_for_language_models, token_by_token),
)
