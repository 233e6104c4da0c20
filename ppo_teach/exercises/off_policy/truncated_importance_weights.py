"""Write `truncated_importance_weights`, as `off_policy` has it. Chapter: book/beyond/off-policy.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.off_policy import truncated_importance_weights


def tokens(ours: list, theirs: list, real: list, *, cap: float, junk: float = 0.0, law: str = "") -> Case:
    """A case from probabilities, so that ratios can be seen; what stands at padding is added to the logarithms."""
    ours, theirs, real = torch.tensor(ours), torch.tensor(theirs), torch.tensor(real).bool()
    logs = [torch.where(real, x.log(), x.log() + junk) for x in (ours, theirs)]
    return Case({"logprobs": logs[0], "behaviour_logprobs": logs[1], "mask": real, "cap": cap}, law=law)


def random_tokens(rng: torch.Generator) -> Case:
    """Rows of two, three and four tokens: ratios far below 1, near it, and above the cap."""
    cap = pick(rng, 1.5, 2.0, 3.0)
    ratio = torch.tensor([0.3, 0.8, 1.2, 1.8 * cap])[torch.stack([torch.randperm(4, generator=rng) for _ in range(3)])]
    theirs = 0.05 + 0.1 * torch.rand(3, 4, generator=rng)
    real = torch.arange(4) < torch.tensor([[2], [3], [4]])
    return tokens((ratio * theirs).tolist(), theirs.tolist(), real.tolist(), cap=cap, junk=1.0)


def step_by_step(logprobs, behaviour_logprobs, mask, *, cap):
    """What is at padding goes before the exponential."""
    log_ratio = (logprobs - behaviour_logprobs).detach()
    ratio = torch.where(mask, log_ratio, 0.0).exp()
    return torch.where(mask, ratio.clamp(max=cap), 0.0)


def one_by_one(logprobs, behaviour_logprobs, mask, *, cap):
    """A loop over tokens."""
    weights = torch.zeros_like(logprobs, requires_grad=False)
    for place in mask.nonzero().tolist():
        ours, theirs = logprobs.detach()[tuple(place)], behaviour_logprobs.detach()[tuple(place)]
        weights[tuple(place)] = min(torch.exp(ours - theirs).item(), cap)
    return weights


def in_logarithms(logprobs, behaviour_logprobs, mask, *, cap):
    """The cap's logarithm bounds the difference."""
    with torch.no_grad():
        bounded = (logprobs - behaviour_logprobs).clamp(max=torch.tensor(cap).log().item())
        return bounded.exp().masked_fill(~mask, 0.0)


