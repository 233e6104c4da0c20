"""Write `kl_loss`. Chapter: book/language/kl.md."""

import torch
from torch.nn.functional import mse_loss

from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.kl.kl_loss_misconceptions import MISCONCEPTIONS
from ppo_teach.kl import kl_loss


def tokens(new: list, ref: list, mask: list | None = None, *, law: str = "") -> Case:
    """A case from log-probabilities, so that log-ratios can be seen."""
    new, ref = torch.tensor(new, dtype=torch.float32), torch.tensor(ref, dtype=torch.float32)
    mask = torch.ones_like(new).bool() if mask is None else torch.tensor(mask).bool()
    return Case({"logprobs": new, "ref_logprobs": ref, "mask": mask}, law=law)


def random_tokens(rng: torch.Generator) -> Case:
    """Replies of two, three and four tokens, log-ratios of both signs, junk at padding."""
    new, ref = -torch.randint(10, 301, (2, 3, 4), generator=rng) / 100
    new[:, 0], ref[:, 0] = torch.tensor([-0.2, -2.0, -1.0]), torch.tensor([-1.5, -0.7, -2.2])
    mask = torch.arange(4) < torch.tensor([2, 3, 4])[torch.randperm(3, generator=rng)][:, None]
    return tokens(torch.where(mask, new, -9.0).tolist(), torch.where(mask, ref, -4.0).tolist(), mask.tolist())


def by_selection(logprobs, ref_logprobs, mask):
    return 0.5 * (logprobs - ref_logprobs.detach())[mask].square().mean()


def by_the_library(logprobs, ref_logprobs, mask):
    """Half of torch's mean squared error, in float64."""
    with torch.no_grad():
        target = ref_logprobs[mask].double()
    return mse_loss(logprobs[mask].double(), target) / 2


def token_by_token(logprobs, ref_logprobs, mask):
    """A loop and a counter."""
    total, count = torch.zeros(()), 0
    for new, ref, real in zip(*(x.flatten() for x in (logprobs, ref_logprobs, mask)), strict=True):
        if real:
            total, count = total + (new - ref.item()) ** 2 / 2, count + 1
    return total / count


NAN = float("nan")
EXERCISE = Exercise(
    function=kl_loss,
    title="Which has the right gradient as a loss?",
    section="The gradient of an estimate",
    minutes=10,
    difficulty=3,
    goal="Of k1, k2 and k3 choose the one whose gradient, on average over π's own tokens, is that of KL(π ‖ π_ref) in "
    "every state. Return its mean over the real tokens of the batch: each counts the same. The reference is held "
    "constant. What stands where the mask is False, NaN included, changes neither the number nor a gradient. Batches "
    "may be (B, T) or flat.",
    entry="loss",
    worked=tokens([[-1, -3]], [[-2, -1]]),
    answer=1.25,
    cases=(
        tokens([[-1, -2], [-3, -1]], [[-2, -1], [-1, -1]]),
        tokens([[-1, -2, 0], [-3, -1, -2]], [[-2, -1, 0], [-1, -1, -3]], [[1, 0, 0], [1, 1, 1]]),
        tokens([-1, -3, -5], [-2, -1, -1], [1, 1, 0], law="A flat batch is a batch"),
        tokens([[-1, -2]], [[-1, -2]], law="Where both agree it is 0, and so is its slope"),
        tokens(
            [[-1, NAN, NAN], [-3, -1, NAN]],
            [[-2, NAN, NAN], [-1, -1, NAN]],
            [[1, 0, 0], [1, 1, 0]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_tokens,
    gradients=("logprobs", "ref_logprobs"),
    hints=(
        "The gradient that we want is log-ratio times ∇ log π. Of which function is the log-ratio the slope?",
        "Replace what stands at padding by 0 before you square. Which log-probability must have no gradient?",
        "0.5 * (logprobs - ref_logprobs.detach())[mask].square().mean().",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, by_the_library, token_by_token),
)
