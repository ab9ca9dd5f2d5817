"""Plots of the reports, from plain arrays: what was measured, and how sure that is.

Each function gives a matplotlib figure for `page.figure` and leaves no state behind (no pyplot).
They are drawn small, with few words, so that they can be read on a phone; what a plot shows is
said in its caption. Names map to a colour in the order in which they are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from photochrom.color.lab import lab_to_srgb

INK: Final = "#000000"
SOFT: Final = "#808080"
LINE: Final = "#d0d0d0"
PAPER: Final = "#ffffff"
TONES: Final = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf")

_MARKS: Final = ("o", "s", "D", "^", "v", "P", "X", "*")
_SIZE: Final = 9
_AB_LIMIT: Final = 80


def canvas(*, width: float = 4.6, height: float = 3.1, panels: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure in the house style, in inches, and its panels, which stand under each other and share x."""
    fig = Figure(figsize=(width, height), layout="constrained")
    stack: list[Axes] = list(fig.subplots(panels, 1, sharex=True, squeeze=False).flat)
    for axes in stack:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(LINE)
        axes.tick_params(colors=SOFT, labelsize=_SIZE, length=3)
        axes.grid(color=LINE, linewidth=0.5, alpha=0.6)
        axes.set_axisbelow(True)
        axes.xaxis.label.set(fontsize=_SIZE, color=INK)
        axes.yaxis.label.set(fontsize=_SIZE, color=INK)
    return fig, stack


def reliability(series: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]], *, least: float = 0) -> Figure:
    """Predicted probability against how often it came true; on the diagonal confidence is true.

    Args:
        series: name -> mean prediction (N,), share that came true (N,) and share of all predictions (N,) of each
            interval; the last as the area of the dots.
        least: the smallest probability shown; above 0 both axes are logarithmic.
    """
    fig, (axes,) = canvas(height=3.6)
    axes.plot([least, 1], [least, 1], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    for (name, (predicted, hits, share)), style in zip(series.items(), _styles(), strict=False):
        p, hit, part = (np.asarray(each, np.float64) for each in (predicted, hits, share))
        axes.plot(p, hit, label=_plain(name), linewidth=1.2, clip_on=False, **style)
        size = 60 * np.sqrt(part / part.sum()) + 6
        axes.scatter(p, hit, s=size, color=style["color"], linewidths=0, clip_on=False)
    if least:
        axes.set(xscale="log", yscale="log")
    axes.set(xlim=(least, 1), ylim=(least, 1), xlabel="predicted probability", ylabel="share that came true")
    axes.set(aspect="equal", anchor="W")
    _legend(axes)
    return fig


def error_by_confidence(series: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]]) -> Figure:
    """Mean ab error of the cells of each quantile of confidence: it falls to the right if confidence is worth anything.

    Args:
        series: name -> confidence of each quantile (N,), its mean ab error (N,) and the error that the model
            expects there (N,), in Lab units; the last is dashed.
    """
    fig, (axes,) = canvas()
    for (name, (confidence, error, expected)), style in zip(series.items(), _styles(marks=True), strict=False):
        axes.plot(np.asarray(confidence), np.asarray(error), label=_plain(name), linewidth=1.4, **style)
        axes.plot(
            np.asarray(confidence), np.asarray(expected), color=style["color"], linewidth=1, linestyle=(0, (4, 3))
        )
    axes.set(xlabel="confidence", ylabel="ab error")
    axes.set_ylim(bottom=0)
    _legend(axes)
    return fig


def frontier(
    cloud: tuple[ArrayLike, ArrayLike, ArrayLike] | None,
    line: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    default: tuple[float, float, float],
    truth_colorfulness: float,
    grey: tuple[float, float],
) -> Figure:
    """Error and perceptual distance over colourfulness: every read-out measured, the line chosen, its default.

    Args:
        cloud: CF (N,), PSNR (N,) in dB and LPIPS (N,) of every (t, T, gain) measured; None where only the line is.
        line: the same along the frontier, from vividness 0 to 1.
        default: the same of the default read-out.
        truth_colorfulness: CF of the truth.
        grey: PSNR and LPIPS of the grey pictures; LPIPS is nan where it was not measured.
    """
    measured = np.isfinite(np.asarray(line[2], np.float64)).any()
    fig, panels = canvas(height=5.0, panels=2) if measured else canvas()
    labels = ("PSNR, dB", "LPIPS (lower is better)")
    for which, (axes, label, level) in enumerate(zip(panels, labels, grey, strict=False), start=1):
        if cloud is not None:
            axes.scatter(np.asarray(cloud[0]), np.asarray(cloud[which]), s=7, color=SOFT, alpha=0.5, linewidths=0)
        path = np.asarray(line[0]), np.asarray(line[which])
        axes.plot(*path, color=TONES[0], linewidth=1.6, marker=".", label="frontier")
        axes.plot(
            [default[0]], [default[which]], "o", color=TONES[3], markersize=8, markeredgecolor=PAPER, label="default"
        )
        axes.axhline(level, color=SOFT, linewidth=1, linestyle=(0, (4, 3)), label="grey")
        axes.axvline(truth_colorfulness, color=INK, linewidth=1, linestyle=(0, (1, 2)), label="truth's colour")
        axes.set_ylabel(label)
    panels[-1].set_xlabel("colourfulness (CF, abs)")
    _legend(panels[0])
    return fig


