"""Write `kl_shaped_rewards`. Chapter: book/language/kl.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.kl import kl_shaped_rewards


def replies(scores: list, new: list, ref: list, mask: list | None = None, *, kl_coef: float, law: str = "") -> Case:
    """A case from probabilities: 0.5 where the reference has 0.25 is log 2 = 0.693 nats."""
    scores, new, ref = (torch.tensor(x, dtype=torch.float32) for x in (scores, new, ref))
    mask = torch.ones_like(new).bool() if mask is None else torch.tensor(mask).bool()
    inputs = {"scores": scores, "logprobs": new.log(), "ref_logprobs": ref.log(), "mask": mask}
    return Case({**inputs, "kl_coef": kl_coef}, law=law)


def random_replies(rng: torch.Generator) -> Case:
    """A full row, one of two and one of three tokens, scores of both signs, likelier and less likely than before."""
    new, ref = torch.randint(10, 91, (2, 3, 4), generator=rng) / 100
    new[:, 0], ref[:, 0] = torch.tensor([0.9, 0.2, 0.5]), torch.tensor([0.3, 0.6, 0.8])
    mask = torch.arange(4) < torch.tensor([2, 3, 4])[torch.randperm(3, generator=rng)][:, None]
    scores = torch.randint(50, 201, (3,), generator=rng) / torch.tensor([100, -100, 50])
    new, ref = torch.where(mask, new, 0.9), torch.where(mask, ref, 0.01)
    return replies(scores.tolist(), new.tolist(), ref.tolist(), mask.tolist(), kl_coef=pick(rng, 0.1, 0.2, 0.5))


def by_index(scores, logprobs, ref_logprobs, mask, *, kl_coef):
    """The score added at an index counted from the mask."""
    gap = (logprobs - ref_logprobs).detach()
    rewards = -kl_coef * gap.masked_fill(~mask, 0)
    rows, last = torch.arange(len(scores)), mask.sum(dim=1) - 1
    rewards[rows, last] += scores
    return rewards


def token_by_token(scores, logprobs, ref_logprobs, mask, *, kl_coef):
    """A loop, in Python's floats."""
    rewards = [[0.0] * mask.shape[1] for _ in scores]
    for b in range(len(scores)):
        length = int(mask[b].sum())
        for t in range(length):
            rewards[b][t] = -kl_coef * (logprobs[b, t].item() - ref_logprobs[b, t].item())
        rewards[b][length - 1] += scores[b].item()
    return torch.tensor(rewards)


def by_differences_of_the_mask(scores, logprobs, ref_logprobs, mask, *, kl_coef):
    """The last real token is where the mask goes from true to false; in float64."""
    beyond = torch.cat([mask[:, 1:], torch.zeros_like(mask[:, :1])], dim=1)
    last = (mask & ~beyond).double()
    with torch.no_grad():
        gap = (logprobs.double() - ref_logprobs.double()).masked_fill(~mask, 0)
        return torch.einsum("b,bt->bt", scores.double(), last) - kl_coef * gap


