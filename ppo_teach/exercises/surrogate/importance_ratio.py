"""Write `importance_ratio`. Chapter: book/ppo/surrogate.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.surrogate import importance_ratio


def actions(new: list, old: list, *, law: str = "") -> Case:
    """A case from probabilities, so that ratios can be seen: 0.5 after 0.25 is 2."""
    new, old = torch.tensor(new, dtype=torch.float32), torch.tensor(old, dtype=torch.float32)
    return Case({"logprobs": new.log(), "old_logprobs": old.log()}, law=law)


def logprobs(new: list, old: list, *, law: str) -> Case:
    return Case({"logprobs": torch.tensor(new), "old_logprobs": torch.tensor(old)}, law=law)


def random_actions(rng: torch.Generator) -> Case:
    """Two rows of three actions, each become between half and twice as likely, or neither."""
    old = 0.1 + 0.3 * torch.rand(2, 3, generator=rng)
    change = torch.tensor([0.5, 1.0, 2.0])[torch.randint(3, (2, 3), generator=rng)]
    return actions((old * change).tolist(), old.tolist())


def by_expm1(logprobs, old_logprobs):
    """1 plus the relative change, in float64."""
    return 1 + torch.expm1(logprobs.double() - old_logprobs.detach().double())


def inverse_of_the_inverse(logprobs, old_logprobs):
    """1 / (old / new), still a difference of logarithms."""
    return 1 / torch.exp(old_logprobs.detach() - logprobs)


def as_a_power(logprobs, old_logprobs):
    """2 to the number of bits by which the log-probability rose."""
    bits = (logprobs - old_logprobs.detach()) / torch.log(torch.tensor(2.0))
    return torch.exp2(bits)


def one_by_one(logprobs, old_logprobs):
    """A loop over the actions."""
    pairs = zip(logprobs.flatten(), old_logprobs.detach().flatten(), strict=True)
    return torch.stack([(new - old).exp() for new, old in pairs]).view(logprobs.shape)


MISCONCEPTIONS = (
    Misconception(
        "the ratio of the log-probabilities",
        edited(importance_ratio, ("torch.exp(logprobs - old_logprobs.detach())", "logprobs / old_logprobs.detach()")),
        "log π was divided by log π_old",
        "the paper prints a fraction, and it is 1 while both policies agree, as it should be",
        "Both logarithms are negative. When a token becomes likelier, does your quotient rise, or fall?",
    ),
    Misconception(
        "the ratio is inverted",
        edited(importance_ratio, ("logprobs - old_logprobs.detach()", "old_logprobs.detach() - logprobs")),
        "π_old stands above π",
        "'old over new' and 'new over old' are both 1 at first",
        "An action became more likely. Should its ratio be above 1, or below?",
    ),
    Misconception(
        "the logarithm of the ratio",
        edited(importance_ratio, ("torch.exp(", "(")),
        "the exponential is missing",
        "a difference of logarithms already is a quotient, up to one exp, and near 1 log ρ is ρ − 1",
        "What is your ratio while both policies agree?",
    ),
    Misconception(
        "one plus the logarithm of the ratio",
        edited(importance_ratio, ("torch.exp(", "(1 + ")),
        "e^x was replaced by 1 + x",
        "near 1 the two can hardly be told apart, and at 1 their slopes agree",
        "Probabilities ½ now and ¼ before: what is the ratio, and what is 1 + log 2?",
    ),
    Misconception(
        "no ratio, only the new probability",
        edited(importance_ratio, (" - old_logprobs.detach()", "")),
        "the old policy was left out",
        "exp(log π) looks like the ratio when one forgets who drew the batch",
        "What is your ratio while both policies agree?",
    ),
    Misconception(
        "divided after the exponential",
        edited(
            importance_ratio,
            ("torch.exp(logprobs - old_logprobs.detach())", "torch.exp(logprobs) / torch.exp(old_logprobs.detach())"),
        ),
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition, word for word, and right for single tokens",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "divided after the exponential, with a small number added",
        edited(
            importance_ratio,
            (
                "torch.exp(logprobs - old_logprobs.detach())",
                "torch.exp(logprobs) / (torch.exp(old_logprobs.detach()) + 1e-8)",
            ),
        ),
        "exp(−200) is 0 in float32; the small number turns 0/0 into 0, and that is no ratio either",
        "a small number in the denominator keeps NaN away",
        "Where 0/0 was, your ratio is 0. Did the token become impossible?",
    ),
    Misconception(
        "one ratio for the whole reply",
        edited(
            importance_ratio,
            (
                "logprobs - old_logprobs.detach())",
                "(logprobs - old_logprobs.detach()).sum(-1, True)).expand_as(logprobs)",
            ),
        ),
        "the log-ratios of a row were added up before the exponential",
        "the probability of a reply is the product of its tokens', and there are methods that do this",
        "Every action has a probability of its own. Has it a ratio of its own?",
    ),
    Misconception(
        "the ratio is detached",
        edited(importance_ratio, ("old_logprobs.detach())", "old_logprobs).detach()")),
        "the number is right, but no gradient reaches the policy",
        "the ratio is a weight, and other weights are held constant",
        "Through which factor does the surrogate depend on the policy that we train?",
    ),
    Misconception(
        "the old policy is not held constant",
        edited(importance_ratio, ("old_logprobs.detach()", "old_logprobs")),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the batch. Can it still change?",
    ),
    Misconception(
        "the wrong policy is held constant",
        edited(importance_ratio, ("logprobs - old_logprobs.detach()", "logprobs.detach() - old_logprobs")),
        "the policy we train has no gradient, and the old one has it",
        "one of the two needs a detach, and the names are long",
        "Which of the two policies do we train?",
    ),
    Misconception(
        "the ratio is clipped already",
        edited(importance_ratio, ("old_logprobs.detach())", "old_logprobs.detach()).clamp(0.8, 1.2)")),
        "the ratio was cut to the interval from 0.8 to 1.2",
        "PPO does clip the ratio, one step later, and only where the minimum says so",
        "Is clipping a part of what a ratio is, or of what the objective does with it?",
    ),
)

EXERCISE = Exercise(
    function=importance_ratio,
    title="The importance ratio",
    section="One ratio for a token, one for a reply",
    minutes=5,
    difficulty=1,
    goal="Return π_θ(a | s) / π_old(a | s) of every action, from the two log-probabilities, for tensors of any shape. "
    "The old policy is held constant. Log-probabilities of −200 are no trouble.",
    entry="ratio",
    worked=actions([0.5, 0.25, 0.3], [0.25, 0.5, 0.3]),
    answer=[2.0, 0.5, 1.0],
    cases=(
        actions([[0.2, 0.9], [0.4, 0.3]], [[0.1, 0.3], [0.4, 0.6]]),
        actions([0.3, 0.6], [0.3, 0.6], law="While both policies agree, the ratio is 1 and its slope in log π is 1"),
        logprobs(
            [-200.0, -202.0], [-201.0, -201.0], law="A probability too small for float32 has a ratio all the same"
        ),
    ),
    random_case=random_actions,
    gradients=("logprobs", "old_logprobs"),
    hints=(
        "What must the ratio be while both policies agree?",
        "exp(−200) is 0 in float32. Can you divide before you leave the logarithms?",
        "torch.exp(logprobs - old_logprobs.detach()).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_expm1, inverse_of_the_inverse, as_a_power, one_by_one),
)
