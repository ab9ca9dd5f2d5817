"""Chapters of the report about where a model fails: kinds of scenes, sources, and places whose colour is known.

Means hide this; a person who opens the report wants to see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from markupsafe import Markup

from photochrom.evaluation import plots
from photochrom.evaluation.chapters import cell, said, triples
from photochrom.evaluation.intervals import Estimate
from photochrom.evaluation.page import Cell, Section, bullets, figure, fold, grid, picture, prose, table, tiles
from photochrom.evaluation.points import Miss, PointScore
from photochrom.evaluation.scenes import Group, Scenes

_TITLES: Final[Mapping[str, str]] = {"psnr": "PSNR over grey, dB", "auc": "AuC over grey, %"}
_WORDS: Final[Mapping[str, str]] = {
    "skin": "skin",
    "colour": "what must be coloured",
    "neutral": "what must stay neutral",
}
_FLAGS: Final = ("yes", "no")
_MOST_BARS: Final = 24
"""Groups of one column in a plot; all of them are in the table."""


def scenes(found: Scenes, subjects: Sequence[str]) -> Section:
    """How far each subject is above grey in each group: what lies at zero is no better than a grey picture.

    Args:
        found: the figures by group.
        subjects: those that are drawn, in the order of their colours.
    """
    parts: list[Markup] = []
    sentences = []
    for title, groups in _together(found.groups).items():
        parts.append(prose("", heading=title))
        parts.append(grid([_over_grey(groups, subjects, key) for key in _TITLES]))
        failing = _failing(groups, subjects)
        sentences += [f"{name} is not surely above grey in AuC for {', '.join(which)}." for name, which in failing]
    if not sentences:
        sentences = ["In every group that is large enough to tell, AuC is surely above grey."]
    rows = [
        [
            _called(group) if group.value in _FLAGS else f"{group.by}: {group.value}",
            name,
            group.photographs,
            *(cell(group.figures[name].get(key), digits) for key, digits in _COLUMNS.values()),
            f"{group.truth_cf_abs:.1f}",
        ]
        for group in found.groups
        for name in ("grey", *subjects)
        if name in group.figures
    ]
    columns = ["group", "subject", "photographs", *_COLUMNS, "CF of truth"]
    folded = [table(columns, rows), *([bullets(found.left_out)] if found.left_out else [])]
    return Section("By scene and source", " ".join(sentences), [*parts, fold("Figures", folded)])


def points(found: Sequence[PointScore]) -> Section:
    """Shares of places whose colour lies where it must, and a picture of each that does not."""
    names = [name for name in _WORDS if any(name in each.headline for each in found)]
    sentences = [
        f"{each.model}: {', '.join(f'{_WORDS[name]} {said(each.headline[name], 0)} %' for name in each.headline)}."
        for each in found
    ]
    plot = figure(
        plots.intervals(
            [_WORDS[name] for name in names],
            {each.model: triples([each.headline.get(name) for name in names]) for each in found},
            xlabel="places that are right, %",
        ),
        alt="Share of places whose colour is right",
        caption=f"Places on {found[0].photographs} historic photographs whose colour a careful person knows within "
        "limits. The three belong together: no trick raises all of them.",
    )
    kinds = list(dict.fromkeys(kind for each in found for kind in each.classes))
    rows: list[list[Cell]] = [
        [kind.replace("_", " "), _group_of(kind, found), *("{} of {}".format(*each.classes[kind]) for each in found)]
        for kind in kinds
    ]
    parts = [plot, fold("By class", [table(["class", "must be", *(each.model for each in found)], rows)])]
    for each in found:
        parts.append(prose("", heading=f"Misses of {each.model}: {len(each.misses)}"))
        parts.append(tiles([(picture(miss.crop, alt=miss.verdict.point.file), _told(miss)) for miss in each.misses]))
    return Section("Places whose colour is known", " ".join(sentences), parts)


_COLUMNS: Final[Mapping[str, tuple[str, int]]] = {
    "PSNR, dB": ("psnr", 2),
    "AuC, %": ("auc", 2),
    "AuC rebalanced, %": ("auc_rebalanced", 2),
    "LPIPS": ("lpips", 4),
    "CF abs": ("cf_abs", 1),
    "p10-CF": ("p10_cf", 2),
}


def _together(groups: Sequence[Group]) -> dict[str, list[Group]]:
    """Heading -> groups of one column; columns of yes and no stand together."""
    told: dict[str, list[Group]] = {}
    for group in groups:
        title = "By what is in the picture" if group.value in _FLAGS else f"By {group.by}".replace("_", " ")
        told.setdefault(title, []).append(group)
    return told


def _called(group: Group) -> str:
    """A group in words: "street", "people: no"."""
    if group.value in _FLAGS:
        return f"{group.by.removeprefix('has_').replace('_', ' ')}: {group.value}"
    return group.value or "none"


def _over_grey(groups: Sequence[Group], subjects: Sequence[str], key: str) -> Markup:
    drawn = groups[:_MOST_BARS]
    series = {name: triples([_lead(group, name, key) for group in drawn]) for name in subjects}
    rows = [f"{_called(group)} ({group.photographs})" for group in drawn]
    return figure(plots.intervals(rows, series, xlabel=_TITLES[key], mark=0), alt=_TITLES[key])


def _lead(group: Group, name: str, key: str) -> Estimate | None:
    return next((each.estimate for each in group.over_grey if (each.one, each.key) == (name, key)), None)


def _failing(groups: Sequence[Group], subjects: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Subject -> groups in which its AuC is not surely above grey's."""
    found = []
    for name in subjects:
        which = [
            _called(group)
            for group in groups
            if (lead := _lead(group, name, "auc")) is not None and not (lead.excludes_zero and lead.value > 0)
        ]
        if which:
            found.append((name, which))
    return found


def _group_of(kind: str, found: Sequence[PointScore]) -> str:
    return next(each.groups[kind] for each in found if kind in each.groups)


def _told(miss: Miss) -> str:
    """What a missed place is, and in what its colour differs from those that it could have had."""
    point, (_, a, b) = miss.verdict.point, miss.verdict.lab
    chroma, (low, high) = float(np.hypot(a, b)), miss.region.chroma
    wrong = f"chroma {chroma:.0f}, not {low:g} to {high:g}"
    if low <= chroma <= high and miss.region.hue is not None:
        hue = round(float(np.degrees(np.arctan2(b, a)))) % 360
        wrong = f"hue {hue}°, not {miss.region.hue[0]:g} to {miss.region.hue[1]:g}°"
    return ": ".join(filter(None, (point.kind.replace("_", " "), point.note, wrong)))
