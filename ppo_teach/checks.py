"""Errors that name the field, the value and the rule.

No chapter: these few lines of validation serve every other module.
"""

from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor


def require(rule: bool, message: str) -> None:
    """Nothing when the rule holds; otherwise a ValueError with the message."""
    if not rule:
        raise ValueError(message)


def same_shape(**tensors: Tensor) -> None:
    """Nothing when all tensors share one shape; otherwise a ValueError naming each shape.

    Broadcasting (B, 1) against (B,) would give a silent (B, B): we never broadcast arguments.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    require(len(set(shapes.values())) == 1, f"{', '.join(shapes)} must have the same shape; got {shapes}")


def floats(**tensors: Tensor) -> None:
    """Nothing when all tensors hold floats; otherwise a ValueError. A sum kept in a tensor of integers is cut off."""
    for name, tensor in tensors.items():
        require(tensor.is_floating_point(), f"{name} must hold floats; got {tensor.dtype}")


def flags(**tensors: Tensor) -> None:
    """Nothing when all tensors hold True and False, as masks do; otherwise a ValueError."""
    for name, tensor in tensors.items():
        require(tensor.dtype == torch.bool, f"{name} must hold True and False; got {tensor.dtype}")


def at_least_0(**numbers: float) -> None:
    """Nothing when no number is negative, or NaN; otherwise a ValueError."""
    for name, number in numbers.items():
        require(number >= 0, f"{name} must be at least 0; got {number}")


def share(**numbers: float) -> None:
    """Nothing when all numbers lie between 0 and 1, the ends included; otherwise a ValueError."""
    for name, number in numbers.items():
        require(0 <= number <= 1, f"{name} must lie in [0, 1]; got {number}")


def of_its_types(settings: Any) -> None:
    """Nothing when every field of a dataclass holds what it is declared to; otherwise a ValueError.

    A whole number will do for a float, and NumPy's numbers for Python's.
    """
    kinds = {int: Integral, float: Real}
    for field in fields(settings):
        value, kind = getattr(settings, field.name), field.type
        name = kind.__name__ if isinstance(kind, type) else kind
        require(isinstance(value, kinds.get(kind, kind)), f"{field.name} must be of type {name}; got {value!r}")


def finite(name: str, tensor: Tensor) -> None:
    """Nothing when every entry is finite; otherwise a ValueError that names the first bad entry."""
    bad = (~torch.isfinite(tensor)).nonzero()
    if len(bad):
        place = bad[0].tolist()
        raise ValueError(f"{name} must be finite; {name}{place or ''} is {tensor[tuple(place)].item()}")
