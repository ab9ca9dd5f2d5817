"""report.html of a cleaning: how many photographs stay, why others don't, with examples to judge that by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from photochrom.errors import PhotoError
from photochrom.evaluation.page import Cell, Section, figure, grid, page, picture, prose, table, tiles
from photochrom.evaluation.plots import TONES, canvas
from photochrom.photo.files import finished_or_nothing
from photochrom.training.clean.decoding import Rgb, decode
from photochrom.training.clean.examining import Examined
from photochrom.training.clean.listing import Item
from photochrom.training.clean.reasons import Reason
from photochrom.training.clean.rules import RULES, Rule

_EXAMPLES: Final = 18
_THUMBNAIL: Final = 112
_BINS: Final = 60
_TWINS: Final = (Reason.EVALUATION, Reason.EXACT_DUPLICATE, Reason.NEAR_DUPLICATE)
_MEANINGS: Final[Mapping[Reason, str]] = {
    Reason.UNREADABLE: "No picture, damaged, cut short or empty.",
    Reason.TOO_SMALL: "Its shorter side, without borders, has fewer pixels than were asked for.",
    Reason.ASPECT: "Much longer than wide, or the other way round.",
    Reason.EMPTY: "Nothing is to be seen: even areas, slopes, thick fog.",
    Reason.UNDEREXPOSED: "So dark that even the brightest places are hardly to be seen.",
    Reason.OVEREXPOSED: "More than half of it is white: burnt out, or a thing cut out on white.",
    Reason.GREY: "Black and white.",
    Reason.TONED: "Sepia, cyanotype or another tone: colour follows from lightness alone.",
    Reason.PALE: "Hardly any colour.",
    Reason.DRAWING: "Flat areas that end in abrupt edges: drawings, charts, screenshots.",
    Reason.EVALUATION: "It looks like a picture of the evaluation set, which training must not see.",
    Reason.EXACT_DUPLICATE: "The same bytes as another file.",
    Reason.NEAR_DUPLICATE: "The same photograph as another one: compressed, resized, cropped, brightened or mirrored.",
}


def write_report(
    path: Path,
    items: Sequence[Item],
    kept: Sequence[Examined],
    rejected: Sequence[Examined],
    splits: Mapping[str, int],
    side: int,
) -> None:
    """Write the report.

    Args:
        items: every picture, those of the evaluation set too: the examples are decoded from them again.
        kept, rejected: what became of each.
        splits: photographs in each split.
        side: shorter side of the photographs in the shards, in pixels.
    """
    named = {item.name: item for item in items}
    reasons = [reason for reason in Reason if any(each.reason == reason for each in rejected)]
    sections = [
        _numbers(kept, rejected, splits),
        _sources(kept, rejected),
        _distributions(kept, rejected),
        Section(
            "What stays",
            f"Some of them; in the shards they have no borders, and a shorter side of at most {side} pixels.",
            [_thumbnails(_sample(kept), named)],
        ),
        *(_examples(reason, [each for each in rejected if each.reason == reason], named) for reason in reasons),
    ]
    count = len(kept) + len(rejected)
    lead = f"{len(kept):,} of {count:,} pictures are photographs to learn from; rejected.csv names the others."
    with finished_or_nothing(path, overwrite=True) as file:
        file.write(page("Cleaned photographs", sections, lead=lead).encode())


def _numbers(kept: Sequence[Examined], rejected: Sequence[Examined], splits: Mapping[str, int]) -> Section:
    count = len(kept) + len(rejected)
    reasons = Counter(each.reason for each in rejected)
    rows: list[list[Cell]] = [
        [f"kept: {split}", f"{number:,}", f"{100 * number / count:.2f} %", ""] for split, number in splits.items()
    ]
    rows += [
        [reason.value, f"{reasons[reason]:,}", f"{100 * reasons[reason] / count:.2f} %", _MEANINGS[reason]]
        for reason in Reason
        if reasons[reason]
    ]
    return Section("What became of them", parts=[table(["", "pictures", "share", "meaning"], rows)])


def _sources(kept: Sequence[Examined], rejected: Sequence[Examined]) -> Section:
    stays, goes = (Counter(each.source for each in some) for some in (kept, rejected))
    often = {
        source: Counter(each.reason for each in rejected if each.source == source).most_common(1) for source in goes
    }
    rows: list[list[Cell]] = [
        [
            source,
            f"{stays[source]:,}",
            f"{goes[source]:,}",
            f"{100 * goes[source] / (stays[source] + goes[source]):.1f} %",
            f"{often[source][0][0]} ({often[source][0][1]})" if source in often else "",
        ]
        for source in sorted(stays | goes)
    ]
    return Section("By source", parts=[table(["source", "kept", "left out", "share", "mostly"], rows)])


def _distributions(kept: Sequence[Examined], rejected: Sequence[Examined]) -> Section:
    measured = [each for each in (*kept, *rejected) if each.measures]
    plots = [_sizes([each for each in (*kept, *rejected) if each.width])]
    plots += [_measure(rule, [each.measures[rule.reason] for each in measured]) for rule in RULES if measured]
    text = "Every measure over all pictures that could be decoded; the line is the limit, left out is its shaded side."
    return Section("Distributions", text, [grid(plots)])


def _measure(rule: Rule, values: Sequence[float]) -> Markup:
    most = max(float(np.percentile(values, 99.5)), rule.limit * 1.2)
    fig, axes = _histogram(np.clip(values, 0, most), most)
    axes.axvline(rule.limit, color=TONES[3], linewidth=1)
    axes.axvspan(*((rule.limit, most) if rule.above else (0, rule.limit)), color=TONES[3], alpha=0.15, linewidth=0)
    caption = f"{rule.reason.value}: {rule.measure.__name__} {'at least' if rule.above else 'below'} {rule.limit:g}"
    return figure(fig, alt=f"Histogram of {rule.measure.__name__}", caption=caption)


def _sizes(known: Sequence[Examined]) -> Markup:
    shorter = np.array([min(each.width, each.height) for each in known])
    fig, _ = _histogram(shorter, max(shorter, default=1))
    return figure(fig, alt="Histogram of sizes", caption="Shorter side of the files, without borders, in pixels")


def _histogram(values: ArrayLike, most: float) -> tuple[Figure, Axes]:
    """A histogram from 0 to `most`; the roots of counts, so that a few pictures beside thousands can be seen."""
    fig, (axes,) = canvas(height=2.2)
    counts, edges = np.histogram(values, bins=_BINS, range=(0, most))
    axes.stairs(np.sqrt(counts).tolist(), edges.tolist(), fill=True, color=TONES[0])
    axes.set_xlim(0, most)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda root, _: f"{max(root, 0) ** 2:.0f}"))
    axes.set_ylabel("pictures")
    return fig, axes


def _examples(reason: Reason, pictures: Sequence[Examined], named: Mapping[str, Item]) -> Section:
    count = f"{len(pictures):,} picture{'s' if len(pictures) != 1 else ''}. {_MEANINGS[reason]}"
    shown = _sample(pictures)
    if reason is Reason.UNREADABLE:
        return Section(reason.value, count, [table(["file", "why"], [[each.name, each.detail] for each in shown])])
    return Section(reason.value, count, [_thumbnails(shown, named)])


def _thumbnails(pictures: Sequence[Examined], named: Mapping[str, Item]) -> Markup:
    shown = []
    for each in pictures:
        rgb, detail = _thumbnail(each.name, named), each.detail
        if each.reason in _TWINS:
            word, _, name = each.detail.partition(" ")
            twin, detail = _thumbnail(name, named), f"{word} {_short(name)}"
            both = [each for each in (rgb, twin) if each is not None]
            rgb = np.concatenate(both, axis=0) if both else None
        if rgb is not None:
            shown.append((picture(rgb, alt=each.name), f"{_short(each.name)} {detail}"))
    return tiles(shown) if shown else prose("None of them can be read any more.")


def _short(name: str) -> str:
    return Path(name.rpartition(":")[2]).name


def _thumbnail(name: str, named: Mapping[str, Item]) -> Rgb | None:
    """The whole picture as a square on grey; None where it can't be read any more, or has no such name."""
    try:
        rgb = decode(named[name].read(), _THUMBNAIL).rgb
    except (KeyError, PhotoError):
        return None
    factor = _THUMBNAIL / max(rgb.shape[:2])
    size = max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    square = np.full((_THUMBNAIL, _THUMBNAIL, 3), 128, np.uint8)
    top, left = (_THUMBNAIL - size[1]) // 2, (_THUMBNAIL - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square


def _sample(pictures: Sequence[Examined]) -> list[Examined]:
    """A few, evenly spread over all of them in the order of their names."""
    ordered = sorted(pictures, key=lambda each: each.name)
    step = max(1, len(ordered) / _EXAMPLES)
    return [ordered[int(i * step)] for i in range(min(_EXAMPLES, len(ordered)))]