def hint_curve(
    counts: Sequence[int], series: Mapping[str, ArrayLike], *, ylabel: str, baselines: Sequence[str] = ()
) -> Figure:
    """A figure against the number of hints given; names among `baselines` are dashed.

    Args:
        counts: numbers of hints, ascending; evenly spaced in the plot.
        series: name -> mean (len(counts),), or (len(counts), 3) value, low, high.
    """
    fig, (axes,) = canvas(height=3.4)
    places = np.arange(len(counts))
    plain = iter([(0, (5, 2)), (0, (2, 2)), (0, (1, 1)), (0, (6, 2, 1, 2))])
    models = _styles(marks=True)
    for name, values in series.items():
        rows = np.asarray(values, np.float64)
        mean = rows[:, 0] if rows.ndim == 2 else rows
        style = {"color": SOFT, "linestyle": next(plain)} if name in baselines else next(models)
        if rows.ndim == 2 and name not in baselines:
            axes.fill_between(places, rows[:, 1], rows[:, 2], color=style["color"], alpha=0.15, linewidth=0)
        axes.plot(places, mean, label=_plain(name), linewidth=1.4, **style)
    axes.set_xticks(places, [str(count) for count in counts])
    axes.set(xlabel="hints with true colours", ylabel=ylabel)
    _legend(axes)
    return fig


