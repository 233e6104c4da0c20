"""Write `action_logprobs`. Chapter: book/foundations/softmax-policy.md."""

import torch
from torch.distributions import Categorical
from torch.nn.functional import cross_entropy, one_hot

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.policy import action_logprobs


def choice(logits: list, actions: list, *, law: str = "") -> Case:
    return Case({"logits": torch.tensor(logits, dtype=torch.float32), "actions": torch.tensor(actions)}, law=law)


def random_choice(rng: torch.Generator) -> Case:
    """Two rows of three tokens over four words; in each row another action than the likeliest is taken."""
    logits = torch.randint(-300, 301, (2, 3, 4), generator=rng) / 100
    actions = torch.randint(4, (2, 3), generator=rng)
    actions[:, 0] = logits[:, 0].argmin(dim=-1)
    return choice(logits.tolist(), actions.tolist())


def by_cross_entropy(logits, actions):
    """The library's loss, one number a token, negated."""
    losses = cross_entropy(logits.reshape(-1, logits.shape[-1]), actions.reshape(-1), reduction="none")
    return -losses.reshape(actions.shape)


def by_distribution(logits, actions):
    policy = Categorical(logits=logits)
    return policy.log_prob(actions)


def by_logsumexp(logits, actions):
    logprobs = logits - logits.logsumexp(dim=-1, keepdim=True)
    return logprobs.gather(-1, actions[..., None])[..., 0]


def with_the_largest_taken_out(logits, actions):
    """z_a − log Σ exp(z), with m + log Σ exp(z − m) for the logarithm."""
    largest = logits.amax(dim=-1, keepdim=True)
    log_sum = largest + (logits - largest).exp().sum(dim=-1, keepdim=True).log()
    return torch.take_along_dim(logits - log_sum, actions.unsqueeze(-1), dim=-1).squeeze(-1)


def as_a_quotient(logits, actions):
    """The definition, letter by letter, in float64, which holds exp(−300)."""
    weights = (logits.double() - logits.amax(dim=-1, keepdim=True)).exp()
    probabilities = weights / weights.sum(dim=-1, keepdim=True)
    return probabilities.log().gather(-1, actions[..., None]).squeeze(-1)


def by_one_hot(logits, actions):
    return (torch.log_softmax(logits, -1) * one_hot(actions, logits.size(-1))).sum(-1)


def token_by_token(logits, actions):
    """A loop over tokens."""
    rows = zip(logits.flatten(0, -2), actions.flatten(), strict=True)
    return torch.stack([row[action] - torch.logsumexp(row, dim=0) for row, action in rows]).view(actions.shape)


