"""Write `rewards_to_go`. Chapter: book/foundations/policy-gradient.md."""

import torch

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.masks import zero_padding
from ppo_teach.reinforce import rewards_to_go

NAN = float("nan")


def episodes(rewards: list, lengths: list[int], *, gamma: float, law: str = "") -> Case:
    """Rows of rewards; what stands behind a row's length is padding."""
    rewards = torch.tensor(rewards, dtype=torch.float32)
    mask = torch.arange(rewards.shape[1]) < torch.tensor(lengths)[:, None]
    return Case({"rewards": rewards, "mask": mask, "gamma": gamma}, law=law)


def random_episodes(rng: torch.Generator) -> Case:
    """Three rows of different length, a reward at every token, and junk at padding."""
    rewards = torch.randint(20, 151, (3, 5), generator=rng) / 100
    lengths = torch.tensor([2, 3, 5])[torch.randperm(3, generator=rng)]
    return episodes(rewards.tolist(), lengths.tolist(), gamma=pick(rng, 0.5, 0.8, 0.9))


def column_by_column(rewards, mask, *, gamma):
    """The package's loop, and padding is set to 0 once more at the end."""
    rewards = zero_padding(rewards, mask)
    returns, running = torch.zeros_like(rewards), 0.0
    for t in reversed(range(rewards.shape[1])):
        running = rewards[:, t] + gamma * running
        returns[:, t] = running
    return zero_padding(returns, mask)


def as_a_matrix(rewards, mask, *, gamma):
    """One triangular matrix of γ^{k−t}."""
    time = torch.arange(rewards.shape[1])
    distance = time[:, None] - time[None, :]
    weights = torch.where(distance >= 0, gamma ** distance.clamp(min=0), 0.0)
    return rewards.masked_fill(~mask, 0) @ weights * mask


def reply_by_reply(rewards, mask, *, gamma):
    """A running sum over each reply's tokens, in float64."""
    returns = torch.zeros_like(rewards).double()
    for row, reply in enumerate(rewards.masked_fill(~mask, 0).double()):
        total = 0.0
        for t in reversed(range(len(reply))):
            total = reply[t] + gamma * total
            returns[row, t] = total
    return returns * mask


