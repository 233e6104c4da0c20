"""Write `bradley_terry_loss`. Chapter: book/language/reward-models.md."""

import math

import torch
from torch.nn import functional

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.reward_model import bradley_terry_loss

LOG3 = math.log(3)


def pairs(chosen: list, rejected: list, *, law: str = "") -> Case:
    return Case({"chosen": torch.tensor(chosen), "rejected": torch.tensor(rejected)}, law=law)


def random_pairs(rng: torch.Generator) -> Case:
    """Three pairs: the preferred one far ahead, a little ahead, and behind."""
    rejected, ahead = torch.randn(3, generator=rng) + 1, torch.tensor([2.5, 0.4, -1.2])
    return pairs((rejected + ahead[torch.randperm(3, generator=rng)]).tolist(), rejected.tolist())


def as_cross_entropy(chosen, rejected):
    """The difference is the logit of a classifier that should always say yes."""
    return functional.binary_cross_entropy_with_logits(chosen - rejected, torch.ones_like(chosen))


def as_softplus(chosen, rejected):
    return functional.softplus(rejected.double() - chosen.double()).mean()


def as_a_softmax_of_two(chosen, rejected):
    """The first of two classes."""
    return -torch.stack([chosen, rejected], dim=-1).log_softmax(dim=-1)[:, 0].mean()


def pair_by_pair(chosen, rejected):
    zero = torch.zeros(())
    return sum(torch.logaddexp(zero, r - c) for c, r in zip(chosen, rejected, strict=True)) / len(chosen)


