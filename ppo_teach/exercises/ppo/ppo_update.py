"""Write `ppo_update`. Chapter: book/ppo/ppo.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ppo_teach.config import ControlConfig
from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.ppo.ppo_update_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.ppo.ppo_update_steps import STEPS
from ppo_teach.exercises.ppo.ppo_update_terms import TERMS
from ppo_teach.exercises.ppo.updating import entry, play
from ppo_teach.policy import action_logprobs, entropy
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.values import clipped_value_loss


def ppo_update(
    policy: nn.Module,
    optimizer: torch.optim.Optimizer,
    observations: Float[Tensor, "N D"],
    actions: Int[Tensor, " N"],
    old_logprobs: Float[Tensor, " N"],
    old_values: Float[Tensor, " N"],
    advantages: Float[Tensor, " N"],
    returns: Float[Tensor, " N"],
    config: ControlConfig,
    *,
    rng: torch.Generator,
) -> None:
    """Improves `policy` on one batch: several epochs, each over all N steps once, in shuffled minibatches."""
    for _ in range(config.epochs):
        for rows in torch.randperm(len(actions), generator=rng).split(config.minibatch_size):
            real = torch.ones_like(rows, dtype=torch.bool)
            logits, values = policy(observations[rows])
            logprobs = action_logprobs(logits, actions[rows])
            surrogate = clipped_surrogate(logprobs, old_logprobs[rows], advantages[rows], real, clip=config.clip)
            value_loss = clipped_value_loss(values, old_values[rows], returns[rows], real, clip=config.value_clip)
            bonus = entropy(logits).mean()
            loss = -surrogate + config.value_coef * value_loss - config.entropy_coef * bonus
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)
            optimizer.step()


def batch(
    weights: list,
    observations: list,
    actions: list,
    advantages: list,
    returns: list,
    *,
    epochs: int,
    minibatch_size: int,
    clip: float = 0.2,
    value_clip: float = 0.2,
    value_coef: float = 0.5,
    entropy_coef: float = 0.0,
    max_grad_norm: float = 10.0,
    law: str = "",
) -> Case:
    rows = {"weights": weights, "observations": observations, "actions": actions}
    rows |= {"advantages": advantages, "returns": returns}
    inputs = {name: torch.tensor(x, dtype=torch.float32) for name, x in rows.items()}
    inputs |= {"actions": inputs["actions"].long(), "epochs": epochs, "minibatch_size": minibatch_size, "clip": clip}
    inputs |= {"value_clip": value_clip, "value_coef": value_coef, "entropy_coef": entropy_coef}
    return Case({**inputs, "max_grad_norm": max_grad_norm}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Three steps, all in one minibatch, with good and bad actions; a second epoch is far enough for both clips."""
    weights, observations = torch.randn(2, 3, generator=rng) / 2, torch.randn(3, 2, generator=rng)
    actions = torch.randint(2, (3,), generator=rng)
    advantages, returns = torch.tensor([1.5, -1.2, 0.4]), torch.randint(-150, 151, (3,), generator=rng) / 100
    return batch(
        *(x.tolist() for x in (weights, observations, actions, advantages, returns)),
        epochs=pick(rng, 1, 2),
        minibatch_size=3,
        clip=pick(rng, 0.05, 0.1),
        value_clip=pick(rng, 0.02, 0.2),
        value_coef=pick(rng, 0.3, 0.8),
        entropy_coef=pick(rng, 0.05, 0.1),
        max_grad_norm=pick(rng, 0.4, 2.0),
    )


def in_two_halves(
    policy, optimizer, observations, actions, old_logprobs, old_values, advantages, returns, config, *, rng
):
    """Two backward passes, one for the policy and one for the critic; gradients set to zero after the step."""
    for _ in range(config.epochs):
        order = torch.randperm(len(actions), generator=rng)
        for start in range(0, len(actions), config.minibatch_size):
            rows = order[start : start + config.minibatch_size]
            real = torch.ones(len(rows), dtype=torch.bool)
            logits, _ = policy(observations[rows])
            logprobs = action_logprobs(logits, actions[rows])
            objective = clipped_surrogate(logprobs, old_logprobs[rows], advantages[rows], real, clip=config.clip)
            (-objective - config.entropy_coef * entropy(logits).mean()).backward()
            _, values = policy(observations[rows])
            error = clipped_value_loss(values, old_values[rows], returns[rows], real, clip=config.value_clip)
            (config.value_coef * error).backward()
            nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)
            optimizer.step()
            policy.zero_grad()