TAKEN = ".gather(-1, actions.unsqueeze(-1)).squeeze(-1)"  # from all actions to the one taken
MISCONCEPTIONS = (
    Misconception(
        "the logarithm of a probability that rounded to zero",
        edited(action_logprobs, ("log_softmax(dim=-1)", "softmax(dim=-1).log()")),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 200. What is the smaller probability in float32, and what is its logarithm?",
    ),
    Misconception(
        "overflow at large logits",
        edited(as_a_quotient, ("logits.double() - logits.amax(dim=-1, keepdim=True)", "logits")),
        "exp(200) is infinite in float32, and ∞/∞ is not a number",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "a small number inside the logarithm",
        edited(action_logprobs, ("logits.log_softmax(dim=-1)", "(logits.softmax(dim=-1) + 1e-8).log()")),
        "log-probabilities stop at −18.4, and their gradient is gone there",
        "it does prevent −∞",
        "Two logits differ by 200. What is the smaller log-probability?",
    ),
    Misconception(
        "the largest logit of the whole batch",
        edited(with_the_largest_taken_out, ("logits.amax(dim=-1, keepdim=True)", "logits.max()")),
        "a row whose logits lie far below the batch's largest one has only zeros left",
        "with a single row `logits.max()` is the right constant; it takes the largest over every axis",
        "Which maximum makes the sum of *this* row contain e⁰ = 1?",
    ),
    Misconception(
        "one sum for the whole batch",
        edited(by_logsumexp, ("logits.logsumexp(dim=-1, keepdim=True)", "logits.flatten().logsumexp(dim=0)")),
        "the sum ran over all rows, so that they compete with one another",
        "`.sum()` without an axis is right for a single row",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the sum without its logarithm",
        edited(by_logsumexp, ("logits.logsumexp", "logits.exp().sum")),
        "Σ exp(z) was subtracted, not its logarithm",
        "the quotient became a difference, and its lower half was left as it was",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "the largest logit is not added back",
        edited(with_the_largest_taken_out, ("largest + ", "")),
        "the largest logit was subtracted in the sum only",
        "log Σ exp(z) = m + log Σ exp(z − m), and m is easily lost",
        "Add 1 to all logits. Which of your two terms changes?",
    ),
    Misconception(
        "the softmax over the wrong axis",
        edited(action_logprobs, ("log_softmax(dim=-1)", "log_softmax(dim=0)")),
        "the tokens of a batch compete with one another, not the words of the vocabulary",
        "with one token, or in a square, the shapes do not protest",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the softmax over time",
        edited(action_logprobs, ("log_softmax(dim=-1)", "log_softmax(dim=1)")),
        "in a (B, T, V) batch, axis 1 is time",
        "for logits of shape (B, V) axis 1 is the vocabulary",
        "Which axis is the vocabulary in every shape: 1, or −1?",
    ),
    Misconception(
        "raw logits",
        edited(action_logprobs, (".log_softmax(dim=-1)", "")),
        "a logit is a log-probability up to a constant, and the constant is missing",
        "the larger logit is the likelier action, and the gradient looks right at first",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "only the largest logit is subtracted",
        edited(with_the_largest_taken_out, ("logits - log_sum", "logits - largest")),
        "this prevents overflow, and normalises nothing",
        "it is the first half of a safe log-softmax",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        edited(action_logprobs, ("log_softmax", "softmax")),
        "this is π(a), not log π(a)",
        "the probability of the action is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "softmax twice",
        edited(action_logprobs, ("log_softmax(dim=-1)", "softmax(dim=-1).log_softmax(dim=-1)")),
        "the logits had become probabilities before they were normalised again",
        "a function that wants logits takes probabilities without a word",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "the sign of a loss",
        edited(by_cross_entropy, ("-losses", "losses")),
        "this is −log π, the cross-entropy",
        "cross_entropy computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the average over the batch",
        edited(by_cross_entropy, (', reduction="none"', ""), (".reshape(actions.shape)", "")),
        "one number was returned for the whole batch",
        "losses average unless they are told otherwise",
        "How many actions are there, and how many log-probabilities did you return?",
    ),
    Misconception(
        "the sum over the tokens",
        edited(action_logprobs, (".squeeze(-1)", ".squeeze(-1).sum(dim=-1)")),
        "the log-probabilities of a reply were added up",
        "the log-probability of a whole reply is that sum",
        "How many actions are there, and how many log-probabilities did you return?",
    ),
    Misconception(
        "all actions instead of the one taken",
        edited(action_logprobs, (TAKEN, "")),
        "the whole vocabulary was returned; `actions` was not used",
        "log_softmax does most of the work",
        "How many numbers should there be for each action?",
    ),
    Misconception(
        "zeros for the actions not taken",
        edited(by_one_hot, (".sum(-1)", "")),
        "the last axis is still the vocabulary",
        "a one-hot product is half of a selection",
        "How many numbers should there be for each action?",
    ),
    Misconception(
        "the last axis is left over",
        edited(action_logprobs, (".squeeze(-1)", "")),
        "gather keeps the axis, with a single entry",
        "the numbers are right; later a (B, 1) against a (B,) makes a (B, B)",
        "What is the shape of `actions`, and what is the shape of your result?",
    ),
    Misconception(
        "every axis of length 1 is gone",
        edited(action_logprobs, (".squeeze(-1)", ".squeeze()")),
        "`squeeze()` without an axis takes away more than the one that gather left",
        "in most batches no other axis has length 1",
        "What is the shape of your result for a batch of one?",
    ),
    Misconception(
        "every action for every row",
        edited(action_logprobs, (TAKEN, "[..., actions]")),
        "each row was asked about the actions of all rows",
        "`logprobs[:, actions]` reads like 'the action of each row'",
        "Print the shape of your result. Which entries of it are the ones you want?",
    ),
    Misconception(
        "the likeliest action instead of the one taken",
        edited(action_logprobs, (TAKEN, ".amax(dim=-1)")),
        "`actions` was not used",
        "a greedy policy takes the likeliest action; a sampled one need not",
        "What happens to your numbers when another action was taken?",
    ),
    Misconception(
        "a newly sampled action",
        edited(by_distribution, ("log_prob(actions)", "log_prob(policy.sample())")),
        "another action was drawn; `actions` was not used",
        "sample and log_prob come as a pair in every example",
        "Which action was taken: the one you were given, or the one you draw?",
    ),
    Misconception(
        "the action of the next token",
        edited(action_logprobs, ("logits.log", "logits[..., :-1, :].log"), ("actions.un", "actions[..., 1:].un")),
        "the logits of t were paired with the action of t + 1, and one token was lost",
        "a language model's logits need that shift; here it is already done",
        "Which action was drawn from `logits[:, t]`?",
    ),
    Misconception(
        "bits instead of nats",
        edited(as_a_quotient, ("probabilities.log()", "probabilities.log2()")),
        "the logarithm was taken to base 2",
        "information is often measured in bits",
        "What is exp of your number?",
    ),
    Misconception(
        "no gradient reaches the logits",
        edited(action_logprobs, ("logits.log", "logits.detach().log")),
        "the number is right, but the policy cannot learn from it",
        "`.detach()`, `.item()`, NumPy or `torch.tensor(…)` on the way cuts the gradient without a word",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)

EXERCISE = Exercise(
    function=action_logprobs,
    title="The log-probability of an action",
    section="From logits to log-probabilities",
    minutes=10,
    difficulty=2,
    goal="Return log π(a | s), in nats, for each action taken: one number per action, in the shape of `actions`. The "
    "vocabulary is the last axis of the logits. Logits may be as large as 200.",
    entry="log-probability",
    worked=choice([[0, 0, 0, 0], [1.0986, 0, 0, 0]], [2, 0]),
    answer=[-1.3863, -0.6931],
    cases=(
        choice([[0, 1, 2]], [0]),
        choice([[[0, 1], [2, 0]], [[0, 3], [1, 1]]], [[0, 1], [1, 0]]),
        choice([[100, 101, 102]], [0], law="A constant added to all logits changes nothing"),
        choice([[200, 0], [0, 1]], [0, 1], law="What stands in one row matters to no other"),
        choice([[200, 0, -100]], [0], law="Large logits do not overflow"),
        choice([[200, 0, -100]], [1], law="A log-probability of −200 is a number"),
    ),
    random_case=random_choice,
    gradients=("logits",),
    hints=(
        "Which e-powers stand in π(a) on paper, and what is the logarithm of their quotient?",
        "log π(a) = z_a − log Σ exp(z). torch has a function that computes this for all actions without overflow.",
        "logits.log_softmax(dim=-1), then gather along the last axis with actions.unsqueeze(-1), then squeeze(-1).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(
        by_cross_entropy,
        by_distribution,
        by_logsumexp,
        with_the_largest_taken_out,
        as_a_quotient,
        by_one_hot,
        token_by_token,
    ),
)
