"""Write `dpo_loss`, as `relatives` has it. Chapter: book/beyond/relatives.md."""

import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.relatives import dpo_loss


def pairs(chosen: list, rejected: list, ref_chosen: list, ref_rejected: list, *, beta: float, law: str = "") -> Case:
    rows = {"chosen": chosen, "rejected": rejected, "ref_chosen": ref_chosen, "ref_rejected": ref_rejected}
    return Case({name: torch.tensor(x, dtype=torch.float32) for name, x in rows.items()} | {"beta": beta}, law=law)


def random_pairs(rng: torch.Generator) -> Case:
    """Three pairs: the policy far on the side of the choice, a little, and against it; references that differ."""
    ref_chosen, ref_rejected = -6 - torch.rand(2, 3, generator=rng)
    moved = 0.5 * torch.randn(3, generator=rng)
    ahead = torch.tensor([2.5, 0.4, -1.2])[torch.randperm(3, generator=rng)]
    rows = (ref_chosen + moved + ahead, ref_rejected + moved, ref_chosen, ref_rejected)
    return pairs(*(row.tolist() for row in rows), beta=pick(rng, 0.3, 0.5, 2.0))


def step_by_step(chosen, rejected, ref_chosen, ref_rejected, *, beta):
    """How far each of the two moved from the reference, and how much farther the chosen one."""
    moved_chosen = chosen - ref_chosen.detach()
    moved_rejected = rejected - ref_rejected.detach()
    margin = beta * (moved_chosen - moved_rejected)
    return -logsigmoid(margin).mean()


def policy_against_reference(chosen, rejected, ref_chosen, ref_rejected, *, beta):
    """The same four terms, paired the other way: how the policy chooses, less how the reference does."""
    return softplus(-beta * ((chosen - rejected) - (ref_chosen - ref_rejected).detach())).mean()


def as_cross_entropy(chosen, rejected, ref_chosen, ref_rejected, *, beta):
    """A classifier of pairs that should always say yes, in float64."""
    moved = [x.double() - ref.detach() for x, ref in ((chosen, ref_chosen), (rejected, ref_rejected))]
    logits = beta * (moved[0] - moved[1])
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def pair_by_pair(chosen, rejected, ref_chosen, ref_rejected, *, beta):
    """log(e^a + e^b) − a, where a and b are the rewards that the policy stands for."""
    total = 0.0
    for i in range(len(chosen)):
        a, b = beta * (chosen[i] - ref_chosen[i].item()), beta * (rejected[i] - ref_rejected[i].item())
        total = total + torch.logaddexp(a, b) - a
    return total / len(chosen)


