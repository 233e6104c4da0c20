"""Known wrong ways to write `ppo_update`: each is the right one with one part replaced."""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from ppo_teach.exercises.exercise import Misconception


def altered(
    *,
    begin: Callable = lambda it: None,
    epochs: Callable = lambda config: config.epochs,
    begin_epoch: Callable = lambda it: None,
    minibatches: Callable = lambda it: torch.randperm(it.number, generator=it.rng).split(it.config.minibatch_size),
    old: Callable = lambda it: it.mb.old_logprobs,
    weight: Callable = lambda it: it.mb.advantages,
    surrogate: Callable = lambda it: torch.minimum(it.ratio * it.weights, it.clipped_ratio * it.weights),
    value_clip: Callable = lambda config: config.value_clip,
    errors: Callable = lambda it: 0.5 * torch.maximum(it.plain, it.near),
    loss: Callable = lambda it: -it.surrogate + it.config.value_coef * it.errors - it.config.entropy_coef * it.bonus,
    zero: Callable = lambda it: it.optimizer.zero_grad(),
    clip: Callable = lambda it: clip_grad_norm_(it.policy.parameters(), it.config.max_grad_norm),
    move: Callable = lambda it: it.optimizer.step(),
    end_epoch: Callable = lambda it: None,
) -> Callable:
    """The update with one part replaced; `it` holds the arguments, the minibatch `mb` and the parts before.

    Long, and without functions of its own: the tests check the types of every call.
    """

    def ppo_update(
        policy, optimizer, observations, actions, old_logprobs, old_values, advantages, returns, config, *, rng
    ):
        batch = {"observations": observations, "actions": actions, "old_logprobs": old_logprobs}
        batch |= {"old_values": old_values, "advantages": advantages, "returns": returns}
        it = SimpleNamespace(policy=policy, optimizer=optimizer, batch=batch, config=config, rng=rng)
        it.number = len(actions)
        begin(it)
        for _ in range(epochs(config)):
            begin_epoch(it)
            for count, rows in enumerate(minibatches(it)):
                it.rows, it.start = rows, count * config.minibatch_size
                it.mb = SimpleNamespace(**{name: x[rows] for name, x in it.batch.items()})
                logits, values = policy(it.mb.observations)
                logprobs = logits.log_softmax(dim=-1)
                it.logprobs = logprobs.gather(-1, it.mb.actions[:, None]).squeeze(-1)
                it.ratio, it.weights = torch.exp(it.logprobs - old(it)), weight(it)
                it.clipped_ratio = it.ratio.clamp(1 - config.clip, 1 + config.clip)
                bound = value_clip(config)
                clipped = it.mb.old_values + (values - it.mb.old_values).clamp(-bound, bound)
                it.plain, it.near = (values - it.mb.returns).square(), (clipped - it.mb.returns).square()
                it.surrogate, it.errors = surrogate(it).mean(), errors(it).mean()
                it.bonus = -(logprobs.exp() * logprobs).sum(-1).mean()
                zero(it)
                loss(it).backward()
                clip(it)
                move(it)
            end_epoch(it)

    return ppo_update


def taken_anew(it: SimpleNamespace) -> None:
    with torch.no_grad():
        logits, _ = it.policy(it.batch["observations"])
    logprobs = logits.log_softmax(dim=-1).gather(-1, it.batch["actions"][:, None]).squeeze(-1)
    it.batch = it.batch | {"old_logprobs": logprobs}


def whitened(it: SimpleNamespace) -> Tensor:
    x = it.mb.advantages
    return (x - x.mean()) / (x.var(correction=0) + 1e-8).sqrt()


def shuffled_once(it: SimpleNamespace) -> None:
    it.order = torch.randperm(it.number, generator=it.rng)


def with_replacement(it: SimpleNamespace) -> list[Tensor]:
    size = it.config.minibatch_size
    return [torch.randint(it.number, (size,), generator=it.rng) for _ in range(it.number // size)]


MISCONCEPTIONS = (
    Misconception(
        "the old log-probabilities are taken anew for every minibatch",
        altered(old=lambda it: it.logprobs.detach()),
        "every ratio was 1, so nothing was ever clipped",
        "it saves an argument, and the first gradient is right",
        "Which policy drew the batch? Has it moved since?",
    ),
    Misconception(
        "the old log-probabilities are taken anew in every epoch",
        altered(begin_epoch=taken_anew),
        "each epoch began with ratios of 1, and with a whole ε to go",
        "each epoch is a new pass, and 'old' sounds like 'before this pass'",
        "Which policy drew the batch? Has it moved since?",
    ),
    Misconception(
        "one epoch only",
        altered(epochs=lambda config: 1),
        "the batch was used once, and the clip had next to nothing to do",
        "one loop over minibatches looks complete",
        "How often is each step of the batch to be used?",
    ),
    Misconception(
        "dropout is switched on",
        altered(begin=lambda it: it.policy.train()),
        "another network answered than the one that acted, so ratios differ from 1 before anything was learned",
        "every training loop of supervised learning begins with `train()`",
        "In which mode was the policy when it acted? What is its first ratio in the other mode?",
    ),
    Misconception(
        "the whole batch in every step",
        altered(minibatches=lambda it: [torch.arange(it.number)]),
        "`minibatch_size` was not used, so there were fewer steps",
        "the gradient of the whole batch is the better one",
        "A batch of 4, minibatches of 2, one epoch: how many steps?",
    ),
    Misconception(
        "nothing is shuffled",
        altered(minibatches=lambda it: torch.arange(it.number).split(it.config.minibatch_size)),
        "neighbours in time stayed together, and they have much in common",
        "the sum over an epoch does not depend on the order",
        "Which steps of an episode end up in one minibatch?",
    ),
    Misconception(
        "one shuffle for all epochs",
        altered(begin=shuffled_once, minibatches=lambda it: it.order.split(it.config.minibatch_size)),
        "every epoch had the same minibatches",
        "one shuffle looks like enough, and the line can as well stand above both loops",
        "Two steps share a minibatch in the first epoch. Do they in the second?",
    ),
    Misconception(
        "the order is not drawn with `rng`",
        altered(minibatches=lambda it: torch.randperm(it.number).split(it.config.minibatch_size)),
        "the generator was left as it was, so its seed does not decide the run",
        "torch has random numbers of its own, and nothing complains",
        "Who decides your order, if not `rng`?",
    ),
    Misconception(
        "one minibatch an epoch",
        altered(minibatches=lambda it: [torch.randperm(it.number, generator=it.rng)[: it.config.minibatch_size]]),
        "the rest of the batch was not used",
        "a random sample of the batch is a minibatch, and it saves a loop",
        "How many gradient steps does an epoch over 4 steps make, in minibatches of 2?",
    ),
    Misconception(
        "minibatches are drawn with replacement",
        altered(minibatches=with_replacement),
        "some steps were used twice in an epoch, and others not at all",
        "it is unbiased, and one call",
        "How often is each step used in one epoch?",
    ),
    Misconception(
        "the advantages stay in their old order",
        altered(weight=lambda it: it.batch["advantages"][it.start : it.start + len(it.rows)]),
        "actions were praised and blamed for what other actions did",
        "with slices instead of rows it runs, and only the score shows it",
        "Which rows of `advantages` belong to this minibatch?",
    ),
    Misconception(
        "the advantages are whitened again",
        altered(weight=whitened),
        "an advantage came to depend on the company that shuffling gave it",
        "published code whitens here, and so does this book's trainer for control; these came whitened",
        "Whose work is whitening, if the advantages come whitened?",
    ),
)
