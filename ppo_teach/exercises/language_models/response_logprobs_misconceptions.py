"""Known wrong ways to write `response_logprobs`: the right slices, with one thing replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def picked(table: Tensor, tokens: Tensor) -> Tensor:
    """Each token's entry of a table (B, N, V)."""
    return table.gather(-1, tokens[..., None]).squeeze(-1)


def sliced(logits_of: Callable, tokens_of: Callable) -> Callable:
    """Log-probabilities of the tokens tokens_of(tokens, P) under the logits logits_of(logits, P)."""

    def response_logprobs(logits: Tensor, tokens: Tensor, *, prompt_width: int) -> Tensor:
        chosen = logits_of(logits, prompt_width).log_softmax(dim=-1)
        return picked(chosen, tokens_of(tokens, prompt_width))

    return response_logprobs


def tabled(table: Callable) -> Callable:
    """The right slices, and table(logits) in place of the log-softmax."""

    def response_logprobs(logits: Tensor, tokens: Tensor, *, prompt_width: int) -> Tensor:
        return picked(table(logits[:, prompt_width - 1 : -1]), tokens[:, prompt_width:])

    return response_logprobs


def after(change: Callable) -> Callable:
    """change(log-probabilities, P) of the right answer."""

    def response_logprobs(logits: Tensor, tokens: Tensor, *, prompt_width: int) -> Tensor:
        return change(tabled(lambda z: z.log_softmax(dim=-1))(logits, tokens, prompt_width=prompt_width), prompt_width)

    return response_logprobs


def prompt_as_zeros(logprobs: Tensor, prompt_width: int) -> Tensor:
    return torch.nn.functional.pad(logprobs, (prompt_width, 0))


def likeliest(logits: Tensor, tokens: Tensor, *, prompt_width: int) -> Tensor:
    return logits[:, prompt_width - 1 : -1].log_softmax(dim=-1).amax(dim=-1)


def first_token_free(logits: Tensor, tokens: Tensor, *, prompt_width: int) -> Tensor:
    later = sliced(lambda z, p: z[:, p:-1], lambda y, p: y[:, p + 1 :])(logits, tokens, prompt_width=prompt_width)
    return torch.nn.functional.pad(later, (1, 0))


