"""Write `sequence_mask`. Chapter: book/language/rewards.md."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise, Misshapen, pick
from ppo_teach.exercises.rewards.sequence_mask_misconceptions import MISCONCEPTIONS
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


def by_running_maximum(sequences, *, prompt_width, eos):
    """Real as long as no EOS has come before: the running maximum of the tokens to the left."""
    column = torch.arange(sequences.shape[1])
    is_eos = (sequences == eos) & (column >= prompt_width)
    before = torch.zeros_like(is_eos)
    before[:, 1:] = is_eos.int().cummax(dim=1).values[:, :-1].bool()
    return (column >= prompt_width) & ~before


def by_index(sequences, *, prompt_width, eos):
    """The index of the first EOS, and a comparison with it."""
    responses = sequences[:, prompt_width:]
    is_eos = responses == eos
    end = torch.where(is_eos.any(dim=1), is_eos.int().argmax(dim=1), responses.shape[1]) + prompt_width
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
    variants=(by_running_maximum, by_index, token_by_token),
    play=play,
)
