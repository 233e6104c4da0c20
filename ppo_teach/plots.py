"""One look for every figure of the book. The same quantity has the same colour everywhere.

Figures are drawn on a white card, so that they read the same on light and on dark pages. The colours are those of Okabe
and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ppo_teach.checks import require

History = Sequence[Mapping[str, int | float]]  # metrics of each iteration

COLOURS = {
    "score": "#0072B2",
    "kl": "#D55E00",
    "entropy": "#009E73",
    "probabilities": "#000000",
    "values": "#CC79A7",
    "advantages": "#E69F00",
    "response_length": "#56B4E9",
    "reference": "#595959",
}
LABELS = {
    "score": "mean score of a response",
    "kl": "KL from the start (nats per response)",
    "entropy": "entropy (nats per token)",
    "response_length": "length (tokens per response)",
}
STYLE = {
    "figure.figsize": (6.0, 3.4),
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


def use_house_style() -> None:
    """From here on every figure of this process has the book's look."""
    matplotlib.rcParams.update(STYLE)


def learning_curve(axis: Axes, histories: Sequence[History], quantity: str) -> None:
    """Draw one quantity against the iteration: each seed as a thin line, and their mean as a thick one.

    `histories` are those of trainers that ran equally long.
    """
    require(len(histories) > 0, "histories must hold at least one run; got none")
    lengths = sorted({len(history) for history in histories})
    require(len(lengths) == 1, f"histories must be equally long; got {lengths}")
    curves = np.array([[metrics[quantity] for metrics in history] for history in histories])
    colour = COLOURS[quantity]
    axis.plot(curves.mean(axis=0), color=colour)
    if len(histories) > 1:
        axis.plot(curves.T, color=colour, linewidth=0.7, alpha=0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("iteration")
    axis.set_ylabel(LABELS[quantity])


def reference_line(axis: Axes, value: float, label: str) -> None:
    """Draw a dashed line at this height, with its name on it: the optimum, a random policy, the supervised start."""
    axis.axhline(value, color=COLOURS["reference"], linestyle="--", linewidth=1.2)
    placement = {"xy": (1, value), "xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axis.annotate(label, **placement, xytext=(-2, 3), ha="right", color=COLOURS["reference"], fontsize="small")


def save_learning_curves(path: Path, histories: Sequence[History], *, title: str) -> None:
    """Write a picture of the score and of the KL divergence; the dashed line is where the supervised start stands."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9.0, 3.4))
        left, right = figure.subplots(1, 2)
        learning_curve(left, histories, "score")
        reference_line(left, float(np.mean([history[0]["score"] for history in histories])), "supervised start")
        learning_curve(right, histories, "kl")
        figure.suptitle(title, x=0.01, ha="left")
        figure.savefig(path, format="png", dpi=160)
