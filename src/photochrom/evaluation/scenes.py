"""Scenes: the figures by what is in a photograph and by where it comes from.

A mean over a data set hides that people or interiors fail. Photographs are grouped by every column of
their labels and by their source set, and each group is estimated and compared with grey on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from photochrom.evaluation.figures import Difference, Figures, differences, draw, statistics
from photochrom.evaluation.intervals import Resamples
from photochrom.evaluation.scoring import Column, Scored

KEYS: Final = ("psnr", "lpips", "cf_abs", "p10_cf", "auc", "auc_rebalanced")
"""The figures that are told by group; the other ones need more photographs."""

LEAST: Final = 8
"""A group of fewer photographs says nothing."""

MOST: Final = 20
"""A column of the labels with more different entries names no scenes."""

_FLAGS: Final[Mapping[str, str]] = {"0": "no", "1": "yes"}


@dataclass(frozen=True)
class Group:
    """Photographs that have something in common, and what was found in them.

    Attributes:
        by: column of the labels, or "source".
        value: its entry that they share; "yes" and "no" for flags of 1 and 0.
        photographs: how many there are.
        truth_cf_abs: mean CF of the photographs themselves.
        figures: subject -> those of `KEYS` that were measured.
        over_grey: of each subject but grey, how much higher a figure is than the grey picture's, paired.
    """

    by: str
    value: str
    photographs: int
    truth_cf_abs: float
    figures: Mapping[str, Figures]
    over_grey: tuple[Difference, ...]


@dataclass(frozen=True)
class Scenes:
    """The figures by group.

    To be plotted: for each `by`, a dot with its interval for each group and subject, PSNR and AuC over
    grey (zero is no better than grey); the rest as a table.

    Attributes:
        groups: those of one `by` together, the largest first.
        left_out: what could not be told apart, one sentence each.
    """

    groups: tuple[Group, ...]
    left_out: tuple[str, ...]


def measure_scenes(scored: Scored, subjects: Sequence[str], *, grey: str = "grey") -> Scenes:
    """Group what one pass found, by labels and sources; takes no pictures and some milliseconds a figure.

    Args:
        scored: by one pass; `grey` is among its subjects.
        subjects: names of those that are told of, such as models and results; grey is added.
    """
    groups: list[Group] = []
    left_out: list[str] = []
    for by, values in _columns(scored).items():
        members = {value: [i for i, each in enumerate(values) if each == value] for value in dict.fromkeys(values)}
        if len(members) < 2:
            continue
        if by != "source" and len(members) > MOST:
            left_out.append(f"{by} has {len(members)} different entries, which are too many for scenes")
            continue
        for value, chosen in sorted(members.items(), key=lambda item: -len(item[1])):
            if len(chosen) < LEAST:
                count = "1 photograph is" if len(chosen) == 1 else f"{len(chosen)} photographs are"
                left_out.append(f"{by} {value}: {count} too few")
            else:
                groups.append(_group(by, value, _some(scored, chosen, (grey, *subjects)), grey))
    return Scenes(tuple(groups), tuple(left_out))


def _columns(scored: Scored) -> dict[str, list[str]]:
    """Column -> what each photograph has there; photographs without such a label have ""."""
    names = dict.fromkeys(name for labels in scored.labels for name in labels)
    columns = {name: [labels.get(name, "") for labels in scored.labels] for name in names}
    flags = [name for name, values in columns.items() if set(values) <= set(_FLAGS)]
    for name in flags:
        columns[name] = [_FLAGS[value] for value in columns[name]]
    return {**columns, "source": list(scored.sources)}


def _some(scored: Scored, chosen: list[int], subjects: Iterable[str]) -> Scored:
    """What was found in some of the photographs, of some subjects."""

    def part(column: Column) -> Column:
        values = {key: each[chosen] for key, each in column.values.items()}
        return replace(column, values=values, classes=column.classes[chosen], features=None)

    return Scored(
        names=tuple(scored.names[i] for i in chosen),
        sources=tuple(scored.sources[i] for i in chosen),
        labels=tuple(scored.labels[i] for i in chosen),
        truth=part(scored.truth),
        subjects={name: part(scored.subjects[name]) for name in dict.fromkeys(subjects)},
    )


def _group(by: str, value: str, scored: Scored, grey: str) -> Group:
    resamples = Resamples(len(scored.names))
    drawn = {
        name: draw(resamples, {key: each for key, each in statistics(scored, name).items() if key in KEYS})
        for name in scored.subjects
    }
    return Group(
        by=by,
        value=value,
        photographs=len(scored.names),
        truth_cf_abs=float(scored.truth.values["cf_abs"].mean()),
        figures={name: {key: each.estimate() for key, each in draws.items()} for name, draws in drawn.items()},
        over_grey=tuple(differences(drawn, [(name, grey) for name in drawn if name != grey])),
    )