MISCONCEPTIONS = (
    Misconception(
        "the sum runs forwards in time",
        edited(column_by_column, ("reversed(range(rewards.shape[1]))", "range(rewards.shape[1])")),
        "the token was credited with what was paid before it",
        "loops over time usually start at 0",
        "Can token 3 deserve credit for a reward at token 1?",
    ),
    Misconception(
        "a plain sum from the start",
        edited(column_by_column, ("(returns, mask)", "(rewards.cumsum(dim=1), mask)")),
        "the token was credited with what was paid before it, and nothing was discounted",
        "`cumsum` is one call, and runs from the left",
        "Can token 3 deserve credit for a reward at token 1?",
    ),
    Misconception(
        "γ is off by one",
        edited(column_by_column, ("rewards[:, t] + gamma * running", "gamma * (rewards[:, t] + running)")),
        "even the token's own reward was discounted",
        "the sum is often written with γ to the power of t, counted from 1",
        "With what weight should r_t itself count in G_t?",
    ),
    Misconception(
        "γ multiplies the reward, not what comes after it",
        edited(column_by_column, ("rewards[:, t] + gamma * running", "gamma * rewards[:, t] + running")),
        "every reward was discounted once, however far ahead it lies",
        "one line multiplies γ by something and adds the rest, and either order runs",
        "In G_t = r_t + γ G_{t+1}, what does γ stand in front of?",
    ),
    Misconception(
        "discounting counts from the episode's start",
        edited(as_a_matrix, ("gamma ** distance.clamp(min=0)", "gamma ** time[:, None]")),
        "every return was discounted once more for each token before it",
        "it is what differentiating the discounted sum gives; but no later token would learn from it",
        "The last token earns 1. What is its return, whatever γ is?",
    ),
    Misconception(
        "γ is missing",
        edited(column_by_column, ("gamma * running", "running")),
        "later rewards count in full",
        "a cumulative sum from the right needs no loop, and in text γ is 1",
        "Set γ = 0. What should be left of the sum?",
    ),
    Misconception(
        "every token gets the whole return",
        edited(column_by_column, ("(returns, mask)", "(returns[:, :1].expand_as(returns), mask)")),
        "rewards from before the token are in it",
        "the plain policy gradient weighs all tokens alike, and is right on average",
        "What had already been paid when token t was drawn?",
    ),
    Misconception(
        "the token's own reward is left out",
        edited(column_by_column, ("[:, t] = running", "[:, t] = running - rewards[:, t]")),
        "the sum begins one token too late",
        "the reward comes after the action, so it looks like the future's",
        "The last token earns 1. What is its return?",
    ),
    Misconception(
        "the return of the next token",
        edited(
            column_by_column,
            ("running = rewards", "returns[:, t], running = running, rewards"),
            ("        returns[:, t] = running\n", ""),
        ),
        "this is G of the token behind it",
        "storing the running sum before adding the reward is one line too early",
        "In which order do you add r_t and store the sum?",
    ),
    Misconception(
        "only one token ahead",
        edited(as_a_matrix, ("distance >= 0", "(distance == 0) | (distance == 1)")),
        "rewards two or more tokens later are missing",
        "r_t + γ r_{t+1} looks like the recursion r_t + γ G_{t+1}",
        "A reward comes three tokens later. What does token 0 get?",
    ),
    Misconception(
        "the list is not reversed",
        edited(column_by_column, ("(returns, mask)", "(returns.flip(1), mask)")),
        "this is the return of the token at the other end of the row",
        "a loop from the right appends the last token first",
        "Which token did your loop write first, and where does it stand in your result?",
    ),
    Misconception(
        "the loop runs over the rows",
        edited(
            column_by_column,
            ("rewards.shape[1]", "rewards.shape[0]"),
            ("rewards[:, t]", "rewards[t]"),
            ("returns[:, t]", "returns[t]"),
        ),
        "rewards went from one row to the row above",
        "`len(rewards)` and `rewards[t]` are right for a single episode; here axis 0 is the batch",
        "Which axis of a (B, T) tensor is time?",
    ),
    Misconception(
        "the loop stops before token 0",
        edited(column_by_column, ("reversed(range(rewards.shape[1]))", "range(rewards.shape[1] - 1, 0, -1)")),
        "the first token was never written",
        "`range(T - 1, 0, -1)` looks as if it ended at 0",
        "What is the last number in `range(3, 0, -1)`?",
    ),
    Misconception(
        "the loop begins one column too early",
        edited(column_by_column, ("rewards.shape[1]", "rewards.shape[1] - 1")),
        "the last column was never reached, and its reward counts for nobody",
        "a loop that looks at t + 1 has to stop there",
        "What is the first number in `reversed(range(T - 1))`? And which column holds the last reward?",
    ),
    Misconception(
        "the sum goes on in the next row",
        edited(reply_by_reply, ("total = 0.0\n        for t", "for t"), ("returns = ", "total = 0.0\n    returns = ")),
        "a reply began with what another had earned",
        "one running sum outside both loops is one line less",
        "Where is your running sum set to 0?",
    ),
    Misconception(
        "the mask is not used",
        edited(column_by_column, zero_padding=lambda x, mask: x),
        "what stands at padding was added up, and padding has returns of its own",
        "with replies of equal length the mask is true everywhere",
        "Which positions of the batch are tokens?",
    ),
    Misconception(
        "padding leaks",
        edited(column_by_column, ("zero_padding(rewards, mask)", "rewards")),
        "what stands at padding was added to the returns before it",
        "rewards at padding are usually 0, so nothing seems to need a mask",
        "Where does your loop begin, and what stands there?",
    ),
    Misconception(
        "padding is multiplied by zero",
        edited(column_by_column, ("zero_padding(rewards, mask)", "rewards * mask")),
        "NaN times zero is NaN",
        "for every finite number, times zero is gone",
        "What is 0 · NaN? And what does `torch.where` do there?",
    ),
)

EXERCISE = Exercise(
    function=rewards_to_go,
    title="Rewards to go",
    section="What was earned before",
    minutes=10,
    difficulty=2,
    goal="Return the discounted sum of the rewards from each token on, G_t = r_t + γ G_{t+1}, and 0 at padding. "
    "Discounting counts from token t. What stands where the mask is False, NaN included, does not matter.",
    entry="return",
    worked=episodes([[1, 2, 4, 9]], [3], gamma=0.5),
    answer=[[3.0, 4.0, 4.0, 0.0]],
    cases=(
        episodes([[0, 0, 8]], [3], gamma=0.5),
        episodes([[1, 2], [4, 8]], [2, 2], gamma=0.5),
        episodes([[1, 2, 3], [4, 50, 50]], [3, 1], gamma=1.0),
        episodes([[1, 2, 3]], [3], gamma=0.0, law="With γ = 0 a return is the token's own reward"),
        episodes([[1, NAN], [2, 4]], [1, 2], gamma=0.5, law="What stands at padding changes nothing, NaN included"),
    ),
    random_case=random_episodes,
    hints=(
        "Which token's return can you write down at once?",
        "Set padding to 0 first. Then go from the last column to the first, with one running sum for each row.",
        "running = rewards[:, t] + gamma * running, for t in reversed(range(T)); store it at t.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(column_by_column, as_a_matrix, reply_by_reply),
)
