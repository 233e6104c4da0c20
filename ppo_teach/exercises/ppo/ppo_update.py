"""Write `ppo_update`. Chapter: book/ppo/ppo.md."""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from ppo_teach.config import ControlConfig
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.masks import whiten
from ppo_teach.policy import action_logprobs, entropy
from ppo_teach.surrogate import clipped_surrogate
from ppo_teach.update import Batch
from ppo_teach.update import ppo_update as update_of_the_package
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


DEFAULTS = {"clip": 0.2, "value_clip": 0.2, "value_coef": 0.5, "entropy_coef": 0.0, "max_grad_norm": 10.0}


def batch(*rows: list, epochs: int, minibatch_size: int, law: str = "", **others: float) -> Case:
    """The rows are weights, observations, actions, advantages and returns."""
    names = "weights", "observations", "actions", "advantages", "returns"
    inputs = {name: torch.tensor(row, dtype=torch.float32) for name, row in zip(names, rows, strict=True)}
    inputs |= {"actions": inputs["actions"].long(), "epochs": epochs, "minibatch_size": minibatch_size}
    return Case(inputs | DEFAULTS | others, law=law)


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


settings = lru_cache(ControlConfig)  # its rules are checked once for each case


class LinearActorCritic(nn.Module):
    """One weight for each feature and action, one for each feature and the value.

    In training mode the first logit is dropped: what a layer of dropout does at random happens here each time.
    """

    def __init__(self, weights: Float[Tensor, "D W"]) -> None:
        super().__init__()
        self.actor, self.critic = nn.Parameter(weights[:, :-1].clone()), nn.Parameter(weights[:, -1].clone())
        self.seen: list[Tensor] = []

    def forward(self, observations: Float[Tensor, "K D"]) -> tuple[Float[Tensor, "K V"], Float[Tensor, " K"]]:
        self.seen.append(observations)
        logits = observations @ self.actor
        if self.training:
            logits = logits * (torch.arange(logits.shape[-1]) > 0)
        return logits, observations @ self.critic


def play(
    function: Callable,
    weights: Float[Tensor, "D W"],
    observations: Float[Tensor, "N D"],
    actions: Int[Tensor, " N"],
    advantages: Float[Tensor, " N"],
    returns: Float[Tensor, " N"],
    epochs: int,
    minibatch_size: int,
    clip: float,
    value_clip: float,
    value_coef: float,
    entropy_coef: float,
    max_grad_norm: float,
) -> Float[Tensor, "R W"]:
    """The weights after the update, below a row that says what is wrong with the order of the minibatches.

    Nobody's shuffle is somebody else's. So the cases are such that the order changes nothing: there is one minibatch,
    or all steps are alike, or no two steps share a weight; and steps of plain gradient descent add up in any order.
    """
    policy = LinearActorCritic(weights).eval()
    with torch.no_grad():
        logits, old_values = policy(observations)
    old_logprobs = action_logprobs(logits, actions)
    policy.seen.clear()
    config = settings(
        epochs=epochs,
        minibatch_size=minibatch_size,
        clip=clip,
        value_clip=value_clip,
        value_coef=value_coef,
        entropy_coef=entropy_coef,
        max_grad_norm=max_grad_norm,
    )
    optimizer = torch.optim.SGD(policy.parameters(), lr=1.0)
    batch = observations, actions, old_logprobs, old_values, advantages, returns
    rng = torch.Generator().manual_seed(0)
    untouched = rng.get_state()
    function(policy, optimizer, *batch, config, rng=rng)
    found = torch.cat([policy.actor, policy.critic[:, None]], dim=1).detach()
    orders = epochs_seen(policy.seen, observations, minibatch_size)
    unshuffled = sum(torch.equal(epoch, observations) for epoch in orders)
    repeated = sum(torch.equal(epoch, before) for before, epoch in pairwise(orders))
    unused = bool(orders) and torch.equal(rng.get_state(), untouched)
    return torch.cat([torch.tensor([[unshuffled, repeated, unused]]).to(found.dtype), found])


def epochs_seen(
    seen: list[Tensor], observations: Float[Tensor, "N D"], minibatch_size: int
) -> tuple[Float[Tensor, "K D"], ...]:
    """The minibatches in the order in which they came, an epoch each; none where steps are alike or there is one."""
    minibatches = [rows for rows in seen if len(rows) == minibatch_size < len(observations)]
    if not minibatches or len(observations.unique(dim=0)) < len(observations):
        return ()
    return torch.cat(minibatches).split(len(observations))


