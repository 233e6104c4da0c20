"""Write `k3`. Chapter: book/language/kl.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.kl.k3_misconceptions import MISCONCEPTIONS
from ppo_teach.kl import k3


def tokens(new: list, ref: list, *, law: str = "") -> Case:
    """A case from probabilities, so that quotients can be seen: 0.25 where π has 0.5 is q = ½."""
    new, ref = torch.tensor(new, dtype=torch.float32), torch.tensor(ref, dtype=torch.float32)
    return Case({"logprobs": new.log(), "ref_logprobs": ref.log()}, law=law)


def replies(new: list, ref: list, *, law: str) -> Case:
    """A case from log-probabilities, as of whole replies."""
    return Case({"logprobs": torch.tensor(new), "ref_logprobs": torch.tensor(ref)}, law=law)


def random_tokens(rng: torch.Generator) -> Case:
    """Two rows of four; likelier and less likely than in the reference."""
    new, ref = torch.randint(10, 91, (2, 2, 4), generator=rng) / 100
    new[:, 0], ref[:, 0] = torch.tensor([0.8, 0.2]), torch.tensor([0.3, 0.7])
    return tokens(new.tolist(), ref.tolist())


def with_an_exponential(logprobs, ref_logprobs):
    q = torch.exp(ref_logprobs - logprobs)
    return q - 1 - (ref_logprobs - logprobs)


def from_k1(logprobs, ref_logprobs):
    """k1 and what has mean 0, in float64."""
    first = logprobs.double() - ref_logprobs.detach().double()
    return first + torch.exp(-first) - 1


def as_published(logprobs, ref_logprobs):
    """−log r + (r − 1), with the logarithm taken again."""
    r = (ref_logprobs - logprobs).exp()
    return (r - 1) - r.log()


EXERCISE = Exercise(
    function=k3,
    title="An estimate that is never negative",
    section="Three estimates of one number",
    minutes=10,
    difficulty=2,
    goal="Return (q − 1) − log q of every token, with q = π_ref/π: an estimate of KL(π ‖ π_ref) from samples of π, in "
    "nats. One number for each token, whatever the shape. Log-probabilities of −200 are no trouble.",
    entry="estimate",
    worked=tokens([0.5, 0.25, 0.5], [0.25, 0.5, 0.5]),
    answer=[0.1931, 0.3069, 0.0],
    cases=(
        tokens([[0.9, 0.1], [0.3, 0.6]], [[0.3, 0.4], [0.6, 0.6]]),
        tokens([0.8], [0.1]),
        tokens([[0.3, 0.7]], [[0.3, 0.7]], law="Where both agree it is 0, and so is its slope"),
        replies([-1.0, -20.0], [-41.0, -8.0], law="An enormous quotient counts in full"),
        replies([-200.0, -202.0], [-201.0, -201.0], law="Probabilities too small for float32 have a quotient"),
    ),
    random_case=random_tokens,
    gradients=("logprobs",),
    hints=(
        "The samples are π's. What is q when the reference finds a token twice as likely as π does?",
        "log q is a difference of two numbers that you have. Is it the one that k1 is, or its negative?",
        "With x = ref_logprobs - logprobs: torch.expm1(x) - x.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_an_exponential, from_k1, as_published),
)
