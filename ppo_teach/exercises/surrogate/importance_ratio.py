"""Write `importance_ratio`. Chapter: book/ppo/surrogate.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.surrogate.importance_ratio_misconceptions import MISCONCEPTIONS
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
