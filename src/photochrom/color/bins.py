"""Colour bins: the places of the ab plane over which the network spreads its probability.

Predicting a distribution over bins instead of one colour follows Zhang et al. 2016, as does the
soft encoding that training learns from. A model stores the centres that it was trained with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photochrom.color.lab import lab_to_srgb

Float = NDArray[np.float32]

GRID_STEP: Final = 10
"""Distance of neighbouring bin centres, in Lab units."""

_REACH: Final = 128
_CELL: Final = 2


@dataclass(frozen=True, eq=False)
class AbBins:
    """Colour bins of the ab plane.

    Attributes:
        centers: (K, 2) float32, a and b of each bin in Lab units.
    """

    centers: Float

    def __post_init__(self) -> None:
        centers = np.ascontiguousarray(self.centers, dtype=np.float32)
        if centers.ndim != 2 or centers.shape[1] != 2 or len(centers) == 0:
            raise ValueError(f"bin centres must be (K, 2) with K of at least 1, not {centers.shape}")
        if not np.isfinite(centers).all():
            raise ValueError("bin centres must be finite")
        object.__setattr__(self, "centers", centers)

    def __len__(self) -> int:
        return len(self.centers)

    @classmethod
    def grid(cls) -> AbBins:
        """Every point of the grid with step 10 that some lightness puts inside the sRGB gamut, a first, then b."""
        axis = np.arange(-120, 121, GRID_STEP, dtype=np.float32)
        a, b = np.meshgrid(axis, axis, indexing="ij")
        inside = np.zeros(a.shape, bool)
        for level in np.arange(0.0, 100.01, 0.25, dtype=np.float32):
            rgb = lab_to_srgb(np.stack([np.full_like(a, level), a, b], axis=-1), np.float32, clip=False)
            inside |= ((rgb >= -1e-4) & (rgb <= 1 + 1e-4)).all(axis=-1)
        return cls(np.stack([a[inside], b[inside]], axis=-1))

    def soft_encode(self, ab: ArrayLike, *, neighbours: int = 5, sigma: float = 5.0) -> tuple[NDArray[np.int64], Float]:
        """Spread each colour over its nearest bins, by a Gaussian of the distance (Zhang et al. 2016, section 2.2).

        Args:
            ab: (..., 2) Lab units; colours beyond 128 are taken as 128.
            neighbours: n, how many bins a colour is spread over.
            sigma: of the Gaussian, in Lab units.

        Returns:
            index (..., n) int64, nearest bin first, and weight (..., n) float32, whose sum is 1.

        Raises:
            ValueError: the last axis is not 2, or there are fewer bins than neighbours.
        """
        colors = np.clip(_two_channels(ab), -_REACH, _REACH)
        if not 1 <= neighbours <= len(self):
            raise ValueError(f"{neighbours} neighbours asked for among {len(self)} bins")
        flat = colors.reshape(-1, 2)
        candidates = self._candidates(neighbours)
        cell = np.minimum((flat + _REACH) // _CELL, 2 * _REACH // _CELL - 1).astype(np.int64)
        near = candidates[cell[:, 0], cell[:, 1]]
        square = self._square_distance(flat, near)
        order = np.argsort(square, axis=1, kind="stable")[:, :neighbours]
        index = np.take_along_axis(near, order, axis=1)
        square = np.take_along_axis(square, order, axis=1)
        weight = np.exp((square[:, :1] - square) / np.float32(2 * sigma * sigma))
        weight /= weight.sum(axis=1, keepdims=True)
        shape = (*colors.shape[:-1], neighbours)
        return index.astype(np.int64).reshape(shape), weight.astype(np.float32, copy=False).reshape(shape)

    def nearest(self, ab: ArrayLike) -> NDArray[np.int64]:
        """Index (...) of the bin nearest to each colour `ab` (..., 2)."""
        return self.soft_encode(ab, neighbours=1)[0][..., 0]

    def _square_distance(self, flat: Float, near: NDArray[np.int32]) -> Float:
        padded = np.concatenate([self.centers, np.full((1, 2), 1e6, np.float32)])
        da = flat[:, :1] - padded[near, 0]
        db = flat[:, 1:] - padded[near, 1]
        result: Float = da * da + db * db
        return result

    def _candidates(self, neighbours: int) -> NDArray[np.int32]:
        """(cells, cells, C): the bins that can be among the nearest from anywhere in a cell; K where there are fewer.

        A bin that is farther from the cell's middle than the n-th nearest one by more than the
        cell's diagonal can't be among the n nearest of any colour in that cell.
        """
        known = self._tables
        if neighbours not in known:
            middle = np.arange(-_REACH, _REACH, _CELL, dtype=np.float32) + _CELL / 2
            a, b = np.meshgrid(middle, middle, indexing="ij")
            distance = np.hypot(a[..., None] - self.centers[:, 0], b[..., None] - self.centers[:, 1])
            last = np.partition(distance, neighbours - 1, axis=-1)[..., neighbours - 1 : neighbours]
            possible = distance <= last + np.float32(_CELL * np.sqrt(2) + 1e-3)
            width = int(possible.sum(axis=-1).max())
            order = np.argsort(np.where(possible, distance, np.inf), axis=-1)[..., :width].astype(np.int32)
            order[~np.take_along_axis(possible, order, axis=-1)] = len(self)
            known[neighbours] = order
        return known[neighbours]

    @cached_property
    def _tables(self) -> dict[int, NDArray[np.int32]]:
        return {}


def _two_channels(ab: ArrayLike) -> Float:
    colors: NDArray[Any] = np.asarray(ab, np.float32)
    if colors.ndim == 0 or colors.shape[-1] != 2:
        raise ValueError(f"ab needs two channels on its last axis, not shape {colors.shape}")
    return colors