MISCONCEPTIONS = (
    Misconception(
        "chosen and rejected are swapped",
        edited(step_by_step, ("moved_chosen - moved_rejected", "moved_rejected - moved_chosen")),
        "the policy learns what people refused",
        "both orders look alike, and both losses fall during training; π_ref/π for π/π_ref comes to the same",
        "Which of the two responses should become likelier when the loss falls?",
    ),
    Misconception(
        "the sign",
        edited(step_by_step, ("-logsigmoid", "logsigmoid")),
        "this is the log-probability of the choices, which is to be raised; as a loss it is driven to −∞",
        "the likelihood is what the derivation ends with",
        "Is a logarithm of a probability positive or negative? And a loss?",
    ),
    Misconception(
        "the reference is missing",
        edited(step_by_step, (" - ref_chosen.detach()", ""), (" - ref_rejected.detach()", "")),
        "the policy is asked to find the chosen response likelier, and not likelier than it was",
        "the reference is a constant, and a constant seems to have no gradient; it decides how large that of π is",
        "The policy has not moved yet. What should the loss of every pair be?",
    ),
    Misconception(
        "the reference has the wrong sign",
        edited(step_by_step, ("chosen - ref_chosen", "chosen + ref_chosen"), ("rejected - ref_", "rejected + ref_")),
        "the reference's opinion was added to the policy's, where it should be taken off",
        "in π* the reference is a factor, on the reward's side; and taking each response's log-probability less the "
        "other's reference comes to the same",
        "The policy has not moved yet. What should the loss of every pair be?",
    ),
    Misconception(
        "β multiplies the policy only",
        edited(
            step_by_step,
            ("= chosen", "= beta * chosen"),
            ("= rejected", "= beta * rejected"),
            ("beta * (moved_chosen - moved_rejected)", "moved_chosen - moved_rejected"),
        ),
        "β log π was compared with log π_ref",
        "it is one pair of brackets away from the right line, and for β = 1 the same",
        "The policy has not moved yet. What should the loss of every pair be?",
    ),
    Misconception(
        "β stands before the logarithm",
        edited(
            step_by_step,
            ("beta * (moved_chosen - moved_rejected)", "moved_chosen - moved_rejected"),
            ("-logsigmoid", "-beta * logsigmoid"),
        ),
        "β only changed how long the steps are, not where they lead",
        "a coefficient of a penalty stands before a loss almost everywhere",
        "Two settings of β: at which policy is your loss smallest, in each?",
    ),
    Misconception(
        "β divides",
        edited(step_by_step, ("beta * (", "1 / beta * (")),
        "a large β, which should keep the policy near the reference, lets it go far",
        "in π* the reward is divided by β; here it is solved for",
        "r = β log π/π_ref: with a large β, how far must π move to stand for a reward of 1?",
    ),
    Misconception(
        "β is left out",
        edited(step_by_step, ("beta * (", "(")),
        "it is the loss for β = 1",
        "with β = 1 it makes no difference",
        "Call your function with beta=0.1 and with beta=1. Should the answers differ?",
    ),
    Misconception(
        "β is fixed at 0.1",
        edited(step_by_step, ("beta * (", "0.1 * (")),
        "the argument `beta` was not used",
        "0.1 is a β that one meets often",
        "Call your function with beta=0.1 and with beta=1. Should the answers differ?",
    ),
    Misconception(
        "no logarithm",
        edited(step_by_step, ("logsigmoid(margin)", "margin.sigmoid()")),
        "this is minus the mean probability: a pair that the policy has badly wrong hardly gives a gradient",
        "raising the probability of the choices is what the loss is for",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "one minus the probability",
        edited(step_by_step, ("-logsigmoid(margin)", "(1 - margin.sigmoid())")),
        "this is the probability of the other choice: a pair badly wrong hardly gives a gradient",
        "it is 0 when all is right, and never negative",
        "The choices are independent. What is the probability of all of them together?",
    ),
    Misconception(
        "no sigmoid",
        edited(step_by_step, ("logsigmoid(margin)", "margin")),
        "the margin itself has no bound, so the two responses are pushed apart for ever",
        "it is the first step of the right gradient, times two",
        "How hard should a pair be pushed apart whose choice is certain already?",
    ),
    Misconception(
        "the mean before the logarithm",
        edited(step_by_step, ("logsigmoid(margin).mean()", "margin.sigmoid().mean().log()")),
        "the logarithm of the mean probability is not the mean logarithm: a choice foretold with 1 % is forgiven",
        "one number is wanted, and the mean seems to commute",
        "A choice that you held impossible was made. What is its log-probability?",
    ),
    Misconception(
        "the mean of the margins first",
        edited(step_by_step, ("logsigmoid(margin).mean()", "logsigmoid(margin.mean())")),
        "one pair far on the right side pays for another on the wrong one",
        "'the chosen ones moved more on average' is what a curve shows",
        "A margin of 10 and one of −10: are both choices explained?",
    ),
    Misconception(
        "the sum over pairs",
        edited(step_by_step, (".mean()", ".sum()")),
        "the loss, and each step with it, grows with the number of pairs",
        "the log-likelihood of all choices is a sum",
        "Should twice as many pairs mean a gradient twice as long?",
    ),
    Misconception(
        "each response is judged on its own",
        edited(
            step_by_step,
            ("logsigmoid(margin)", "(logsigmoid(beta * moved_chosen) + logsigmoid(-beta * moved_rejected))"),
        ),
        "this teaches 'preferred: more, refused: less'; but a refused response may have been a good one",
        "it is the cross-entropy of a classifier of good and bad",
        "Two good responses, one a little better. Must the other become less likely?",
    ),
    Misconception(
        "a squared distance from a margin",
        edited(step_by_step, ("-logsigmoid(margin)", "(margin / beta - 1 / (2 * beta)).square()")),
        "it wants the same margin for every pair, however sure the choice",
        "it is a published relative of DPO, made for choices without noise",
        "Which probability does a margin stand for here? And where is it in your loss?",
    ),
    Misconception(
        "a hinge",
        edited(step_by_step, ("-logsigmoid(margin)", "(1 - margin).clamp(min=0)")),
        "it asks for a margin of 1 and knows no probabilities",
        "ranking losses are often written like this",
        "Someone prefers this one in three cases of four. Which margin says so?",
    ),
    Misconception(
        "probabilities instead of their logarithms",
        edited(
            step_by_step,
            ("chosen - ref_chosen.detach()", "chosen.exp() - ref_chosen.detach().exp()"),
            ("rejected - ref_rejected.detach()\n", "rejected.exp() - ref_rejected.detach().exp()\n"),
        ),
        "a response of twenty tokens has a probability near 0, before and after",
        "how much likelier a response became sounds like a difference of probabilities",
        "The reward is β log π/π_ref. What becomes of a quotient under the logarithm?",
    ),
    Misconception(
        "the quotient before the logarithm",
        edited(
            step_by_step,
            ("chosen - ref_chosen.detach()", "(chosen.exp() / ref_chosen.detach().exp()).log()"),
            ("rejected - ref_rejected.detach()\n", "(rejected.exp() / ref_rejected.detach().exp()).log()\n"),
        ),
        "exp(−300) is 0 in float32, and 0/0 is no number",
        "it is the formula, word for word, and right for short responses",
        "How likely is a response of two hundred tokens? And what is exp of that log-probability in float32?",
    ),
    Misconception(
        "the logarithm of a sigmoid, in two steps",
        edited(step_by_step, ("logsigmoid(margin)", "margin.sigmoid().log()")),
        "σ(−200) is 0 in float32, and its logarithm −∞",
        "it is the formula, word for word, and right for small margins",
        "What is exp(200) in float32? And how does `logsigmoid` avoid it?",
    ),
    Misconception(
        "the reference is not held constant",
        edited(step_by_step, ("ref_chosen.detach()", "ref_chosen"), ("ref_rejected.detach()", "ref_rejected")),
        "the number is right, but the reference is pushed the other way",
        "the number is the same, and where the reference ran under `no_grad` nothing depends on it",
        "The loss could fall by making the reference worse. Whom should it teach?",
    ),
    Misconception(
        "the rejected response is held constant",
        edited(step_by_step, ("rejected - ref_", "rejected.detach() - ref_")),
        "the number is right, but nothing makes the refused response less likely",
        "a target is usually held constant, and the other one serves as a yardstick",
        "Both log-probabilities come from the same policy. Which of them should move?",
    ),
    Misconception(
        "no gradient",
        edited(step_by_step, (".mean()", ".mean().detach()")),
        "the number is right, but nothing can be learned from it",
        "`.item()`, `math`, numpy and `torch.tensor` all give the right number",
        "Does your result still know which log-probabilities it was made of?",
    ),
    Misconception(
        "all against all",
        edited(step_by_step, ("moved_chosen - moved_rejected", "moved_chosen[:, None] - moved_rejected")),
        "each chosen response was compared with those of other prompts, which nobody was asked about",
        "a batch holds so many more comparisons than pairs",
        "Which two responses did somebody see side by side?",
    ),
)

