"""Write `trunk_gradient`. Chapter: book/language/ppo-for-language.md."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ppo_teach.checks import require, same_shape
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.ppo_for_language.trunk_gradient_misconceptions import MISCONCEPTIONS
from ppo_teach.masks import zero_padding


def trunk_gradient(
    hidden: Float[Tensor, "B T D"],
    weights: Float[Tensor, " D"],
    bias: float,
    returns: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B T D"]:
    """What the critic's loss asks of the hidden states it reads: the gradient with respect to each of them.

        ∂L/∂h_t = (V_t − R̂_t) / N · w,     V_t = w · h_t + b,     L = ½ · mean_t (V_t − R̂_t)²

    N is the number of real tokens. 0 at padding, and 0 everywhere while the head's weights w are 0.
    """
    same_shape(hidden=hidden[..., 0], returns=returns, mask=mask)
    require(bool(mask.any()), "mask must have a real token; got none")
    errors = zero_padding(hidden @ weights + bias - returns, mask) / mask.sum()
    return errors[..., None] * weights


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
    values = (torch.where(mask[..., None], hidden, 0.0) * weights).sum(dim=-1) + bias
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


NAN = float("nan")
TWO_ROWS = [[[1, 2], [9, 9]], [[2, 0], [0, 1]]]
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
