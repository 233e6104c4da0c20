"""Write `sequence_mean_surrogate`, as `relatives` has it. Chapter: book/beyond/relatives.md."""

import torch

from ppo_teach.exercises.clip.clipped_surrogate import rare_tokens, tokens
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.masks import masked_mean, zero_padding
from ppo_teach.relatives import sequence_mean_surrogate
from ppo_teach.surrogate import clipped_surrogate


def random_tokens(rng: torch.Generator) -> Case:
    """Responses of one, three and four tokens with junk at padding: Â of either sign, and ρ below, inside, above."""
    clip = pick(rng, 0.1, 0.2, 0.3)
    span = torch.tensor([[0.5 * (1 - clip), 1 - 0.4 * clip, 1.2 * (1 + clip)], [0.8 * (1 - clip), 1 + 0.4 * clip, 2]])
    zone = torch.cat([torch.arange(6), torch.randint(6, (2,), generator=rng)])[torch.randperm(8, generator=rng)]
    low, high = span[:, zone % 3]
    sign = torch.where(zone < 3, 1.0, -1.0)
    old = 0.2 + 0.3 * torch.rand(8, generator=rng)
    real = torch.stack(
        [
            old * (low + (high - low) * torch.rand(8, generator=rng)),
            old,
            sign * torch.randint(20, 151, (8,), generator=rng) / 100,
        ]
    )
    mask = torch.arange(5) < torch.tensor([1, 3, 4])[torch.randperm(3, generator=rng)][:, None]
    rows = torch.tensor([0.9, 0.1, 5.0])[:, None, None].repeat(1, 3, 5)
    rows[:, mask] = real
    return tokens(*rows.tolist(), mask.tolist(), clip=clip)


def step_by_step(logprobs, old_logprobs, advantages, mask, *, clip):
    """Padding filled before anything else, and a line for each idea."""
    logprobs, old_logprobs, advantages = (zero_padding(x, mask) for x in (logprobs, old_logprobs, advantages))
    ratio = torch.exp(logprobs - old_logprobs.detach())
    weight = advantages.detach()
    gain, bounded = ratio * weight, ratio.clamp(1 - clip, 1 + clip) * weight
    objective = torch.minimum(gain, bounded)
    lengths = mask.sum(dim=1)
    return (objective.sum(dim=1) / lengths).mean()


def response_by_response(logprobs, old_logprobs, advantages, mask, *, clip):
    """PPO's own objective for each response alone, averaged."""
    rows = zip(logprobs, old_logprobs, advantages, mask, strict=True)
    return torch.stack([clipped_surrogate(*row, clip=clip) for row in rows]).mean()


def as_a_weighted_sum(logprobs, old_logprobs, advantages, mask, *, clip):
    """One weight for each token, Â / (B · length), in float64; the sign of Â says which bound counts."""
    share = (mask / mask.sum(dim=1, keepdim=True))[mask].double() / len(mask)
    ratio, sign = (logprobs[mask] - old_logprobs[mask].detach()).exp(), advantages[mask].detach()
    bounded = torch.where(sign > 0, ratio.clamp(max=1 + clip), ratio.clamp(min=1 - clip))
    return (share * sign * bounded).sum()


def token_by_token(logprobs, old_logprobs, advantages, mask, *, clip):
    """Two loops, as a loss that is negated at the end."""
    loss = 0.0
    for b in range(len(mask)):
        real = [t for t in range(mask.shape[1]) if mask[b, t]]
        for t in real:
            ratio = torch.exp(logprobs[b, t] - old_logprobs[b, t].item())
            worst = max(-ratio * advantages[b, t].item(), -ratio.clamp(1 - clip, 1 + clip) * advantages[b, t].item())
            loss = loss + worst / len(real) / len(mask)
    return -loss


def careless(average):
    """Nothing is known of the mask until the average is taken."""
    return edited(
        step_by_step,
        ("(objective.sum(dim=1) / lengths).mean()", "average(objective, mask)"),
        zero_padding=lambda x, mask: x,
        average=average,
    )


