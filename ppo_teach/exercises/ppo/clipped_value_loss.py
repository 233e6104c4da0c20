"""Write `clipped_value_loss`. Chapter: book/ppo/ppo.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.ppo.clipped_value_loss_misconceptions import MISCONCEPTIONS
from ppo_teach.values import clipped_value_loss


def predictions(
    values: list, old_values: list, returns: list, mask: list | None = None, *, clip: float = 0.2, law: str = ""
) -> Case:
    rows = {"values": values, "old_values": old_values, "returns": returns}
    rows = {name: torch.tensor(x, dtype=torch.float32) for name, x in rows.items()}
    mask = torch.ones_like(rows["values"]).bool() if mask is None else torch.tensor(mask).bool()
    return Case({**rows, "mask": mask, "clip": clip}, law=law)


def random_predictions(rng: torch.Generator) -> Case:
    """Moves down, inside and up, each with a return far above and far below; a seventh whose return lies on the way.

    Three rows of different length, and junk at padding.
    """
    clip = pick(rng, 0.1, 0.3, 0.5)
    down, inside, up = clip * (torch.tensor([-3.0, -0.8, 1.5]) + torch.rand(3, generator=rng))
    moves = torch.stack([down, down, inside, inside, up, up, up + clip])
    beyond = 2 + torch.rand(3, generator=rng)
    to_return = torch.stack([beyond, -beyond], dim=1).flatten().tolist()
    targets = torch.tensor([*to_return, pick(rng, 0.1 * clip, 0.8 * moves[6].item())])
    old = torch.randint(-150, 151, (7,), generator=rng) / 100
    tokens = torch.stack([old + moves, old, old + targets])[:, torch.randperm(7, generator=rng)]
    mask = torch.arange(4) < torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)][:, None]
    rows = torch.tensor([7.0, 2.0, -3.0])[:, None, None].repeat(1, 3, 4)
    rows[:, mask] = tokens
    return predictions(*rows.tolist(), mask.tolist(), clip=clip)


def by_the_move(values, old_values, returns, mask, *, clip):
    """Padding left out first; the clipped value as one between two bounds."""
    values, old_values, returns = values[mask], old_values[mask].detach(), returns[mask].detach()
    clipped = torch.minimum(torch.maximum(values, old_values - clip), old_values + clip)
    return torch.stack([(values - returns) ** 2, (clipped - returns) ** 2]).amax(dim=0).mean() / 2


def by_distance(values, old_values, returns, mask, *, clip):
    """The larger distance, squared afterwards, in float64."""
    values, old_values, returns = (x.double().masked_fill(~mask, 0) for x in (values, old_values, returns))
    returns, near = returns.detach(), old_values.detach() + (values - old_values.detach()).clamp(-clip, clip)
    larger = torch.where((values - returns).abs() > (near - returns).abs(), values - returns, near - returns)
    return torch.dot(larger.flatten(), larger.flatten()) / (2 * mask.sum())


def plus_what_the_clip_adds(values, old_values, returns, mask, *, clip):
    """The plain loss, and on top of it the part by which the clipped error is larger."""
    chosen = mask.nonzero(as_tuple=True)
    values, old_values, returns = (x[chosen] for x in (values, old_values.detach(), returns.detach()))
    plain = (values - returns).square()
    clipped = (old_values + torch.clamp(values - old_values, -clip, clip) - returns).square()
    return 0.5 * (plain + (clipped - plain).relu()).mean()


def token_by_token(values, old_values, returns, mask, *, clip):
    """A loop over real tokens."""
    losses = []
    for b in mask.flatten().nonzero().flatten().tolist():
        value, old, target = values.flatten()[b], old_values.flatten()[b].item(), returns.flatten()[b].item()
        near = value if abs(value - old) <= clip else torch.tensor(old + clip if value > old else old - clip)
        losses.append(max((value - target) ** 2, (near - target) ** 2))
    return sum(losses) / (2 * len(losses))


NAN = float("nan")
EXERCISE = Exercise(
    function=clipped_value_loss,
    title="The critic's step, bounded",
    section="A clip for the critic",
    minutes=10,
    difficulty=3,
    goal="Return half the mean, over real tokens, of the larger of two squared errors: that of V, and that of V_clip = "
    "V_old + clip(V − V_old, −ε, ε). A loss, to be minimised. The old values and the returns are held constant. What "
    "stands where the mask is False, NaN included, reaches neither the result nor a gradient. Batches may be (B, T) or "
    "flat.",
    entry="loss",
    worked=predictions([[0.5, 0.5, 9]], [[0, 0, 0]], [[1, -1, 0]], [[1, 1, 0]]),
    answer=0.7225,
    cases=(
        predictions([[0.1, -0.1]], [[0, 0]], [[1, 1]]),
        predictions([[-0.5, -0.5]], [[0, 0]], [[-1, 1]]),
        predictions([[3.5]], [[3]], [[4]]),
        predictions([[2.5]], [[3]], [[2]]),
        predictions([[0.5]], [[0]], [[0.4]], clip=0.1),
        predictions([[0.5]], [[0]], [[0.1]]),
        predictions([[1, 9], [2, 4]], [[1.25, 9], [2, 3]], [[0, 0], [0, 3]], [[1, 0], [1, 1]], clip=0.5),
        predictions([[0, 2]], [[0, 2]], [[1, -1]], law="Where no value has moved, it is the plain value loss"),
        predictions(
            [[0, 2]], [[3, 1]], [[1, 1]], clip=9.0, law="Where the clip is never reached, it is the plain loss"
        ),
        predictions([1.5, 2, 0, 9], [1, 2, 3, 7], [3, 1, 2, 0], [1, 1, 1, 0], law="A flat batch is a batch"),
        predictions(
            [[1, NAN, NAN], [2, 0.5, NAN]],
            [[0, NAN, NAN], [0, 0.5, NAN]],
            [[3, NAN, NAN], [-1, 2, NAN]],
            [[1, 0, 0], [1, 1, 0]],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_predictions,
    gradients=("values", "old_values", "returns"),
    hints=(
        "What are V_clip, and the two squared errors, for each real token on paper?",
        "Clip the move V − V_old, not the value and not the error; add it to the old value; square both errors; take "
        "the larger, token by token.",
        "Fill padding with 0; detach V_old and R̂; then clamp, torch.maximum, and half a sum divided by mask.sum().",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_the_move, by_distance, plus_what_the_clip_adds, token_by_token),
)
