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
    value_clip: Callable = lambda config: config.value_clip,
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
                ratio, weights = torch.exp(it.logprobs - old(it)), weight(it)
                it.surrogate = torch.minimum(
                    ratio * weights, ratio.clamp(1 - config.clip, 1 + config.clip) * weights
                ).mean()
                bound = value_clip(config)
                clipped = it.mb.old_values + (values - it.mb.old_values).clamp(-bound, bound)
                plain, near = (values - it.mb.returns).square(), (clipped - it.mb.returns).square()
                it.errors, it.bonus = (
                    0.5 * torch.maximum(plain, near).mean(),
                    -(logprobs.exp() * logprobs).sum(-1).mean(),
                )
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
        "the surrogate is minimised",
        altered(loss=lambda it: it.surrogate + it.config.value_coef * it.errors - it.config.entropy_coef * it.bonus),
        "good actions became rarer",
        "all three terms are called losses somewhere",
        "A good action, and a step down your loss: is it more likely now?",
    ),
    Misconception(
        "the loss is climbed",
        altered(loss=lambda it: it.surrogate - it.config.value_coef * it.errors + it.config.entropy_coef * it.bonus),
        "everything moved in the opposite direction, the critic too",
        "PPO's objective is maximised in the paper",
        "Which way does an optimiser of torch go?",
    ),
    Misconception(
        "entropy is a cost",
        altered(loss=lambda it: -it.surrogate + it.config.value_coef * it.errors + it.config.entropy_coef * it.bonus),
        "the policy was pushed to decide sooner",
        "in a loss most terms have a plus",
        "Should a policy that decides for good be rewarded for it, or pay?",
    ),
    Misconception(
        "there is no entropy bonus",
        altered(loss=lambda it: -it.surrogate + it.config.value_coef * it.errors),
        "`entropy_coef` was not used",
        "its weight is small, and often 0",
        "How many terms has the loss?",
    ),
    Misconception(
        "the critic's loss has no weight",
        altered(loss=lambda it: -it.surrogate + it.errors - it.config.entropy_coef * it.bonus),
        "`value_coef` was not used",
        "the loss has a ½ in it already",
        "Which settings in `config` are weights of a term?",
    ),
    Misconception(
        "the critic is not trained",
        altered(loss=lambda it: -it.surrogate - it.config.entropy_coef * it.bonus),
        "the value's weights stayed as they were",
        "the surrogate is what PPO is about",
        "How many terms has the loss, and what were the returns for?",
    ),
    Misconception(
        "the critic's step is not bounded",
        altered(value_clip=lambda config: torch.inf),
        "the plain value loss was used, or the old values were taken anew, which comes to the same",
        "the plain loss trains a critic as well, and in the first step they agree",
        "What did the critic say when the batch was drawn, and how far may it move from that?",
    ),
    Misconception(
        "one clip for both",
        altered(value_clip=lambda config: config.clip),
        "the critic was bounded by ε of the policy",
        "both are 0.2 by default",
        "Which setting bounds a ratio, and which a value?",
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
