"""Plots show what they were given, each name in its own colour, in colours that the page can turn dark."""

import html
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from photochrom.evaluation import plots
from photochrom.evaluation.page import INKS, figure

_STEPS = (np.arange(15) + 0.5) / 15


def _all() -> dict[str, Figure]:
    levels = np.linspace(10, 40, 5)
    line = (levels, 24 - levels / 40, 0.2 - levels / 400)
    rows = np.stack([np.full(3, 24.0), np.full(3, 23.0), np.full(3, 25.0)], axis=1)
    return {
        "reliability": plots.reliability({"best": (_STEPS, _STEPS, np.arange(15))}),
        "any bin": plots.reliability({"best": (_STEPS, _STEPS, np.arange(15))}, least=1e-3),
        "confidence": plots.error_by_confidence({"best": (_STEPS, 1 - _STEPS, 1.1 - _STEPS)}),
        "frontier": plots.frontier(line, line, default=(25, 23.4, 0.14), truth_colorfulness=38, grey=(22.8, 0.21)),
        "hints": plots.hint_curve(
            [0, 1, 2], {"best": rows, "spread": [1, 2, 3]}, ylabel="PSNR, dB", baselines=["spread"]
        ),
        "saturation": plots.saturation([0, 2, 4, 8], [8, 2, 1], {"best": [9, 1, 0]}),
        "occupancy": plots.occupancy({"truth": np.eye(8), "best": np.ones((8, 8))}),
        "intervals": plots.intervals(
            ["street", "food", "sea"], {"best": rows, "fast": rows[:, 0]}, xlabel="dB", mark=24
        ),
    }


@pytest.mark.parametrize("name", _all())
def test_every_plot_draws_in_the_inks_of_the_page_and_leaves_no_setting_behind(name: str) -> None:
    before = dict(mpl.rcParams)
    svg = figure(_all()[name], alt=name)
    assert "<path" in svg
    assert "var(--" in svg
    assert not any(ink in svg for ink in INKS)
    assert dict(mpl.rcParams) == before


def test_inks_of_plots_are_inks_of_the_page() -> None:
    assert {plots.INK, plots.SOFT, plots.LINE, plots.PAPER, *plots.TONES} == set(INKS)


def test_each_name_keeps_its_colour_from_plot_to_plot() -> None:
    names = ["best", "fast"]
    curve = plots.hint_curve([0, 1], {name: [1, 2] for name in names}, ylabel="dB").axes[0]
    dots = plots.intervals(["a"], {name: [1] for name in names}, xlabel="dB").axes[0]
    colours = [{line.get_label(): line.get_color() for line in axes.lines} for axes in (curve, dots)]
    assert colours[0] == colours[1] == {"best": plots.TONES[0], "fast": plots.TONES[1]}


@pytest.mark.parametrize("name", ["$x$", "a $\\frac{ b", "_hidden", "<b>&"])
def test_a_name_of_any_kind_is_shown_as_it_is(name: str) -> None:
    svg = figure(plots.intervals([name], {name: [1], "other": [2]}, xlabel="dB"))
    texts = [html.unescape(text).strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    assert texts.count(name) == 2


def test_without_lpips_the_frontier_has_one_panel() -> None:
    line = ([10, 20], [24, 23], [np.nan, np.nan])
    fig = plots.frontier(None, line, default=(10, 24, np.nan), truth_colorfulness=30, grey=(22, np.nan))
    assert len(fig.axes) == 1


def test_occupancy_is_empty_where_no_pixel_lies_and_red_on_the_right() -> None:
    counts = np.zeros((4, 4))
    counts[2, 3] = 1  # much to red, a little to yellow
    (panel,) = plots.occupancy({"truth": counts}).axes
    shown = np.asarray(panel.images[0].get_array())
    assert np.count_nonzero(shown[..., 3]) == 1
    assert shown[2, 3, 0] > shown[2, 3, 1:3].max()


def test_saturation_is_a_density_that_no_width_of_bin_can_bend() -> None:
    axes = plots.saturation([0, 1, 2, 4], [1, 1, 2], {"best": [1, 1, 2]}).axes[0]
    (line,) = (line for line in axes.lines if line.get_label() == "best")
    assert np.asarray(line.get_ydata()).tolist() == [0.25, 0.25, 0.25]
