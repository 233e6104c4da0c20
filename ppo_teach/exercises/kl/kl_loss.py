"""Write `kl_loss`. Chapter: book/language/kl.md."""

import torch
from torch.nn.functional import mse_loss

from ppo_teach.exercises.averages import mean_of_row_means
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
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


MISCONCEPTIONS = (
    Misconception(
        "k1: unbiased value, so unbiased gradient",
        edited(kl_loss, ("k2", "k1")),
        "the gradient of k1 is ∇ log π, and that averages to 0: it teaches nothing",
        "k1 is the definition, and its mean is the divergence",
        "What is the mean of ∇ log π over tokens that π drew?",
    ),
    Misconception(
        "k3: the other divergence's gradient",
        edited(kl_loss, ("k2", "k3")),
        "the gradient of k3 is (1 − q) ∇ log π, on average that of KL(π_ref ‖ π)",
        "k3 has the right mean and never is negative; near the reference its *value* is the best of the three",
        "What does E[q ∇ log π] become when q π is written as π_ref?",
    ),
    Misconception(
        "the ½ is missing",
        edited(by_selection, ("0.5 * ", "")),
        "the loss, and its gradient, are twice as large as they should be: β would be 2β",
        "a squared difference has no ½ in most losses",
        "What is the slope of x², and what is that of x²/2?",
    ),
    Misconception(
        "the sign",
        edited(by_selection, ("0.5", "-0.5")),
        "minimising it drives the policy away",
        "the reward has −β; a loss has the other sign",
        "Should a loss be large or small near the reference?",
    ),
    Misconception(
        "the absolute log-ratio",
        edited(kl_loss, ("k2(logprobs, ref_logprobs)", "(logprobs - ref_logprobs).abs()")),
        "its slope is the sign of the log-ratio, whatever its size",
        "it is never negative and in nats",
        "How strong should the pull be when the log-ratio is 2, and how strong when it is 0.01?",
    ),
    Misconception(
        "the right gradient, and another number",
        edited(kl_loss, ("k2(logprobs, ref_logprobs)", "(logprobs - ref_logprobs).detach() * logprobs")),
        "log-ratio times log π, with the log-ratio held constant, has the right gradient; but its value is none of "
        "k1, k2, k3",
        "it is the policy gradient's form",
        "What is your loss where both policies agree?",
    ),
    Misconception(
        "the reference is not held constant",
        edited(kl_loss, (".detach()", "")),
        "the reference has a gradient",
        "the number is the same, and a frozen model has none anyway",
        "Which of the two policies never changes?",
    ),
    Misconception(
        "the wrong policy is held constant",
        edited(by_selection, ("logprobs - ref_logprobs.detach()", "logprobs.detach() - ref_logprobs")),
        "the policy we train has no gradient, and the reference has it",
        "one of the two needs a detach, and the names are long",
        "Which of the two policies do we train?",
    ),
    Misconception(
        "no gradient",
        edited(by_selection, ("(logprobs - ref_logprobs.detach())", "(logprobs - ref_logprobs).detach()")),
        "the number is right, but no gradient reaches the policy",
        "in the reward the log-ratio is held constant, and rightly",
        "What is a loss worth through which no gradient flows?",
    ),
    Misconception(
        "the sum instead of the mean",
        edited(by_selection, ("mean()", "sum()")),
        "the tokens were added up, so a longer batch weighs more",
        "a reply's KL is a sum",
        "Should a batch twice as large give a loss twice as large?",
    ),
    Misconception(
        "a sum for each reply",
        edited(kl_loss, masked_mean=lambda x, mask: x.sum(dim=-1).mean()),
        "tokens were added up along the reply: a KL per sequence, not per token",
        "everywhere else in the chapter a KL is per sequence",
        "By how many numbers is the sum to be divided?",
    ),
    Misconception(
        "divided by all positions",
        edited(kl_loss, masked_mean=lambda x, mask: x.mean()),
        "padding was counted as tokens",
        "with replies of equal length the mask is true everywhere",
        "How many tokens are real?",
    ),
    Misconception(
        "the mean of the replies' means",
        edited(kl_loss, masked_mean=mean_of_row_means),
        "a token of a short reply counted more than one of a long reply",
        "first along the row, then along the batch, is how one thinks of a batch",
        "Two replies of one and of three tokens: what does each token weigh?",
    ),
    Misconception(
        "padding is counted",
        edited(by_selection, ("[mask]", "")),
        "what stands at padding entered the loss",
        "with replies of equal length the mask is true everywhere",
        "What may stand at padding?",
    ),
    Misconception(
        "padding is multiplied by zero",
        edited(by_selection, ("[mask].square().mean()", ".square().mul(mask).sum() / mask.sum()")),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "padding is hidden after the square",
        edited(by_selection, ("[mask].square().mean()", ".square().where(mask, 0.0).sum() / mask.sum()")),
        "the number is right, but the gradient of what was hidden is NaN",
        "`torch.where` at the end looks as good as at the beginning",
        "The gradient of a square multiplies by what was squared. What stood at padding?",
    ),
)

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
