"""Known wrong ways to write `importance_ratio`."""

import torch

from ppo_teach.exercises.exercise import Misconception

MISCONCEPTIONS = (
    Misconception(
        "the ratio of the log-probabilities",
        lambda logprobs, old_logprobs: logprobs / old_logprobs.detach(),
        "log π was divided by log π_old",
        "the paper prints a fraction, and it is 1 while both policies agree, as it should be",
        "Both logarithms are negative. When a token becomes likelier, does your quotient rise, or fall?",
    ),
    Misconception(
        "the ratio is inverted",
        lambda logprobs, old_logprobs: torch.exp(old_logprobs.detach() - logprobs),
        "π_old stands above π",
        "'old over new' and 'new over old' are both 1 at first",
        "An action became more likely. Should its ratio be above 1, or below?",
    ),
    Misconception(
        "the logarithm of the ratio",
        lambda logprobs, old_logprobs: logprobs - old_logprobs.detach(),
        "the exponential is missing",
        "a difference of logarithms already is a quotient, up to one exp, and near 1 log ρ is ρ − 1",
        "What is your ratio while both policies agree?",
    ),
    Misconception(
        "one plus the logarithm of the ratio",
        lambda logprobs, old_logprobs: 1 + logprobs - old_logprobs.detach(),
        "e^x was replaced by 1 + x",
        "near 1 the two can hardly be told apart, and at 1 their slopes agree",
        "Probabilities ½ now and ¼ before: what is the ratio, and what is 1 + log 2?",
    ),
    Misconception(
        "no ratio, only the new probability",
        lambda logprobs, old_logprobs: torch.exp(logprobs),
        "the old policy was left out",
        "exp(log π) looks like the ratio when one forgets who drew the batch",
        "What is your ratio while both policies agree?",
    ),
    Misconception(
        "divided after the exponential",
        lambda logprobs, old_logprobs: torch.exp(logprobs) / torch.exp(old_logprobs.detach()),
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition, word for word, and right for single tokens",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "divided after the exponential, with a small number added",
        lambda logprobs, old_logprobs: torch.exp(logprobs) / (torch.exp(old_logprobs.detach()) + 1e-8),
        "exp(−200) is 0 in float32; the small number turns 0/0 into 0, and that is no ratio either",
        "a small number in the denominator keeps NaN away",
        "Where 0/0 was, your ratio is 0. Did the token become impossible?",
    ),
    Misconception(
        "one ratio for the whole reply",
        lambda logprobs, old_logprobs: torch.exp((logprobs - old_logprobs.detach()).sum(-1, True)).expand_as(logprobs),
        "the log-ratios of a row were added up before the exponential",
        "the probability of a reply is the product of its tokens', and there are methods that do this",
        "Every action has a probability of its own. Has it a ratio of its own?",
    ),
    Misconception(
        "the ratio is detached",
        lambda logprobs, old_logprobs: torch.exp(logprobs - old_logprobs).detach(),
        "the number is right, but no gradient reaches the policy",
        "the ratio is a weight, and other weights are held constant",
        "Through which factor does the surrogate depend on the policy that we train?",
    ),
    Misconception(
        "the old policy is not held constant",
        lambda logprobs, old_logprobs: torch.exp(logprobs - old_logprobs),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the batch. Can it still change?",
    ),
    Misconception(
        "the wrong policy is held constant",
        lambda logprobs, old_logprobs: torch.exp(logprobs.detach() - old_logprobs),
        "the policy we train has no gradient, and the old one has it",
        "one of the two needs a detach, and the names are long",
        "Which of the two policies do we train?",
    ),
    Misconception(
        "the ratio is clipped already",
        lambda logprobs, old_logprobs: torch.exp(logprobs - old_logprobs.detach()).clamp(0.8, 1.2),
        "the ratio was cut to the interval from 0.8 to 1.2",
        "PPO does clip the ratio, one step later, and only where the minimum says so",
        "Is clipping a part of what a ratio is, or of what the objective does with it?",
    ),
)
