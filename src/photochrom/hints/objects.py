"""Where an object ends: how far a colour runs from a place before it meets an edge.

The way from cell to cell costs more where luma changes, and where the encoder saw something else;
what can be reached cheaply from a hint belongs to the object that it lies on. The distance is the
geodesic one of interactive segmentation (Bai and Sapiro 2007), on the encoder's features as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from photochrom.runtime.look import Look

Float = NDArray[np.float32]
Cells = NDArray[np.int64]
Slices = tuple[slice, slice]

_STEP: Final = 0.003
"""What one cell of way costs, whatever is seen on it."""

_LUMA: Final = np.float32(20)
"""What a squared difference of luma costs."""

_STRIDES: Final = (8, 16)
"""Of the features, whose squared difference (one less the cosine) costs more the less of it a picture has."""

_USUAL: Final = 0.0175
"""The mean of that cost in every picture, whatever encoder saw it."""

_NEIGHBOURS: Final[tuple[tuple[Slices, Slices, float], ...]] = (
    (np.s_[:, 1:], np.s_[:, :-1], 1.0),
    (np.s_[1:, :], np.s_[:-1, :], 1.0),
    (np.s_[1:, 1:], np.s_[:-1, :-1], 2**0.5),
    (np.s_[1:, :-1], np.s_[:-1, 1:], 2**0.5),
)
"""Right, down, and down to both sides: the cells that are compared, and how far they lie apart."""

_REACH: Final = 0.16
"""Cost at which a colour has lost two thirds of its weight; below half of that it has lost next to nothing."""

_SWEEPS: Final = 3
"""Times that the picture is swept in all directions: windings that need more end early."""

_AT_ONCE: Final = 16


class Objects:
    """The costs of the ways between neighbouring cells of one picture.

    Args:
        look: what the network saw in it.
    """

    def __init__(self, look: Look) -> None:
        self._size = look.cells.shape
        seen = [_normalized(look.features(stride)) for stride in _STRIDES]
        steps = [_step(look.cells, seen, one, other) for one, other, _ in _NEIGHBOURS]
        usual = np.mean([features.mean() for _, features in steps])
        scale = np.float32(_USUAL / max(usual, 1e-6))
        right, down, down_right, down_left = (
            _LUMA * luma + scale * features + np.float32(_STEP * length)
            for (luma, features), (_, _, length) in zip(steps, _NEIGHBOURS, strict=True)
        )
        height, width = self._size
        self._along = np.zeros(self._size, np.float32)
        np.cumsum(right, axis=1, out=self._along[:, 1:])
        # What it costs to come from the row above or below: from the left there, straight, and from the right.
        self._from_above, self._from_below = np.full((2, height - 1, 3, 1, width), np.inf, np.float32)
        for ways, left in ((self._from_above, down_right), (self._from_below, down_left)):
            ways[:, 0, 0, 1:], ways[:, 1, 0] = left, down
        self._from_above[:, 2, 0, :-1], self._from_below[:, 2, 0, :-1] = down_left, down_right

    def reach(self, places: Sequence[Cells]) -> Float:
        """How much each cell belongs to the object at each of the places: (n, h, w) in [0, 1].

        Args:
            places: n of them, each (m, 2) rows and columns of cells that belong to one object.
        """
        result = np.empty((len(places), *self._size), np.float32)
        for start in range(0, len(places), _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            square = (self._distance(some) / np.float32(_REACH)) ** 2
            np.exp(-square * square, out=result[start : start + len(some)])
        return result

    def _distance(self, places: Sequence[Cells]) -> Float:
        """The cost of the cheapest way to each cell, found by sweeps over rows and columns: (n, h, w)."""
        height, width = self._size
        around = np.full((height, len(places), width + 2), np.inf, np.float32)  # a cell more to the left and right
        cost = around[:, :, 1:-1]
        for number, cells in enumerate(places):
            cost[cells[:, 0], number, cells[:, 1]] = 0
        along = self._along[:, None]
        rows = list(cost)
        beside = list(np.moveaxis(sliding_window_view(around, width, axis=2), 2, 1))  # (3, n, w) of each row
        ways = np.empty((3, len(places), width), np.float32)
        left, straight, right = ways
        sweep = list(zip(rows[1:], beside, self._from_above, strict=False))
        sweep += list(zip(rows, beside[1:], self._from_below, strict=False))[::-1]
        for _ in range(_SWEEPS):
            for row, near, steps in sweep:
                np.add(near, steps, out=ways)
                for way in (left, straight, right):
                    np.minimum(row, way, out=row)
            # The cheapest way along a row, from any of its cells, at once.
            np.minimum(cost, np.minimum.accumulate(cost - along, axis=2) + along, out=cost)
            back = (cost + along)[:, :, ::-1]
            np.minimum(cost, np.minimum.accumulate(back, axis=2)[:, :, ::-1] - along, out=cost)
        return cost.transpose(1, 0, 2)


def _step(luma: Float, seen: Sequence[Float], one: Slices, other: Slices) -> tuple[Float, Float]:
    """The squared difference of luma, and that of features, between each cell and its neighbour."""
    features = sum((np.maximum(1 - (each[one] * each[other]).sum(axis=-1), 0) ** 2 for each in seen), np.float32(0))
    return (luma[one] - luma[other]) ** 2, np.asarray(features, np.float32)


def _normalized(features: Float) -> Float:
    """Each cell's features as a direction, away from the picture's mean: (h, w, C) of length 1."""
    away = features - features.mean(axis=(0, 1))
    result: Float = away / (np.linalg.norm(away, axis=-1, keepdims=True) + np.float32(1e-6))
    return result
