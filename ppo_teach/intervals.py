"""What did training gain over its control, and is it more than luck?

Chapters: book/ppo/ablations.md and book/language/ppo-for-language.md. Entry i of every row of numbers is seed i.
"""

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


def split_gain(
    start: Float[Tensor, " S"], control: Float[Tensor, " S"], trained: Float[Tensor, " S"]
) -> Float[Tensor, " 2"]:
    """What the placebo gained over its start, and what PPO has beyond the placebo; both in units of the score.

        [ mean_i (control_i − start_i),  mean_i (trained_i − control_i) ]

    `control` is a run whose scores carry no information: the batch's own, shuffled. Entry i of each is the same seed.
    The two add up to the gain of `trained` over `start`, which is what is reported. Either may be negative.
    """
    same_shape(start=start, control=control, trained=trained)
    return torch.stack([(control - start).mean(), (trained - control).mean()])
