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
from photochrom.hints.hint import MOST, AnyHint
from photochrom.hints.hintmap import HintMap

Float = NDArray[np.float32]
Cells = NDArray[np.int64]

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
        listed = list(hints)
        if len(listed) > MOST:
            raise UsageError(f"a picture takes at most {MOST} hints, not {len(listed)}")
        cells: dict[tuple[int, int], int] = {}
        for number, hint in enumerate(listed):
            _check(hint, number, photo)
            for cell in _covered(hint, (size[0], size[1]), part or (0, 0, *photo)):
                cells.pop(cell, None)
                cells[cell] = number
        if not cells:
            return None
        whose = np.fromiter(cells.values(), np.int64, len(cells))
        colors = np.array([hint.color.ab for hint in listed], np.float32)
        return cls(np.array(list(cells), np.int64), colors[whose], whose, (size[0], size[1]))

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


def _check(hint: AnyHint, number: int, photo: tuple[int, int]) -> None:
    width, height = photo
    for x, y in hint.line:
        if not (0 <= x < width and 0 <= y < height):
            raise UsageError(
                f"hint {number + 1} ({hint.color}) lies at {x:g}, {y:g}, outside of the photograph, which has "
                f"{width} x {height} pixels"
            )


def _covered(hint: AnyHint, size: tuple[int, int], part: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """The cells of a part under a hint: that of each place along its line, and those whose centre its radius covers."""
    left, top, right, bottom = part
    scale = size[1] / (right - left), size[0] / (bottom - top)
    line = [((x - left) * scale[0], (y - top) * scale[1]) for x, y in hint.line]
    places = [line[0]]
    for (x0, y0), (x1, y1) in pairwise(line):
        steps = max(int(2 * max(abs(x1 - x0), abs(y1 - y0))), 1)
        places += [(x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps) for step in range(1, steps + 1)]
    across, down = hint.radius * scale[0], hint.radius * scale[1]
    covered: dict[tuple[int, int], None] = {}
    for x, y in places:
        if 0 <= x <= size[1] and 0 <= y <= size[0]:
            covered[min(int(y), size[0] - 1), min(int(x), size[1] - 1)] = None
        if not hint.radius:
            continue
        rows = np.arange(max(int(y - down), 0), min(int(y + down) + 1, size[0]))
        columns = np.arange(max(int(x - across), 0), min(int(x + across) + 1, size[1]))
        inside = ((rows + 0.5 - y) / down)[:, None] ** 2 + ((columns + 0.5 - x) / across) ** 2 <= 1
        covered |= dict.fromkeys((int(rows[i]), int(columns[j])) for i, j in np.argwhere(inside))
    return list(covered)