EXERCISE = Exercise(
    function=dpo_loss,
    title="A policy that is its own judge",
    section="DPO",
    minutes=10,
    difficulty=2,
    goal="Given log-probabilities of whole responses, under the policy and under the reference, return the mean over "
    "pairs of −log σ(β(Δ_chosen − Δ_rejected)), in nats per pair, where Δ is what a response gained: its log π less "
    "its log π_ref. The reference is held constant. Log-probabilities of −300 are no trouble, nor margins of −200.",
    entry="loss",
    worked=pairs([-9, -5], [-8, -6], [-12, -5], [-7, -6], beta=0.5),
    answer=(math.log1p(math.exp(-2)) + math.log(2)) / 2,
    answer_in_words="(0.127 + 0.693) / 2 = 0.41",
    cases=(
        pairs([-10], [-9], [-12], [-8], beta=0.1),
        pairs([-3, -5], [-4, -2], [-2, -7], [-4, -3], beta=1.0),
        pairs([-4, -2, -6], [-1, -3, -6], [-2, -3, -5], [-3, -2, -9], beta=0.3),
        pairs(
            [-2, -7],
            [-6, -3],
            [-2, -7],
            [-6, -3],
            beta=0.3,
            law="While policy and reference agree, every pair costs log 2",
        ),
        pairs(
            [-1, -3],
            [-2, 0],
            [-3, -1],
            [-2, -2],
            beta=0.5,
            law="A number added to all log-probabilities of a prompt changes nothing",
        ),
        pairs([-300], [-320], [-310], [-310], beta=0.1, law="Long responses are no trouble"),
        pairs([-300, -100], [-100, -300], [-100, -100], [-100, -100], beta=1.0, law="A margin of 200 is no trouble"),
    ),
    random_case=random_pairs,
    gradients=("chosen", "rejected", "ref_chosen", "ref_rejected"),
    hints=(
        "On paper: how far does the log-probability of each of the four responses lie above the reference's?",
        "log π less log π_ref for each response; the difference of the two, times β; then log σ, the mean, the sign.",
        "-torch.nn.functional.logsigmoid(beta * ((chosen - ref_chosen) - (rejected - ref_rejected))).mean(), with "
        "`.detach()` behind both references.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(step_by_step, policy_against_reference, as_cross_entropy, pair_by_pair),
)
