"""Points: places on historic photographs whose colour a careful person knows within limits.

Such photographs have no colour truth, but skin is skin. Each class of things has a region of the
ab plane; a point passes where the result lies in it. Three figures belong together, because no
trick raises all of them: skin, what must be coloured, and what must not be. Every miss has its picture.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import photo as photos
from photochrom.canvas import Canvas
from photochrom.color.lab import srgb_to_lab
from photochrom.errors import DataError
from photochrom.evaluation.intervals import Estimate, Resamples, class_mean
from photochrom.evaluation.subjects import ModelSubject

PATCH: Final = 5
"""Side in pixels of the patch whose mean colour is judged."""

CLASSES: Final = "classes.json"
"""File of the regions, beside the points and the photographs."""

CROP: Final = 128
"""Side in pixels of the picture of a miss."""


@dataclass(frozen=True)
class Region:
    """The colours that a class of things can have.

    Attributes:
        group: "colour" (must be coloured), "earth" (may be) or "neutral" (must not be).
        chroma: least and greatest chroma, hypot(a, b), in Lab units.
        hue: from, to in degrees of atan2(b, a), counted upward and round past 360; None where any hue passes.
        hue_free_below: under this chroma any hue passes, because it means nothing there.
    """

    group: str
    chroma: tuple[float, float]
    hue: tuple[float, float] | None = None
    hue_free_below: float = 0.0

    def contains(self, a: float, b: float) -> bool:
        """Whether the colour (a, b), in Lab units, lies in the region."""
        chroma = float(np.hypot(a, b))
        if not self.chroma[0] <= chroma <= self.chroma[1]:
            return False
        if self.hue is None or chroma < self.hue_free_below:
            return True
        start, end = self.hue
        hue = float(np.degrees(np.arctan2(b, a)))
        return (hue - start) % 360 <= (end - start) % 360


@dataclass(frozen=True)
class Point:
    """A place (x, y) in pixels of the photograph `file`, (0, 0) its top left pixel, and what is there."""

    file: str
    x: int
    y: int
    kind: str
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a result shows at a point: mean Lab of its patch, and whether that lies in the class's region."""

    point: Point
    lab: tuple[float, float, float]
    passed: bool


@dataclass(frozen=True, eq=False)
class Miss:
    """A point that did not pass, and what it looks like.

    Attributes:
        verdict: the point and the colour that it has.
        region: the colours that it could have had.
        crop: up to (128, 128, 3) uint8 sRGB, the result around the point, which has a ring; not kept in JSON.
    """

    verdict: Verdict
    region: Region
    crop: NDArray[np.uint8] = field(repr=False, metadata={"json": False})


@dataclass(frozen=True, eq=False)
class PointScore:
    """What one model shows at all points.

    To be shown: `headline` as three bars with intervals, `classes` as a table, every miss as its crop with class, note,
    hue and chroma below.

    Attributes:
        model: name of the subject.
        photographs: how many carry points.
        headline: "skin", "colour" and "neutral" in percent, as :func:`headline` defines them; resampled by photograph.
        classes: class -> (points passed, points there are).
        groups: class -> "colour", "earth" or "neutral".
        misses: in the order of the file.
    """

    model: str
    photographs: int
    headline: Mapping[str, Estimate]
    classes: Mapping[str, tuple[int, int]]
    groups: Mapping[str, str]
    misses: tuple[Miss, ...]


def measure_points(subject: ModelSubject, path: Path) -> PointScore:
    """Color the photographs that carry points, each whole as people do, and judge the results.

    Args:
        subject: at its vividness.
        path: CSV of the points; `classes.json` and the photographs lie beside it.

    Raises:
        DataError: a file is not of its shape, or there is no point in it.
        PhotoError: a photograph is missing or can't be read.
    """
    regions = read_regions(path.with_name(CLASSES))
    points = read_points(path, regions)
    if not points:
        raise DataError(f"{path} holds no points")
    verdicts, misses = [], []
    for file in dict.fromkeys(point.file for point in points):
        opened = photos.open(path.with_name(file))
        rgb = Canvas(subject.model, opened, 1.0).paint(vividness=subject.vividness).rgb(np.uint8)
        found = judge(rgb, [point for point in points if point.file == file], regions)
        verdicts += found
        misses += [Miss(each, regions[each.point.kind], _crop(rgb, each.point)) for each in found if not each.passed]
    return PointScore(
        model=subject.name,
        photographs=len({point.file for point in points}),
        headline=_estimates(verdicts, regions),
        classes=shares(verdicts),
        groups={kind: regions[kind].group for kind in shares(verdicts)},
        misses=tuple(misses),
    )


