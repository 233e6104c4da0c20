"""Write `value_loss`. Chapter: book/foundations/value-functions.md."""

import torch
from torch.nn.functional import mse_loss, smooth_l1_loss

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.values import value_loss

NAN = float("nan")


def predictions(values: list, returns: list, mask: list | None = None, *, law: str = "") -> Case:
    values, returns = torch.tensor(values, dtype=torch.float32), torch.tensor(returns, dtype=torch.float32)
    mask = torch.ones_like(values).bool() if mask is None else torch.tensor(mask).bool()
    return Case({"values": values, "returns": returns, "mask": mask}, law=law)


def random_predictions(rng: torch.Generator) -> Case:
    """Three replies of different length, errors of both signs, small and large, and junk at padding."""
    values, returns = torch.randint(-150, 151, (2, 3, 4), generator=rng) / 100
    returns[:, 0] = values[:, 0] + torch.tensor([2.5, -0.5, 0.25])
    lengths = torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)]
    mask = torch.arange(4) < lengths[:, None]
    values = torch.where(mask, values, 7.0)
    return predictions(values.tolist(), returns.tolist(), mask.tolist())


def by_selection(values, returns, mask):
    """The real tokens alone."""
    errors = values[mask] - returns[mask].detach()
    return errors.square().mean() / 2


def with_the_library(values, returns, mask):
    return 0.5 * mse_loss(values[mask], returns[mask].detach())


def by_expansion(values, returns, mask):
    """½(V² − 2VR + R²), each mean for itself, in float64."""
    values, returns = values[mask].double(), returns[mask].detach().double()
    return (values.pow(2).mean() - 2 * (values * returns).mean() + returns.pow(2).mean()) / 2


def token_by_token(values, returns, mask):
    """A loop, row by row."""
    total, count = 0.0, 0
    for value, target, real in zip(values.flatten(), returns.detach().flatten(), mask.flatten(), strict=True):
        if real:
            total, count = total + (target - value) ** 2 / 2, count + 1
    return total / count


MISCONCEPTIONS = (
    Misconception(
        "the critic is detached",
        edited(value_loss, ("values - returns.detach()", "values.detach() - returns.detach()")),
        "the number is right, but the critic learns nothing",
        "values are held constant everywhere else: in advantages, in returns, in the rollout",
        "Which of the two is to be moved by this loss: the values, or the returns?",
    ),
    Misconception(
        "the returns are not held constant",
        edited(value_loss, (".detach()", "")),
        "the targets are pulled towards the critic",
        "the number is the same, and where returns come from a rollout nothing depends on them",
        "Which of the two is to be moved by this loss: the values, or the returns?",
    ),
    Misconception(
        "values and returns are swapped",
        edited(value_loss, ("values - returns.detach()", "values.detach() - returns")),
        "the targets have the gradient, and the critic has none",
        "the square is the same in both directions",
        "Which of the two is to be moved by this loss: the values, or the returns?",
    ),
    Misconception(
        "every value against every return",
        edited(by_selection, ("values[mask]", "values[mask][:, None]")),
        "a column minus a row is a square: each value was compared with the returns of all tokens",
        "a value head gives (B, 1), the returns are (B,), and broadcasting says nothing",
        "Print the shape of values minus returns. How many errors should there be?",
    ),
    Misconception(
        "the half is missing",
        edited(value_loss, ("0.5 * ", "")),
        "the loss and its gradient are twice as large",
        "mean squared error is what libraries call it",
        "What is the derivative of ½x², and what of x²?",
    ),
    Misconception(
        "the square is missing",
        edited(value_loss, ("errors.square()", "errors")),
        "errors of opposite sign cancelled",
        "the error itself has the right unit",
        "A value too high by 1 and one too low by 1: is this a perfect critic?",
    ),
    Misconception(
        "the absolute error",
        edited(by_selection, ("errors.square().mean() / 2", "errors.abs().mean()")),
        "the error was not squared",
        "it measures distance as well; its optimum is the median, not the mean",
        "Which loss has the expected return as its optimum?",
    ),
    Misconception(
        "large errors are flattened",
        edited(with_the_library, ("0.5 * mse_loss", "smooth_l1_loss"), smooth_l1_loss=smooth_l1_loss),
        "an error above 1 counted in proportion, not as its square",
        "the Huber loss is common in Q-learning",
        "An error of 3: what is half its square?",
    ),
    Misconception(
        "the square of the mean error",
        edited(by_selection, ("square().mean()", "mean().square()")),
        "errors of opposite sign cancelled before they were squared",
        "'mean squared error' can be read in either order",
        "A value too high by 1 and one too low by 1: is this a perfect critic?",
    ),
    Misconception(
        "the mean error is taken away first",
        edited(by_selection, ("errors.square().mean()", "errors.var(correction=0)")),
        "a critic that is wrong by the same amount everywhere would have no loss",
        "explained variance does it, with the same arguments",
        "All values are too high by 1. What should the loss be?",
    ),
    Misconception(
        "the root of the mean square",
        edited(by_selection, (" / 2", ".sqrt()")),
        "the square root was taken",
        "it brings the error back to units of reward",
        "In which unit is this loss: reward, or reward squared?",
    ),
    Misconception(
        "the sign of an objective",
        edited(value_loss, ("0.5", "-0.5")),
        "minimising this would make the critic worse",
        "PPO's objective is maximised, and the value term stands in it with a minus",
        "Should a better critic have a smaller loss, or a larger one?",
    ),
    Misconception(
        "a library's mean squared error of everything",
        edited(
            with_the_library,
            ("0.5 * mse_loss(values[mask], returns[mask].detach())", "mse_loss(values, returns.detach())"),
        ),
        "padding was counted, and the half is missing",
        "`mse_loss(values, returns)` is one call, and named after the loss",
        "What is the derivative of ½x²? And which positions of the batch are tokens?",
    ),
    *wrong_averages(
        careful=lambda average: edited(value_loss, masked_mean=average),
        careless=lambda average: edited(
            value_loss,
            ("zero_padding(values - returns.detach(), mask)", "values - returns.detach()"),
            masked_mean=average,
        ),
    ),
)

EXERCISE = Exercise(
    function=value_loss,
    title="The critic's loss",
    section="Regression",
    minutes=10,
    difficulty=2,
    goal="Return half the mean squared error of the values over real tokens, a loss to be minimised. The returns are "
    "targets and held constant. What stands where the mask is False, NaN included, reaches neither the result nor a "
    "gradient. Batches may be (B, T) or flat.",
    entry="loss",
    worked=predictions([[0.5, 1, 9]], [[1, 0, 0]], [[1, 1, 0]]),
    answer=0.3125,
    cases=(
        predictions([[0, 0]], [[1, 3]]),
        predictions([[1, 9], [2, 4]], [[0, 0], [0, 3]], [[1, 0], [1, 1]]),
        predictions([0.5, 1, 0, 9], [1, 0, 2, 0], [1, 1, 1, 0], law="A flat batch is a batch"),
        predictions([[1, 2]], [[1, 2]], law="A perfect critic has no loss and no gradient"),
        predictions(
            [[1, NAN], [2, 4]],
            [[0, NAN], [0, 3]],
            [[1, 0], [1, 1]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_predictions,
    gradients=("values", "returns"),
    hints=(
        "What is the error of each real token on paper, and what its square?",
        "Fill padding with 0 before you square; hold the returns constant; divide by the number of real tokens.",
        "torch.where(mask, values - returns.detach(), 0), squared, summed, over 2 · mask.sum().",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, with_the_library, by_expansion, token_by_token),
)