def saturation(edges: ArrayLike, truth: ArrayLike, series: Mapping[str, ArrayLike]) -> Figure:
    """How much of the pictures has how much chroma: the truth as an area, each model as a line.

    Args:
        edges: (N + 1,) limits of the bins, in Lab units.
        truth, series: pixels in each bin (N,), of the truth and by name; each is scaled to its own sum.
    """
    fig, (axes,) = canvas()
    limits = np.asarray(edges, np.float64)
    middle = (limits[1:] + limits[:-1]) / 2

    def share(counts: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(counts, np.float64)
        return np.asarray(values / max(values.sum(), 1) / np.diff(limits) * np.diff(limits)[0], np.float64)

    axes.fill_between(middle, share(truth), color=SOFT, alpha=0.3, linewidth=0, label="truth")
    for (name, counts), style in zip(series.items(), _styles(), strict=False):
        axes.plot(middle, share(counts), label=_plain(name), linewidth=1.4, **style)
    axes.set_yscale("log")
    axes.set(xlabel="chroma", ylabel="share of pixels", xlim=(0, limits[-1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(bottom=1e-4)
    _legend(axes)
    return fig


def occupancy(panels: Mapping[str, ArrayLike]) -> Figure:
    """Which colours occur: the ab plane of the truth and of each model in its own colours, deeper where more lie.

    Args:
        panels: name -> pixels (N, N) by b (rows) and a (columns), both from -80 to 80 in Lab units. All are
            drawn to one logarithmic scale, from 1e-5 of the pixels to 1e-2.
    """
    columns = 2 if len(panels) in (2, 4) else 3
    rows = -(-len(panels) // columns)
    fig = Figure(figsize=(4.6, 4.6 / columns * rows + 0.3 * rows), layout="constrained")
    for number, (name, counts) in enumerate(panels.items(), start=1):
        axes: Axes = fig.add_subplot(rows, columns, number)
        n = np.asarray(counts, np.float64)
        depth = np.log10(np.maximum(n / max(n.sum(), 1), 1e-12))
        alpha = np.clip((depth + 5) / 3, 0, 1)
        axes.imshow(
            np.dstack([_ab_plane(len(n)), alpha]),
            extent=(-_AB_LIMIT, _AB_LIMIT, -_AB_LIMIT, _AB_LIMIT),
            origin="lower",
            interpolation="nearest",
        )
        axes.set_title(_plain(name), fontsize=_SIZE, color=INK)
        axes.spines[:].set_color(LINE)
        axes.axhline(0, color=LINE, linewidth=0.5)
        axes.axvline(0, color=LINE, linewidth=0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        if number == 1:
            axes.set_xlabel("green to red", fontsize=_SIZE - 1.5, color=SOFT)
            axes.set_ylabel("blue to yellow", fontsize=_SIZE - 1.5, color=SOFT)
    return fig


def intervals(
    rows: Sequence[str], series: Mapping[str, ArrayLike], *, xlabel: str, mark: float | None = None
) -> Figure:
    """A dot with its interval for each row and name: which scenes, sources or kinds of ageing fail.

    Args:
        rows: labels, from the top down.
        series: name -> (len(rows), 3) value, low, high; or (len(rows),) values. NaN where not measured.
        mark: a value that all rows are held against, as a line.
    """
    step = 0.26 + 0.09 * max(len(series) - 1, 0)
    fig, (axes,) = canvas(height=0.85 + step * len(rows))
    if mark is not None:
        axes.axvline(mark, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    spread = np.linspace(-0.2, 0.2, len(series)) if len(series) > 1 else np.zeros(1)
    for (name, values), style, shift in zip(series.items(), _styles(marks=True), spread, strict=False):
        table = np.asarray(values, np.float64)
        value = table[:, 0] if table.ndim == 2 else table
        places = np.arange(len(rows)) + shift
        if table.ndim == 2:
            axes.hlines(places, table[:, 1], table[:, 2], color=style["color"], linewidth=1.4, alpha=0.6)
        axes.plot(value, places, label=_plain(name), linestyle="none", **{**style, "markersize": 4.5})
    axes.set_yticks(np.arange(len(rows)), [_plain(row) for row in rows])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(xlabel)
    if len(series) > 1:
        _legend(axes)
    return fig


def over_samples(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    ylabel: str,
    faint: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    mark: tuple[float, float] | None = None,
    points: bool = False,
) -> Figure:
    """Figures of a training run against the samples that it has seen.

    Args:
        series: name -> samples (N,) and values (N,).
        faint: the same, drawn behind in the tone of the same name: what a smoothed series was made from.
        mark: samples and value of a place that matters, such as the best validation.
        points: whether every value gets a dot.
    """
    fig, (axes,) = canvas(height=2.6)
    for (name, (samples, values)), style in zip(series.items(), _styles(marks=points), strict=False):
        if faint and name in faint:
            axes.plot(*(np.asarray(each) for each in faint[name]), color=style["color"], alpha=0.25, linewidth=0.7)
        axes.plot(np.asarray(samples), np.asarray(values), label=_plain(name), linewidth=1.4, **style)
    if mark is not None:
        axes.plot([mark[0]], [mark[1]], "o", color=TONES[3], markersize=8, markeredgecolor=PAPER, label="best")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set(xlabel="samples seen", ylabel=ylabel)
    if len(series) > 1 or mark is not None:
        _legend(axes)
    return fig


def _styles(*, marks: bool = False) -> Any:
    for tone, mark in zip(TONES, _MARKS, strict=True):
        yield {"color": tone} | ({"marker": mark, "markersize": 4} if marks else {})


def _plain(name: str) -> str:
    """A name that matplotlib takes neither for mathematics nor, by a leading underscore, for something to hide."""
    return (" " + name if name.startswith("_") else name).replace("$", r"\$")


def _legend(axes: Axes) -> None:
    """Over the plot, where it hides nothing, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, min(len(labels), int(62 // (max(map(len, labels), default=1) + 6))))
    axes.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        frameon=False,
        fontsize=_SIZE,
        labelcolor=INK,
        handlelength=1.6,
        borderaxespad=0.2,
        columnspacing=1.4,
    )


def _ab_plane(size: int) -> NDArray[np.float64]:
    """Colour (size, size, 3) in [0, 1] of every cell of the ab plane, at a lightness where most hues show."""
    values = (np.arange(size) + 0.5) / size * 2 * _AB_LIMIT - _AB_LIMIT
    a, b = np.meshgrid(values, values)
    return lab_to_srgb(np.dstack([np.full_like(a, 65), a, b]), np.float32).astype(np.float64)