MISCONCEPTIONS = (
    # The penalty.
    Misconception(
        "+β: the penalty is a reward",
        edited(kl_shaped_rewards, ("-kl_coef", "kl_coef")),
        "drifting away from the reference was rewarded",
        "two minus signs meet: −β, and log π_ref with a minus",
        "π is more sure of a token than π_ref is. Should its reward be higher or lower for it?",
    ),
    Misconception(
        "the old policy as the reference",
        edited(kl_shaped_rewards, ("k1(logprobs, ref_logprobs)", "k1(logprobs, logprobs)")),
        "the policy was compared with itself, so there is no penalty",
        "two frozen policies are about; π_old drew the batch and is not the one to stay near",
        "Which policy stays the same during the whole training: π_old or π_ref?",
    ),
    Misconception(
        "β is missing",
        edited(kl_shaped_rewards, ("-kl_coef * ", "-")),
        "the penalty has the weight 1",
        "the difference of log-probabilities already has the right sign and shape",
        "How many units of reward is one nat worth?",
    ),
    Misconception(
        "probabilities instead of log-probabilities",
        edited(kl_shaped_rewards, ("k1(logprobs, ref_logprobs)", "(logprobs.exp() - ref_logprobs.exp())")),
        "a difference of probabilities is not in nats",
        "it has the right sign, and is 0 when both agree",
        "Which difference, averaged under π, is a KL divergence?",
    ),
    Misconception(
        "each difference weighted by its probability",
        edited(kl_shaped_rewards, ("k1(logprobs, ref_logprobs)", "(logprobs.exp() * k1(logprobs, ref_logprobs))")),
        "the probability of the token was multiplied in",
        "the formula of the KL divergence has π in front; but sampling from π already weighs by it",
        "How often is a token drawn whose probability is ½?",
    ),
    Misconception(
        "the penalty is divided by the length",
        edited(kl_shaped_rewards, ("-kl_coef", "-kl_coef / mask.sum(dim=1, keepdim=True)")),
        "long replies pay less for each nat",
        "a KL per token is what some curves show",
        "How many units of reward is one nat worth?",
    ),
    Misconception(
        "the ratio without its logarithm",
        edited(kl_shaped_rewards, ("k1(logprobs, ref_logprobs)", "k1(logprobs, ref_logprobs).exp()")),
        "π/π_ref is 1, not 0, when both agree",
        "the ratio of PPO's objective is made like this",
        "What is the penalty when both policies agree?",
    ),
    Misconception(
        "negative samples are cut off",
        edited(kl_shaped_rewards, ("k1(logprobs, ref_logprobs)", "k1(logprobs, ref_logprobs).clamp(min=0)")),
        "a token that π_ref finds likelier than π does should count with the other sign",
        "a KL divergence is never negative; a single sample of it may be",
        "What is the mean of the samples after you cut off their negative half?",
    ),
    Misconception(
        "the absolute difference",
        edited(kl_shaped_rewards, ("k1(logprobs, ref_logprobs)", "k1(logprobs, ref_logprobs).abs()")),
        "a token that π_ref finds likelier than π does should count with the other sign",
        "a KL divergence is never negative; a single sample of it may be",
        "What is the sum of the penalties of a reply supposed to be?",
    ),
    Misconception(
        "half the square (k2)",
        edited(kl_shaped_rewards, ("k1", "k2")),
        "this is the estimator k2",
        "it is never negative; in the reward the plain difference is meant",
        "What is the sum of the penalties of a reply supposed to be?",
    ),
    Misconception(
        "the estimator k3",
        edited(kl_shaped_rewards, ("k1", "k3")),
        "this is (q − 1) − log q, with q = π_ref/π",
        "it is never negative and unbiased; in the reward the plain difference is meant",
        "What is the sum of the penalties of a reply supposed to be?",
    ),
    Misconception(
        "the whole penalty at the last token",
        edited(
            kl_shaped_rewards,
            ("return rewards + ", "return "),
            ("scores.detach()", "scores + rewards.sum(dim=1)"),
        ),
        "the penalties of all tokens were paid by the last one",
        "the sum is right; but each token's own share is known when it is drawn",
        "Which token caused how much of the drift?",
    ),
    Misconception(
        "the mean penalty at every token",
        edited(
            by_index,
            (
                "gap.masked_fill(~mask, 0)",
                "gap.masked_fill(~mask, 0).sum(dim=1, keepdim=True) / mask.sum(dim=1, keepdim=True) * mask",
            ),
        ),
        "all tokens of a reply paid the same",
        "one KL for a reply is what the curve shows",
        "Which token caused how much of the drift?",
    ),
    Misconception(
        "the penalty is not held constant",
        edited(by_index, (".detach()", "")),
        "a gradient flows through the reward; it would be recomputed, and would change, with every epoch",
        "the number is the same, and a KL term in the loss does have a gradient",
        "The reply was drawn and rewarded. Can a later epoch change what it was paid?",
    ),
    Misconception(
        "padding is penalised",
        edited(by_index, (".masked_fill(~mask, 0)", "")),
        "what stands at padding was given a reward",
        "with replies of equal length the mask is true everywhere",
        "What should stand at padding?",
    ),
    Misconception(
        "padding is multiplied by zero",
        edited(by_index, (".masked_fill(~mask, 0)", " * mask")),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "the first row's mask for every row",
        edited(kl_shaped_rewards, ("rewards = ", "mask = mask[:1].expand_as(mask)\n    rewards = ")),
        "the length of the first reply was taken for that of all",
        "`mask[0]` is what one looks at while trying things out",
        "How long is the second reply of the batch?",
    ),
    # The place of the score.
    Misconception(
        "the score at every token",
        edited(kl_shaped_rewards, ("score_at_last_token(scores.detach(), mask)", "scores[:, None] * mask")),
        "the score was counted once per token, so longer replies earn more",
        "broadcasting the score over the row needs no index",
        "What should the rewards of a reply sum to when β = 0?",
    ),
    Misconception(
        "the score at every position",
        edited(by_index, ("rewards[rows, last] += scores", "rewards += scores[:, None]")),
        "the score was added everywhere, padding included",
        "`+ scores[:, None]` broadcasts without complaint",
        "What should the rewards of a reply sum to when β = 0?",
    ),
    Misconception(
        "the mask was not used",
        edited(by_index, (".masked_fill(~mask, 0)", ""), ("mask.sum(dim=1) - 1", "-1")),
        "padding was penalised, and the score stands in the last column",
        "when all replies have the same length nobody needs a mask",
        "How long is the shortest reply of the batch?",
    ),
    Misconception(
        "the score is shared among the tokens",
        edited(
            kl_shaped_rewards,
            ("score_at_last_token(scores.detach(), mask)", "(scores / mask.sum(dim=1))[:, None] * mask"),
        ),
        "each token got an equal part of the score",
        "the sum is right; but nobody knew the score before the last token",
        "At which token does the episode end, and the score become known?",
    ),
    Misconception(
        "the score in the last column",
        edited(by_index, ("mask.sum(dim=1) - 1", "-1")),
        "the score stands at padding, where nobody reads it",
        "`rewards[:, -1]` is the last token when all replies have the same length",
        "Which is the last real token of a reply that is shorter than the batch is wide?",
    ),
    Misconception(
        "the score at the first padding",
        edited(
            kl_shaped_rewards,
            ("rewards = ", "behind = torch.arange(mask.shape[1]) == mask.sum(dim=1, keepdim=True)\n    rewards = "),
            ("score_at_last_token(scores.detach(), mask)", "scores[:, None] * behind"),
        ),
        "the score stands one position behind the reply",
        "`mask.sum()` is the length, and the last index is one less",
        "A reply of two tokens: which indices has it?",
    ),
    Misconception(
        "the score one token too early",
        edited(by_index, ("mask.sum(dim=1) - 1", "(mask.sum(dim=1) - 2).clamp(min=0)")),
        "the score stands before the last token",
        "indices that were shifted once already are shifted again",
        "Is the EOS a token of the reply? Who earns the score?",
    ),
    Misconception(
        "the score at the first token",
        edited(by_index, ("mask.sum(dim=1) - 1", "0")),
        "the score stands before anything was written",
        "one reply, one score: index 0 looks as good as any",
        "At which token does the episode end, and the score become known?",
    ),
    Misconception(
        "every row's last column for every row",
        edited(by_index, ("rewards[rows, last]", "rewards[:, last]")),
        "scores were added at the last columns of other rows, too",
        "`rewards[:, last] += scores` reads like 'at the last token of each row'",
        "Which index picks one entry from each row?",
    ),
    Misconception(
        "no score",
        edited(kl_shaped_rewards, (" + score_at_last_token(scores.detach(), mask)", "")),
        "only the penalty is left",
        "the penalty is the part with the formula",
        "What is the policy to be rewarded for?",
    ),
    Misconception(
        "the score replaces the penalty",
        edited(by_index, ("+= scores", "= scores")),
        "the last token lost its penalty",
        "`rewards[b, last] = score` is an assignment; `+=` is meant",
        "How many terms has the reward of the last token?",
    ),
    Misconception(
        "β weighs the score, too",
        edited(by_index, ("+= scores", "+= kl_coef * scores")),
        "the score was multiplied by β",
        "β · (score − KL) is one pair of brackets away from the right line",
        "With β = 0, what should be left?",
    ),
)

