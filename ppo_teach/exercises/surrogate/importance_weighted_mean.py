"""Write `importance_weighted_mean`. Chapter: book/ppo/surrogate.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.surrogate import importance_weighted_mean


def draws(payoffs: list, new: list, old: list, *, law: str = "") -> Case:
    """A case from probabilities, so that ratios can be seen: 0.25 after 0.125 is 2."""
    payoffs, new, old = (torch.tensor(x, dtype=torch.float32) for x in (payoffs, new, old))
    return Case({"payoffs": payoffs, "logprobs": new.log(), "old_logprobs": old.log()}, law=law)


def replies(payoffs: list, new: list, old: list, *, law: str) -> Case:
    """A case from log-probabilities, as of whole replies."""
    inputs = {"payoffs": payoffs, "logprobs": new, "old_logprobs": old}
    return Case({name: torch.tensor(x, dtype=torch.float32) for name, x in inputs.items()}, law=law)


def random_draws(rng: torch.Generator) -> Case:
    """Five draws with ratios above and below 1, and payoffs of both signs."""
    old = 0.1 + 0.3 * torch.rand(5, generator=rng)
    change = torch.tensor([0.4, 0.7, 1.0, 1.5, 2.2])[torch.randperm(5, generator=rng)]
    payoffs = torch.randint(-150, 151, (5,), generator=rng) / 100
    return draws(payoffs.tolist(), (old * change).tolist(), old.tolist())


def as_a_dot_product(payoffs, logprobs, old_logprobs):
    """Added up and divided."""
    ratio = torch.exp(logprobs - old_logprobs.detach())
    return ratio @ payoffs / len(payoffs)


def draw_by_draw(payoffs, logprobs, old_logprobs):
    """A running mean, in float64."""
    mean = torch.zeros((), dtype=torch.float64)
    for count, (value, new, old) in enumerate(zip(payoffs, logprobs, old_logprobs.detach(), strict=True), start=1):
        mean = mean + ((new - old).exp() * value - mean) / count
    return mean


def by_the_logarithm_of_n(payoffs, logprobs, old_logprobs):
    """N goes into the exponent, and log π_old is held constant without a detach."""
    with torch.no_grad():
        old = old_logprobs + torch.log(torch.tensor(float(len(payoffs))))
    return (torch.exp(logprobs - old) * payoffs).sum()


MISCONCEPTIONS = (
    Misconception(
        "proposal and target are swapped",
        edited(as_a_dot_product, ("logprobs - old_logprobs.detach()", "old_logprobs.detach() - logprobs")),
        "each draw counted as often as it has become rarer",
        "'old over new' and 'new over old' are both 1 at first",
        "A draw has become twice as likely. Should it count twice, or half?",
    ),
    Misconception(
        "no weights",
        edited(as_a_dot_product, ("ratio @ payoffs", "payoffs.sum()")),
        "this is the mean under the old policy",
        "while both policies agree there is nothing to weigh",
        "Whose mean is the plain mean of these draws?",
    ),
    Misconception(
        "weighted by the new probability",
        edited(as_a_dot_product, (" - old_logprobs.detach()", "")),
        "a draw that both policies like is counted twice over: it was already drawn more often",
        "E[f] is Σ π f, and the draws look like the terms of that sum",
        "How often is a likely outcome on the list already?",
    ),
    Misconception(
        "the quotient of the log-probabilities",
        edited(as_a_dot_product, ("torch.exp(logprobs - old_logprobs.detach())", "logprobs / old_logprobs.detach()")),
        "log π was divided by log π_old",
        "the formula prints a fraction, and the arguments are the two sides of it",
        "The ratio is one of probabilities. What becomes of a quotient under the logarithm?",
    ),
    Misconception(
        "divided after the exponential",
        edited(
            as_a_dot_product,
            ("torch.exp(logprobs - old_logprobs.detach())", "torch.exp(logprobs) / torch.exp(old_logprobs.detach())"),
        ),
        "exp(−200) is 0 in float32, and 0 cannot be divided by 0",
        "it is the definition, word for word, and right for dice",
        "What is exp(−200) in float32? And what is 0/0?",
    ),
    Misconception(
        "the quotient of two sums",
        edited(
            as_a_dot_product,
            ("torch.exp(logprobs - old_logprobs.detach())", "torch.exp(logprobs)"),
            ("len(payoffs)", "old_logprobs.detach().exp().sum().clamp(min=1e-30)"),
        ),
        "the new probabilities were added up, and the old ones, and the sums divided: no draw has a ratio of its own",
        "E[f] is Σ π f, and the draws look like the terms of that sum",
        "How often is a likely outcome on the list already?",
    ),
    Misconception(
        "the exponential is missing",
        edited(as_a_dot_product, ("torch.exp(", "(")),
        "the logarithm of the ratio was used as the ratio",
        "a difference of logarithms already is a quotient, up to one exp",
        "What does a draw weigh while both policies agree?",
    ),
    Misconception(
        "divided by the sum of the weights",
        edited(as_a_dot_product, ("len(payoffs)", "ratio.sum()")),
        "this is the self-normalised estimator: a published one of smaller variance, but biased",
        "weights that sum to 1 make it look like an average",
        "With a single draw, what is your estimate, whatever its ratio?",
    ),
    Misconception(
        "the sum instead of the mean",
        edited(as_a_dot_product, (" / len(payoffs)", "")),
        "the draws were added up, not averaged",
        "an expectation is a sum, but one over outcomes, not over draws",
        "Should twice as many draws give a number twice as large?",
    ),
    Misconception(
        "one weight for all draws",
        edited(as_a_dot_product, ("ratio @ payoffs", "ratio.mean() * payoffs.sum()")),
        "the mean of a product is not the product of the means",
        "the mean of ρ is 1, so this looks harmless",
        "Which draws should count more: all alike, or those that became likelier?",
    ),
    Misconception(
        "draws that the new policy never makes are left out",
        edited(as_a_dot_product, ("len(payoffs)", "(logprobs > -torch.inf).sum()")),
        "they were left out of the number of draws as well",
        "there is a support condition, but it is about what the *old* policy cannot draw",
        "The old policy made N draws. Does N change with what the new policy would have done?",
    ),
    Misconception(
        "the ratio is detached",
        edited(as_a_dot_product, ("old_logprobs.detach())", "old_logprobs).detach()")),
        "the number is right, but no gradient reaches the new policy",
        "a weight is a constant in most sums",
        "Through which factor does the estimate depend on the new policy?",
    ),
    Misconception(
        "the old policy is not held constant",
        edited(as_a_dot_product, ("old_logprobs.detach()", "old_logprobs")),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the list. Can it still change?",
    ),
)

EXERCISE = Exercise(
    function=importance_weighted_mean,
    title="Importance sampling",
    section="Somebody else’s dice",
    minutes=10,
    difficulty=2,
    goal="Return the unbiased estimate of E_new[f] from N draws of the old policy: the mean of ρ f, divided by N. "
    "`payoffs` are f of each draw, the log-probabilities those of the draw under the new and the old policy. The old "
    "policy is held constant. A draw that the new policy would never make counts as a draw, with the weight 0. "
    "Log-probabilities of −200 are no trouble.",
    entry="mean",
    worked=draws([8, 2], [0.25, 0.25], [0.125, 0.5]),
    answer=8.5,
    cases=(
        draws([3], [0.5], [0.25]),
        draws([1, -1], [0.2, 0.8], [0.8, 0.2]),
        draws([0, 2, 4], [0.5, 0.2, 0.1], [0.25, 0.4, 0.1]),
        draws([1, 4], [0.3, 0.6], [0.3, 0.6], law="While both policies agree, it is the plain mean"),
        draws(
            [6, 2], [0.0, 0.5], [0.5, 0.5], law="A draw that the new policy never makes weighs 0, and is still a draw"
        ),
        replies([8, 2], [-200, -201], [-201, -201], law="A probability too small for float32 has a ratio all the same"),
    ),
    random_case=random_draws,
    gradients=("logprobs", "old_logprobs"),
    hints=(
        "A draw has become twice as likely. How often should it count?",
        "A quotient of probabilities is a difference of logarithms. Divide by the number of draws.",
        "((logprobs - old_logprobs.detach()).exp() * payoffs).mean().",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(as_a_dot_product, draw_by_draw, by_the_logarithm_of_n),
)
