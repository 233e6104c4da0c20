"""Known wrong ways to write `sequence_mask`: each is the right one with one part replaced."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Misconception


def before(is_eos: Tensor) -> Tensor:
    """How many EOS came before each position."""
    return is_eos.cumsum(dim=1) - is_eos.long()


def behind_the_prompt(real: Callable[[Tensor, int], Tensor]) -> Callable:
    """A mask that is False at the prompt and real(responses, eos) behind it."""

    def sequence_mask(sequences, *, prompt_width, eos):
        prompts, responses = sequences[:, :prompt_width], sequences[:, prompt_width:]
        return torch.cat([torch.zeros_like(prompts).bool(), real(responses, eos)], dim=1)

    return sequence_mask


def through_the_last_eos(responses: Tensor, eos: int) -> Tensor:
    is_eos = responses == eos
    to_come = is_eos.flip(1).cumsum(dim=1).flip(1)
    return (to_come > 0) | ~is_eos.any(dim=1, keepdim=True)


def through_the_first_or_one_token(responses: Tensor, eos: int) -> Tensor:
    """`argmax` is 0 where nothing is True."""
    end = (responses == eos).int().argmax(dim=1, keepdim=True)
    return torch.arange(responses.shape[1]) <= end


def end_counted_in_the_reply(sequences: Tensor, *, prompt_width: int, eos: int) -> Tensor:
    is_eos, column = sequences[:, prompt_width:] == eos, torch.arange(sequences.shape[1])
    end = torch.where(is_eos.any(dim=1), is_eos.int().argmax(dim=1), len(column))
    return (column >= prompt_width) & (column <= end[:, None])


def eos_of_the_whole_row(sequences: Tensor, *, prompt_width: int, eos: int) -> Tensor:
    column = torch.arange(sequences.shape[1])
    return (column >= prompt_width) & (before(sequences == eos) == 0)


def prompt_included(sequences: Tensor, *, prompt_width: int, eos: int) -> Tensor:
    mask = behind_the_prompt(lambda responses, eos: before(responses == eos) == 0)
    return mask(sequences, prompt_width=prompt_width, eos=eos) | (torch.arange(sequences.shape[1]) < prompt_width)


def inverted(sequences: Tensor, *, prompt_width: int, eos: int) -> Tensor:
    mask = behind_the_prompt(lambda responses, eos: before(responses == eos) == 0)
    return ~mask(sequences, prompt_width=prompt_width, eos=eos)


MISCONCEPTIONS = (
    Misconception(
        "the EOS is excluded",
        behind_the_prompt(lambda responses, eos: (responses == eos).cumsum(dim=1) == 0),
        "the EOS is a token that the policy chose, and without it nobody learns to stop",
        "the EOS is no word, and nobody wants to read it",
        "Who chose the EOS: the policy, or the padding?",
    ),
    Misconception(
        "the EOS is found in the prompt",
        eos_of_the_whole_row,
        "a prompt that is padded with EOS ended the reply before it began",
        "with prompts of equal length there is no EOS on the left",
        "Which columns may you look at when you look for the reply's EOS?",
    ),
    Misconception(
        "every EOS is taken for padding",
        behind_the_prompt(lambda responses, eos: responses != eos),
        "where padding is the EOS token, the one EOS that was said went with it",
        "`tokens != pad` is the usual mask, and pad = EOS is the usual setting",
        "Of three EOS in a row, which one was said?",
    ),
    Misconception(
        "real through the last EOS",
        behind_the_prompt(through_the_last_eos),
        "padding that is made of EOS was taken for the reply",
        "with a single EOS the first is the last",
        "Which EOS ends the reply: the first, or the last?",
    ),
    Misconception(
        "one token more than there is",
        behind_the_prompt(lambda responses, eos: before(before(responses == eos).bool()) == 0),
        "the first position of padding was taken for a token",
        "'through EOS, included' sounds like one more",
        "How many EOS may have come *before* a real token?",
    ),
    Misconception(
        "real until the second EOS",
        behind_the_prompt(lambda responses, eos: (responses == eos).cumsum(dim=1) <= 1),
        "the count of EOS stays at 1 behind the first, so what stands there was taken for the reply",
        "`cumsum <= 1` keeps the EOS, and padding made of EOS hides the rest",
        "How many EOS have been counted at the EOS itself, and how many one position later?",
    ),
    Misconception(
        "a reply without EOS is one token long",
        behind_the_prompt(through_the_first_or_one_token),
        "a reply that was cut at max_tokens lost all its tokens but one",
        "`argmax` finds the first EOS, and says 0 where there is none",
        "What does `argmax` return for a row of zeros?",
    ),
    Misconception(
        "the end is counted from the reply's beginning",
        end_counted_in_the_reply,
        "an index into the reply was compared with columns of the whole row",
        "the reply was cut out to look for its EOS, and an index keeps no note of where it was counted from",
        "The EOS is token 1 of the reply. In which column of the row does it stand?",
    ),
    Misconception(
        "a reply without EOS is empty",
        behind_the_prompt(lambda r, eos: (before(r == eos) == 0) & (r == eos).any(dim=1, keepdim=True)),
        "a reply that was cut at max_tokens lost all its tokens",
        "without an EOS there is no place to stop at, and a search comes back with nothing",
        "Were the tokens of a reply that was cut not chosen by the policy?",
    ),
    Misconception(
        "all of the reply's columns",
        behind_the_prompt(lambda responses, eos: torch.ones_like(responses).bool()),
        "what stands behind the EOS was taken for the reply",
        "as long as no reply ends early, all columns are real",
        "What stands behind the first EOS?",
    ),
    Misconception(
        "the prompt is included",
        prompt_included,
        "the prompt was taken for words of the policy",
        "a model scores all tokens of a row, and the prompt's log-probabilities are there to be added",
        "Which of these tokens did the policy choose?",
    ),
    Misconception(
        "the mask is the other way round",
        inverted,
        "this is True where there is no reply",
        "several libraries mark what is to be left out",
        "Is True a token here, or a hole?",
    ),
)
