"""Write `sequence_mask`. Chapter: book/language/rewards.md."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception, Misshapen, pick
from ppo_teach.masks import response_mask


def sequence_mask(sequences: Int[Tensor, "B N"], *, prompt_width: int, eos: int) -> Bool[Tensor, "B N"]:
    """Which positions of prompt and response, side by side, are the response's: through its first EOS, that included.

    The first `prompt_width` columns are the prompts', and False, whatever stands there. In the package prompts and
    responses are separate tensors, and `masks.response_mask` sees the responses alone.
    """
    prompts, responses = sequences[:, :prompt_width], sequences[:, prompt_width:]
    return torch.cat([torch.zeros_like(prompts).bool(), response_mask(responses, eos=eos)], dim=1)


def rows(sequences: list, *, prompt_width: int, eos: int = 0, law: str = "") -> Case:
    return Case({"sequences": torch.tensor(sequences), "prompt_width": prompt_width, "eos": eos}, law=law)


def random_rows(rng: torch.Generator) -> Case:
    """Padded prompts, a reply that ends early, one at the last token, one never; padding is EOS or another token."""
    eos, pad = pick(rng, (0, 0), (0, 9), (2, 2), (2, 9))
    words = torch.randint(3, 9, (3, 7), generator=rng)
    words[:, 0] = pad
    words[0, 3 + int(torch.randint(3, (), generator=rng)) :] = pad
    length = int((words[0, 3:] != pad).sum())
    words[0, 3 + length] = words[1, 6] = eos
    return rows(words[torch.randperm(3, generator=rng)].tolist(), prompt_width=3, eos=eos)


def play(function: Callable, sequences: Tensor, *, prompt_width: int, eos: int) -> Tensor:
    """The mask as numbers, 1 for True; anything but a tensor of bool is no mask."""
    mask = function(sequences, prompt_width=prompt_width, eos=eos)
    if not isinstance(mask, Tensor) or mask.dtype is not torch.bool:
        kind = str(mask.dtype) if isinstance(mask, Tensor) else type(mask).__name__
        raise Misshapen("its result is no mask", f"it returned {kind}; a mask is a tensor of torch.bool")
    return mask.float()


def by_counting(sequences, *, prompt_width, eos):
    """Real as long as no EOS of the reply has come before."""
    column = torch.arange(sequences.shape[1])
    is_eos = (sequences == eos) & (column >= prompt_width)
    return (column >= prompt_width) & (is_eos.cumsum(dim=1) - is_eos.long() == 0)


def by_index(sequences, *, prompt_width, eos):
    """The index of the first EOS, and a comparison with it."""
    is_eos = sequences[:, prompt_width:] == eos
    end = is_eos.int().argmax(dim=1) + prompt_width
    end[~is_eos.any(dim=1)] = sequences.shape[1]
    column = torch.arange(sequences.shape[1])
    return (column >= prompt_width) & (column <= end[:, None])


def token_by_token(sequences, *, prompt_width, eos):
    """A loop that stops."""
    mask = torch.zeros(sequences.shape, dtype=torch.bool)
    for b, tokens in enumerate(sequences.tolist()):
        for t in range(prompt_width, len(tokens)):
            mask[b, t] = True
            if tokens[t] == eos:
                break
    return mask


MISCONCEPTIONS = (
    Misconception(
        "the EOS is excluded",
        edited(by_counting, (" - is_eos.long()", "")),
        "the EOS is a token that the policy chose, and without it nobody learns to stop",
        "the EOS is no word, and nobody wants to read it",
        "Who chose the EOS: the policy, or the padding?",
    ),
    Misconception(
        "the EOS is found in the prompt",
        edited(by_counting, ("(sequences == eos) & (column >= prompt_width)", "sequences == eos")),
        "a prompt that is padded with EOS ended the reply before it began",
        "with prompts of equal length there is no EOS on the left",
        "Which columns may you look at when you look for the reply's EOS?",
    ),
    Misconception(
        "every EOS is taken for padding",
        edited(by_counting, ("is_eos.cumsum(dim=1) - is_eos.long() == 0", "sequences != eos")),
        "where padding is the EOS token, the one EOS that was said went with it",
        "`tokens != pad` is the usual mask, and pad = EOS is the usual setting",
        "Of three EOS in a row, which one was said?",
    ),
    Misconception(
        "real through the last EOS",
        edited(by_index, ("is_eos.int().argmax", "is_eos.cumsum(dim=1).argmax")),
        "padding that is made of EOS was taken for the reply",
        "with a single EOS the first is the last",
        "Which EOS ends the reply: the first, or the last?",
    ),
    Misconception(
        "one token more than there is",
        edited(by_index, ("column <= end[:, None]", "column <= end[:, None] + 1")),
        "the first position of padding was taken for a token",
        "'through EOS, included' sounds like one more",
        "How many EOS may have come *before* a real token?",
    ),
    Misconception(
        "real until the second EOS",
        edited(by_counting, (" - is_eos.long() == 0", " <= 1")),
        "the count of EOS stays at 1 behind the first, so what stands there was taken for the reply",
        "`cumsum <= 1` keeps the EOS, and padding made of EOS hides the rest",
        "How many EOS have been counted at the EOS itself, and how many one position later?",
    ),
    Misconception(
        "a reply without EOS is one token long",
        edited(by_index, ("    end[~is_eos.any(dim=1)] = sequences.shape[1]\n", "")),
        "a reply that was cut at max_tokens lost all its tokens but one",
        "`argmax` finds the first EOS, and says 0 where there is none",
        "What does `argmax` return for a row of zeros?",
    ),
    Misconception(
        "the end is counted from the reply's beginning",
        edited(by_index, (" + prompt_width", "")),
        "an index into the reply was compared with columns of the whole row",
        "the reply was cut out to look for its EOS, and an index keeps no note of where it was counted from",
        "The EOS is token 1 of the reply. In which column of the row does it stand?",
    ),
    Misconception(
        "a reply without EOS is empty",
        edited(by_index, ("] = sequences.shape[1]", "] = -1")),
        "a reply that was cut at max_tokens lost all its tokens",
        "without an EOS there is no place to stop at, and a search comes back with nothing",
        "Were the tokens of a reply that was cut not chosen by the policy?",
    ),
    Misconception(
        "all of the reply's columns",
        edited(sequence_mask, ("response_mask(responses, eos=eos)", "torch.ones_like(responses).bool()")),
        "what stands behind the EOS was taken for the reply",
        "as long as no reply ends early, all columns are real",
        "What stands behind the first EOS?",
    ),
    Misconception(
        "the prompt is included",
        edited(sequence_mask, ("zeros_like", "ones_like")),
        "the prompt was taken for words of the policy",
        "a model scores all tokens of a row, and the prompt's log-probabilities are there to be added",
        "Which of these tokens did the policy choose?",
    ),
    Misconception(
        "the mask is the other way round",
        edited(sequence_mask, ("return torch", "return ~torch")),
        "this is True where there is no reply",
        "several libraries mark what is to be left out",
        "Is True a token here, or a hole?",
    ),
)

EXERCISE = Exercise(
    function=sequence_mask,
    title="Whose tokens are these?",
    section="Where the number goes",
    minutes=15,
    difficulty=2,
    goal="Each row holds a prompt, prompt_width columns wide and padded on the left, and behind it a reply, padded on "
    "the right. Return True at the reply's tokens, through its first EOS, that included; False everywhere else. "
    "Without an EOS all of the reply is real. Padding may be the EOS token itself, or any other token.",
    entry="mask",
    worked=rows([[0, 7, 5, 0, 0]], prompt_width=2),
    answer=[[0, 0, 1, 1, 0]],
    cases=(
        rows([[7, 5, 0, 9]], prompt_width=1),
        rows([[7, 5, 6]], prompt_width=1),
        rows([[0, 7, 5, 6, 0]], prompt_width=2),
        rows([[0, 7, 5, 0, 0, 0], [6, 7, 5, 6, 4, 0]], prompt_width=2),
        rows([[2, 7, 5, 2, 0, 0], [6, 7, 0, 5, 2, 2]], prompt_width=2, eos=2),
        rows([[0, 7, 0, 0], [0, 7, 5, 0]], prompt_width=2, law="A reply may be its EOS alone"),
        rows([[0, 7, 5, 6], [7, 7, 5, 0]], prompt_width=2, law="What is cut off before its EOS is real to the end"),
        rows([[7, 5, 0, 4, 0], [7, 5, 6, 0, 3]], prompt_width=1, law="What stands behind the first EOS is no reply"),
    ),
    random_case=random_rows,
    hints=(
        "Is the EOS that ends a reply a token that the policy chose?",
        "Look at the reply alone. A token is real if no EOS came *before* it.",
        "is_eos = sequences[:, prompt_width:] == eos, as integers; is_eos.cumsum(dim=1) - is_eos == 0. Put False "
        "before it for the prompt.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(by_counting, by_index, token_by_token),
    play=play,
)
