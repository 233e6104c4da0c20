"""Random inputs that several test files draw from."""

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor


def tensors(*shape: int, low: float = -3.0, high: float = 3.0) -> st.SearchStrategy[Tensor]:
    """float64 tensors of one shape."""
    return arrays(np.float64, shape, elements=st.floats(low, high)).map(torch.from_numpy)


def actions(*shape: int, vocabulary_size: int) -> st.SearchStrategy[Tensor]:
    """Tokens of a vocabulary."""
    return arrays(np.int64, shape, elements=st.integers(0, vocabulary_size - 1)).map(torch.from_numpy)


def booleans(*shape: int) -> st.SearchStrategy[Tensor]:
    """Flags of one shape."""
    return arrays(np.bool_, shape).map(torch.from_numpy)


@st.composite
def padded_batches(draw: st.DrawFn, count: int, *, low: float = -3.0, high: float = 3.0) -> tuple[Tensor, ...]:
    """So many float64 tensors of one shape (B, T), and the mask of right-padded rows with at least one real token."""
    rows, width = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    lengths = draw(st.lists(st.integers(1, width), min_size=rows, max_size=rows))
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    return *(draw(tensors(rows, width, low=low, high=high)) for _ in range(count)), mask