NAN = float("nan")
EXERCISE = Exercise(
    function=kl_shaped_rewards,
    title="The KL penalty in the reward",
    section="A penalty in the reward",
    minutes=15,
    difficulty=3,
    goal="Return the reward of every token: −β (log π_old − log π_ref) at each, and the score of the whole reply added "
    "at its last real token. `logprobs` are those of π_old, which drew the batch. Rewards are held constant. What "
    "stands where the mask is False, NaN included, changes nothing; the reward there is 0.",
    entry="reward",
    worked=replies([1], [[0.5, 0.2, 0.9]], [[0.25, 0.4, 0.1]], [[1, 1, 0]], kl_coef=0.1),
    answer=[[-0.0693, 1.0693, 0.0]],
    cases=(
        replies([2], [[0.5, 0.5]], [[0.5, 0.25]], kl_coef=1.0),
        replies([1, -1], [[0.5, 0.8], [0.5, 0.9]], [[0.5, 0.4], [0.5, 0.1]], [[1, 1], [1, 0]], kl_coef=0.5),
        replies([3], [[0.5, 0.3]], [[0.5, 0.3]], kl_coef=0.5, law="While both policies agree, only the score is left"),
        replies([1], [[0.5, 0.2]], [[0.25, 0.4]], kl_coef=0.0, law="With β = 0 only the score is left"),
        replies(
            [1, 2],
            [[0.5, NAN], [0.5, 0.8]],
            [[0.25, NAN], [0.5, 0.4]],
            [[1, 0], [1, 1]],
            kl_coef=0.1,
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_replies,
    gradients=("logprobs", "ref_logprobs"),
    hints=(
        "What is log π_old − log π_ref of each token on paper, and which token is the last?",
        "Two terms: a penalty at every real token, and the score, once, at index mask.sum() − 1 of each row. Add them.",
        "torch.where(mask, −β · (logprobs − ref_logprobs), 0).detach(), then add scores where position == last.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_index, token_by_token, by_differences_of_the_mask),
)