MISCONCEPTIONS = (
    Misconception(
        "the ratio is inverted",
        edited(step_by_step, ("logprobs - behaviour_logprobs", "behaviour_logprobs - logprobs")),
        "μ stands above π, so that tokens weigh more which π would hardly have drawn",
        "'new over old' and 'old over new' are both 1 where the two agree",
        "π would draw a token twice as often as μ did. Should it count for more, or for less?",
    ),
    Misconception(
        "no cap",
        edited(step_by_step, (".clamp(max=cap)", "")),
        "`cap` was not used: a token that μ hardly ever draws can weigh more than all others together",
        "the plain ratio is the unbiased weight",
        "A token has 0.9 under π and 0.001 under μ. How much does it weigh, with cap=2?",
    ),
    Misconception(
        "bounded from both sides, as PPO's clip",
        edited(step_by_step, ("clamp(max=cap)", "clamp(1 / cap, cap)")),
        "a small weight was raised to 1/C; it harms nobody, for it is small",
        "PPO clips a ratio above and below 1",
        "Which of the two makes an estimate noisy: a weight of 100, or one of 0.01?",
    ),
    Misconception(
        "never above 1",
        edited(step_by_step, ("clamp(max=cap)", "clamp(max=1.0)")),
        "`cap` was not used; a token that π likes better than μ never counts for more",
        "with C = 1 no weight can add noise, and there are methods that take it",
        "Call your function with cap=2 and with cap=4. Should the answers differ?",
    ),
    Misconception(
        "the logarithm is bounded by the cap itself",
        edited(in_logarithms, ("torch.tensor(cap).log().item()", "cap")),
        "the difference of the logarithms was cut at C, so that weights up to e^C pass",
        "the difference is at hand before the ratio is",
        "The largest weight is C. What is the largest difference of logarithms?",
    ),
    Misconception(
        "above the cap a token is thrown away",
        edited(step_by_step, ("ratio.clamp(max=cap)", "torch.where(ratio <= cap, ratio, 0.0)")),
        "a weight above C became 0, and the token that μ should have drawn more often counts for nothing",
        "an outlier looks like a mistake, and masking it is a method, too",
        "A weight of 2.1 with C = 2: is 2 nearer to it, or 0?",
    ),
    Misconception(
        "the logarithm of the ratio",
        edited(step_by_step, (".exp()", "")),
        "the exponential is missing, so that where the two agree a token weighs nothing",
        "a difference of logarithms already is a quotient, up to one exp",
        "What is your weight where both policies agree?",
    ),
    Misconception(
        "one weight for the whole response",
        edited(
            step_by_step,
            ("torch.where(mask, log_ratio, 0.0).exp()", "torch.where(mask, log_ratio, 0.0).sum(-1, True).exp()"),
            ("ratio.clamp(max=cap)", "ratio.clamp(max=cap).expand(mask.shape)"),
        ),
        "the log-ratios of a row were added up before the exponential",
        "the weight of a whole response is the unbiased one",
        "Every token was drawn in a state of its own. Has it a weight of its own here?",
    ),
    Misconception(
        "1 at padding",
        edited(step_by_step, ("ratio.clamp(max=cap), 0.0", "ratio.clamp(max=cap), 1.0")),
        "padding got the weight of a token on which both agree",
        "1 is the weight that changes nothing",
        "How much should a token weigh that nobody drew?",
    ),
    Misconception(
        "padding is weighed",
        edited(
            step_by_step,
            ("torch.where(mask, log_ratio, 0.0)", "log_ratio"),
            ("torch.where(mask, ratio.clamp(max=cap), 0.0)", "ratio.clamp(max=cap)"),
        ),
        "the mask was not looked at",
        "log-probabilities stand everywhere in the rectangle",
        "Change a number where the mask is False. May your answer change?",
    ),
    Misconception(
        "the weights are made to have mean 1",
        edited(
            step_by_step,
            (
                "return torch.where(mask, ratio.clamp(max=cap), 0.0)",
                "w = torch.where(mask, ratio.clamp(max=cap), 0.0)\n    return w * mask.sum() / w.sum()",
            ),
        ),
        "all weights were divided by their mean, so that each depends on the batch it stands in",
        "self-normalised weights are a well-known estimate, with less noise and another bias",
        "A batch of one token on which π and μ differ: what does it weigh?",
    ),
    Misconception(
        "all are scaled until the largest is C",
        edited(step_by_step, ("ratio.clamp(max=cap)", "ratio / ratio.amax().clamp(min=cap) * cap")),
        "all weights were scaled down by the largest one",
        "a largest weight of C can be had by scaling, too",
        "One token of the batch has a ratio of 100. Should that change what the others weigh?",
    ),
    Misconception(
        "a gradient flows through the weights",
        edited(step_by_step, (".detach()", "")),
        "the numbers are right, but a weight is no constant, and the policy could earn more by changing it",
        "π's log-probabilities come with a gradient, and nothing protests",
        "Should the policy be paid for making its own weights larger?",
    ),
)

EXERCISE = Exercise(
    function=truncated_importance_weights,
    title="How much should it count?",
    section="What the weights know",
    minutes=10,
    difficulty=2,
    goal="Return for each token how much more often π would have drawn it than μ did, at most `cap` times: "
    "min(π/μ, C), from their log-probabilities. The weights are constants: no gradient flows through them. 0 where "
    "the mask is False, whatever stands there, NaN included.",
    entry="weight",
    worked=tokens([[0.6, 0.1, 0.9]], [[0.3, 0.2, 0.1]], [[1, 1, 1]], cap=3.0),
    answer=[[2.0, 0.5, 3.0]],
    cases=(
        tokens([[0.5, 0.8]], [[0.25, 0.1]], [[1, 1]], cap=4.0),
        tokens([[0.1, 0.2]], [[0.4, 0.25]], [[1, 1]], cap=2.0),
        tokens([[0.8, 0.5]], [[0.04, 0.5]], [[1, 1]], cap=2.0),
        tokens([[0.4, 0.4], [0.2, 0.5]], [[0.1, 0.8], [0.1, 0.5]], [[1, 1], [1, 0]], cap=2.5),
        tokens([[0.3, 0.2]], [[0.3, 0.2]], [[1, 1]], cap=2.0, law="Where both agree every token weighs 1"),
        tokens([[0.6, 0.2]], [[0.3, 0.1]], [[1, 0]], cap=3.0, junk=torch.nan, law="NaN at padding reaches nothing"),
    ),
    random_case=random_tokens,
    gradients=("logprobs", "behaviour_logprobs"),
    hints=(
        "On paper: how many times as likely is each token under π, and which of these numbers is above the cap?",
        "The exponential of the difference of the logarithms, then the smaller of that and C, and 0 at padding.",
        "torch.where(mask, (logprobs - behaviour_logprobs).detach(), 0.0).exp().clamp(max=cap), and 0 at padding.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, one_by_one, in_logarithms),
)
