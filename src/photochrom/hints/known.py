"""Known: what is known of a picture's colours, on the cells that the network answers for.

Hints come in pixels of the photograph; here they become cells, and from there a `HintMap` for the
decoder. How they are then settled in the result stands in `hints.painting`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.normalize import normalize_ab
from photochrom.errors import UsageError
from photochrom.hints.hint import MOST, AnyHint, Hint, Stroke
from photochrom.hints.hintmap import HintMap

Float = NDArray[np.float32]
Cells = NDArray[np.int64]
Corner = NDArray[np.float64]

MOST_POINTS: Final = 256
"""Points that are carried over the picture; of a broad stroke, evenly chosen ones stand for all."""


@dataclass(frozen=True, eq=False)
class Known:
    """Cells whose colour is known.

    Attributes:
        at: (P, 2) row and column of each; no cell twice.
        ab: (P, 2) Lab units.
        whose: (P,) number of the hint that each comes from.
        size: (h, w) of the cells of the whole picture.
    """

    at: Cells
    ab: Float
    whose: Cells
    size: tuple[int, int]

    @classmethod
    def of(
        cls,
        hints: Iterable[AnyHint],
        *,
        size: tuple[int, ...],
        photo: tuple[int, int],
        part: tuple[int, int, int, int] | None = None,
    ) -> Known | None:
        """The cells that hints cover; where two cover the same one, the later hint counts.

        Args:
            hints: at most 10,000.
            size: (h, w) of the cells.
            photo: (width, height) of the photograph in pixels.
            part: left, top, right, bottom of the part of the photograph that the cells are of; None: all of it.

        Returns:
            None where there is no hint, or none in this part.

        Raises:
            UsageError: a hint lies outside of the photograph, or there are too many.
        """
        listed = check(hints, photo)
        owner = np.full(size, -1)
        covered = []
        for number in reversed(range(len(listed))):  # a later one keeps its cells
            at = _covered(listed[number], (size[0], size[1]), part or (0, 0, *photo))
            free = at[owner[at[:, 0], at[:, 1]] < 0]
            owner[free[:, 0], free[:, 1]] = number
            covered.append(free)
            if (owner >= 0).all():
                break
        cells = np.concatenate([np.empty((0, 2), np.int64), *reversed(covered)])
        if not len(cells):
            return None
        whose = owner[cells[:, 0], cells[:, 1]]
        colors = np.array([hint.color.ab for hint in listed], np.float32)
        return cls(cells, colors[whose], whose, (size[0], size[1]))

    @cached_property
    def few(self) -> Cells:
        """Numbers of `MOST_POINTS` or so of the cells: evenly chosen, one of each hint at least if that goes."""
        count = len(self.at)
        if count <= MOST_POINTS:
            return np.arange(count)
        chosen = []
        for number in np.unique(self.whose):
            own = np.flatnonzero(self.whose == number)
            quota = max(round(MOST_POINTS * len(own) / count), 1)
            chosen.append(own[np.linspace(0, len(own) - 1, quota).round().astype(np.int64)])
        every = np.concatenate(chosen)
        return every[np.linspace(0, len(every) - 1, min(len(every), MOST_POINTS)).round().astype(np.int64)]

    @cached_property
    def spokesmen(self) -> Cells:
        """Numbers of the cells that the decoder is told: the middle one of each hint.

        A stroke told cell by cell would outvote everything else that the decoder knows, and tint the whole picture.
        """
        members = (np.flatnonzero(self.whose == number) for number in np.unique(self.whose))
        return np.array([own[len(own) // 2] for own in members], np.int64)

    def map(self, trust: Float, soft: Float | None = None) -> HintMap:
        """What the decoder is told: one cell of each hint, as points, and as dense hints too if those are too many.

        Args:
            trust: (P,) how far each cell may speak for the whole picture, in [0, 1]; 0 is not told at all.
            soft: dense hints (3, h, w) of all that is not known.
        """
        told = self.spokesmen
        few = told[np.linspace(0, len(told) - 1, min(len(told), MOST_POINTS)).round().astype(np.int64)]
        xy = ((self.at[few][:, ::-1] + 0.5) / (self.size[1], self.size[0])).astype(np.float32)
        points = HintMap.from_points(xy, self.ab[few], trust[few]).points
        if len(few) == len(told):
            return HintMap(points, soft)
        dense = np.zeros((3, *self.size), np.float32) if soft is None else soft.copy()
        rows, columns = self.at[told].T
        dense[:2, rows, columns] = normalize_ab(self.ab[told]).T
        dense[2, rows, columns] = trust[told]
        return HintMap(points, dense)


def check(hints: Iterable[AnyHint], photo: tuple[int, int]) -> list[AnyHint]:
    """The hints, all of which lie on a photograph of (width, height).

    Raises:
        UsageError: one does not, or is no hint, or there are too many.
    """
    listed = list(hints)
    if len(listed) > MOST:
        raise UsageError(f"a picture takes at most {MOST} hints, not {len(listed)}")
    for number, hint in enumerate(listed):
        _check(hint, number, photo)
    return listed


def _check(hint: AnyHint, number: int, photo: tuple[int, int]) -> None:
    if not isinstance(hint, Hint | Stroke):
        raise UsageError(f"hint {number + 1} is neither a Hint nor a Stroke, but {hint!r}")
    width, height = photo
    for x, y in hint.line:
        if not (0 <= x < width and 0 <= y < height):
            raise UsageError(
                f"hint {number + 1} ({hint.color}) lies at {x:g}, {y:g}, outside of the photograph, which has "
                f"{width} x {height} pixels"
            )


def _covered(hint: AnyHint, size: tuple[int, int], part: tuple[int, int, int, int]) -> Cells:
    """The cells of a part under a hint: those along its line, then those whose centre its radius covers; none twice."""
    left, top, right, bottom = part
    scale = np.array([size[1] / (right - left), size[0] / (bottom - top)])
    line = (np.array(hint.line) - (left, top)) * scale
    # A line from a point to itself is the point.
    segments = list(pairwise(line)) or [(line[0], line[0])]
    along = np.concatenate([_along(start, end, size) for start, end in segments])
    if hint.radius:
        inside = np.zeros(size, bool)
        for start, end in segments:
            _widen(inside, start, end, hint.radius * scale)
            if inside.all():
                break
        along = np.concatenate([along, np.argwhere(inside)])
    flat = along[:, 0] * size[1] + along[:, 1]
    return along[np.sort(np.unique(flat, return_index=True)[1])]


def _along(start: Corner, end: Corner, size: tuple[int, int]) -> Cells:
    """The cells that lie on the line between two places (x, y)."""
    steps = max(int(2 * np.abs(end - start).max()), 1)
    places = start + (end - start) * (np.arange(steps + 1) / steps)[:, None]
    places = places[((places >= 0) & (places <= size[::-1])).all(axis=1)]
    cells: Cells = np.minimum(places[:, ::-1].astype(np.int64), np.array(size) - 1)
    return cells


def _widen(inside: NDArray[np.bool_], start: Corner, end: Corner, radius: Corner) -> None:
    """Add the cells whose centre lies within a radius, which may differ across and down, of the line between places."""
    first = np.maximum((np.minimum(start, end) - radius).astype(np.int64), 0)
    last = np.clip((np.maximum(start, end) + radius).astype(np.int64) + 1, 0, inside.shape[::-1])
    x = (np.arange(first[0], last[0]) + 0.5 - start[0]) / radius[0]
    y = ((np.arange(first[1], last[1]) + 0.5 - start[1]) / radius[1])[:, None]
    dx, dy = (end - start) / radius
    share = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
    inside[first[1] : last[1], first[0] : last[0]] |= (y - share * dy) ** 2 + (x - share * dx) ** 2 <= 1
