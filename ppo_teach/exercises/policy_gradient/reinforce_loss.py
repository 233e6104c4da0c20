"""Write `reinforce_loss`. Chapter: book/foundations/policy-gradient.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.masks import zero_padding
from ppo_teach.reinforce import reinforce_loss

NAN = float("nan")


def batch(probabilities: list, weights: list, lengths: list[int], *, law: str = "") -> Case:
    """Rows of tokens with these probabilities and weights; what stands behind a row's length is padding."""
    logprobs, weights = torch.tensor(probabilities).log(), torch.tensor(weights, dtype=torch.float32)
    mask = torch.arange(logprobs.shape[1]) < torch.tensor(lengths)[:, None]
    return Case({"logprobs": logprobs, "weights": weights, "mask": mask}, law=law)


def random_batch(rng: torch.Generator) -> Case:
    """Three rows of different length, weights of both signs, junk at padding."""
    probabilities = torch.randint(10, 91, (3, 4), generator=rng) / 100
    weights = torch.randint(50, 151, (3, 4), generator=rng) / 100 * torch.tensor([1, -1, 1, 1])
    lengths = torch.tensor([1, 2, 4])[torch.randperm(3, generator=rng)]
    return batch(probabilities.tolist(), weights.tolist(), lengths.tolist())


def by_selection(logprobs, weights, mask):
    """The real products alone, added up and divided by the number of rows."""
    return -(logprobs[mask] * weights[mask].detach()).sum() / len(mask)


def row_by_row(logprobs, weights, mask):
    """A dot product for each reply."""
    rows = zip(logprobs, weights.detach(), mask, strict=True)
    return torch.stack([-(logprob[real] @ weight[real]) for logprob, weight, real in rows]).mean()


def by_filling(logprobs, weights, mask):
    """Padding filled first, in float64."""
    logprobs = logprobs.double().masked_fill(~mask, 0)
    weights = weights.double().detach().masked_fill(~mask, 0)
    return -(logprobs * weights).sum(dim=1).mean()


