"""Write `clipped_value_loss`. Chapter: book/ppo/ppo.md."""

import torch

from ppo_teach.exercises.averages import wrong_averages
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.masks import masked_mean, zero_padding
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


def step_by_step(values, old_values, returns, mask, *, clip):
    """Padding filled before anything else, and a line for each idea."""
    values, old_values, returns = (zero_padding(x, mask) for x in (values, old_values.detach(), returns.detach()))
    clipped = old_values + (values - old_values).clamp(-clip, clip)
    free, bounded = (values - returns).square(), (clipped - returns).square()
    errors = torch.maximum(free, bounded)
    return 0.5 * masked_mean(errors, mask)


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


MISCONCEPTIONS = (
    Misconception(
        "the minimum for the maximum",
        edited(step_by_step, ("torch.maximum", "torch.minimum")),
        "the smaller error counted, so a critic that moved too far is let off",
        "the policy's objective has a minimum at this place; but that one is climbed, and this is a loss",
        "A bound that is pessimistic about a loss: should it report the smaller one, or the larger?",
    ),
    Misconception(
        "only the clipped value counts",
        edited(step_by_step, ("torch.maximum(free, bounded)", "bounded")),
        "a value that has gone astray beyond the interval has no gradient, so nothing pulls it back",
        "the clip looks as if it did the whole work",
        "The value was 0, is 0.5 and should be −1. What should its gradient be? And what is that of V_clip?",
    ),
    Misconception(
        "the plain value loss",
        edited(step_by_step, ("torch.maximum(free, bounded)", "free")),
        "no move was bounded. A clip around the return comes to the same: beside its error the plain one is the larger",
        "inside the interval the two losses agree, and before the first step all values are inside",
        "The value was 0, is 0.5 and should be 1. How much may it gain from its last 0.3?",
    ),
    Misconception(
        "the error is clipped",
        edited(step_by_step, ("torch.maximum(free, bounded)", "(values - returns).clamp(-clip, clip).square()")),
        "V − R̂ was held between −ε and ε, not the move V − V_old",
        "a clipped error bounds the gradient as well, and Q-learning does it",
        "Whose distance is to be bounded: that from the return, or that from the old value?",
    ),
    Misconception(
        "clipped around zero",
        edited(step_by_step, ("old_values + (values - old_values).clamp(-clip, clip)", "values.clamp(-clip, clip)")),
        "the value itself was held between −ε and ε",
        "while the critic knows nothing, its old values are all near 0",
        "The old value is 3 and ε is 0.2. In which interval may V_clip lie?",
    ),
    Misconception(
        "the interval of the ratio",
        edited(
            step_by_step, ("old_values + (values - old_values).clamp(-clip, clip)", "values.clamp(1 - clip, 1 + clip)")
        ),
        "the value itself was held between 1 − ε and 1 + ε",
        "the line is copied from the policy's clip, where no change is a 1; here it is a difference of 0",
        "The old value is 3 and ε is 0.2. In which interval may V_clip lie?",
    ),
    Misconception(
        "clipped above only",
        edited(step_by_step, ("-clip, clip", "max=clip")),
        "a value that fell by more than ε still gained something",
        "values are thought of as rising with the policy",
        "The value was 0, is −0.5 and should be −1. How much may it gain from its last 0.3?",
    ),
    Misconception(
        "clipped below only",
        edited(step_by_step, ("-clip, clip", "min=-clip")),
        "a value that rose by more than ε still gained something",
        "a single bound seems enough, because the maximum is a bound as well",
        "The value was 0, is 0.5 and should be 1. How much may it gain from its last 0.3?",
    ),
    Misconception(
        "ε is fixed at 0.2",
        edited(step_by_step, ("-clip, clip", "-0.2, 0.2")),
        "the argument `clip` was not used",
        "0.2 is the value in every paper",
        "Call your function with clip=0.1 and with clip=0.5. Should the answers differ?",
    ),
    Misconception(
        "the larger value for the larger error",
        edited(step_by_step, ("torch.maximum(free, bounded)", "(torch.maximum(values, clipped) - returns).square()")),
        "the maximum was taken before the square",
        "it is one pair of brackets away from the right line",
        "Above the return, which of V and V_clip has the larger error? And below it?",
    ),
    Misconception(
        "the maximum of the two means",
        edited(
            step_by_step,
            ("masked_mean(errors, mask)", "torch.maximum(masked_mean(free, mask), masked_mean(bounded, mask))"),
        ),
        "the larger mean was taken, not the mean of the larger ones",
        "with a single token, or when all agree, the order does not matter",
        "Is each token to be bounded, or the batch as a whole?",
    ),
    Misconception(
        "outside the interval the gradient is zero",
        edited(
            step_by_step,
            (
                "masked_mean(errors,",
                "masked_mean(torch.where((values - old_values).abs() <= clip, errors, errors.detach()),",
            ),
        ),
        "the number is right, but nothing pulls a value back that has gone astray",
        "it is true where the value has moved towards its return",
        "The value was 0, is 0.5 and should be −1. Should its gradient be zero?",
    ),
    Misconception(
        "old and new values are swapped",
        edited(step_by_step, ("(values, old_values.detach()", "(old_values.detach(), values")),
        "the old value is compared with the return, and the new one is where it may move from",
        "both are rows of values, and (old, new) is as good an order as (new, old)",
        "Which of the two came with the rollout, and which is the critic's now?",
    ),
    Misconception(
        "the critic is detached",
        edited(step_by_step, ("(values, old_values.detach()", "(values.detach(), old_values.detach()")),
        "the number is right, but the critic learns nothing",
        "values are held constant everywhere else: in advantages, in returns, in the rollout",
        "Which of the three rows is to be moved by this loss?",
    ),
    Misconception(
        "the old values are not held constant",
        edited(step_by_step, ("old_values.detach()", "old_values")),
        "the old value has a gradient",
        "the number is the same, and where old values come from a rollout nothing depends on them",
        "The old value was written down while acting. Can it still change?",
    ),
    Misconception(
        "the returns are not held constant",
        edited(step_by_step, ("returns.detach()", "returns")),
        "the targets are pulled towards the critic",
        "the number is the same, and where returns come from a rollout nothing depends on them",
        "Which of the three rows is to be moved by this loss?",
    ),
    Misconception(
        "nothing is held constant",
        edited(step_by_step, ("old_values.detach(), returns.detach()", "old_values, returns")),
        "the old values and the targets have gradients",
        "the number is the same, and where both come from a rollout nothing depends on them",
        "Which of the three rows is to be moved by this loss?",
    ),
    Misconception(
        "the half is missing",
        edited(step_by_step, ("0.5 * ", "")),
        "the loss and its gradient are twice as large",
        "mean squared error is what libraries call it, and the weight in front of the loss is often a half itself",
        "What is the derivative of ½x², and what of x²?",
    ),
    Misconception(
        "the square is missing",
        edited(step_by_step, (".square(), (clipped - returns).square()", ".abs(), (clipped - returns).abs()")),
        "the larger distance was averaged, not the larger square",
        "of two errors the larger one is larger either way",
        "Which loss has the expected return as its optimum?",
    ),
    Misconception(
        "the sign of an objective",
        edited(step_by_step, ("0.5 * ", "-0.5 * ")),
        "minimising this would make the critic worse",
        "PPO's objective is maximised, and the value term stands in it with a minus",
        "Should a better critic have a smaller loss, or a larger one?",
    ),
    *wrong_averages(
        careful=lambda average: edited(step_by_step, masked_mean=average),
        careless=lambda average: edited(step_by_step, zero_padding=lambda x, mask: x, masked_mean=average),
    ),
)

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
    variants=(step_by_step, by_the_move, by_distance, plus_what_the_clip_adds, token_by_token),
)
