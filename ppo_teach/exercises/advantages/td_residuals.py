"""Write `td_residuals`. Chapter: book/foundations/advantages.md."""

import numpy as np
import torch

from ppo_teach.advantages import td_residuals
from ppo_teach.exercises.advantages.gae import of_next, of_previous
from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick

NAN = float("nan")


def steps(ends: list[str], rewards: list, values: list, next_values: list, *, gamma: float, law: str = "") -> Case:
    """A case from a picture of its ends: 'T' where an episode terminated, '.' elsewhere."""
    terminated = torch.tensor([[symbol == "T" for symbol in row] for row in ends])
    numbers = {"rewards": rewards, "values": values, "next_values": next_values}
    inputs = {name: torch.tensor(rows, dtype=torch.float32) for name, rows in numbers.items()}
    return Case({**inputs, "terminated": terminated, "gamma": gamma}, law=law)


def random_steps(rng: torch.Generator) -> Case:
    """Four tokens of two rows, each with an end inside; the second row stops without one."""
    ends = [pick(rng, ".T.T", "T..T"), pick(rng, ".T..", "T.T.", "..T.")]
    rewards, values, next_values = (torch.randint(20, 151, (3, 2, 4), generator=rng) / 100).tolist()
    return steps(ends, rewards, values, next_values, gamma=pick(rng, 0.8, 0.9))


def in_two_steps(rewards, values, next_values, terminated, *, gamma):
    """What comes after first."""
    ahead = next_values.masked_fill(terminated, 0)
    return rewards + gamma * ahead - values


def in_two_cases(rewards, values, next_values, terminated, *, gamma):
    """The last token for itself, all others for themselves."""
    surprise = rewards - values
    return torch.where(terminated, surprise, surprise + gamma * next_values)


def token_by_token(rewards, values, next_values, terminated, *, gamma):
    """A loop over all tokens, in Python's floats."""
    deltas = torch.zeros_like(rewards)
    for place in np.ndindex(*rewards.shape):
        ahead = 0.0 if terminated[place] else next_values[place].item()
        deltas[place] = rewards[place].item() + gamma * ahead - values[place].item()
    return deltas


def in_numpy(rewards, values, next_values, terminated, *, gamma):
    """The same line in NumPy, returned as an array."""
    rewards, values, next_values, terminated = map(np.asarray, (rewards, values, next_values, terminated))
    return rewards - values + gamma * np.where(terminated, 0, next_values)


