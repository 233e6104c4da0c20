"""Write `importance_weighted_mean`. Chapter: book/ppo/surrogate.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.surrogate.importance_weighted_mean_misconceptions import MISCONCEPTIONS
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
    """Weights of 1/N each, in float64."""
    weights = torch.exp((logprobs - old_logprobs.detach()).double()) / len(payoffs)
    return weights @ payoffs.double()


def draw_by_draw(payoffs, logprobs, old_logprobs):
    """A running mean."""
    mean = torch.zeros(())
    for count, (value, new, old) in enumerate(zip(payoffs, logprobs, old_logprobs.detach(), strict=True), start=1):
        mean = mean + ((new - old).exp() * value - mean) / count
    return mean


def by_the_logarithm_of_n(payoffs, logprobs, old_logprobs):
    """N goes into the exponent, and log π_old is held constant without a detach."""
    with torch.no_grad():
        old = old_logprobs + torch.log(torch.tensor(float(len(payoffs))))
    return (torch.exp(logprobs - old) * payoffs).sum()


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