MISCONCEPTIONS = (
    Misconception(
        "the mean over all tokens",
        edited(step_by_step, ("(objective.sum(dim=1) / lengths).mean()", "objective.sum() / lengths.sum()")),
        "every token weighs the same, so a response weighs as much as it is long",
        "it is PPO's usual average, and the one of all other objectives in this book",
        "A response of one token and one of nine: how much should each response weigh?",
    ),
    Misconception(
        "every response is divided by the same length",
        edited(step_by_step, ("/ lengths", "/ mask.shape[1]")),
        "each sum was divided by the width of the tensor, whatever the response's own length",
        "Dr. GRPO divides by one length for all, and `objective.mean()` is short",
        "How many real tokens has the shortest response, and by how many did you divide it?",
    ),
    Misconception(
        "every response is divided by the longest one's length",
        edited(step_by_step, ("/ lengths", "/ lengths.amax()")),
        "each sum was divided by one length for all",
        "the longest response is what the batch was padded to, most of the time",
        "How many real tokens has the shortest response, and by how many did you divide it?",
    ),
    Misconception(
        "the sum of each response, averaged over responses",
        edited(step_by_step, (" / lengths", "")),
        "the tokens of a response were added up, not averaged",
        "the policy gradient is such a sum, and by that measure it is the right one",
        "A response of one token and one of nine, every Â a 1 and every ρ, too: what is the mean of each?",
    ),
    Misconception(
        "the means are added up",
        edited(step_by_step, (".mean()", ".sum()")),
        "the responses' means were summed, not averaged",
        "the direction of the gradient is the same",
        "Should twice as many responses give a number twice as large?",
    ),
    Misconception(
        "everything is added up",
        edited(step_by_step, ("(objective.sum(dim=1) / lengths).mean()", "objective.sum()")),
        "nothing was averaged",
        "padding is zero by then, so a sum seems safe",
        "Should twice as many tokens give a number twice as large?",
    ),
    Misconception(
        "a mean of the columns' means",
        edited(
            step_by_step,
            ("(objective.sum(dim=1) / lengths).mean()", "(objective.sum(dim=0) / mask.sum(dim=0)).nanmean()"),
        ),
        "the mean was taken over responses first, place by place",
        "`mean(dim=0)` or `mean(dim=1)`: on a square they look alike",
        "Which axis runs along one response?",
    ),
    Misconception(
        "divided by one token too many",
        edited(step_by_step, ("/ lengths", "/ (lengths + 1)")),
        "each response was taken to be one token longer than it is",
        "the position of the last token and the number of tokens differ by one, and + 1 keeps 0/0 away",
        "A response ends at position 0. How many tokens has it?",
    ),
    Misconception(
        "every token has the mean advantage of its response",
        edited(step_by_step, ("advantages.detach()", "(advantages.sum(1) / mask.sum(1)).detach()[:, None] * mask")),
        "the advantages of a response were averaged before they met their ratios",
        "in GRPO all tokens of a response do have one",
        "The first token's advantage is 1 and the second's −1. Which ratio should rise?",
    ),
    Misconception(
        "the length divides the ratio",
        edited(
            step_by_step,
            ("old_logprobs.detach())", "old_logprobs.detach()) / mask.sum(dim=1, keepdim=True)"),
            (" / lengths", ""),
        ),
        "it was divided before the clip, and ρ/T is outside the interval from the beginning",
        "a factor may be put wherever one likes, into a product; into a clamp it may not",
        "What is your ratio before the first update, in a response of nine tokens?",
    ),
    Misconception(
        "one ratio for each response, the product",
        edited(
            step_by_step,
            ("logprobs - old_logprobs.detach()", "(logprobs - old_logprobs.detach()).sum(dim=1, keepdim=True)"),
            ("* weight\n    objective", "* weight\n    gain, bounded = gain * mask, bounded * mask\n    objective"),
        ),
        "the log-ratios of a response were added up before the exponential",
        "the probability of a response is the product of its tokens'",
        "Here every token has a ratio of its own. How many clamps has a response of nine tokens?",
    ),
    Misconception(
        "one ratio for each response, the geometric mean",
        edited(
            step_by_step,
            (
                "logprobs - old_logprobs.detach()",
                "((logprobs - old_logprobs.detach()).sum(1) / mask.sum(1))[:, None]",
            ),
            ("* weight\n    objective", "* weight\n    gain, bounded = gain * mask, bounded * mask\n    objective"),
        ),
        "the log-ratios of a response were averaged before the exponential",
        "the score is the whole response's, so its ratio seems the natural one",
        "Here every token has a ratio of its own. How many clamps has a response of nine tokens?",
    ),
    Misconception(
        "the minimum of the two means",
        edited(
            step_by_step,
            ("objective = torch.minimum(gain, bounded)", "gain, bounded = gain.sum(dim=1), bounded.sum(dim=1)"),
            ("objective.sum(dim=1)", "torch.minimum(gain, bounded)"),
        ),
        "the smaller mean of each response was taken, not the mean of the smaller ones",
        "the mean over a response comes first in the mind, for it is what is new",
        "Is each token to be bounded, or the response as a whole?",
    ),
    Misconception(
        "the maximum for the minimum",
        edited(step_by_step, ("torch.minimum", "torch.maximum")),
        "the gain beyond the interval was kept and the loss cut off",
        "published losses take a maximum, of the negated terms",
        "Should a gain beyond the interval be believed?",
    ),
    Misconception(
        "the minimum is missing",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "bounded")),
        "a loss beyond the interval was cut off, so nothing pulls the policy back",
        "the clip looks as if it did the whole work",
        "A bad token became much more likely. Should the gradient of its objective be zero?",
    ),
    Misconception(
        "nothing is clipped",
        edited(step_by_step, ("torch.minimum(gain, bounded)", "gain")),
        "the gain beyond the interval was not cut off",
        "inside the interval the objectives are the same, and before the first update all ratios are inside",
        "How much more should a ratio of 3 bring than one of 1 + ε?",
    ),
    Misconception(
        "ε is fixed at 0.2",
        edited(step_by_step, ("1 - clip, 1 + clip", "0.8, 1.2")),
        "the argument `clip` was not used",
        "0.2 is the value in every paper",
        "Call your function with clip=0.1 and with clip=0.3. Should the answers differ?",
    ),
    Misconception(
        "the sign of a loss",
        edited(step_by_step, ("return (", "return -(")),
        "this is the loss; the objective is to be maximised",
        "optimisers minimise, so most code returns the negative",
        "With a good token made more likely, should the objective rise or fall?",
    ),
    Misconception(
        "the ratio is detached",
        edited(step_by_step, ("old_logprobs.detach())", "old_logprobs).detach()")),
        "the number is right, but no gradient reaches the policy",
        "the ratio is a weight, and other weights are held constant",
        "Through which factor does the objective depend on the policy we train?",
    ),
    Misconception(
        "the advantages are not held constant",
        edited(step_by_step, ("advantages.detach()", "advantages")),
        "the objective can grow by talking the advantages up",
        "the number is the same, and where advantages come from a rollout nothing depends on them",
        "Of the three rows of numbers, which belongs to the policy we train?",
    ),
    Misconception(
        "the old policy is not held constant",
        edited(step_by_step, ("old_logprobs.detach()", "old_logprobs")),
        "the old log-probability has a gradient",
        "the number is the same, and where log-probs come from a rollout nothing depends on them",
        "The old policy drew the batch. Can it still change?",
    ),
    Misconception(
        "nothing is held constant",
        edited(step_by_step, ("old_logprobs.detach()", "old_logprobs"), ("advantages.detach()", "advantages")),
        "the gradient reaches the old log-probabilities, and the advantages",
        "the number is the same, and where both come from a rollout nothing depends on them",
        "Of the three rows of numbers, which belongs to the policy we train?",
    ),
    Misconception(
        "divided by all positions, padding counted",
        careless(lambda x, mask: x.mean(dim=1).mean()),
        "what stands at padding went into the means",
        "with responses of equal length the mask is true everywhere",
        "Which positions of each row are tokens?",
    ),
    Misconception(
        "padding is multiplied by zero",
        careless(lambda x, mask: ((x * mask).sum(dim=1) / mask.sum(dim=1)).mean()),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "padding is left out too late",
        careless(lambda x, mask: torch.stack([masked_mean(*row) for row in zip(x, mask, strict=True)]).mean()),
        "the number is right, but the gradient at padding is 0 · NaN",
        "leaving padding out last gives the right number",
        "Going backwards, which functions does the gradient of a padded position still pass through?",
    ),
)

