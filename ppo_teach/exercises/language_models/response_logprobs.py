"""Write `response_logprobs`. Chapter: book/language/language-models.md."""

import torch
from torch.nn.functional import cross_entropy, pad

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, pick
from ppo_teach.policy import action_logprobs, response_logprobs


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


MISCONCEPTIONS = (
    Misconception(
        "no shift",
        edited(response_logprobs, ("prompt_width - 1 : -1", "prompt_width:")),
        "each token was scored by logits that had read it already, and that speak of the token after it",
        "logits and tokens have the same length, and index by index they fit",
        "When the logits at position j were computed, had the model read token j?",
    ),
    Misconception(
        "shifted the other way",
        edited(
            response_logprobs,
            ("prompt_width - 1 : -1", "prompt_width:"),
            ("tokens[:, prompt_width:]", "tokens[:, prompt_width - 1 : -1]"),
        ),
        "the logits at position j were asked about token j − 1, which lies behind them",
        "a shift by one is a coin toss, and either side has the right shape",
        "The model has read tokens 0 and 1. Which token is it to guess: 0, or 2?",
    ),
    Misconception(
        "both cut one place early",
        edited(response_logprobs, ("tokens[:, prompt_width:]", "tokens[:, prompt_width - 1 : -1]")),
        "the logits start at the right place; the tokens were shifted with them, so that nothing was shifted",
        "one slice for both keeps the shapes alike",
        "Which of the two begins one place before the response: the logits, the tokens, or both?",
    ),
    Misconception(
        "shifted twice",
        edited(by_rolling, ("roll(1", "roll(2")),
        "each token was scored by logits that had not read the token before it",
        "the logits were rolled by one, and then sliced one place early as well",
        "How many tokens had the model read when it chose token 2?",
    ),
    Misconception(
        "rolled the other way",
        edited(by_rolling, ("roll(1", "roll(-1")),
        "token j was scored by the logits at position j + 1, and the last token by those at position 0",
        "`roll` takes 1 and −1 alike",
        "Which position's logits may speak about token j: j − 1, or j + 1?",
    ),
    Misconception(
        "prompt tokens included",
        edited(by_cutting_last, ("logprobs[:, prompt_width - 1 :]", "logprobs")),
        "the prompt was scored too, and the policy chose none of it",
        "a language model says something about every token of a text",
        "Who wrote the prompt?",
    ),
    Misconception(
        "prompt tokens as zeros",
        edited(by_rolling, ("[:, prompt_width:]", " * (torch.arange(tokens.shape[1]) >= prompt_width)")),
        "the values are right, with a zero in front for every token of the prompt",
        "a mask over the whole text keeps the columns where they are",
        "How many tokens has the response?",
    ),
    Misconception(
        "the response's first token is left out",
        edited(by_cutting_last, ("prompt_width - 1 :", "prompt_width:")),
        "the first token of the response is predicted by the last of the prompt, and was lost",
        "cut the response out first, shift second: the shift then costs a token",
        "At which position does the model speak about the response's first token?",
    ),
    Misconception(
        "the response's first token is free",
        edited(
            by_cutting_last, ("logprobs[:, prompt_width - 1 :]", "pad(logprobs[:, prompt_width:], (1, 0))"), pad=pad
        ),
        "a 0 says that the first token was certain",
        "inside the response nothing stands before its first token",
        "What had the model read when it chose the response's first token?",
    ),
    Misconception(
        "the response's last token is left out",
        edited(by_cutting_last, ("prompt_width - 1 :", "prompt_width - 1 : -1")),
        "the last token was chosen like every other, and often it is the EOS",
        "the last position's logits are not needed, and its token went with them",
        "Which is not needed at the last position: its logits, or its token?",
    ),
    Misconception(
        "the prompt's width taken for the response's",
        edited(by_cutting_last, ("prompt_width - 1 :", "-prompt_width:")),
        "as many tokens as the prompt has were counted from the end",
        "`tokens[:, -width:]` is how one cuts off a response whose width is known",
        "prompt_width = 1 and N = 4: how many tokens has the response?",
    ),
    Misconception(
        "the likeliest token, not the one that was said",
        edited(by_cutting_last, (".gather(-1, tokens[:, 1:, None]).squeeze(-1)", ".amax(dim=-1)")),
        "this is the log-probability of the model's favourite",
        "`max` needs no index",
        "Which token stands in the text?",
    ),
    Misconception(
        "one number for the whole response",
        edited(by_cutting_last, ("prompt_width - 1 :]", "prompt_width - 1 :].sum(dim=1)")),
        "PPO has a ratio for each token, and needs a number for each",
        "the log-probability of a text is the sum over its tokens",
        "How many ratios does PPO form for a response of three tokens?",
    ),
    Misconception(
        "the mean over all tokens",
        edited(by_cutting_last, ("prompt_width - 1 :]", "prompt_width - 1 :].mean()")),
        "this is (minus) the loss of the supervised start, one number for the batch",
        "`cross_entropy` averages unless it is told not to",
        "How many numbers does a batch of two responses of three tokens ask for?",
    ),
    Misconception(
        "raw logits",
        edited(by_cutting_last, (".log_softmax(dim=-1)", "")),
        "these are logits: the sum over the vocabulary is missing",
        "the larger logit is the likelier token",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        edited(by_cutting_last, ("log_softmax", "softmax")),
        "this is π, not log π",
        "the probability of a token is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the sign of a loss",
        edited(by_cutting_last, ("return ", "return -")),
        "this is −log π, the cross-entropy",
        "`cross_entropy` computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the softmax over time",
        edited(
            response_logprobs, action_logprobs=edited(action_logprobs, ("log_softmax(dim=-1)", "log_softmax(dim=1)"))
        ),
        "the positions of a text compete with one another, not the words of the vocabulary",
        "`dim=1` is the vocabulary as long as the logits are (B, V)",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the logarithm of a probability that rounded to zero",
        edited(by_cutting_last, ("log_softmax(dim=-1)", "softmax(dim=-1).log()")),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 200. What is the smaller probability in float32, and what is its logarithm?",
    ),
    Misconception(
        "overflow at large logits",
        edited(token_by_token, ("logsumexp(dim=0)", "exp().sum().log()")),
        "exp(200) is infinite in float32, and so is the logarithm of a sum with it",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "no gradient reaches the logits",
        edited(response_logprobs, ("logits[:, ", "logits.detach()[:, ")),
        "the numbers are right, but the policy cannot learn from them",
        "scoring looks like something that is done without gradients",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)

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
