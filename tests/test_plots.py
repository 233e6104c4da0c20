"""The figures' look, and what the curves show."""

from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from ppo_teach.plots import COLOURS, STYLE, learning_curve, reference_line, save_learning_curves, use_house_style

HISTORIES = [
    [{"score": 0.1, "kl": 0.0}, {"score": 0.3, "kl": 1.0}],
    [{"score": 0.5, "kl": 0.0}, {"score": 0.5, "kl": 3.0}],
]


def test_a_learning_curve_is_the_mean_and_a_thin_line_for_each_seed():
    axis = Figure().subplots()
    learning_curve(axis, HISTORIES, "score")
    mean, *seeds = [line.get_ydata() for line in axis.lines]
    np.testing.assert_allclose(mean, [0.3, 0.4])
    np.testing.assert_allclose(seeds, [[0.1, 0.3], [0.5, 0.5]])
    widths = [line.get_linewidth() for line in axis.lines]
    assert widths[0] > max(widths[1:])
    assert {line.get_color() for line in axis.lines} == {COLOURS["score"]}
    assert axis.get_xlabel() == "iteration"
    assert axis.get_ylabel() == "mean score of a response"


def test_one_seed_is_one_line():
    axis = Figure().subplots()
    learning_curve(axis, HISTORIES[:1], "kl")
    assert [list(line.get_ydata()) for line in axis.lines] == [[0.0, 1.0]]


def test_runs_of_different_lengths_have_no_mean():
    with pytest.raises(ValueError, match=r"histories must be equally long; got \[1, 2\]"):
        learning_curve(Figure().subplots(), [HISTORIES[0], HISTORIES[1][:1]], "score")
    with pytest.raises(ValueError, match="histories must hold at least one run; got none"):
        learning_curve(Figure().subplots(), [], "score")


def test_a_reference_line_is_dashed_and_named():
    axis = Figure().subplots()
    reference_line(axis, 0.7, "the optimum")
    assert list(axis.lines[0].get_ydata()) == [0.7, 0.7]
    assert axis.lines[0].get_linestyle() == "--"
    assert [text.get_text() for text in axis.texts] == ["the optimum"]


def test_the_picture_of_a_run_is_a_png_on_an_opaque_card(tmp_path: Path):
    save_learning_curves(tmp_path / "curve.png", HISTORIES, title="does it learn?")
    pixels = matplotlib.image.imread(tmp_path / "curve.png")
    assert pixels.shape[1] > 1000
    np.testing.assert_array_equal(pixels[0, 0], [1, 1, 1, 1])  # white, not transparent: readable on a dark page


def test_the_house_style_is_put_on_when_asked_for():
    with matplotlib.rc_context():
        use_house_style()
        assert {name: matplotlib.rcParams[name] for name in STYLE} == {
            name: list(value) if isinstance(value, tuple) else value for name, value in STYLE.items()
        }


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], channels))


# What a reader without working green cones (deuteranopia) sees, in linear RGB. Source: Machado et al. (2009), table 1.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


def test_no_two_colours_look_alike_to_a_colour_blind_reader():
    seen = {name: DEUTERANOPIA @ np.array(to_rgb(colour)) for name, colour in COLOURS.items()}
    for first, second in combinations(seen, 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 0.12, (first, second)
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_the_names_of_reference_lines_are_readable():
    assert 1.05 / (luminance(COLOURS["reference"]) + 0.05) > 4.5  # WCAG's contrast on white, for small text