def read_regions(path: Path) -> dict[str, Region]:
    """Class -> region, from JSON; keys that begin with "_" are comments.

    Raises:
        DataError: the file is missing or not of this shape.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {
            kind: Region(
                group=str(entry["group"]),
                chroma=_pair(entry["chroma"]),
                hue=None if entry["hue"] is None else _pair(entry["hue"]),
                hue_free_below=float(entry.get("hue_free_below", 0)),
            )
            for kind, entry in entries.items()
            if not kind.startswith("_")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no list of colour regions: {error!r}") from error


def read_points(path: Path, regions: Mapping[str, Region]) -> list[Point]:
    """The points of a CSV with the header file,x,y,class,note.

    Raises:
        DataError: the file is missing, not of this shape, or names a class without a region.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            points = [
                Point(row["file"], int(row["x"]), int(row["y"]), row["class"], row.get("note") or "")
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no list of points (file,x,y,class,note): {error!r}") from error
    unknown = sorted({point.kind for point in points} - set(regions))
    if unknown:
        raise DataError(f"{path} names classes that have no region: {', '.join(unknown)}")
    return points


def judge(rgb: NDArray[np.uint8], points: Iterable[Point], regions: Mapping[str, Region]) -> list[Verdict]:
    """What a coloured photograph shows at its points.

    Args:
        rgb: (H, W, 3) uint8 sRGB, of the photograph's own size and at least 5x5 pixels.
        points: those of this photograph; patches at the border are moved inside.
        regions: by class.

    Raises:
        DataError: a point lies outside the picture.
    """
    verdicts = []
    height, width = rgb.shape[:2]
    for point in points:
        if not (0 <= point.x < width and 0 <= point.y < height):
            raise DataError(f"{point.file}: the point {point.x},{point.y} lies outside a picture of {width}x{height}")
        left, top = _inside(point, rgb, PATCH)
        patch = srgb_to_lab(rgb[top : top + PATCH, left : left + PATCH])
        lightness, a, b = (float(value) for value in patch.mean(axis=(0, 1), dtype=np.float64))
        verdicts.append(Verdict(point, (lightness, a, b), regions[point.kind].contains(a, b)))
    return verdicts


def shares(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, int]]:
    """Class -> points passed, and points there are."""
    tally: dict[str, tuple[int, int]] = {}
    for verdict in verdicts:
        passed, count = tally.get(verdict.point.kind, (0, 0))
        tally[verdict.point.kind] = (passed + verdict.passed, count + 1)
    return tally


def headline(verdicts: Sequence[Verdict], regions: Mapping[str, Region]) -> dict[str, float]:
    """The three figures in percent: "skin", and "colour" and "neutral" as means of their classes' shares.

    A class counts as much as any other in its group, however many points it has; a figure without any
    point is left out.
    """
    share = {kind: 100 * passed / count for kind, (passed, count) in shares(verdicts).items()}
    figures = {"skin": [share["skin"]] if "skin" in share else []}
    for group in ("colour", "neutral"):
        figures[group] = [value for kind, value in share.items() if regions[kind].group == group]
    return {name: float(np.mean(values)) for name, values in figures.items() if values}


def _estimates(verdicts: Sequence[Verdict], regions: Mapping[str, Region]) -> dict[str, Estimate]:
    """The three figures with intervals over the photographs: points on one of them stand and fall together."""
    kinds = list(shares(verdicts))
    files = list(dict.fromkeys(verdict.point.file for verdict in verdicts))
    passed, count = np.zeros((2, len(files), len(kinds)))
    for verdict in verdicts:
        place = files.index(verdict.point.file), kinds.index(verdict.point.kind)
        passed[place] += verdict.passed
        count[place] += 1
    draws = Resamples(len(files))
    figures = {}
    for name in headline(verdicts, regions):
        some = [i for i, kind in enumerate(kinds) if kind == name or (name != "skin" and regions[kind].group == name)]
        figures[name] = draws.estimate(class_mean(passed[:, some], count[:, some]))
    return figures


def _crop(rgb: NDArray[np.uint8], point: Point) -> NDArray[np.uint8]:
    """What surrounds a point, moved inside the picture, with a ring around its place."""
    left, top = _inside(point, rgb, CROP)
    part = np.ascontiguousarray(rgb[top : top + CROP, left : left + CROP])
    for color, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.circle(part, (point.x - left, point.y - top), 9, color, width, cv2.LINE_AA)
    return part


def _inside(point: Point, rgb: NDArray[np.uint8], side: int) -> tuple[int, int]:
    """Left and top of a square around a point, moved inside the picture."""
    height, width = rgb.shape[:2]
    return max(0, min(point.x - side // 2, width - side)), max(0, min(point.y - side // 2, height - side))


def _pair(values: Sequence[float]) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)
