"""Write `drifted`, as `off_policy` has it. Chapter: book/beyond/off-policy.md."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_teach.exercises.edits import edited
from ppo_teach.exercises.exercise import Case, Exercise, Misconception
from ppo_teach.exercises.verifiable.groups_with_signal import numbered
from ppo_teach.off_policy import drifted


def padded(rows: list, width: int, junk: int) -> tuple[torch.Tensor, torch.Tensor]:
    filled = [[*row, *[junk] * (width - len(row))] for row in rows]
    return torch.tensor(filled), torch.tensor([[i < len(row) for i in range(width)] for row in rows])


def texts(drawn: list, again: list, *, wider: int = 0, junk: tuple[int, int] = (0, 9), law: str = "") -> Case:
    """A case from rows of tokens; the two are padded with different junk, the second `wider` than it needs."""
    responses, mask = padded(drawn, max(map(len, drawn)), junk[0])
    back, back_mask = padded(again, max(map(len, again)) + wider, junk[1])
    return Case({"responses": responses, "mask": mask, "again": back, "again_mask": back_mask}, law=law)


def random_texts(rng: torch.Generator) -> Case:
    """Six rows: two come back as they were, one with another token, one longer, one shorter, one cut another way."""
    rows = [torch.randint(1, 8, (length,), generator=rng).tolist() for length in (4, 2, 3, 3, 4, 5)]
    again = [list(row) for row in rows]
    again[2][1] = again[2][1] % 7 + 1
    again[3] += [3]
    again[4] = again[4][:-1]
    again[5] = [*again[5][:2], again[5][2] % 7 + 1, again[5][4]]
    order = torch.randperm(6, generator=rng).tolist()
    return texts([rows[i] for i in order], [again[i] for i in order], wider=int(torch.randint(3, (), generator=rng)))


def play(function: Callable, responses: Tensor, mask: Tensor, again: Tensor, again_mask: Tensor) -> Tensor:
    return numbered(function(responses, mask, again, again_mask))


def row_by_row(responses, mask, again, again_mask):
    """As lists of their real tokens."""
    rows = zip(responses, mask, again, again_mask, strict=True)
    return torch.tensor([ours[real].tolist() != theirs[other].tolist() for ours, real, theirs, other in rows])


def step_by_step(responses, mask, again, again_mask):
    """Both are cut to the narrower width; what was cut off shows in the lengths."""
    width = min(mask.shape[1], again_mask.shape[1])
    differ = (responses[:, :width] != again[:, :width]) & mask[:, :width]
    longer = mask.sum(dim=1) != again_mask.sum(dim=1)
    return differ.any(dim=1) | longer


def in_one_width(responses, mask, again, again_mask):
    """Padding becomes −1 in both, and both become equally wide."""
    width = max(mask.shape[1], again_mask.shape[1])

    def filled(tokens, real):
        wide = torch.full((len(tokens), width), -1)
        wide[:, : tokens.shape[1]] = torch.where(real, tokens, -1)
        return wide

    return (filled(responses, mask) != filled(again, again_mask)).any(dim=1)


def by_their_text(responses, mask, again, again_mask):
    """As strings."""
    ours, theirs = (
        [" ".join(str(token) for token in row[real].tolist()) for row, real in zip(tokens, flags, strict=True)]
        for tokens, flags in ((responses, mask), (again, again_mask))
    )
    return torch.tensor([one != other for one, other in zip(ours, theirs, strict=True)])


MISCONCEPTIONS = (
    Misconception(
        "only the lengths are compared",
        edited(step_by_step, ("differ.any(dim=1) | longer", "longer")),
        "a response that was cut another way into as many tokens was not noticed",
        "drift mostly shows in the number of tokens",
        "1 2 and 1 3 have two tokens each. Are they the same?",
    ),
    Misconception(
        "only as far as both go",
        edited(step_by_step, ("differ.any(dim=1) | longer", "(differ & again_mask[:, :width]).any(dim=1)")),
        "tokens that came on top, or got lost at the end, were not noticed",
        "`zip` stops at the shorter one",
        "1 2 came back as 1 2 3. Has it drifted?",
    ),
    Misconception(
        "padding is compared",
        edited(step_by_step, (" & mask[:, :width]", "")),
        "what stands at padding made a difference",
        "`!=` compares all that stands in the rectangle",
        "Change a number where both masks are False. May your answer change?",
    ),
    Misconception(
        "only where every token differs",
        edited(step_by_step, ("differ.any(dim=1)", "(differ | ~mask[:, :width]).all(dim=1)")),
        "a single wrong token was let through",
        "`all` and `any` are easily confused behind a negation",
        "How many of a response's tokens must be others, so that it is another response?",
    ),
    Misconception(
        "True where they agree",
        edited(step_by_step, ("return differ.any(dim=1) | longer", "return ~(differ.any(dim=1) | longer)")),
        "these are the responses that came back",
        "a check that all is well is the usual way to write it",
        "Which of the two is `drifted`?",
    ),
    Misconception(
        "a flag for each token",
        edited(step_by_step, ("differ.any(dim=1) | longer", "differ | longer[:, None]")),
        "one flag for each response was asked for",
        "the comparison gives a flag for each token by itself",
        "How many responses are there, and how many flags did you return?",
    ),
    Misconception(
        "one flag for all",
        edited(
            step_by_step,
            ("return differ.any(dim=1) | longer", "return (differ.any() | longer.any()).expand(len(mask))"),
        ),
        "one drifted response made all of them drift",
        "`any()` without a dimension looks at everything",
        "How many of three responses have drifted, if one has?",
    ),
    Misconception(
        "the same tokens in any order",
        edited(
            row_by_row,
            (
                "ours[real].tolist() != theirs[other].tolist()",
                "sorted(ours[real].tolist()) != sorted(theirs[other].tolist())",
            ),
        ),
        "a response whose tokens changed places was let through",
        "sets and counters of tokens forget the order",
        "Is 1 2 the response 2 1?",
    ),
    Misconception(
        "the same kinds of tokens",
        edited(
            row_by_row,
            (
                "ours[real].tolist() != theirs[other].tolist()",
                "set(ours[real].tolist()) != set(theirs[other].tolist())",
            ),
        ),
        "tokens that came twice, or changed places, were let through",
        "sets and counters of tokens forget the order",
        "Is 1 2 2 the response 1 2?",
    ),
    Misconception(
        "tokens written without a gap",
        edited(by_their_text, ('" ".join', '"".join')),
        "1 12 and 11 2 are both '112'",
        "what travels is text, so one compares texts",
        "Two responses have the same text. Have they the same tokens?",
    ),
    Misconception(
        "the first token decides",
        edited(step_by_step, ("differ.any(dim=1)", "differ[:, 0]")),
        "only the first token was compared, and the length",
        "the responses begin with what was drawn first",
        "From which token on can a text be cut another way?",
    ),
    Misconception(
        "the other mask",
        edited(
            step_by_step,
            ("& mask[:, :width]", "& again_mask[:, :width]"),
            ("differ.any(dim=1) | longer", "differ.any(dim=1)"),
        ),
        "what the second one lacks was not noticed",
        "both masks have the right shape",
        "1 2 3 came back as 1 2. Has it drifted?",
    ),
)

EXERCISE = Exercise(
    function=drifted,
    title="Did it come back?",
    section="Tokens, text, tokens",
    minutes=10,
    difficulty=2,
    goal="Return a flag for each response, a tensor of torch.bool: True where its tokens, turned into text and encoded "
    "`again`, are not the tokens that were drawn. The two may be padded to different widths, and what stands at "
    "padding does not matter.",
    entry=lambda index: f"flag of response {index[0]}",
    worked=texts([[1, 2], [4, 5, 6], [7]], [[1, 2], [4, 8, 6], [7, 1]]),
    answer=[0, 1, 1],
    cases=(
        texts([[1, 2, 3], [1, 2]], [[1, 2], [1, 2]]),
        texts([[1, 2], [3, 4]], [[2, 1], [3, 4]]),
        texts([[1, 2, 2]], [[1, 2]]),
        texts([[1, 12], [5, 6]], [[11, 2], [5, 6]]),
        texts([[1, 2], [2]], [[1, 2, 3], [2]]),
        texts([[1, 2, 3]], [[1, 5, 3]]),
        texts([[4, 2, 3]], [[1, 2, 3]]),
        texts([[3, 1], [2]], [[3, 1], [2]], wider=2, law="How wide the two are padded does not matter"),
        texts([[3, 1], [2]], [[3, 1], [2]], junk=(4, 5), law="What stands at padding does not matter"),
    ),
    random_case=random_texts,
    hints=(
        "On paper: which of the three rows are the same list of tokens before and after?",
        "Two rows of tokens are the same if they are equally long and agree at every place. Padding is not a place.",
        "Cut both to the narrower width; (responses != again) & mask there, any along the row; or the lengths differ.",
    ),
    misconceptions=MISCONCEPTIONS,
    variants=(row_by_row, step_by_step, in_one_width, by_their_text),
    play=play,
)