MISCONCEPTIONS = (
    Misconception(
        "chosen and rejected are swapped",
        edited(bradley_terry_loss, ("chosen - rejected", "rejected - chosen")),
        "the judge learns to prefer what people refused",
        "both orders look alike, and both losses fall during training",
        "Which of the two scores should grow when the loss falls?",
    ),
    Misconception(
        "the sign",
        edited(bradley_terry_loss, ("-logsigmoid", "logsigmoid")),
        "this is the log-probability itself, which is to be raised; as a loss it is driven to −∞",
        "the likelihood is what the derivation ends with",
        "Is a logarithm of a probability positive or negative? And a loss?",
    ),
    Misconception(
        "the sigmoid is taken twice",
        edited(bradley_terry_loss, ("chosen - rejected", "(chosen - rejected).sigmoid()")),
        "σ(σ(d)) lies between ½ and 0.73, so no choice can ever be called certain",
        "a probability was made by hand, and logsigmoid or a cross-entropy with logits makes one again",
        "What does your loss come to when the difference is enormous, and what should it?",
    ),
    Misconception(
        "each score goes through a sigmoid of its own",
        edited(bradley_terry_loss, ("chosen - rejected", "chosen.sigmoid() - rejected.sigmoid()")),
        "scores were squeezed into [0, 1] before they were compared, so a constant added to all changes the loss",
        "a score from 0 to 1 looks like a probability",
        "Is a score of 8 against 7 the same choice as 1 against 0?",
    ),
    Misconception(
        "each response is judged on its own",
        edited(bradley_terry_loss, ("logsigmoid(chosen - rejected)", "(logsigmoid(chosen) + logsigmoid(-rejected))")),
        "this teaches 'preferred: yes, refused: no'; but a refused response may have been a good one",
        "it is the cross-entropy of a classifier of good and bad",
        "Two good responses, one a little better. What should the other one's score be?",
    ),
    Misconception(
        "the sum over pairs",
        edited(bradley_terry_loss, (".mean()", ".sum()")),
        "the loss, and each step with it, grows with the number of pairs",
        "the log-likelihood of all choices is a sum",
        "Should twice as many pairs mean a gradient twice as long?",
    ),
    Misconception(
        "the mean before the logarithm",
        edited(
            bradley_terry_loss, ("logsigmoid(chosen - rejected).mean()", "(chosen - rejected).sigmoid().mean().log()")
        ),
        "the logarithm of the mean probability is not the mean logarithm: a choice foretold with 1 % is forgiven",
        "one number is wanted, and the mean seems to commute",
        "A choice that you held impossible was made. What is its log-probability?",
    ),
    Misconception(
        "the mean of the differences first",
        edited(bradley_terry_loss, ("(chosen - rejected).mean()", "((chosen - rejected).mean())")),
        "one confident pair pays for another that is wrong",
        "'the chosen ones score higher on average' is what a curve shows",
        "A difference of 10 and one of −10: are both choices explained?",
    ),
    Misconception(
        "no logarithm",
        edited(bradley_terry_loss, ("logsigmoid(chosen - rejected)", "(chosen - rejected).sigmoid()")),
        "this is minus the mean probability: a pair that the judge has badly wrong hardly gives a gradient",
        "raising the probability of the choices is what the loss is for",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "one minus the probability",
        edited(bradley_terry_loss, ("-logsigmoid(chosen - rejected)", "(1 - (chosen - rejected).sigmoid())")),
        "this is the probability of the other choice: a pair badly wrong hardly gives a gradient",
        "it is 0 when all is right, and never negative",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "the squared error of the probability",
        edited(bradley_terry_loss, ("-logsigmoid(chosen - rejected)", "(1 - (chosen - rejected).sigmoid()).square()")),
        "this measures a probability like a length: a pair badly wrong hardly gives a gradient",
        "a probability that should be 1 looks like a target of a regression",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "the temperature of the people",
        edited(bradley_terry_loss, ("chosen - rejected", "(chosen - rejected) / 0.5")),
        "the scores were given a unit; the loss takes τ = 1, and leaves it to the judge to find the scale",
        "the people of the chapter have τ = ½",
        "Which τ would you write for people whose noise nobody has measured?",
    ),
    Misconception(
        "no sigmoid",
        edited(bradley_terry_loss, ("logsigmoid", "")),
        "the difference itself has no bound, so the judge is pushed apart for ever where it is right already",
        "a larger difference is what is wanted",
        "How hard should a pair be pushed apart that differs by 20 already?",
    ),
    Misconception(
        "a hinge",
        edited(bradley_terry_loss, ("-logsigmoid(chosen - rejected)", "(1 - (chosen - rejected)).clamp(min=0)")),
        "this is the loss of a support vector machine: it asks for a margin of 1 and knows no probabilities",
        "ranking losses are often written like this",
        "Someone prefers this one in three cases of four. Which difference says so?",
    ),
    Misconception(
        "the size of the difference, not its sign",
        edited(bradley_terry_loss, ("chosen - rejected", "(chosen - rejected).abs()")),
        "the judge is praised for being sure, whichever way",
        "how far two scores lie apart is a distance",
        "What is the loss of a sure and wrong judge?",
    ),
    Misconception(
        "the logarithm of base 2",
        edited(bradley_terry_loss, (".mean()", ".mean() / torch.tensor(2.0).log()")),
        "this is in bits; we measure in nats",
        "a coin is one bit, and a judge without an opinion is at 1",
        "Which logarithm is the slope of the sigmoid made for?",
    ),
    Misconception(
        "the logarithm of a sigmoid, in two steps",
        edited(bradley_terry_loss, ("logsigmoid(chosen - rejected)", "(chosen - rejected).sigmoid().log()")),
        "σ(−400) is 0 in float32, and its logarithm −∞",
        "it is the formula, word for word, and right for small differences",
        "What is exp(400) in float32? And how does `logsigmoid` avoid it?",
    ),
    Misconception(
        "a cross-entropy of probabilities",
        edited(as_cross_entropy, ("_with_logits(chosen - rejected", "((chosen - rejected).sigmoid()")),
        "σ(−400) is 0 in float32; PyTorch puts −100 in place of the logarithm of 0, so the loss is wrong and finite",
        "it is the right loss, and the other form, with logits, has a longer name",
        "What is exp(400) in float32? Which of the two cross-entropies sees the difference itself?",
    ),
    Misconception(
        "the exponentials of the scores",
        edited(
            bradley_terry_loss,
            ("logsigmoid(chosen - rejected)", "(chosen.exp() / (chosen.exp() + rejected.exp())).log()"),
        ),
        "exp(200) is infinite in float32, and ∞/∞ is no number",
        "Bradley and Terry write it as a share: e^R over the sum of both",
        "Divide numerator and denominator by the numerator. What is left?",
    ),
    Misconception(
        "the differences are cut off",
        edited(bradley_terry_loss, ("chosen - rejected", "(chosen - rejected).clamp(-20, 20)")),
        "what is far wrong has no gradient any more, so it can never be mended",
        "a clamp keeps the exponential in bounds",
        "What is the slope of the loss at a difference of −400?",
    ),
    Misconception(
        "the rejected response is held constant",
        edited(bradley_terry_loss, ("- rejected", "- rejected.detach()")),
        "the number is right, but no gradient reaches the refused response",
        "a target is usually held constant, and the other one serves as a yardstick",
        "Both scores come from the same network. Which of them should move?",
    ),
    Misconception(
        "no gradient",
        edited(bradley_terry_loss, (".mean()", ".mean().detach()")),
        "the number is right, but nothing can be learned from it",
        "`.item()`, `math`, numpy and `torch.tensor` all give the right number",
        "Does your result still know which scores it was made of?",
    ),
    Misconception(
        "all against all",
        edited(bradley_terry_loss, ("chosen - rejected", "chosen[:, None] - rejected")),
        "each preferred response was compared with those of other prompts, which nobody was asked about",
        "a batch holds so many more comparisons than pairs",
        "Which two responses did somebody see side by side?",
    ),
)

EXERCISE = Exercise(
    function=bradley_terry_loss,
    title="The loss of a choice",
    section="A model of choice",
    minutes=10,
    difficulty=2,
    goal="Return minus the mean log-probability of the choices that were made, in nats per pair: "
    "−log σ(R_chosen − R_rejected), averaged over the pairs. Scores may differ by hundreds.",
    entry="loss",
    worked=pairs([LOG3, 5.0], [0.0, 5.0]),
    answer=(math.log(4 / 3) + math.log(2)) / 2,
    cases=(
        pairs([1.0], [0.0]),
        pairs([-1.0, 2.0], [1.0, 0.5]),
        pairs([2.0, 0.5, 1.0], [0.0, 1.5, 1.0]),
        pairs([8.0, 6.0], [7.0, 8.0], law="Only differences count: the same number may be added to all scores"),
        pairs([200.0, -200.0], [-200.0, 200.0], law="A difference of 400 costs nothing one way and 400 the other"),
    ),
    random_case=random_pairs,
    gradients=("chosen", "rejected"),
    hints=(
        "On paper: what probability does a difference of log 3 give to the choice that was made?",
        "One number for each pair first, the log-probability of its choice; then the mean, then the sign.",
        "-torch.nn.functional.logsigmoid(chosen - rejected).mean()",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(as_cross_entropy, as_softplus, as_a_softmax_of_two, pair_by_pair),
)
