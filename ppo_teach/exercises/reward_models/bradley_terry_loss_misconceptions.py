"""Known wrong ways to write `bradley_terry_loss`."""

from collections.abc import Callable

import torch
from torch.nn.functional import binary_cross_entropy, logsigmoid

from ppo_teach.exercises.exercise import Misconception


def of_differences(loss: Callable) -> Callable:
    """Another function of R_chosen − R_rejected."""
    return lambda chosen, rejected: loss(chosen - rejected)


MISCONCEPTIONS = (
    Misconception(
        "chosen and rejected are swapped",
        of_differences(lambda d: -logsigmoid(-d).mean()),
        "the judge learns to prefer what people refused",
        "both orders look alike, and both losses fall during training",
        "Which of the two scores should grow when the loss falls?",
    ),
    Misconception(
        "the sign",
        of_differences(lambda d: logsigmoid(d).mean()),
        "this is the log-probability itself, which is to be raised; as a loss it is driven to −∞",
        "the likelihood is what the derivation ends with",
        "Is a logarithm of a probability positive or negative? And a loss?",
    ),
    Misconception(
        "the sigmoid is taken twice",
        of_differences(lambda d: -logsigmoid(d.sigmoid()).mean()),
        "σ(σ(d)) lies between ½ and 0.73, so no choice can ever be called certain",
        "a probability was made by hand, and logsigmoid or a cross-entropy with logits makes one again",
        "What does your loss come to when the difference is enormous, and what should it?",
    ),
    Misconception(
        "each score goes through a sigmoid of its own",
        lambda chosen, rejected: -logsigmoid(chosen.sigmoid() - rejected.sigmoid()).mean(),
        "scores were squeezed into [0, 1] before they were compared, so a constant added to all changes the loss",
        "a score from 0 to 1 looks like a probability",
        "Is a score of 8 against 7 the same choice as 1 against 0?",
    ),
    Misconception(
        "each response is judged on its own",
        lambda chosen, rejected: -(logsigmoid(chosen) + logsigmoid(-rejected)).mean(),
        "this teaches 'preferred: yes, refused: no'; but a refused response may have been a good one",
        "it is the cross-entropy of a classifier of good and bad",
        "Two good responses, one a little better. What should the other one's score be?",
    ),
    Misconception(
        "the sum over pairs",
        of_differences(lambda d: -logsigmoid(d).sum()),
        "the loss, and each step with it, grows with the number of pairs",
        "the log-likelihood of all choices is a sum",
        "Should twice as many pairs mean a gradient twice as long?",
    ),
    Misconception(
        "the mean before the logarithm",
        of_differences(lambda d: -d.sigmoid().mean().log()),
        "the logarithm of the mean probability is not the mean logarithm: a choice foretold with 1 % is forgiven",
        "one number is wanted, and the mean seems to commute",
        "A choice that you held impossible was made. What is its log-probability?",
    ),
    Misconception(
        "the mean of the differences first",
        of_differences(lambda d: -logsigmoid(d.mean())),
        "one confident pair pays for another that is wrong",
        "'the chosen ones score higher on average' is what a curve shows",
        "A difference of 10 and one of −10: are both choices explained?",
    ),
    Misconception(
        "no logarithm",
        of_differences(lambda d: -d.sigmoid().mean()),
        "this is minus the mean probability: a pair that the judge has badly wrong hardly gives a gradient",
        "raising the probability of the choices is what the loss is for",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "one minus the probability",
        of_differences(lambda d: (-d).sigmoid().mean()),
        "this is the probability of the other choice: a pair badly wrong hardly gives a gradient",
        "it is 0 when all is right, and never negative",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "the squared error of the probability",
        of_differences(lambda d: (1 - d.sigmoid()).square().mean()),
        "this measures a probability like a length: a pair badly wrong hardly gives a gradient",
        "a probability that should be 1 looks like a target of a regression",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "the temperature of the people",
        of_differences(lambda d: -logsigmoid(d / 0.5).mean()),
        "the scores were given a unit; the loss takes τ = 1, and leaves it to the judge to find the scale",
        "the people of the chapter have τ = ½",
        "Which τ would you write for people whose noise nobody has measured?",
    ),
    Misconception(
        "no sigmoid",
        of_differences(lambda d: -d.mean()),
        "the difference itself has no bound, so the judge is pushed apart for ever where it is right already",
        "a larger difference is what is wanted",
        "How hard should a pair be pushed apart that differs by 20 already?",
    ),
    Misconception(
        "a hinge",
        of_differences(lambda d: (1 - d).clamp(min=0).mean()),
        "this is the loss of a support vector machine: it asks for a margin of 1 and knows no probabilities",
        "ranking losses are often written like this",
        "Someone prefers this one in three cases of four. Which difference says so?",
    ),
    Misconception(
        "the size of the difference, not its sign",
        of_differences(lambda d: -logsigmoid(d.abs()).mean()),
        "the judge is praised for being sure, whichever way",
        "how far two scores lie apart is a distance",
        "What is the loss of a sure and wrong judge?",
    ),
    Misconception(
        "the logarithm of base 2",
        of_differences(lambda d: -logsigmoid(d).mean() / torch.tensor(2.0).log()),
        "this is in bits; we measure in nats",
        "a coin is one bit, and a judge without an opinion is at 1",
        "Which logarithm is the slope of the sigmoid made for?",
    ),
    Misconception(
        "the logarithm of a sigmoid, in two steps",
        of_differences(lambda d: -d.sigmoid().log().mean()),
        "σ(−400) is 0 in float32, and its logarithm −∞",
        "it is the formula, word for word, and right for small differences",
        "What is exp(400) in float32? And how does `logsigmoid` avoid it?",
    ),
    Misconception(
        "a cross-entropy of probabilities",
        of_differences(lambda d: binary_cross_entropy(d.sigmoid(), torch.ones_like(d))),
        "σ(−400) is 0 in float32; PyTorch puts −100 in place of the logarithm of 0, so the loss is wrong and finite",
        "it is the right loss, and the other form, with logits, has a longer name",
        "What is exp(400) in float32? Which of the two cross-entropies sees the difference itself?",
    ),
    Misconception(
        "the exponentials of the scores",
        lambda chosen, rejected: -(chosen.exp() / (chosen.exp() + rejected.exp())).log().mean(),
        "exp(200) is infinite in float32, and ∞/∞ is no number",
        "Bradley and Terry write it as a share: e^R over the sum of both",
        "Divide numerator and denominator by the numerator. What is left?",
    ),
    Misconception(
        "the differences are cut off",
        of_differences(lambda d: -logsigmoid(d.clamp(-20, 20)).mean()),
        "what is far wrong has no gradient any more, so it can never be mended",
        "a clamp keeps the exponential in bounds",
        "What is the slope of the loss at a difference of −400?",
    ),
    Misconception(
        "the rejected response is held constant",
        lambda chosen, rejected: -logsigmoid(chosen - rejected.detach()).mean(),
        "the number is right, but no gradient reaches the refused response",
        "a target is usually held constant, and the other one serves as a yardstick",
        "Both scores come from the same network. Which of them should move?",
    ),
    Misconception(
        "no gradient",
        of_differences(lambda d: -logsigmoid(d).mean().detach()),
        "the number is right, but nothing can be learned from it",
        "`.item()`, `math`, numpy and `torch.tensor` all give the right number",
        "Does your result still know which scores it was made of?",
    ),
    Misconception(
        "all against all",
        lambda chosen, rejected: -logsigmoid(chosen[:, None] - rejected[None, :]).mean(),
        "each preferred response was compared with those of other prompts, which nobody was asked about",
        "a batch holds so many more comparisons than pairs",
        "Which two responses did somebody see side by side?",
    ),
)
