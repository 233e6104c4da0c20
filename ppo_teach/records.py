"""What the experiments left behind, read again: numbers and curves of every seed, and a table. Chapter:
book/ppo/ablations.md.

A record has a list of runs for each variant. Run i of every variant has the same seed, so they come in pairs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.checks import require
from ppo_teach.intervals import paired_interval

Runs = Mapping[str, Sequence[Mapping[str, Any]]]

# In a wheel the records lie in the package (pyproject.toml puts them there), in a checkout beside it.
PACKAGE = Path(__file__).parent
ROOT = PACKAGE if (PACKAGE / "experiments").is_dir() else PACKAGE.parent
STUDENT = {5: 2.776, 10: 2.262}  # the quantile of Student's distribution for so many seeds and 95 in 100


def record(name: str, *, of: Literal["experiments", "benchmarks"] = "experiments") -> dict[str, Any]:
    """All of `experiments/results/<name>.json`, or of a benchmark's: settings, seeds, versions, machine and numbers."""
    return json.loads((ROOT / of / "results" / f"{name}.json").read_text(encoding="utf-8"))


def recorded(name: str) -> Runs:
    """The runs of `experiments/results/<name>.json`, by variant."""
    return record(name)["runs"]


def column(runs: Runs, variant: str, number: str) -> Float[Tensor, " S"]:
    """A number of every seed. NaN where there is none: the best of n has no greedy reply."""
    found = (run[number] for run in runs[variant])
    return torch.tensor([nan if each is None else each for each in found], dtype=torch.float64)


def curves(runs: Runs, variant: str, name: str) -> Float[Tensor, "S T"]:
    """A curve of every seed, a row each."""
    return torch.tensor([run["curves"][name] for run in runs[variant]])


def difference(runs: Runs, variant: str, base: str, number: str) -> tuple[float, float]:
    """The mean difference of a variant from the base, and half of its 95 percent interval, paired over the seeds."""
    ours, theirs = column(runs, variant, number), column(runs, base, number)
    require(len(ours) in STUDENT, f"runs must hold five or ten seeds of each variant; got {len(ours)} of {variant!r}")
    low, high = paired_interval(ours, theirs, t=STUDENT[len(ours)]).tolist()
    return (low + high) / 2, (high - low) / 2


def table(
    runs: Runs,
    variants: Iterable[str],
    numbers: Mapping[str, str],
    *,
    base: str | None = None,
    compared: str | None = None,
    digits: Mapping[str, int] | None = None,
) -> str:
    """Markdown: a row for each variant, under each heading of `numbers` the mean of that number over seeds.

    With a `base` the last column has the `difference` from it, of the number under the heading `compared`: the first,
    unless told. `digits` says by heading how many stand after the point, where it is not one. A dash: not known.
    """
    compared, digits = compared or next(iter(numbers)), digits or {}
    away = [f"{compared}, less that of {base}"] if base else []
    variants = list(variants)
    seeds = "ten" if len(runs[variants[0]]) == 10 else "five"
    rows = [[f"test set, {seeds} seeds", *numbers, *away], ["---", *["---:"] * (len(numbers) + len(away))]]
    for variant in variants:
        means = {heading: column(runs, variant, number).mean().item() for heading, number in numbers.items()}
        cells = [_written(mean, digits.get(heading, 1)) for heading, mean in means.items()]
        if base:
            middle, half = difference(runs, variant, base, numbers[compared])
            cells.append("" if variant == base or isnan(middle) else f"{_written(middle, 1, sign='+')} ± {half:.1f}")
        rows.append([variant, *cells])
    return markdown(rows)


def markdown(rows: Iterable[Iterable[str]]) -> str:
    """The rows of a Markdown table, the second of which says on which side a column is aligned."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _written(number: float, digits: int, *, sign: str = "") -> str:
    """A dash where it is not known; and nothing is less than nothing."""
    return "–" if isnan(number) else f"{round(number, digits) + 0.0:{sign}.{digits}f}"
