"""Write `action_advantages`. Chapter: book/foundations/value-functions.md."""

import numpy as np
import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.values import action_advantages


def choices(probabilities: list, action_values: list, *, law: str = "") -> Case:
    numbers = {"probabilities": probabilities, "action_values": action_values}
    return Case({name: torch.tensor(rows, dtype=torch.float32) for name, rows in numbers.items()}, law=law)


def random_choices(rng: torch.Generator) -> Case:
    """Two rows of three states over four tokens."""
    weights = torch.randint(1, 6, (2, 3, 4), generator=rng).float()
    action_values = torch.randint(-100, 101, (2, 3, 4), generator=rng) / 100
    return choices((weights / weights.sum(dim=-1, keepdim=True)).tolist(), action_values.tolist())


def in_two_steps(probabilities, action_values):
    values = (probabilities * action_values).sum(dim=-1, keepdim=True)
    return action_values - values


def by_einsum(probabilities, action_values):
    return action_values - torch.einsum("...a,...a->...", probabilities, action_values)[..., None]


def from_differences(probabilities, action_values):
    """Σ_b π(b)(Q(a) − Q(b)): how much better than each other token, on average."""
    differences = action_values[..., :, None] - action_values[..., None, :]
    return (differences * probabilities[..., None, :]).sum(dim=-1)


def in_numpy(probabilities, action_values):
    probabilities, action_values = np.asarray(probabilities), np.asarray(action_values)
    return action_values - np.sum(probabilities * action_values, axis=-1, keepdims=True)


MISCONCEPTIONS = (
    Misconception(
        "compared with the best token",
        edited(in_two_steps, ("(probabilities * action_values).sum(", "action_values.amax(")),
        "no token can be better than the best, so no advantage is above 0",
        "an advantage sounds like a contest; with the optimal policy V is the maximum",
        "Does this policy always choose its best token?",
        section="Not the best, the usual",
    ),
    Misconception(
        "the probabilities are not used",
        edited(in_two_steps, ("(probabilities * action_values).sum(", "action_values.mean(")),
        "the tokens were compared with their plain mean",
        "for a policy without preferences it is the same",
        "Which tokens does this policy choose often?",
    ),
    Misconception(
        "the advantages sum to one",
        edited(in_two_steps, ("action_values - values", "action_values.softmax(dim=-1)")),
        "this is a softmax: shares that sum to 1, where advantages sum to 0 under π",
        "probabilities sum to one, and credit looks like something to be shared out",
        "Can a token be worse than usual?",
    ),
    Misconception(
        "V minus Q",
        edited(in_two_steps, ("action_values - values", "values - action_values")),
        "praise became blame",
        "an error is often written as prediction minus target",
        "Should the best token have a positive advantage?",
    ),
    Misconception(
        "nothing is subtracted",
        edited(in_two_steps, (" - values", "")),
        "this is Q",
        "Q ranks the tokens of a state just as well",
        "All tokens are worth 5. Is any of them better than usual?",
    ),
    Misconception(
        "V instead of A",
        edited(in_two_steps, ("action_values - values", "values.expand_as(action_values)")),
        "this is V, the same for all tokens of a state",
        "the weighted mean is the harder half of the exercise, and looks like the result",
        "Which token is better than which?",
    ),
    Misconception(
        "weighted by the policy",
        edited(in_two_steps, ("action_values - values", "probabilities * (action_values - values)")),
        "each advantage was multiplied by its probability",
        "Σ π A = 0 is what the chapter proves, and πA sums to 0 without weights",
        "Is a good token less good for being rare?",
    ),
    Misconception(
        "the probability is inside",
        edited(in_two_steps, ("action_values - values", "probabilities * action_values - values")),
        "πQ was compared with V, not Q",
        "πQ is what V is the sum of",
        "What did you earn once the token is drawn: Q, or πQ?",
    ),
    Misconception(
        "a mean of the weighted values",
        edited(in_two_steps, ("sum", "mean")),
        "the weighted sum was divided by the number of tokens once more",
        "an expectation is a mean; but its weights are the probabilities already",
        "All tokens are worth 5. What is the state worth?",
    ),
    Misconception(
        "a quotient instead of a difference",
        edited(in_two_steps, ("action_values - values", "action_values / values")),
        "Q was divided by V",
        "'twice as good as usual' is a comparison, too",
        "What happens where the state is worth nothing?",
    ),
    Misconception(
        "one value for all states",
        edited(in_two_steps, ("dim=-1, keepdim=True", "")),
        "the values of all states were added up, and their sum subtracted everywhere",
        "`.sum()` without `dim` is right for a single state, and for the one on paper",
        "How many states are there, and how many numbers did you subtract?",
    ),
    Misconception(
        "the mean over the states",
        edited(in_two_steps, ("dim=-1", "dim=0")),
        "the values of different states were added up, token by token",
        "`dim=0` is right for a single state",
        "Which numbers must the probabilities weigh: those of one state, or those of one token?",
    ),
)

EXERCISE = Exercise(
    function=action_advantages,
    title="Better than usual",
    section="Three names",
    minutes=5,
    difficulty=1,
    goal="Return A(s, a) = Q(s, a) − V(s) for every token of every state, with V(s) = Σ_a π(a | s) Q(s, a). The last "
    "axis holds the tokens; there may be none, one or several axes of states before it.",
    entry="advantage",
    worked=choices([0.25, 0.25, 0.25, 0.25], [0, 4, 8, 0]),
    answer=[-3, 1, 5, -3],
    cases=(
        choices([[0.5, 0.5], [0.25, 0.75]], [[1, 3], [4, 8]]),
        choices([[0.25, 0.75, 0], [0.5, 0.25, 0.25]], [[4, 0, 8], [2, 6, -2]]),
        choices([[1, 0]], [[2, 5]], law="The only token that the policy says is as good as expected"),
    ),
    random_case=random_choices,
    hints=(
        "What is the state worth before the token is drawn?",
        "V is the mean of Q over the last axis, weighted by the probabilities; keep that axis, with size 1.",
        "action_values - (probabilities * action_values).sum(dim=-1, keepdim=True).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(in_two_steps, by_einsum, from_differences, in_numpy),
)