MISCONCEPTIONS = (
    Misconception(
        "no shift",
        sliced(lambda z, p: z[:, p:], lambda y, p: y[:, p:]),
        "each token was scored by logits that had read it already, and that speak of the token after it",
        "logits and tokens have the same length, and index by index they fit",
        "When the logits at position j were computed, had the model read token j?",
    ),
    Misconception(
        "shifted the other way",
        sliced(lambda z, p: z[:, p:], lambda y, p: y[:, p - 1 : -1]),
        "the logits at position j were asked about token j − 1, which lies behind them",
        "a shift by one is a coin toss, and either side has the right shape",
        "The model has read tokens 0 and 1. Which token is it to guess: 0, or 2?",
    ),
    Misconception(
        "both cut one place early",
        sliced(lambda z, p: z[:, p - 1 : -1], lambda y, p: y[:, p - 1 : -1]),
        "the logits start at the right place; the tokens were shifted with them, so that nothing was shifted",
        "one slice for both keeps the shapes alike",
        "Which of the two begins one place before the response: the logits, the tokens, or both?",
    ),
    Misconception(
        "shifted twice",
        sliced(lambda z, p: z.roll(2, dims=1)[:, p:], lambda y, p: y[:, p:]),
        "each token was scored by logits that had not read the token before it",
        "the logits were rolled by one, and then sliced one place early as well",
        "How many tokens had the model read when it chose token 2?",
    ),
    Misconception(
        "rolled the other way",
        sliced(lambda z, p: z.roll(-1, dims=1)[:, p:], lambda y, p: y[:, p:]),
        "token j was scored by the logits at position j + 1, and the last token by those at position 0",
        "`roll` takes 1 and −1 alike",
        "Which position's logits may speak about token j: j − 1, or j + 1?",
    ),
    Misconception(
        "prompt tokens included",
        sliced(lambda z, p: z[:, :-1], lambda y, p: y[:, 1:]),
        "the prompt was scored too, and the policy chose none of it",
        "a language model says something about every token of a text",
        "Who wrote the prompt?",
    ),
    Misconception(
        "prompt tokens as zeros",
        after(prompt_as_zeros),
        "the values are right, with a zero in front for every token of the prompt",
        "a mask over the whole text keeps the columns where they are",
        "How many tokens has the response?",
    ),
    Misconception(
        "the response's first token is left out",
        sliced(lambda z, p: z[:, p:-1], lambda y, p: y[:, p + 1 :]),
        "the first token of the response is predicted by the last of the prompt, and was lost",
        "cut the response out first, shift second: the shift then costs a token",
        "At which position does the model speak about the response's first token?",
    ),
    Misconception(
        "the response's first token is free",
        first_token_free,
        "a 0 says that the first token was certain",
        "inside the response nothing stands before its first token",
        "What had the model read when it chose the response's first token?",
    ),
    Misconception(
        "the response's last token is left out",
        after(lambda logprobs, prompt_width: logprobs[:, :-1]),
        "the last token was chosen like every other, and often it is the EOS",
        "the last position's logits are not needed, and its token went with them",
        "Which is not needed at the last position: its logits, or its token?",
    ),
    Misconception(
        "the prompt's width taken for the response's",
        sliced(lambda z, p: z[:, -p - 1 : -1] if p < z.shape[1] - 1 else z[:, :-1], lambda y, p: y[:, 1:][:, -p:]),
        "as many tokens as the prompt has were counted from the end",
        "`tokens[:, -width:]` is how one cuts off a response whose width is known",
        "prompt_width = 1 and N = 4: how many tokens has the response?",
    ),
    Misconception(
        "the likeliest token, not the one that was said",
        likeliest,
        "this is the log-probability of the model's favourite",
        "`max` needs no index",
        "Which token stands in the text?",
    ),
    Misconception(
        "one number for the whole response",
        after(lambda logprobs, prompt_width: logprobs.sum(dim=1)),
        "PPO has a ratio for each token, and needs a number for each",
        "the log-probability of a text is the sum over its tokens",
        "How many ratios does PPO form for a response of three tokens?",
    ),
    Misconception(
        "the mean over all tokens",
        after(lambda logprobs, prompt_width: logprobs.mean()),
        "this is (minus) the loss of the supervised start, one number for the batch",
        "`cross_entropy` averages unless it is told not to",
        "How many numbers does a batch of two responses of three tokens ask for?",
    ),
    Misconception(
        "raw logits",
        tabled(lambda z: z),
        "these are logits: the sum over the vocabulary is missing",
        "the larger logit is the likelier token",
        "Exponentiate your numbers over the vocabulary. Do they sum to 1?",
    ),
    Misconception(
        "probabilities, not their logarithms",
        tabled(lambda z: z.softmax(dim=-1)),
        "this is π, not log π",
        "the probability of a token is what one thinks of first",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the sign of a loss",
        tabled(lambda z: -z.log_softmax(dim=-1)),
        "this is −log π, the cross-entropy",
        "`cross_entropy` computes it in one call, negated",
        "Can a log-probability be positive?",
    ),
    Misconception(
        "the softmax over time",
        tabled(lambda z: z.log_softmax(dim=1)),
        "the positions of a text compete with one another, not the words of the vocabulary",
        "`dim=1` is the vocabulary as long as the logits are (B, V)",
        "Which numbers must sum to 1?",
    ),
    Misconception(
        "the logarithm of a probability that rounded to zero",
        tabled(lambda z: z.softmax(dim=-1).log()),
        "a probability below 1e-45 is 0 in float32, and its logarithm −∞",
        "softmax is safe, and so is log; one after the other is not",
        "Two logits differ by 200. What is the smaller probability in float32, and what is its logarithm?",
    ),
    Misconception(
        "overflow at large logits",
        tabled(lambda z: z - z.exp().sum(dim=-1, keepdim=True).log()),
        "exp(200) is infinite in float32, and so is the logarithm of a sum with it",
        "it is the formula, letter by letter",
        "What is exp(200) in float32? Which constant may you subtract from all logits?",
    ),
    Misconception(
        "no gradient reaches the logits",
        tabled(lambda z: z.detach().log_softmax(dim=-1)),
        "the numbers are right, but the policy cannot learn from them",
        "scoring looks like something that is done without gradients",
        "Which operation on the way from the logits to your result forgets where its input came from?",
    ),
)
