"""Write `tree_values`. Chapter: book/foundations/value-functions.md."""

import numpy as np
import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.values import tree_values


def tree(probabilities: list, rewards: list, successors: list, *, gamma: float, law: str = "") -> Case:
    numbers = {"probabilities": probabilities, "rewards": rewards}
    inputs = {name: torch.tensor(rows, dtype=torch.float32) for name, rows in numbers.items()}
    return Case({**inputs, "successors": torch.tensor(successors), "gamma": gamma}, law=law)


def of_state(index: tuple[int, ...]) -> str:
    """There are no tokens here: one value for each state."""
    return f"value of state {index[0]}"


def random_tree(rng: torch.Generator) -> Case:
    """Five states, three tokens: the start leads to two states and an end, one of these to two more."""
    weights = torch.randint(1, 6, (5, 3), generator=rng).float()
    rewards = torch.randint(-100, 101, (5, 3), generator=rng) / 100
    successors = [[-1, 1, 2], [3, -1, 4], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1]]
    return tree((weights / weights.sum(dim=1, keepdim=True)).tolist(), rewards.tolist(), successors, gamma=0.8)


def with_a_place_for_the_end(probabilities, rewards, successors, *, gamma):
    """One value more than there are states, always 0: the index −1 finds it."""
    values = torch.zeros(len(rewards) + 1)
    for s in range(len(rewards) - 1, -1, -1):
        worth = rewards[s] + gamma * values[successors[s]]
        values[s] = (probabilities[s] * worth).sum()
    return values[:-1]


def swept_until_settled(probabilities, rewards, successors, *, gamma):
    """The equation as an instruction, for all states at once, as often as the tree may be deep."""
    values = paid = (probabilities * rewards).sum(dim=-1)
    for _ in range(len(rewards)):
        following = torch.where(successors >= 0, values[successors], 0.0)
        values = paid + gamma * (probabilities * following).sum(dim=-1)
    return values


def as_linear_equations(probabilities, rewards, successors, *, gamma):
    """(1 − γP)V = r, where P holds the chances of going from state to state."""
    S, probabilities = len(rewards), probabilities.double()
    transitions = torch.zeros(S, S, dtype=torch.float64)
    for s, a in (successors >= 0).nonzero().tolist():
        transitions[s, successors[s, a]] += probabilities[s, a]
    expected = (probabilities * rewards).sum(dim=-1)
    return torch.linalg.solve(torch.eye(S, dtype=torch.float64) - gamma * transitions, expected)


def recursively(probabilities, rewards, successors, *, gamma):
    """From the root downward: each state asks its successors. Returned as an array."""
    probabilities, rewards, successors = map(np.asarray, (probabilities, rewards, successors))

    def value(s):
        if s < 0:
            return 0.0
        return sum(
            p * (r + gamma * value(after))
            for p, r, after in zip(probabilities[s], rewards[s], successors[s], strict=True)
        )

    return np.array([value(s) for s in range(len(rewards))])


