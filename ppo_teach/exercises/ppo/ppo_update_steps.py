"""Known wrong ways to make one gradient step in `ppo_update`."""

from types import SimpleNamespace

from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from ppo_teach.exercises.exercise import Misconception
from ppo_teach.exercises.ppo.ppo_update_misconceptions import altered


def step_of_the_epoch(it: SimpleNamespace) -> None:
    clip_grad_norm_(it.policy.parameters(), it.config.max_grad_norm)
    it.optimizer.step()


def each_parameter(it: SimpleNamespace) -> None:
    for parameter in it.policy.parameters():
        clip_grad_norm_(parameter, it.config.max_grad_norm)


STEPS = (
    Misconception(
        "the gradient reaches the optimiser unclipped",
        altered(clip=lambda it: None),
        "the gradient was clipped never, or in the wrong place: before `backward`, or after `step`",
        "the line stands in the loop, and a short gradient is not changed by it",
        "In which line does the gradient come into being, and in which is it used?",
    ),
    Misconception(
        "each number of the gradient is clipped",
        altered(clip=lambda it: clip_grad_value_(it.policy.parameters(), it.config.max_grad_norm)),
        "each entry was cut for itself, which turns the gradient into another direction",
        "`clip_grad_value_` is the neighbour of `clip_grad_norm_`",
        "A gradient of (3, 4) is to have the length 1. Which one is it then?",
    ),
    Misconception(
        "each parameter's gradient is clipped for itself",
        altered(clip=each_parameter),
        "policy and critic were each allowed the whole length, so together they had more",
        "`clip_grad_norm_` takes a single tensor, too",
        "One vector holds the gradient of all parameters. How long is it after your loop?",
    ),
    Misconception(
        "gradients are never set to zero",
        altered(zero=lambda it: None),
        "each step went along the sum of all gradients so far",
        "`backward` adds; in the first step there is nothing to add to",
        "What stands in `parameter.grad` before the second `backward`?",
    ),
    Misconception(
        "gradients are set to zero once an epoch",
        altered(begin_epoch=lambda it: it.optimizer.zero_grad(), zero=lambda it: None),
        "within an epoch each step went along the sum of the gradients so far",
        "with one minibatch an epoch there is no difference",
        "What stands in `parameter.grad` before the second `backward`?",
    ),
    Misconception(
        "one step an epoch",
        altered(
            begin_epoch=lambda it: it.optimizer.zero_grad(),
            zero=lambda it: None,
            clip=lambda it: None,
            move=lambda it: None,
            end_epoch=step_of_the_epoch,
        ),
        "the gradients of all minibatches were added up, and the optimiser moved once",
        "it is one indentation away, and adding up gradients is done where memory is short",
        "Two minibatches, three epochs: how many steps should the optimiser make?",
    ),
    Misconception(
        "the optimiser makes no step",
        altered(move=lambda it: None),
        "the weights stayed as they were: no step, or one along a gradient of zero",
        "`backward` sounds as if it did the learning",
        "Which line changes the weights? And what was the gradient just before it?",
    ),
)
