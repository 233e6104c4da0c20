"""Write `top_k_logprobs`. Chapter: book/language/language-models.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Categorical

from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.language_models.top_k_logprobs_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.softmax_policy.action_logprobs import choice
from ppo_teach.policy import action_logprobs


def top_k_logprobs(logits: Float[Tensor, "*B V"], actions: Int[Tensor, "*B"], *, k: int) -> Float[Tensor, "*B"]:
    """The log-probability, in nats, of each action, when it was drawn from the k likeliest; −∞ for any other.

        log q(a | s) = log π(a | s) − log Z,     Z = Σ_{b among the k likeliest} π(b | s)

    No two logits of a distribution are equal. The package never draws so in training.
    """
    kth = logits.topk(k).values[..., -1:]
    return action_logprobs(logits.masked_fill(logits < kth, -torch.inf), actions)


def among(k: int, case: Case) -> Case:
    return Case({**case.inputs, "k": k}, law=case.law)


def random_k(rng: torch.Generator) -> Case:
    """Two rows of three states over five words; each action is one of the k likeliest, and often not the first."""
    k = pick(rng, 2, 3)
    order = torch.rand(2, 3, 5, generator=rng).argsort(dim=-1)  # the rank of each word
    logits = -(order + torch.randint(0, 90, (2, 3, 5), generator=rng) / 100)
    actions = torch.stack([row.topk(k).indices[pick(rng, *range(k))] for row in logits.flatten(0, 1)]).view(2, 3)
    return among(k, choice(logits.tolist(), actions.tolist()))


def by_share(logits, actions, *, k):
    """log π − log Z, in float64."""
    logprobs = logits.double().log_softmax(dim=-1)
    log_share = logprobs.topk(k).values.logsumexp(dim=-1)
    taken = logprobs.gather(-1, actions[..., None]).squeeze(-1)
    kept = (logits.topk(k).indices == actions[..., None]).any(dim=-1)
    return torch.where(kept, taken, -torch.inf) - log_share


def by_distribution(logits, actions, *, k):
    best = logits.topk(k)
    only = torch.full_like(logits, -torch.inf).scatter(-1, best.indices, best.values)
    return Categorical(logits=only).log_prob(actions)


def by_rank(logits, actions, *, k):
    """Rank 0 is the likeliest."""
    rank = logits.argsort(dim=-1, descending=True).argsort(dim=-1)
    kept = torch.where(rank < k, logits, -torch.inf)
    return kept.gather(-1, actions[..., None]).squeeze(-1) - kept.logsumexp(dim=-1)


def token_by_token(logits, actions, *, k):
    """A loop over states."""
    rows = zip(logits.flatten(0, -2), actions.flatten(), strict=True)
    answers = []
    for z, action in rows:
        best = z.topk(k)
        taken = z[action] if action in best.indices else torch.tensor(-torch.inf)
        answers.append(taken - best.values.logsumexp(dim=0))
    return torch.stack(answers).view(actions.shape)


EXERCISE = Exercise(
    function=top_k_logprobs,
    title="Scored as it was drawn",
    section="Top-k: drawn from a few, scored over all",
    minutes=15,
    difficulty=3,
    goal="Each action was drawn from the k likeliest tokens only, their probabilities scaled so that they sum to 1. "
    "Return its log-probability under that distribution, in nats; −∞ for a token that could not have been drawn. The "
    "vocabulary is the last axis; no two logits of a distribution are equal; they may be as large as 200.",
    entry="log-probability",
    worked=among(2, choice([[1.6094, 1.0986, 0.6931]], [1])),
    answer=[-0.9808],
    cases=(
        among(2, choice([[3, 1, 2, 0]], [2])),
        among(3, choice([[0, 1, 2, -1], [2, -1, 1, 0]], [0, 3])),
        among(2, choice([[[5, 6, 4], [1, 2, 0]], [[0, 2, 3], [4, 0, 3]]], [[0, 1], [2, 2]])),
        among(1, choice([[0, 2, 1], [3, 0, 1]], [1, 0], law="One that is drawn from one is certain")),
        among(3, choice([[0, 2, 1], [3, 0, 1]], [0, 1], law="With k = V nothing is cut off")),
        among(2, choice([[0, 2, 1], [0, 2, 1]], [0, 1], law="What was cut off has log-probability −∞")),
        among(2, choice([[200, 0, -100], [0, 1, 2]], [1, 1], law="A log-probability of −200 is a number")),
    ),
    random_case=random_k,
    gradients=("logits",),
    hints=(
        "Three tokens with probabilities ½, 0.3 and 0.2; the sampler keeps two. How often does it draw each?",
        "Take the others out of the *sum* as well. Which logit has a token that is never drawn?",
        "kth = logits.topk(k).values[..., -1:]; set the logits below it to −∞, and score with action_logprobs.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_share, by_distribution, by_rank, token_by_token),
)