MISCONCEPTIONS = (
    Misconception(
        "the best token instead of the mean",
        edited(with_a_place_for_the_end, ("(probabilities[s] * worth).sum()", "worth.max()")),
        "this is the value of the best policy, not of the one that was given",
        "a player looks for the best move; the maximum gives V*, another famous equation",
        "Does this policy always choose its best token?",
        section="Not the best, the usual",
    ),
    Misconception(
        "the likeliest token instead of the mean",
        edited(with_a_place_for_the_end, ("(probabilities[s] * worth).sum()", "worth[probabilities[s].argmax()]")),
        "only the token that the policy prefers was followed",
        "greedy decoding does so, and it looks like what the policy 'would do'",
        "What does the policy do in the other cases?",
    ),
    Misconception(
        "the probabilities are not used",
        edited(with_a_place_for_the_end, ("(probabilities[s] * worth).sum()", "worth.mean()")),
        "all tokens counted alike",
        "for a policy without preferences it is the same",
        "Which tokens does this policy choose often?",
    ),
    Misconception(
        "the sum over the tokens",
        edited(with_a_place_for_the_end, ("(probabilities[s] * worth).sum()", "worth.sum()")),
        "the tokens were added up, not averaged",
        "the equation begins with a Σ; its weights are easily lost",
        "All tokens pay 1. What should the value be?",
    ),
    Misconception(
        "the reward is dropped",
        edited(tree_values, ("rewards[s] + ", "")),
        "what the token itself pays was left out, so nothing is worth anything",
        "V(s) as the mean of V(s') is right wherever nothing is paid, and that is nearly everywhere in text",
        "Where does the first number that is not 0 come from?",
    ),
    Misconception(
        "what comes after is still 0",
        edited(tree_values, ("reversed(range(len(rewards)))", "range(len(rewards))")),
        "only the next reward was counted: the value of s' was left out, or read before it was known",
        "loops run from 0, and then every s' is still 0; so is `values[s]`, where s itself is taken for s'",
        "Which values must be known before that of state 0? And where do you read V(s')?",
    ),
    Misconception(
        "γ is missing",
        edited(tree_values, ("gamma * following", "following")),
        "what comes after was not discounted",
        "in text γ is 1",
        "How much is a value one token away worth now?",
    ),
    Misconception(
        "γ discounts the reward, too",
        edited(tree_values, ("rewards[s] + gamma * following", "gamma * (rewards[s] + following)")),
        "the token's own reward was discounted",
        "one pair of brackets more, and the line looks tidier",
        "Is the reward of this token one token away?",
    ),
    Misconception(
        "the end has a value",
        edited(tree_values, ("torch.where(ended[s], 0.0, values[successors[s]])", "values[successors[s]]")),
        "`values[-1]` is the value of the last state, and was added where the reply had ended",
        "an index of −1 raises nothing",
        "What does Python do with `values[-1]`?",
    ),
    Misconception(
        "the state with the next number",
        edited(tree_values, ("values[successors[s]]", "values[min(s + 1, len(values) - 1)]")),
        "the value was read from state s + 1, wherever the token leads",
        "along one reply the next state is the next index; in a tree it is one of several",
        "Two tokens lead to two states. Can both have the number s + 1?",
    ),
    Misconception(
        "the start is left out",
        edited(tree_values, ("reversed(range(len(rewards)))", "range(len(rewards) - 1, 0, -1)")),
        "state 0 was left at 0",
        "`range(S - 1, 0, -1)` looks complete",
        "What is the last number in range(3, 0, -1)?",
    ),
    Misconception(
        "the last state is left out",
        edited(tree_values, ("reversed(range(len(rewards)))", "reversed(range(len(rewards) - 1))")),
        "the last state was left at 0",
        "V(s') = 0 at the end, and the last state looks like the end; but a token is still to be drawn there",
        "What can be earned in the last state?",
    ),
    Misconception(
        "one sweep for all states",
        edited(swept_until_settled, ("range(len(rewards))", "range(1)")),
        "what is paid two tokens later was left out",
        "tensors do all states at once; but then every V(s') is read before it is known",
        "Along how many tokens must news of a reward travel to reach state 0?",
    ),
    Misconception(
        "paid only at the end",
        edited(tree_values, ("rewards[s] +", "torch.where(ended[s], rewards[s], 0.0) +")),
        "what a token pays was left out where the reply goes on",
        "in text the score comes with the last token; here rewards may come with any",
        "What does the token pay that leads to another state?",
    ),
    Misconception(
        "tokens that end the reply are skipped",
        edited(tree_values, ("rewards[s] +", "torch.where(ended[s], 0.0, rewards[s]) +")),
        "what the last token pays was left out",
        "`if successors[s, a] < 0: continue` avoids the index −1; and the reward with it",
        "Nothing comes after an end. But what does the token pay that ends the reply?",
    ),
    Misconception(
        "Q instead of V",
        edited(tree_values, ("return values", "return rewards + gamma * torch.where(ended, 0.0, values[successors])")),
        "there is one number for each token of each state",
        "Q stands inside the equation, one step before the mean",
        "How many states are there, and how many numbers did you return?",
    ),
)

EXERCISE = Exercise(
    function=tree_values,
    title="Backward induction",
    section="The Bellman equation",
    minutes=15,
    difficulty=3,
    goal="Return V of every state, V(s) = Σ_a π(a | s) (r(s, a) + γV(s')). `successors[s, a]` is the number of s', and "
    "−1 where the token ends the reply; nothing comes after an end. Every state has a smaller number than its "
    "successors.",
    entry=of_state,
    worked=tree([[0.25, 0.75], [0.5, 0.5]], [[8, 1], [4, 0]], [[-1, 1], [-1, -1]], gamma=0.5),
    answer=[3.5, 2],
    cases=(
        tree([[0.5, 0.5], [0.25, 0.75]], [[0, 1], [0, 2]], [[1, -1], [-1, -1]], gamma=1.0),
        tree([[0.5, 0.5], [1, 0], [0, 1]], [[0, 0], [1, 3], [5, 2]], [[1, 2], [-1, -1], [-1, -1]], gamma=1.0),
        tree([[0, 1], [0, 1], [0.5, 0.5]], [[0, 0], [0, 0], [2, 6]], [[-1, 1], [-1, 2], [-1, -1]], gamma=0.5),
        tree(
            [[0.25, 0.75], [0.5, 0.5]],
            [[4, -2], [0, 2]],
            [[-1, 1], [-1, -1]],
            gamma=0.0,
            law="With γ = 0 only the next reward counts",
        ),
    ),
    random_case=random_tree,
    hints=(
        "Which state can you value without knowing any other?",
        "Go through the states from the last to the first. `values[-1]` is a number too: that of the last state.",
        "following = torch.where(successors[s] < 0, 0.0, values[successors[s]]); values[s] = probabilities[s] @ "
        "(rewards[s] + gamma * following).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(with_a_place_for_the_end, swept_until_settled, as_linear_equations, recursively),
)