MISCONCEPTIONS = (
    Misconception(
        "a terminal state is given a value",
        edited(in_two_steps, (".masked_fill(terminated, 0)", "")),
        "the critic was asked about a state that does not exist",
        "in the middle of a reply the same line is right",
        "What is there to be expected from a state after which nothing happens?",
    ),
    Misconception(
        "a terminal state's value is multiplied by zero",
        edited(in_two_steps, (".masked_fill(terminated, 0)", " * ~terminated")),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
    Misconception(
        "expectation minus outcome",
        edited(in_two_steps, ("rewards + gamma * ahead - values", "values - rewards - gamma * ahead")),
        "praise became blame",
        "an error is often written as prediction minus target",
        "A reward comes as a surprise. Should its token's residual be positive?",
    ),
    Misconception(
        "γ is missing",
        edited(in_two_steps, ("gamma * ", "")),
        "the next state's value was not discounted",
        "in text γ is 1",
        "How much is a value one token away worth now?",
    ),
    Misconception(
        "γ discounts V(s_t)",
        edited(in_two_steps, ("gamma * ahead - values", "ahead - gamma * values")),
        "the value before the token was discounted, and the one after it was not",
        "the formula has two values and one γ, and with γ = 1 both places look alike",
        "Which of the two values lies one token in the future?",
    ),
    Misconception(
        "γ discounts both values",
        edited(in_two_steps, ("gamma * ahead - values", "gamma * (ahead - values)")),
        "the value before the token was discounted, too",
        "r + γ · (change in V) reads well",
        "Which of the two values lies one token in the future?",
    ),
    Misconception(
        "γ discounts the reward",
        edited(in_two_steps, ("rewards + gamma * ahead", "gamma * (rewards + ahead)")),
        "the reward of this token was discounted",
        "in some books the reward of a step carries the index t + 1",
        "When does the reward of token t arrive: with the token, or one later?",
    ),
    Misconception(
        "V(s_t) is not subtracted",
        edited(in_two_steps, (" - values", "")),
        "what was expected before the token was counted as its merit",
        "r + γV(s') is the critic's target, and looks complete",
        "A token did exactly as well as expected. What is its residual?",
    ),
    Misconception(
        "the reward is left out",
        edited(in_two_steps, ("rewards + ", "")),
        "only the critic's change of mind was counted",
        "at all tokens of a reply but the last the reward is 0",
        "The last token earned a point. What of it is in your number?",
    ),
    Misconception(
        "the reward of the last token is dropped",
        edited(in_two_steps, ("rewards + gamma * ahead", "(rewards + gamma * ahead) * ~terminated")),
        "the reward at the end of the episode was lost",
        "`(r + γV) · (1 − done)` is one pair of brackets away from the right line",
        "What does `terminated` take away: V(s_{t+1}), or the reward as well?",
    ),
    Misconception(
        "the last residual is masked away",
        edited(in_two_steps, ("rewards + gamma * ahead - values", "(rewards + gamma * ahead - values) * ~terminated")),
        "the last token of the episode lost its own residual",
        "nothing comes after the end, so it seems that nothing can be surprising there",
        "The reward of a reply comes at its last token. Where did it go?",
    ),
    Misconception(
        "`terminated` the wrong way round",
        edited(in_two_steps, ("(terminated, 0)", "(~terminated, 0)")),
        "the next value counted where the episode was over, and nowhere else",
        "a mask is True where something counts, this flag where it does not",
        "Where `terminated` is true, should V(s_{t+1}) count?",
    ),
    Misconception(
        "the end is read one token late",
        edited(in_two_steps, ("(terminated, 0)", "(of_next(terminated), 0)"), of_next=of_next),
        "the flag of the token behind this one was used",
        "V(s_{t+1}) is one further on, so it seems that the flag should be, too",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "the end is read one token early",
        edited(in_two_steps, ("(terminated, 0)", "(of_previous(terminated), 0)"), of_previous=of_previous),
        "the flag of the token before this one was used",
        "`done` often comes with the state that a step led to, one index further",
        "When `terminated[:, 1]` is set, which token is the last of its episode?",
    ),
    Misconception(
        "the end is rolled by one token",
        edited(in_two_steps, ("(terminated, 0)", "(terminated.roll(1, dims=1), 0)")),
        "every flag moved one token on, and the last one to the front",
        "`roll` is the shortest way to shift, and its wrap-around is quiet",
        "After `terminated.roll(1, dims=1)`, which flag stands at token 0?",
    ),
    Misconception(
        "`next_values` is not used",
        edited(in_two_steps, ("next_values.masked_fill", "of_next(values).masked_fill"), of_next=of_next),
        "the value of the next state was read from the wrong array",
        "for one reply of text the values shifted by one, with 0 at the end, are the same",
        "A row may stop where the episode goes on. Where does V(s_{t+1}) of its last token stand?",
    ),
    Misconception(
        "`next_values` is shifted once more",
        edited(in_two_steps, ("next_values.masked_fill", "of_next(next_values).masked_fill"), of_next=of_next),
        "this is V(s_{t+2})",
        "the formula says t + 1, and so does the habit of indexing it",
        "`next_values[:, t]` is V of which state?",
    ),
    Misconception(
        "the last column is taken for an end",
        edited(
            in_two_steps,
            ("next_values.masked_fill", "torch.cat([next_values[:, :-1], 0 * values[:, :1]], 1).masked_fill"),
        ),
        "the episode goes on behind the row, and its value was dropped",
        "a reply of text does end where its row ends",
        "Is `terminated` set at the last token of every row?",
    ),
    Misconception(
        "the row is taken for one reply",
        edited(in_two_steps, ("next_values.masked_fill(terminated, 0)", "of_next(values)"), of_next=of_next),
        "both `next_values` and `terminated` were left out",
        "for one reply of text that fills its row the result is the same",
        "A row may hold two episodes, or stop in the middle of one. Which arguments say so?",
    ),
    Misconception(
        "V(s_t) is lost where the episode ends",
        edited(in_two_steps, ("- values", "- values * ~terminated")),
        "what was expected before the last token was counted as its merit",
        "at the end there is no value, so it seems that there is none to subtract",
        "Which of the two values belongs to a state that does not exist?",
    ),
    Misconception(
        "the residual is squared",
        edited(in_two_steps, ("rewards + gamma * ahead - values", "(rewards + gamma * ahead - values).square()")),
        "this is what a critic's loss would hold, and its sign is lost",
        "TD residuals are best known from the loss of a critic",
        "A token did worse than expected. Should its residual be positive?",
    ),
)

EXERCISE = Exercise(
    function=td_residuals,
    title="TD residuals",
    section="The surprise of one token",
    minutes=10,
    difficulty=2,
    goal="Return δ_t = r_t + γV(s_{t+1}) − V(s_t) of every token, with V(s_{t+1}) = 0 where `terminated` is true, "
    "whatever stands in `next_values` there, NaN included. A row may hold several episodes, and stop before an "
    "end.",
    entry="residual",
    worked=steps(["..T"], [[0, 0, 1]], [[0.2, 0.4, 0.9]], [[0.4, 0.9, 7]], gamma=1.0),
    answer=[[0.2, 0.5, 0.1]],
    cases=(
        steps(["."], [[1]], [[0.5]], [[0.8]], gamma=0.5),
        steps(["T."], [[1, 0]], [[0.5, 0.25]], [[7, 1]], gamma=0.5),
        steps([".T"], [[0.25, 1]], [[0.5, 0.5]], [[1, 7]], gamma=0.5),
        steps(["T."], [[0, 1]], [[1, 1]], [[NAN, 0]], gamma=1.0, law="What stands behind an end changes nothing"),
        steps(
            [".T"],
            [[0.25, 0.5]],
            [[0.5, 0.5]],
            [[0.5, 0]],
            gamma=0.5,
            law="Where all came as expected, r + γV(s_{t+1}) = V(s_t), nothing is left",
        ),
    ),
    random_case=random_steps,
    hints=(
        "What is there to be expected from a state after which nothing happens?",
        "`torch.where(terminated, 0.0, next_values)` is 0 behind an end, whatever stood there.",
        "Reward, plus γ times what is expected after, minus what was expected before. One line.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(in_two_steps, in_two_cases, token_by_token, in_numpy),
)
