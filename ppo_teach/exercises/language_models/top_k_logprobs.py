"""Write `top_k_logprobs`. Chapter: book/language/language-models.md."""

import torch
from torch.distributions import Categorical

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.exercises.softmax_policy.action_logprobs import choice
from ppo_teach.policy import action_logprobs, top_k_logprobs


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


MISCONCEPTIONS = (
    Misconception(
        "scored over the whole vocabulary",
        edited(top_k_logprobs, ("logits.masked_fill(logits < kth, -torch.inf)", "logits")),
        "that is log π; what was drawn is likelier than that, since others could not be drawn: the ratio is Z, not 1",
        "top-k is an option of the sampler, and the scorer has never heard of it",
        "Three tokens with probabilities ½, 0.3 and 0.2; the sampler keeps two. How often does it draw the first?",
    ),
    Misconception(
        "cut off, but not scaled up",
        edited(by_share, (" - log_share", "")),
        "what is left sums to Z, not to 1",
        "the cut comes after the softmax, where the probabilities are at hand",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "logits of zero for what was cut off",
        edited(top_k_logprobs, ("logits.masked_fill(logits < kth, -torch.inf)", "logits * (logits >= kth)")),
        "a logit of 0 is no small logit: its token has e⁰ = 1 in the sum",
        "a mask multiplies",
        "Which logit has a token of probability 0?",
    ),
    Misconception(
        "probabilities of zero for what was cut off, as logits",
        edited(
            top_k_logprobs, ("logits.masked_fill(logits < kth, -torch.inf)", "logits.softmax(dim=-1) * (logits >= kth)")
        ),
        "probabilities took the place of logits",
        "a probability of 0 is what the cut means",
        "What does log_softmax expect: logits, or probabilities?",
    ),
    Misconception(
        "a large negative number in place of −∞",
        edited(top_k_logprobs, ("-torch.inf", "-1e9")),
        "the numbers of what was kept are right; but the difference of two such numbers is 0, so that a token that "
        "can be drawn by neither policy has the ratio 1, and nobody notices",
        "it cannot make NaN",
        "With which probability is a token drawn that was cut off? What is the logarithm of that?",
    ),
    Misconception(
        "the cut tokens keep their old log-probability",
        edited(by_share, ("taken, -torch.inf) - log_share", "taken - log_share, taken)")),
        "a token that could not have been drawn has a probability, and all together sum to more than 1",
        "−∞ looks like a mistake, and somebody mended it",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "scaled up, but nothing cut off",
        edited(by_share, ("torch.where(kept, taken, -torch.inf)", "taken")),
        "log π − log Z holds for the k likeliest; the others have a probability, too, and all sum to more than 1",
        "the formula says log π − log Z, and the rest of its line is easily missed",
        "With which probability is a token drawn that was cut off? What is the logarithm of that?",
    ),
    Misconception(
        "Z, not its logarithm",
        edited(by_share, ("- log_share", "- log_share.exp()")),
        "a probability was taken from a log-probability",
        "π is divided by Z, and log π is at hand",
        "What is log(π / Z)?",
    ),
    Misconception(
        "Z on the wrong side",
        edited(by_share, ("- log_share", "+ log_share")),
        "log Z was added, and what is left became less likely by the cut",
        "log Z is negative, and a cut sounds like a loss",
        "When some tokens can no longer be drawn, are the others drawn more often, or less?",
    ),
    Misconception(
        "the k-th is cut off as well",
        edited(top_k_logprobs, ("logits < kth", "logits <= kth")),
        "k − 1 tokens were kept",
        "`>` for `>=`",
        "With k = 1, how many tokens are left?",
    ),
    Misconception(
        "one too many is kept",
        edited(top_k_logprobs, ("topk(k)", "topk(min(k + 1, logits.shape[-1]))")),
        "k + 1 tokens were kept",
        "`sorted[..., k]` is the k-th, counted from 0",
        "With k = 1, how many tokens are left?",
    ),
    Misconception(
        "the k least likely",
        edited(top_k_logprobs, ("topk(k)", "topk(k, largest=False)"), ("logits < kth", "logits > kth")),
        "the unlikely tokens were kept",
        "sorted in ascending order, the first k are the smallest",
        "Which end of the order are the likeliest tokens at?",
    ),
    Misconception(
        "one threshold for the whole batch",
        edited(top_k_logprobs, ("logits.topk(k).values[..., -1:]", "logits.flatten().topk(k).values[-1]")),
        "the k-th largest logit of all rows was the bar for every row",
        "`.flatten().topk(k)` needs no thought about axes",
        "Which tokens compete with one another: those of a state, or those of a batch?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        edited(top_k_logprobs, ("actions)", "actions).exp()")),
        "this is q, not log q",
        "the probability of the action is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the sign of a loss",
        edited(top_k_logprobs, ("return ", "return -")),
        "this is −log q, the cross-entropy",
        "cross_entropy computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the logarithm of a probability that rounded to zero",
        edited(
            top_k_logprobs, action_logprobs=edited(action_logprobs, ("log_softmax(dim=-1)", "softmax(dim=-1).log()"))
        ),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 200. What is the smaller probability in float32, and what is its logarithm?",
    ),
    Misconception(
        "no gradient reaches the logits",
        edited(top_k_logprobs, ("logits.masked", "logits.detach().masked")),
        "the number is right, but the policy cannot learn from it",
        "a cut belongs to sampling, and samplers run without gradients",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)

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
