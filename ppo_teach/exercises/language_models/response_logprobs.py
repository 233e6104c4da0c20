"""Write `response_logprobs`. Chapter: book/language/language-models.md."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from ppo_teach.exercises.exercise import Case, Exercise, pick
from ppo_teach.exercises.language_models.response_logprobs_misconceptions import MISCONCEPTIONS
from ppo_teach.policy import action_logprobs


def response_logprobs(
    logits: Float[Tensor, "B N V"], tokens: Int[Tensor, "B N"], *, prompt_width: int
) -> Float[Tensor, "B T"]:
    """The log-probability, in nats, of each token of the response, from a language model's logits over the whole text.

        log π(y_t | x, y_<t) = log softmax(z_{P−1+t})[y_t]

    The first P columns are the prompt's, the other T the response's. The logits at position j stand for token j + 1, so
    those at the last position stand for nothing. In the package this shift lives in `actor_critics`.
    """
    return action_logprobs(logits[:, prompt_width - 1 : -1], tokens[:, prompt_width:])


def text(logits: list, tokens: list, *, prompt_width: int, law: str = "") -> Case:
    inputs = {"logits": torch.tensor(logits, dtype=torch.float32), "tokens": torch.tensor(tokens)}
    return Case({**inputs, "prompt_width": prompt_width}, law=law)


def random_text(rng: torch.Generator) -> Case:
    """Two texts of six tokens over four words; the prompt is shorter than the response, or longer."""
    logits = torch.randint(-300, 301, (2, 6, 4), generator=rng) / 100
    tokens = torch.randint(4, (2, 6), generator=rng)
    return text(logits.tolist(), tokens.tolist(), prompt_width=pick(rng, 2, 4))


def by_rolling(logits, tokens, *, prompt_width):
    """All logits one place to the right; what comes round to the front stands at the prompt."""
    return action_logprobs(logits.roll(1, dims=1), tokens)[:, prompt_width:]


def by_cutting_last(logits, tokens, *, prompt_width):
    """All of the text is scored, and the prompt cut off."""
    logprobs = logits[:, :-1].log_softmax(dim=-1).gather(-1, tokens[:, 1:, None]).squeeze(-1)
    return logprobs[:, prompt_width - 1 :]


def by_cross_entropy(logits, tokens, *, prompt_width):
    """The library's loss, one number a token, negated, in float64; it wants the vocabulary second."""
    seen = logits[:, prompt_width - 1 : -1].double().transpose(1, 2)
    return -cross_entropy(seen, tokens[:, prompt_width:], reduction="none")


def token_by_token(logits, tokens, *, prompt_width):
    """A loop: for each token, the logits of the position before it."""
    rows = [
        torch.stack([z[j - 1, row[j]] - z[j - 1].logsumexp(dim=0) for j in range(prompt_width, len(row))])
        for z, row in zip(logits, tokens, strict=True)
    ]
    return torch.stack(rows)


HAND = [[0, 1.0986, 0], [0, 0, 0.6931], [2.0794, 0, 0]]  # log 3, log 2, log 8

EXERCISE = Exercise(
    function=response_logprobs,
    title="The shift by one",
    section="The shift by one",
    minutes=10,
    difficulty=2,
    goal="Each row of `tokens` is a text: a prompt of prompt_width tokens, at least one, and the response behind it. "
    "`logits` are what a language model says at every position of it. Return the log-probability, in nats, of each "
    "token of the response, and of nothing else: shape (B, N − prompt_width). Logits may be as large as 200.",
    entry="log-probability",
    worked=text([HAND], [[0, 1, 2]], prompt_width=1),
    answer=[[-0.5108, -0.6931]],
    cases=(
        text([[[0, 1], [2, 0], [0, 0.5], [1, 0]]], [[0, 1, 1, 0]], prompt_width=2),
        text([[[0, 1], [2, 0], [0, 3]], [[0, 2], [1, 0], [1, 1]]], [[0, 1, 1], [1, 0, 1]], prompt_width=2),
        text([[[0, 9], [2, 0], [0, 1], [9, 0]]], [[0, 1, 1, 0]], prompt_width=1),
        text([[*HAND[:2], [30, -30, 5]]], [[0, 1, 2]], prompt_width=1, law="Nobody reads the last position's logits"),
        text(
            [[[30, -30, 5], *HAND], [[-9, 9, 9], HAND[1], HAND[0], HAND[2]]],
            [[2, 0, 1, 2], [1, 1, 0, 2]],
            prompt_width=2,
            law="What the model expects inside the prompt does not matter",
        ),
        text([[[0, 200], [200, 0], [0, 0]]], [[0, 0, 0]], prompt_width=1, law="A log-probability of −200 is a number"),
    ),
    random_case=random_text,
    gradients=("logits",),
    hints=(
        "The model has read token 0 and nothing else. Which token is it talking about?",
        "The logits at position j are about token j + 1. At which position does the model speak about the response's "
        "first token, and at which about its last?",
        "action_logprobs(logits[:, prompt_width - 1 : -1], tokens[:, prompt_width:]).",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_rolling, by_cutting_last, by_cross_entropy, token_by_token),
)
