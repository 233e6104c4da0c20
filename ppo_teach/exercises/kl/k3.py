"""Write `k3`. Chapter: book/language/kl.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.kl import k1, k2, k3


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


MISCONCEPTIONS = (
    Misconception(
        "forward and reverse are swapped",
        edited(k3, ("-k1", "k1")),
        "q was taken as π/π_ref. Over samples of π its mean is not 1, and nothing is unbiased any more",
        "π over π_ref stands inside the logarithm of the definition",
        "Which of the two quotients has the mean 1 under π?",
    ),
    Misconception(
        "the sign",
        edited(as_published, ("(r - 1) - r.log()", "r.log() - (r - 1)")),
        "the estimate is never positive, and should never be negative",
        "the terms stand the other way round: 'log q minus (q − 1)'",
        "The logarithm lies below its tangent. Which of q − 1 and log q is the larger one?",
    ),
    Misconception(
        "the −1 is missing",
        edited(k3, ("expm1", "exp")),
        "q has the mean 1, not 0, so the estimate is 1 too large",
        "a constant has no gradient, so nobody misses it there",
        "What is your estimate where both agree?",
    ),
    Misconception(
        "the logarithm's sign",
        edited(k3, (" - log_quotient", " + log_quotient")),
        "log q was added, not subtracted: the mean has the wrong sign",
        "k1 is a log-ratio with a plus, but that one is log π − log π_ref",
        "k1 = −log q is in there. With which sign?",
    ),
    Misconception(
        "q upside down beside the right logarithm",
        edited(k3, ("expm1(log_quotient)", "expm1(-log_quotient)")),
        "q − 1 was formed with π/π_ref, and log q with π_ref/π",
        "PPO's ratio has the new policy on top, and one writes it without thinking",
        "Which of the two quotients has the mean 1 under π?",
    ),
    Misconception(
        "q − 1 alone",
        edited(k3, (" - log_quotient", "")),
        "this has the mean 0 under π, wherever π is",
        "it is the new part of k3",
        "Which term carries the divergence, and which one only calms it?",
    ),
    Misconception(
        "k1",
        k1,
        "this is k1, which swings and may be negative",
        "it is the definition, and unbiased",
        "A token that the reference likes better: what is your estimate?",
    ),
    Misconception(
        "log q",
        edited(k3, ("torch.expm1(log_quotient) - ", "")),
        "this is −k1: its mean is minus the divergence",
        "reference minus policy looks like 'distance from the reference'",
        "Where π is surer than the reference, should the estimate be positive?",
    ),
    Misconception(
        "k2",
        k2,
        "this is k2, half the square of log q: close by the same, and biased farther away",
        "k3 = x²/2 + x³/6 + …, and the first term is all of k2",
        "For q = ½: what is q − 1 − log q, and what ½ log² q?",
    ),
    Misconception(
        "the square without its ½",
        edited(k2, ("0.5 * ", "")),
        "this is twice k2",
        "a squared difference is the first non-negative thing that comes to mind",
        "For q = ½: what is q − 1 − log q, and what log² q?",
    ),
    Misconception(
        "k1, cut off at 0",
        edited(k1, ("logprobs - ref_logprobs", "(logprobs - ref_logprobs).clamp(min=0)")),
        "half of the samples of k1 were thrown away, so the mean is too large",
        "a divergence is never negative; a single sample of k1 may be",
        "What becomes of the mean when its negative half is gone?",
    ),
    Misconception(
        "the quotient of the log-probabilities",
        edited(as_published, ("(ref_logprobs - logprobs).exp()", "ref_logprobs / logprobs")),
        "log π_ref was divided by log π",
        "the formula prints a fraction, and the arguments are the two sides of it",
        "q is a quotient of probabilities. What becomes of it under the logarithm?",
    ),
    Misconception(
        "weighted by the probability",
        edited(as_published, ("(r - 1) - r.log()", "logprobs.exp() * ((r - 1) - r.log())")),
        "the probability of the token was multiplied in",
        "the formula of the divergence has π in front; but sampling from π already weighs by it",
        "How often is a token drawn whose probability is ½?",
    ),
    Misconception(
        "divided after the exponential",
        edited(as_published, ("(ref_logprobs - logprobs).exp()", "ref_logprobs.exp() / logprobs.exp()")),
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition of q, word for word, and right for single tokens",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "one number for the batch",
        edited(as_published, ("(r - 1) - r.log()", "((r - 1) - r.log()).mean()")),
        "the tokens were averaged, padding and all",
        "an estimate is a mean over samples; but here each sample is asked for",
        "How many tokens came in?",
    ),
    Misconception(
        "large samples are cut off",
        edited(as_published, ("(r - 1) - r.log()", "((r - 1) - r.log()).clamp(max=10.0)")),
        "what is above 10 was cut off, so the mean is too small",
        "a single enormous q spoils a curve",
        "A mean is made of all of its samples. What becomes of it without the largest?",
    ),
    Misconception(
        "no gradient",
        edited(as_published, ("(r - 1) - r.log()", "((r - 1) - r.log()).detach()")),
        "the number is right, but no gradient reaches the policy",
        "as a gauge it needs none",
        "Which of the chapter's questions is about the gradient of this number?",
    ),
)

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