def entry(index: tuple[int, ...]) -> str:
    row, column = index
    if row == 0:
        return (
            "number of epochs in the batch's own order",
            "number of epochs in the order of the epoch before",
            "number of generators left unused",
        )[column]
    return f"weight of feature {row - 1} in {f'the logit of action {column}' if column < 2 else 'the value'}"


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


def through_the_package(
    policy, optimizer, observations, actions, old_logprobs, old_values, advantages, returns, config, *, rng
):
    """What both trainers do. So whatever this exercise asks of the reader it asks of the package, too."""
    real = torch.ones_like(actions, dtype=torch.bool)
    batch = Batch((observations,), actions, real, old_logprobs, old_values, advantages, returns)
    update_of_the_package(policy, optimizer, batch, config, rng=rng)


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
            now = chances.log_prob(actions[rows])
            ratio = (now - old_logprobs[rows]).exp()
            plain = ratio * advantages[rows]
            clipped = ratio.clamp(1 - config.clip, 1 + config.clip) * advantages[rows]
            gain = torch.minimum(plain, clipped).mean()
            move = (values - old_values[rows]).clamp(-config.value_clip, config.value_clip)
            far, near = (values - returns[rows]).square(), (old_values[rows] + move - returns[rows]).square()
            error = 0.5 * torch.maximum(far, near).mean()
            loss = config.value_coef * error - gain - config.entropy_coef * chances.entropy().mean()
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


