"""Is the difference between two ways of training more than luck? Chapter: book/ppo/ablations.md."""

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.checks import require, same_shape


def paired_interval(ours: Float[Tensor, " S"], theirs: Float[Tensor, " S"], *, t: float) -> Float[Tensor, " 2"]:
    """The ends of a confidence interval for the mean difference of two variants that ran with the same S seeds.

        d̄ ± t · s / √S,     d_i = ours_i − theirs_i,     s² = Σ_i (d_i − d̄)² / (S − 1)

    `t` is the quantile of Student's distribution with S − 1 degrees of freedom: 2.776 for five seeds and 95 in 100.
    What a seed does to both variants alike cancels. Exact when the differences are normally distributed. Raises
    ValueError for fewer than two seeds.
    Source: Student (1908).
    """
    same_shape(ours=ours, theirs=theirs)
    seeds = len(ours)
    require(seeds >= 2, f"ours must hold at least 2 seeds, or there is no spread; got {seeds}")
    differences = ours - theirs
    half = t * differences.std() / seeds**0.5
    return torch.stack([differences.mean() - half, differences.mean() + half])
