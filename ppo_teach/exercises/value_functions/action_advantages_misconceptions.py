"""Known wrong ways to write `action_advantages`."""

from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def state_value(probabilities: Tensor, action_values: Tensor) -> Tensor:
    """V, with the last axis kept."""
    return (probabilities * action_values).sum(dim=-1, keepdim=True)


def right(probabilities: Tensor, action_values: Tensor) -> Tensor:
    return action_values - state_value(probabilities, action_values)


MISCONCEPTIONS = (
    Misconception(
        "compared with the best token",
        lambda p, q: q - q.amax(dim=-1, keepdim=True),
        "no token can be better than the best, so no advantage is above 0",
        "an advantage sounds like a contest; with the optimal policy V is the maximum",
        "Does this policy always choose its best token?",
        section="Not the best, the usual",
    ),
    Misconception(
        "the probabilities are not used",
        lambda p, q: q - q.mean(dim=-1, keepdim=True),
        "the tokens were compared with their plain mean",
        "for a policy without preferences it is the same",
        "Which tokens does this policy choose often?",
    ),
    Misconception(
        "the advantages sum to one",
        lambda p, q: (
            (q - q.amax(dim=-1, keepdim=True)).exp()
            / (q - q.amax(dim=-1, keepdim=True)).exp().sum(dim=-1, keepdim=True)
        ),
        "this is a softmax: shares that sum to 1, where advantages sum to 0 under π",
        "probabilities sum to one, and credit looks like something to be shared out",
        "Can a token be worse than usual?",
    ),
    Misconception(
        "V minus Q",
        lambda p, q: -right(p, q),
        "praise became blame",
        "an error is often written as prediction minus target",
        "Should the best token have a positive advantage?",
    ),
    Misconception(
        "nothing is subtracted",
        lambda p, q: 1 * q,
        "this is Q",
        "Q ranks the tokens of a state just as well",
        "All tokens are worth 5. Is any of them better than usual?",
    ),
    Misconception(
        "V instead of A",
        lambda p, q: state_value(p, q).expand_as(q) + 0.0,
        "this is V, the same for all tokens of a state",
        "the weighted mean is the harder half of the exercise, and looks like the result",
        "Which token is better than which?",
    ),
    Misconception(
        "weighted by the policy",
        lambda p, q: p * right(p, q),
        "each advantage was multiplied by its probability",
        "Σ π A = 0 is what the chapter proves, and πA sums to 0 without weights",
        "Is a good token less good for being rare?",
    ),
    Misconception(
        "the probability is inside",
        lambda p, q: p * q - state_value(p, q),
        "πQ was compared with V, not Q",
        "πQ is what V is the sum of",
        "What did you earn once the token is drawn: Q, or πQ?",
    ),
    Misconception(
        "a mean of the weighted values",
        lambda p, q: q - (p * q).mean(dim=-1, keepdim=True),
        "the weighted sum was divided by the number of tokens once more",
        "an expectation is a mean; but its weights are the probabilities already",
        "All tokens are worth 5. What is the state worth?",
    ),
    Misconception(
        "a quotient instead of a difference",
        lambda p, q: q / state_value(p, q),
        "Q was divided by V",
        "'twice as good as usual' is a comparison, too",
        "What happens where the state is worth nothing?",
    ),
    Misconception(
        "one value for all states",
        lambda p, q: q - (p * q).sum(),
        "the values of all states were added up, and their sum subtracted everywhere",
        "`.sum()` without `dim` is right for a single state, and for the one on paper",
        "How many states are there, and how many numbers did you subtract?",
    ),
    Misconception(
        "the mean over the states",
        lambda p, q: q - (p * q).sum(dim=0, keepdim=True),
        "the values of different states were added up, token by token",
        "`dim=0` is right for a single state",
        "Which numbers must the probabilities weigh: those of one state, or those of one token?",
    ),
)
