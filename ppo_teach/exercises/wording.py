"""Numbers, inputs and places, in words: 'rewards [[0, 1, 0, 1]], V = 0, terminated at tokens 1 and 3, γ = 1'."""

import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Inputs

SYMBOLS = {
    "values": "V",
    "old_values": "old V",
    "next_values": "next V",
    "gamma": "γ",
    "lam": "λ",
    "clip": "ε",
    "kl_coef": "β",
    "beta": "β",
}


def number(x: float | int, digits: int = 3) -> str:
    """Three significant digits, no tail of zeros, and no sign before a zero: 0.95, 1.81, 1000."""
    return f"{x:.0f}" if 1000 <= abs(x) < 1e6 else f"{x:z.{digits}g}"


def apart(received: float, expected: float) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to tell them apart."""
    for digits in range(3, 8):
        if number(received, digits) != number(expected, digits):
            break
    return number(received, digits), number(expected, digits)


def numbers(x: Tensor) -> str:
    """A tensor as nested brackets."""
    return number(x.item(), digits=4) if x.dim() == 0 else f"[{', '.join(numbers(row) for row in x)}]"


def listed(words: list[str]) -> str:
    """'1', '1 and 3', '1, 3 and 4'."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def place(index: tuple[int, ...], shape: torch.Size) -> str:
    """Where an entry stands: token t, of row b when there is more than one row."""
    if not index:
        return ""
    if len(index) == 1:
        return f" of token {index[0]}"
    if len(index) == 2:
        return f" of token {index[1]}" + (f" in row {index[0]}" if shape[0] > 1 else "")
    return f" at {list(index)}"


def flags(name: str, x: Tensor) -> str:
    """Where a boolean tensor is true, or, for a mask, where it is not; '' when that is nowhere."""
    marked, name = (~x, "padding") if name == "mask" else (x, name)
    if not marked.any():
        return ""
    if marked.numel() == marked.shape[-1]:
        places = [str(t) for t in marked.flatten().nonzero().flatten().tolist()]
        return f"{name} at token{'s' if len(places) > 1 else ''} {listed(places)}"
    return f"{name} {numbers(marked.int())}"


def described(name: str, x: Tensor | float | int) -> str:
    """One argument. Log-probabilities are shown as their probabilities, log [0.2, 0.8], if float32 has them."""
    symbol = SYMBOLS.get(name, name)
    if not isinstance(x, Tensor):
        return f"{symbol} = {number(x)}"
    if x.dtype is torch.bool:
        return flags(symbol, x)
    if name.endswith("logprobs") and not (x.isfinite() & (x.exp() == 0)).any():
        return f"{symbol} log {numbers(x.exp())}"
    if x.numel() > 1 and bool((x == x.flatten()[0]).all()):
        return f"{symbol} = {number(x.flatten()[0].item())}"
    return f"{symbol} {numbers(x)}"


def told(inputs: Inputs) -> str:
    """All arguments of a call, one after the other."""
    return ", ".join(words for name, x in inputs.items() if (words := described(name, x)))
