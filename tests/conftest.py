"""What every test shares: the book's kernels, one thread, no screen, no network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "Agg"

import pytest
import torch
from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("repeatable")


def pytest_sessionstart() -> None:
    """Before the test files are read: their first tensors are torch's first operations."""
    from ppo_teach.kernels import pin_kernels  # not earlier, or the run-time shape checks would miss the module

    pin_kernels()


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Tests run in two processes on two cores; more threads would wait for one another."""
    torch.set_num_threads(1)


@pytest.fixture
def rng() -> torch.Generator:
    """A generator with a fixed seed: the same numbers in every run."""
    return torch.Generator().manual_seed(0)
