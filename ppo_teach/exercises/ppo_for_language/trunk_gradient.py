"""Write `trunk_gradient`. Chapter: book/language/ppo-for-language.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.values import trunk_gradient

NAN = float("nan")
TWO_ROWS = [[[1, 2], [9, 9]], [[2, 0], [0, 1]]]


def head(hidden: list, weights: list, bias: float, returns: list, mask: list, *, law: str = "") -> Case:
    hidden, weights, returns = (torch.tensor(rows, dtype=torch.float32) for rows in (hidden, weights, returns))
    mask = torch.tensor(mask).bool()
    return Case({"hidden": hidden, "weights": weights, "bias": bias, "returns": returns, "mask": mask}, law=law)


def random_head(rng: torch.Generator) -> Case:
    """Three rows of different length, two dimensions, and a head that is far from right."""
    hidden = torch.randint(-4, 5, (3, 4, 2), generator=rng) / 2
    returns = torch.randint(-4, 5, (3, 4), generator=rng) / 4
    mask = torch.arange(4) < torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)][:, None]
    weights = torch.tensor([0.75, -1.25])[torch.randperm(2, generator=rng)]
    return head(hidden.tolist(), weights.tolist(), 2.5, returns.tolist(), mask.tolist())


def by_autograd(hidden, weights, bias, returns, mask):
    """Ask torch, on the real tokens alone."""
    real = hidden[mask].detach().double().requires_grad_()
    with torch.enable_grad():
        loss = 0.5 * (real @ weights.double() + bias - returns[mask].double()).square().mean()
        (gradient,) = torch.autograd.grad(loss, real)
    result = hidden.new_zeros(hidden.shape, dtype=torch.float64)
    result[mask] = gradient
    return result


def by_einsum(hidden, weights, bias, returns, mask):
    """An outer product of errors and weights."""
    hidden = torch.where(mask[..., None], hidden, 0.0)
    values = hidden @ weights + bias
    errors = torch.where(mask, values - returns, 0.0)
    return torch.einsum("bt,d->btd", errors, weights) / mask.sum()


def token_by_token(hidden, weights, bias, returns, mask):
    """A loop over the tokens that are real."""
    result = torch.zeros_like(hidden)
    for b, t in mask.nonzero().tolist():
        result[b, t] = (hidden[b, t].dot(weights) + bias - returns[b, t]) * weights / mask.sum()
    return result


def component(index: tuple[int, ...]) -> str:
    row, token, dimension = index
    return f"gradient at row {row}, token {token}, dimension {dimension}"


MISCONCEPTIONS = (
    Misconception(
        "the trunk is detached",
        edited(trunk_gradient, ("errors[..., None] * weights", "torch.zeros_like(hidden)")),
        "the critic would learn with its head alone, and never move what the policy sees",
        "many trainers do give the critic a trunk of its own, or detach a shared one",
        "In `update` one loss goes backward. Which weights lie below the value head?",
    ),
    Misconception(
        "the head's gradient instead of the trunk's",
        edited(by_einsum, ('"bt,d->btd", errors, weights', '"bt,btd->btd", errors, hidden')),
        "the error was multiplied by the hidden state: that is how the head's weights move",
        "it is the other factor of the same product",
        "V = w · h. What is the derivative by w, and what by h?",
    ),
    Misconception(
        "a large head is taken for a small one",
        edited(trunk_gradient, ("* weights", "* torch.ones_like(weights)")),
        "the weights are missing, and with them all that depends on how the head begins",
        "the error is what the eye is on",
        "With all weights doubled and the error the same: what happens to the pull on the trunk?",
    ),
    Misconception(
        "the length of the weights is taken out",
        edited(trunk_gradient, ("* weights", "* weights / weights.norm().clamp(min=1e-8)")),
        "only the direction of the head is left, and a large head pulls no harder than a small one",
        "a direction is often normalised",
        "With all weights doubled and the error the same: what happens to the pull on the trunk?",
    ),
    Misconception(
        "the opposite sign",
        edited(by_einsum, ("values - returns", "returns - values")),
        "this is the direction that the hidden states move in; the gradient points the other way",
        "an advantage is return less value",
        "A value that is too high, and a positive weight: does the loss grow or fall with the hidden state?",
    ),
    Misconception(
        "the half is missing",
        edited(by_autograd, ("0.5 * ", "")),
        "twice the pull",
        "the derivative of x² is 2x",
        "What is the derivative of ½x²?",
    ),
    Misconception(
        "the values are taken for the errors",
        edited(trunk_gradient, (" - returns", "")),
        "every value is pulled towards 0",
        "at the beginning of a run the returns are small",
        "A critic that is right: how hard should it pull?",
    ),
    Misconception(
        "the sign of the error instead of the error",
        edited(by_einsum, ("values - returns", "(values - returns).sign()")),
        "a small error pulls as hard as a large one",
        "that is the gradient of an absolute error",
        "The error doubles. What happens to the gradient of a square?",
    ),
    Misconception(
        "the bias is missing",
        edited(trunk_gradient, (" + bias", "")),
        "the errors are those of another critic",
        "the bias has no part in the last factor",
        "What does the critic say of a hidden state of zeros?",
    ),
    Misconception(
        "a sum instead of a mean",
        edited(trunk_gradient, (" / mask.sum()", "")),
        "longer replies would pull harder",
        "each token's error stands alone in its gradient",
        "By what is the loss divided?",
    ),
    Misconception(
        "padding is counted",
        edited(trunk_gradient, ("mask.sum()", "mask.numel()")),
        "the pull depends on how wide the batch is padded",
        "`.mean()` divides by all that stands in the rectangle",
        "How many errors is the mean over?",
    ),
    Misconception(
        "each reply by its own length",
        edited(trunk_gradient, ("mask.sum()", "mask.sum(dim=1, keepdim=True) / len(mask)")),
        "a token of a short reply pulls harder than one of a long reply",
        "'the mean of a batch' is often a mean of the replies' means",
        "How many errors is the mean over?",
    ),
    Misconception(
        "a mean for each reply, and their sum",
        edited(trunk_gradient, ("mask.sum()", "mask.sum(dim=1, keepdim=True)")),
        "a larger batch would pull harder, and a token of a short reply harder than one of a long reply",
        "`dim=1` is where the tokens are, so one averages there",
        "How many errors is the mean over?",
    ),
    Misconception(
        "padding has a gradient",
        edited(trunk_gradient, zero_padding=lambda errors, mask: errors),
        "errors at positions that are not real reach the trunk",
        "the mean is divided by the right number, and the rest is forgotten",
        "What is the error of a token that does not exist?",
    ),
)

EXERCISE = Exercise(
    function=trunk_gradient,
    title="What the critic does to the trunk",
    section="The critic in a shared trunk",
    minutes=15,
    difficulty=3,
    goal="Return the gradient of the critic's loss, half the mean squared error over real tokens, with respect to the "
    "hidden states that the value head reads: V is weights · hidden + bias at each token. At padding the gradient is "
    "0, whatever stands there, NaN included.",
    entry=component,
    worked=head([[[1, 2], [2, 0], [9, 9]]], [0.5, -1], 0.5, [[1, 0.5, 0]], [[1, 1, 0]]),
    answer=[[[-0.5, 1], [0.25, -0.5], [0, 0]]],
    cases=(
        head(TWO_ROWS, [1, 3], 0.5, [[0, 0], [1, 5]], [[1, 0], [1, 1]]),
        head(TWO_ROWS, [0, 0], 0.5, [[0, 0], [1, 5]], [[1, 0], [1, 1]], law="A head of zeros leaves the trunk alone"),
        head(
            TWO_ROWS,
            [1, 3],
            0.0,
            [[7, 0], [2, 3]],
            [[1, 0], [1, 1]],
            law="A critic that is right leaves the trunk alone",
        ),
        head(
            [[[1, 2], [NAN, NAN]], [[2, 0], [0, 1]]],
            [1, 3],
            0.5,
            [[0, NAN], [1, 5]],
            [[1, 0], [1, 1]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_head,
    hints=(
        "What does the critic say of each token on paper, and by how much is it wrong?",
        "Chain rule: the loss's derivative with respect to V_t is the error over the number of real tokens. And V_t's "
        "with respect to the hidden state of token t?",
        "errors = torch.where(mask, hidden @ weights + bias - returns, 0) / mask.sum(); errors[..., None] * weights.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_autograd, by_einsum, token_by_token),
)
