"""Write `kl_shaped_rewards`. Chapter: book/language/kl.md."""

import torch

from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.kl.kl_shaped_rewards_misconceptions import MISCONCEPTIONS
from ppo_teach.exercises.kl.kl_shaped_rewards_scores import SCORES
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
    rewards = torch.where(mask, kl_coef * (ref_logprobs - logprobs), 0.0).detach()
    rewards[torch.arange(len(scores)), mask.sum(dim=1) - 1] += scores
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
    misconceptions=(*MISCONCEPTIONS, *SCORES),
    variants=(by_index, token_by_token, by_differences_of_the_mask),
)