NAN = float("nan")
EXERCISE = Exercise(
    function=sequence_mean_surrogate,
    title="Every response weighs the same",
    section="Whose length counts?",
    minutes=15,
    difficulty=3,
    goal="Return GRPO's objective without its KL term, to be maximised: each response's own mean over its real tokens "
    "of min(ρÂ, clip(ρ, 1 − ε, 1 + ε)Â), averaged over the responses of the batch. `clipped_surrogate` is there to be "
    "used. The advantages and the old policy are held constant. Every row has a real token. What stands where the mask "
    "is False, NaN included, reaches neither the result nor a gradient.",
    entry="objective",
    worked=tokens([[0.3, 0.4], [0.4, 0.9]], [[0.2, 0.4], [0.8, 0.1]], [[1, 1], [-1, 5]], [[1, 1], [1, 0]]),
    answer=0.15,
    cases=(
        tokens(
            [[0.1, 0.6, 0.3], [0.3, 0.9, 0.9]],
            [[0.2, 0.4, 0.3], [0.2, 0.1, 0.1]],
            [[1, -1, 2], [3, 5, 5]],
            [[1, 1, 1], [1, 0, 0]],
            clip=0.1,
        ),
        tokens([[0.8, 0.2]], [[0.1, 0.1]], [[-1, 2]]),
        tokens(
            [[0.2, 0.5, 0.3, 0.9], [0.4, 0.9, 0.9, 0.9]],
            [[0.2, 0.5, 0.3, 0.1], [0.4, 0.1, 0.1, 0.1]],
            [[1, 1, 1, 5], [-1, 5, 5, 5]],
            [[1, 1, 1, 0], [1, 0, 0, 0]],
            law="While both policies agree, it is the mean of the responses' mean advantages, whatever their length",
        ),
        tokens(
            [[0.3, 0.5], [0.3, 0.6]],
            [[0.2, 0.5], [0.3, 0.4]],
            [[1, 2], [3, -1]],
            law="When all responses are equally long, it is PPO's mean over tokens",
        ),
        tokens(
            [[0.33, NAN], [0.3, 0.6]],
            [[0.3, NAN], [0.3, 0.4]],
            [[1, NAN], [2, -1]],
            [[1, 0], [1, 1]],
            law="What stands at padding changes nothing, NaN included",
        ),
        rare_tokens([[-200, -202]], [[-200.1, -201]], [[1, 2]]),
    ),
    random_case=random_tokens,
    gradients=("logprobs", "old_logprobs", "advantages"),
    hints=(
        "On paper: what is the mean of the first response's two tokens, what that of the second's one?",
        "One number for each token, as in PPO. Add up along each row, divide by that row's own number of real tokens, "
        "and only then average. Or: PPO's objective for each row alone.",
        "objective.sum(dim=1) / mask.sum(dim=1), and its mean, where padding was filled with 0 before the exponential. "
        "Or clipped_surrogate with advantages * mean length / own length.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, response_by_response, as_a_weighted_sum, token_by_token),
)
