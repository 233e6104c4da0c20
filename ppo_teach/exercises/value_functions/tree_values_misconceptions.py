"""Known wrong ways to write `tree_values`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def ahead(values: Tensor, successors: Tensor, s: int) -> Tensor:
    return torch.where(successors[s] < 0, 0.0, values[successors[s]])


def altered(
    *,
    following: Callable = ahead,
    worth: Callable = lambda rewards, following, gamma: rewards + gamma * following,
    average: Callable = lambda probabilities, worth: (probabilities * worth).sum(),
) -> Callable:
    """Backward induction with one part replaced."""

    def tree_values(probabilities, rewards, successors, *, gamma):
        values = torch.zeros_like(rewards[:, 0])
        for s in reversed(range(len(rewards))):
            worths = worth(rewards[s], following(values, successors, s), gamma)
            values[s] = average(probabilities[s], worths)
        return values

    return tree_values


def without_the_start(probabilities, rewards, successors, *, gamma):
    """The loop stops before state 0."""
    values = altered()(probabilities, rewards, successors, gamma=gamma)
    return torch.where(torch.arange(len(values)) == 0, 0.0, values)


def unpaid(where: Callable) -> Callable:
    """Backward induction in a tree where some rewards are overlooked."""

    def tree_values(probabilities, rewards, successors, *, gamma):
        paid = torch.where(where(successors), 0.0, rewards)
        return altered()(probabilities, paid, successors, gamma=gamma)

    return tree_values


def in_the_last_state(successors: Tensor) -> Tensor:
    return torch.arange(len(successors))[:, None] == len(successors) - 1


def one_sweep(probabilities, rewards, successors, *, gamma):
    """All states at once: the mean next reward, and that of the state after."""
    values = (probabilities * rewards).sum(dim=-1)
    return values + gamma * (probabilities * torch.where(successors < 0, 0.0, values[successors])).sum(dim=-1)


def action_values(probabilities, rewards, successors, *, gamma):
    """Q, the value of every token."""
    values = altered()(probabilities, rewards, successors, gamma=gamma)
    return rewards + gamma * torch.where(successors < 0, 0.0, values[successors])


MISCONCEPTIONS = (
    Misconception(
        "the best token instead of the mean",
        altered(average=lambda probabilities, worth: worth.max()),
        "this is the value of the best policy, not of the one that was given",
        "a player looks for the best move; the maximum gives V*, another famous equation",
        "Does this policy always choose its best token?",
        section="Not the best, the usual",
    ),
    Misconception(
        "the likeliest token instead of the mean",
        altered(average=lambda probabilities, worth: worth[probabilities.argmax()]),
        "only the token that the policy prefers was followed",
        "greedy decoding does so, and it looks like what the policy 'would do'",
        "What does the policy do in the other cases?",
    ),
    Misconception(
        "the probabilities are not used",
        altered(average=lambda probabilities, worth: worth.mean()),
        "all tokens counted alike",
        "for a policy without preferences it is the same",
        "Which tokens does this policy choose often?",
    ),
    Misconception(
        "the sum over the tokens",
        altered(average=lambda probabilities, worth: worth.sum()),
        "the tokens were added up, not averaged",
        "the equation begins with a Σ; its weights are easily lost",
        "All tokens pay 1. What should the value be?",
    ),
    Misconception(
        "the reward is dropped",
        altered(worth=lambda rewards, following, gamma: gamma * following),
        "what the token itself pays was left out, so nothing is worth anything",
        "V(s) as the mean of V(s') is right wherever nothing is paid, and that is nearly everywhere in text",
        "Where does the first number that is not 0 come from?",
    ),
    Misconception(
        "what comes after is still 0",
        altered(worth=lambda rewards, following, gamma: rewards),
        "only the next reward was counted: the value of s' was left out, or read before it was known",
        "loops run from 0, and then every s' is still 0; so is `values[s]`, where s itself is taken for s'",
        "Which values must be known before that of state 0? And where do you read V(s')?",
    ),
    Misconception(
        "γ is missing",
        altered(worth=lambda rewards, following, gamma: rewards + following),
        "what comes after was not discounted",
        "in text γ is 1",
        "How much is a value one token away worth now?",
    ),
    Misconception(
        "γ discounts the reward, too",
        altered(worth=lambda rewards, following, gamma: gamma * (rewards + following)),
        "the token's own reward was discounted",
        "one pair of brackets more, and the line looks tidier",
        "Is the reward of this token one token away?",
    ),
    Misconception(
        "the end has a value",
        altered(following=lambda values, successors, s: values[successors[s]]),
        "`values[-1]` is the value of the last state, and was added where the reply had ended",
        "an index of −1 raises nothing",
        "What does Python do with `values[-1]`?",
    ),
    Misconception(
        "the state with the next number",
        altered(
            following=lambda values, successors, s: torch.where(
                successors[s] < 0, 0.0, values[min(s + 1, len(values) - 1)]
            )
        ),
        "the value was read from state s + 1, wherever the token leads",
        "along one reply the next state is the next index; in a tree it is one of several",
        "Two tokens lead to two states. Can both have the number s + 1?",
    ),
    Misconception(
        "the start is left out",
        without_the_start,
        "state 0 was left at 0",
        "`range(S - 1, 0, -1)` looks complete",
        "What is the last number in range(3, 0, -1)?",
    ),
    Misconception(
        "the last state is left out",
        unpaid(in_the_last_state),
        "the last state was left at 0",
        "V(s') = 0 at the end, and the last state looks like the end; but a token is still to be drawn there",
        "What can be earned in the last state?",
    ),
    Misconception(
        "one sweep for all states",
        one_sweep,
        "what is paid two tokens later was left out",
        "tensors do all states at once; but then every V(s') is read before it is known",
        "Along how many tokens must news of a reward travel to reach state 0?",
    ),
    Misconception(
        "paid only at the end",
        unpaid(lambda successors: successors >= 0),
        "what a token pays was left out where the reply goes on",
        "in text the score comes with the last token; here rewards may come with any",
        "What does the token pay that leads to another state?",
    ),
    Misconception(
        "tokens that end the reply are skipped",
        unpaid(lambda successors: successors < 0),
        "what the last token pays was left out",
        "`if successors[s, a] < 0: continue` avoids the index −1; and the reward with it",
        "Nothing comes after an end. But what does the token pay that ends the reply?",
    ),
    Misconception(
        "Q instead of V",
        action_values,
        "there is one number for each token of each state",
        "Q stands inside the equation, one step before the mean",
        "How many states are there, and how many numbers did you return?",
    ),
)