MISCONCEPTIONS = (
    Misconception(
        "the reward is differentiated",
        edited(reinforce_loss, ("weights.detach()", "weights")),
        "the number is right, but minimising it also moves whatever the weights were computed from, such as a critic",
        "where the weights come from a judge nothing hangs on them, and no harm is seen",
        "Which of the two is to be moved by this loss: the log-probabilities, or the weights?",
    ),
    Misconception(
        "the log-probabilities are detached",
        edited(reinforce_loss, ("zero_padding(logprobs,", "zero_padding(logprobs.detach(),")),
        "the number is right, but the policy learns nothing",
        "the rollout has log-probabilities too, recorded without a graph, and they are the same numbers",
        "Which of the two is to be moved by this loss: the log-probabilities, or the weights?",
    ),
    Misconception(
        "log-probabilities and weights are swapped",
        edited(
            reinforce_loss,
            ("zero_padding(logprobs,", "zero_padding(logprobs.detach(),"),
            ("weights.detach()", "weights"),
        ),
        "the weights have the gradient, and the policy has none",
        "a product is the same in both orders",
        "Which of the two is to be moved by this loss: the log-probabilities, or the weights?",
    ),
    Misconception(
        "the sign of an objective",
        edited(reinforce_loss, ("-episode", "episode")),
        "minimising this would make rewarded tokens less likely",
        "the policy gradient is written without a minus, for climbing",
        "A token of weight 1: should a smaller loss make it more likely, or less?",
    ),
    Misconception(
        "the sum over replies instead of the mean",
        edited(reinforce_loss, (".mean()", ".sum()")),
        "the replies were added up, not averaged",
        "the direction of the gradient is the same",
        "Should twice as many replies give a gradient twice as long?",
    ),
    Misconception(
        "a mean over all tokens",
        edited(reinforce_loss, ("episode_sums.mean()", "episode_sums.sum() / mask.sum()")),
        "it was divided by the number of tokens, not of replies",
        "other losses are averaged so, token by token",
        "Two replies of three tokens in all: by which number does the policy gradient divide?",
    ),
    Misconception(
        "a mean over each reply's tokens",
        edited(reinforce_loss, ("episode_sums.mean()", "(episode_sums / mask.sum(dim=1)).mean()")),
        "a reply of n tokens counts one n-th, so short replies weigh more than ∇J gives them",
        "one mean after the other comes naturally to a (B, T) tensor",
        "log π(y) of a reply is the sum of its tokens' log-probabilities. Did you divide by their number?",
    ),
    Misconception(
        "divided by all positions",
        edited(reinforce_loss, (".sum(dim=1)", ".mean(dim=1)")),
        "it was divided by B · T, padding included",
        "`.mean()` is one call",
        "By which number does the policy gradient divide?",
    ),
    Misconception(
        "the gradient of π, not of log π",
        edited(reinforce_loss, ("zero_padding(logprobs, mask)", "zero_padding(logprobs, mask).exp()")),
        "probabilities were weighted, not their logarithms, so likely tokens are pushed harder",
        "the expected score is a sum of π · R, and this looks like it",
        "The replies were drawn from π already. What is left in front of R when E takes the π away?",
    ),
    Misconception(
        "one weight for the whole reply",
        edited(by_filling, ("* weights)", "* weights.sum(dim=1, keepdim=True))")),
        "the weights of a reply were added up, and every token got the sum",
        "with a single reward per reply one multiplies log π(y) by R(y)",
        "Each token has a weight of its own. Which product belongs to token t?",
    ),
    Misconception(
        "the first token's weight for all",
        edited(by_filling, ("* weights)", "* weights[:, :1])")),
        "log π(y) was multiplied by the weight of token 0",
        "the return of the first token is that of the whole reply, and R(y) log π(y) is right on average",
        "Each token has a weight of its own. Which product belongs to token t?",
    ),
    Misconception(
        "the weights are summed again",
        edited(by_filling, ("* weights)", "* weights.flip(1).cumsum(dim=1).flip(1))")),
        "each weight had those of the later tokens added to it",
        "the plain rewards would have to be summed; but G is that sum already",
        "Which letter stands in front of log π in L: r, or G?",
    ),
    Misconception(
        "a baseline is subtracted already",
        edited(reinforce_loss, ("weights.detach()", "(weights - weights[mask].mean()).detach()")),
        "the mean weight of the batch was taken away",
        "a baseline is a good idea, but the caller's: this one contains the reply itself",
        "All weights are 1. Should the loss be 0?",
    ),
    Misconception(
        "padding is counted",
        edited(reinforce_loss, zero_padding=lambda x, mask: x),
        "what stands at padding went into the sum",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
    Misconception(
        "the mask is read the other way round",
        edited(reinforce_loss, zero_padding=lambda x, mask: zero_padding(x, ~mask)),
        "only what stands at padding was added up",
        "elsewhere, in torch's attention for one, True marks what is to be ignored",
        "Is the mask True at tokens, or at padding?",
    ),
    Misconception(
        "padding is multiplied by zero",
        edited(reinforce_loss, zero_padding=lambda x, mask: x * mask),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "padding is left out too late",
        edited(by_selection, ("(logprobs[mask] * weights[mask].detach())", "(logprobs * weights.detach())[mask]")),
        "the number is right, but the gradient at padding is 0 · NaN",
        "selecting the real tokens last gives the right number",
        "Going backwards, by what is the gradient of a padded position multiplied?",
    ),
)

EXERCISE = Exercise(
    function=reinforce_loss,
    title="The loss of REINFORCE",
    section="One batch, one loss",
    minutes=10,
    difficulty=2,
    goal="Return a loss to be minimised: minus the sum over a reply's tokens of log π · weight, averaged over the "
    "replies. The weights are held constant. What stands where the mask is False, NaN included, reaches neither the "
    "result nor a gradient.",
    entry="loss",
    worked=batch([[0.5, 0.25], [0.5, 0.9]], [[1, 2], [4, 9]], [2, 1]),
    answer=3.1191623,
    cases=(
        batch([[0.5]], [[1]], [1]),
        batch([[0.5, 0.5]], [[1, -1]], [2]),
        batch([[0.25, 0.5, 0.5], [0.5, 0.25, 0.25]], [[1, 1, 2], [-1, 0.5, 0.5]], [3, 1]),
        batch([[0.5, 0.25]] * 2, [[1, 2]] * 2, [2, 2], law="Every reply twice is the same mean"),
        batch(
            [[0.5, NAN], [0.5, 0.25]],
            [[2, NAN], [1, -1]],
            [1, 2],
            law="What stands at padding changes nothing, NaN included",
        ),
    ),
    random_case=random_batch,
    gradients=("logprobs", "weights"),
    hints=(
        "Which of the two, log-probabilities or weights, is to be moved by this loss?",
        "Fill padding with 0 before you multiply; sum over the tokens of a reply, then average over replies.",
        "-(torch.where(mask, logprobs, 0) * torch.where(mask, weights.detach(), 0)).sum(dim=1).mean()",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_selection, row_by_row, by_filling),
)