def from_scratch(
    policy, optimizer, observations, actions, old_logprobs, old_values, advantages, returns, config, *, rng
):
    """Nothing of the package; both old rows taken anew, but once, before anything has moved; clipped by hand."""
    with torch.no_grad():
        logits, old_values = policy(observations)
        old_logprobs = -cross_entropy(logits, actions, reduction="none")
    for _ in range(config.epochs):
        rows_left = torch.rand(len(actions), generator=rng).argsort().tolist()
        while rows_left:
            rows, rows_left = rows_left[: config.minibatch_size], rows_left[config.minibatch_size :]
            logits, values = policy(observations[rows])
            chances = torch.distributions.Categorical(logits=logits)
            ratio = (chances.log_prob(actions[rows]) - old_logprobs[rows]).exp()
            weight, move = advantages[rows], values - old_values[rows]
            bound = torch.where(weight > 0, 1 + config.clip, 1 - config.clip)
            gain = torch.minimum(ratio * weight, bound * weight).mean()
            near = old_values[rows] + move.clamp(-config.value_clip, config.value_clip)
            errors = torch.stack([values - returns[rows], near - returns[rows]]).square().amax(dim=0)
            loss = config.value_coef * errors.mean() / 2 - gain - config.entropy_coef * chances.entropy().mean()
            optimizer.zero_grad(set_to_none=False)
            loss.backward()
            length = sum(p.grad.square().sum() for p in policy.parameters()).sqrt()
            for p in policy.parameters():
                p.grad *= min(1.0, config.max_grad_norm / (float(length) + 1e-9))
            optimizer.step()


def by_epochs_of_rows(
    policy, optimizer, observations, actions, old_logprobs, old_values, advantages, returns, config, *, rng
):
    """All epochs' rows in one tensor first; torch's own shuffle, and autograd's gradients put in place by hand."""
    shuffles = torch.stack([torch.randperm(len(actions), generator=rng) for _ in range(config.epochs)])
    for rows in shuffles.view(-1, config.minibatch_size):
        real = rows >= 0
        logits, values = policy.eval()(observations[rows])
        logprobs = action_logprobs(logits, actions[rows])
        terms = (
            -clipped_surrogate(logprobs, old_logprobs[rows], advantages[rows], real, clip=config.clip),
            config.value_coef
            * clipped_value_loss(values, old_values[rows], returns[rows], real, clip=config.value_clip),
            -config.entropy_coef * entropy(logits).mean(),
        )
        weights = list(policy.parameters())
        for weight, gradient in zip(weights, torch.autograd.grad(sum(terms), weights), strict=True):
            weight.grad = gradient
        nn.utils.clip_grad_norm_(weights, config.max_grad_norm)
        optimizer.step()


SIX_STATES = torch.eye(6).tolist()
EXERCISE = Exercise(
    function=ppo_update,
    title="The update",
    section="The whole loss",
    minutes=20,
    difficulty=4,
    goal="Improve `policy` in place and return nothing. There are `config.epochs` epochs; in each all N steps come "
    "once, in a new random order drawn with `rng`, in minibatches of `config.minibatch_size`, which divides N. On each "
    "make one step of `optimizer` down the loss: minus the clipped surrogate, plus `value_coef` times the clipped "
    "value loss, minus `entropy_coef` times the mean entropy. The gradient is scaled down to the norm `max_grad_norm`. "
    "`policy(observations)` gives logits and values; leave its mode as it is. The advantages come whitened. Here "
    "`optimizer` is plain gradient descent with the learning rate 1, and `policy` is linear: `weights` holds a row for "
    "each feature, and in it one for each of two actions' logits and one for the value.",
    entry=entry,
    worked=batch([[0, 0, 0]], [[1]], [0], [1], [1], epochs=2, minibatch_size=1),
    answer=[[0.0, 0.0, 0.0], [0.5, -0.5, 0.5]],
    answer_in_words="weights of 0.5 and −0.5 for the logits and 0.5 for the value, all from the first epoch: in the "
    "second both clips hold",
    cases=(
        batch([[0, 0, 0]], [[2]], [1], [-1], [-1], epochs=1, minibatch_size=1, value_coef=1.0),
        batch([[1, 0, 0]], [[1]], [0], [0], [0], epochs=1, minibatch_size=1, entropy_coef=0.5),
        batch([[0, 0, 0]], [[1]], [0], [4], [8], epochs=2, minibatch_size=1, max_grad_norm=0.5, value_clip=0.5),
        batch([[0, 0, 0]], [[1]] * 2, [0, 1], [3, 0.5], [3, -0.5], epochs=2, minibatch_size=2),
        batch([[0, 0, 0]], [[1]] * 4, [0] * 4, [0.2] * 4, [0.3] * 4, epochs=2, minibatch_size=2),
        batch(
            [[0, 0, 0], [0, 1, 0], [1, 0, 0.5], [0, 0, 0], [0, 0, 1], [1, 1, 0]],
            SIX_STATES,
            [0, 1, 0, 1, 1, 0],
            [1, -1, 0.5, 2, -0.5, -2],
            [1, -1, 0.5, 0, 1, 2],
            epochs=2,
            minibatch_size=2,
            max_grad_norm=100.0,
            law="Each epoch takes every step once, in a new order drawn with `rng`, and what belongs to a step stays "
            "with it",
        ),
    ),
    random_case=random_batch,
    hints=(
        "Which of the eight arguments before `config` change from one gradient step to the next?",
        "Two loops, over epochs and over pieces of a fresh permutation. Inside: forward, three terms, one loss, then "
        "zero_grad, backward, clip the norm, step.",
        "for rows in torch.randperm(len(actions), generator=rng).split(config.minibatch_size): index all six tensors "
        "with these rows; after loss.backward() comes nn.utils.clip_grad_norm_(policy.parameters(), "
        "config.max_grad_norm).",
    ),
    misconceptions=(*MISCONCEPTIONS, *TERMS, *STEPS),
    variants=(in_two_halves, from_scratch, by_epochs_of_rows),
    play=play,
)
