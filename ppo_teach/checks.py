"""Errors that name the field, the value and the rule.

No chapter: these three lines of validation serve every other module.
"""

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


def finite(name: str, tensor: Tensor) -> None:
    """Nothing when every entry is finite; otherwise a ValueError that names the first bad entry."""
    bad = (~torch.isfinite(tensor)).nonzero()
    if len(bad):
        place = bad[0].tolist()
        raise ValueError(f"{name} must be finite; {name}{place or ''} is {tensor[tuple(place)].item()}")
