"""Other seeds: a chapter run with every seed moved by one number. What still comes out does not rest on luck."""

import inspect

STEP = 100_000  # no chapter has so many seeds


def shift_seeds(by: int) -> None:
    """From now on a seed s of PyTorch, of NumPy or of an environment is s + `by`.

    Python's `random` keeps its seeds: it makes the texts, which belong to the tasks and not to a run.
    """
    import numpy
    import torch
    from gymnasium.utils import seeding

    def shifted(function):
        return lambda seed=None: function(seed + by if isinstance(seed, int) else seed)

    class Generator(torch.Generator):
        def manual_seed(self, seed):
            return super().manual_seed(seed + by)

    torch.Generator, torch.manual_seed = Generator, shifted(torch.manual_seed)
    numpy.random.default_rng = shifted(numpy.random.default_rng)
    seeding.np_random = shifted(seeding.np_random)  # what `env.reset(seed=…)` calls


def shifting_cell(shift: int) -> str:
    """What a chapter runs before its first cell."""
    return f"{inspect.getsource(shift_seeds)}\n\nshift_seeds({shift * STEP})\ndel shift_seeds"