MISCONCEPTIONS = (
    Misconception(
        "the old log-probabilities are taken anew for every minibatch",
        edited(ppo_update, ("old_logprobs[rows]", "logprobs")),
        "every ratio was 1, so nothing was ever clipped",
        "it saves an argument, and the first gradient is right",
        "Which policy drew the batch? Has it moved since?",
    ),
    Misconception(
        "the old log-probabilities are taken anew in every epoch",
        edited(
            ppo_update,
            ("for rows in", "old_logprobs = action_logprobs(policy(observations)[0], actions)\n        for rows in"),
        ),
        "each epoch began with ratios of 1, and with a whole ε to go",
        "each epoch is a new pass, and 'old' sounds like 'before this pass'",
        "Which policy drew the batch? Has it moved since?",
    ),
    Misconception(
        "one epoch only",
        edited(ppo_update, ("range(config.epochs)", "range(1)")),
        "the batch was used once, and the clip had next to nothing to do",
        "one loop over minibatches looks complete",
        "How often is each step of the batch to be used?",
    ),
    Misconception(
        "dropout is switched on",
        edited(ppo_update, ("for _ in", "policy.train()\n    for _ in")),
        "another network answered than the one that acted, so ratios differ from 1 before anything was learned",
        "every training loop of supervised learning begins with `train()`",
        "In which mode was the policy when it acted? What is its first ratio in the other mode?",
    ),
    Misconception(
        "the whole batch in every step",
        edited(ppo_update, ("split(config.minibatch_size)", "split(len(actions))")),
        "`minibatch_size` was not used, so there were fewer steps",
        "the gradient of the whole batch is the better one",
        "A batch of 4, minibatches of 2, one epoch: how many steps?",
    ),
    Misconception(
        "nothing is shuffled",
        edited(ppo_update, ("torch.randperm(len(actions), generator=rng)", "torch.arange(len(actions))")),
        "neighbours in time stayed together, and they have much in common",
        "the sum over an epoch does not depend on the order",
        "Which steps of an episode end up in one minibatch?",
    ),
    Misconception(
        "one shuffle for all epochs",
        edited(
            ppo_update,
            ("torch.randperm(len(actions), generator=rng)", "order"),
            ("for _ in", "order = torch.randperm(len(actions), generator=rng)\n    for _ in"),
        ),
        "every epoch had the same minibatches",
        "one shuffle looks like enough, and the line can as well stand above both loops",
        "Two steps share a minibatch in the first epoch. Do they in the second?",
    ),
    Misconception(
        "the order is not drawn with `rng`",
        edited(ppo_update, (", generator=rng", "")),
        "the generator was left as it was, so its seed does not decide the run",
        "torch has random numbers of its own, and nothing complains",
        "Who decides your order, if not `rng`?",
    ),
    Misconception(
        "one minibatch an epoch",
        edited(ppo_update, ("split(config.minibatch_size)", "split(config.minibatch_size)[:1]")),
        "the rest of the batch was not used",
        "a random sample of the batch is a minibatch, and it saves a loop",
        "How many gradient steps does an epoch over 4 steps make, in minibatches of 2?",
    ),
    Misconception(
        "minibatches are drawn with replacement",
        edited(ppo_update, ("randperm(len(actions),", "randint(len(actions), actions.shape,")),
        "some steps were used twice in an epoch, and others not at all",
        "it is unbiased, and one call",
        "How often is each step used in one epoch?",
    ),
    Misconception(
        "the advantages stay in their old order",
        edited(in_two_halves, ("advantages[rows]", "advantages[start : start + len(rows)]")),
        "actions were praised and blamed for what other actions did",
        "with slices instead of rows it runs, and only the score shows it",
        "Which rows of `advantages` belong to this minibatch?",
    ),
    Misconception(
        "the advantages are whitened again",
        edited(ppo_update, ("advantages[rows]", "whiten(advantages[rows], real)"), whiten=whiten),
        "an advantage came to depend on the company that shuffling gave it",
        "published code whitens here, and so does this book's trainer for control; these came whitened",
        "Whose work is whitening, if the advantages come whitened?",
    ),
    Misconception(
        "the surrogate is minimised",
        edited(ppo_update, ("-surrogate", "surrogate")),
        "good actions became rarer",
        "all three terms are called losses somewhere",
        "A good action, and a step down your loss: is it more likely now?",
    ),
    Misconception(
        "the loss is climbed",
        edited(ppo_update, ("loss.backward()", "(-loss).backward()")),
        "everything moved in the opposite direction, the critic too",
        "PPO's objective is maximised in the paper",
        "Which way does an optimiser of torch go?",
    ),
    Misconception(
        "entropy is a cost",
        edited(ppo_update, ("- config.entropy_coef", "+ config.entropy_coef")),
        "the policy was pushed to decide sooner",
        "in a loss most terms have a plus",
        "Should a policy that decides for good be rewarded for it, or pay?",
    ),
    Misconception(
        "there is no entropy bonus",
        edited(ppo_update, (" - config.entropy_coef * bonus", "")),
        "`entropy_coef` was not used",
        "its weight is small, and often 0",
        "How many terms has the loss?",
    ),
    Misconception(
        "the critic's loss has no weight",
        edited(ppo_update, ("config.value_coef * ", "")),
        "`value_coef` was not used",
        "the loss has a ½ in it already",
        "Which settings in `config` are weights of a term?",
    ),
    Misconception(
        "the critic is not trained",
        edited(ppo_update, (" + config.value_coef * value_loss", "")),
        "the value's weights stayed as they were",
        "the surrogate is what PPO is about",
        "How many terms has the loss, and what were the returns for?",
    ),
    Misconception(
        "the critic's step is not bounded",
        edited(ppo_update, ("old_values[rows]", "values")),
        "the plain value loss was used, or the old values were taken anew, which comes to the same",
        "the plain loss trains a critic as well, and in the first step they agree",
        "What did the critic say when the batch was drawn, and how far may it move from that?",
    ),
    Misconception(
        "one clip for both",
        edited(ppo_update, ("config.value_clip", "config.clip")),
        "the critic was bounded by ε of the policy",
        "both are 0.2 by default",
        "Which setting bounds a ratio, and which a value?",
    ),
    Misconception(
        "the surrogate is not clipped",
        edited(from_scratch, ("torch.minimum(plain, clipped)", "plain")),
        "each epoch went on where the last one had stopped, and nothing bounded the gain",
        "the ratio is there, and in the first step the two agree",
        "A good action is 1.46 times as likely as it was. Should making it likelier still pay?",
    ),
    Misconception(
        "only the clipped ratio counts",
        edited(from_scratch, ("torch.minimum(plain, clipped)", "clipped")),
        "a good action that became rarer than 1 − ε had no gradient, so nothing brought it back",
        "the clip looks as if it did the whole work",
        "A good action became rarer, because another step moved the same weights. Should its gradient be zero?",
    ),
    Misconception(
        "the ratio is upside down",
        edited(from_scratch, ("now - old_logprobs[rows]", "old_logprobs[rows] - now")),
        "π_old / π was raised where Â is positive, so good actions became rarer",
        "a difference of two logarithms is written one way round as easily as the other",
        "An action is twice as likely as when it was drawn. What is its ratio?",
    ),
    Misconception(
        "no gradient comes through the ratio",
        edited(ppo_update, ("logprobs, old_logprobs[rows]", "old_logprobs[rows], logprobs")),
        "only the entropy bonus moved the logits",
        "new and old are easily swapped, and `clipped_surrogate` holds its second argument constant",
        "Which of the two rows of log-probabilities depends on the weights? Where in the call does it stand?",
    ),
    Misconception(
        "only the clipped value counts",
        edited(from_scratch, ("torch.maximum(far, near)", "near")),
        "a value that went astray by more than ε_V had no gradient, so nothing pulled it back",
        "the clip looks as if it did the whole work",
        "The value was 0, is 0.6 and should be −0.5. Should its gradient be zero?",
    ),
    Misconception(
        "the squared error of a library",
        edited(
            ppo_update,
            (
                "clipped_value_loss(values, old_values[rows], returns[rows], real, clip=config.value_clip)",
                "mse_loss(values, returns[rows])",
            ),
            mse_loss=mse_loss,
        ),
        "the critic's loss was neither halved nor bounded",
        "`mse_loss` is the name that comes to mind",
        "Which two things has the clipped value loss that `mse_loss` has not?",
    ),
    Misconception(
        "the critic's loss is halved twice",
        edited(ppo_update, ("value_loss = ", "value_loss = 0.5 * ")),
        "its gradient is half as long as it should be",
        "`value_coef` is ½ by default, and the ½ of the formula is in `clipped_value_loss` already",
        "How many halves stand before the squared error, and where does each come from?",
    ),
    Misconception(
        "the gradient reaches the optimiser unclipped",
        edited(ppo_update, ("nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)", "")),
        "the gradient was clipped never, or in the wrong place: before `backward`, or after `step`",
        "the line stands in the loop, and a short gradient is not changed by it",
        "In which line does the gradient come into being, and in which is it used?",
    ),
    Misconception(
        "each number of the gradient is clipped",
        edited(ppo_update, ("clip_grad_norm_", "clip_grad_value_")),
        "each entry was cut for itself, which turns the gradient into another direction",
        "`clip_grad_value_` is the neighbour of `clip_grad_norm_`",
        "A gradient of (3, 4) is to have the length 1. Which one is it then?",
    ),
    Misconception(
        "each parameter's gradient is clipped for itself",
        edited(
            ppo_update,
            (
                "nn.utils.clip_grad_norm_(policy.parameters()",
                "for p in policy.parameters(): nn.utils.clip_grad_norm_(p",
            ),
        ),
        "policy and critic were each allowed the whole length, so together they had more",
        "`clip_grad_norm_` takes a single tensor, too",
        "One vector holds the gradient of all parameters. How long is it after your loop?",
    ),
    Misconception(
        "gradients are never set to zero",
        edited(ppo_update, ("optimizer.zero_grad()", "")),
        "each step went along the sum of all gradients so far",
        "`backward` adds; in the first step there is nothing to add to",
        "What stands in `parameter.grad` before the second `backward`?",
    ),
    Misconception(
        "gradients are set to zero once an epoch",
        edited(
            ppo_update, ("optimizer.zero_grad()", ""), ("for rows in", "optimizer.zero_grad()\n        for rows in")
        ),
        "within an epoch each step went along the sum of the gradients so far",
        "with one minibatch an epoch there is no difference",
        "What stands in `parameter.grad` before the second `backward`?",
    ),
    Misconception(
        "one step an epoch",
        edited(
            in_two_halves,
            ("            nn.utils", "        nn.utils"),
            ("            optimizer.step()\n            policy", "        optimizer.step()\n        policy"),
        ),
        "the gradients of all minibatches were added up, and the optimiser moved once",
        "it is one indentation away, and adding up gradients is done where memory is short",
        "Two minibatches, three epochs: how many steps should the optimiser make?",
    ),
    Misconception(
        "the optimiser makes no step",
        edited(ppo_update, ("optimizer.step()", "")),
        "the weights stayed as they were: no step, or one along a gradient of zero",
        "`backward` sounds as if it did the learning",
        "Which line changes the weights? And what was the gradient just before it?",
    ),
)

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
    misconceptions=MISCONCEPTIONS,
    variants=(through_the_package, in_two_halves, from_scratch, by_epochs_of_rows),
    play=play,
)
