"""Spreading: values known at a few cells carried over the picture, without a network.

The nearer a cell is and the more alike in luma, the more it takes (Levin et al. 2004 propagate
scribbles by the same two). The network carries hints better than this; but what it leaves of a
hint's difference is carried the same way, so that the hinted spot takes its colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float32]
Cells = NDArray[np.int64]

PLACE: Final = 0.25
"""Width of the Gaussian of distance for a single point, as a part of the longer side."""

LUMA: Final = 0.15
"""The same of the difference in luma."""

NARROWER: Final = (0.2, 0.1)
"""Powers of the number of points by which the two widths shrink."""

NONE: Final = 0.1
"""Weight of "none of these points", found on the validation photographs: far from all of them nothing changes."""

_NEAREST: Final = 0.05
"""Width of the Gaussian of distance within which one of many points speaks for what is around it."""

_FAR: Final = np.float32(1e-4)
"""Weight of their mean beside it: it counts where none of them is near."""


def spread(values: ArrayLike, at: Cells, luma01: Float) -> Float:
    """The weighted mean of the values at each cell, widths narrower the more points there are.

    Args:
        values: (P, C).
        at: (P, 2) row and column of each.
        luma01: (h, w) luma of the cells in [0, 1].

    Returns:
        (h, w, C) float32; 0 everywhere without points.
    """
    known = np.asarray(values, np.float32)
    total = np.full(luma01.shape, NONE, np.float32)
    result = np.zeros((*luma01.shape, known.shape[-1]), np.float32)
    place, luma = (width * max(len(known), 1) ** -power for width, power in zip((PLACE, LUMA), NARROWER, strict=True))
    for value, weight in zip(known, weights(at, luma01, place=place, luma=luma), strict=True):
        total += weight
        result += weight[..., None] * value
    result /= total[..., None]
    return result


def nearness(at: Cells, luma01: Float, *, place: float, luma: float, trust: Float) -> Float:
    """How near and alike each cell is to the points together: (h, w) in [0, 1); 0 without points.

    Args:
        at: (P, 2) row and column of each.
        luma01: (h, w) luma of the cells in [0, 1].
        place, luma: widths of the two Gaussians, as a part of the longer side and of the range of luma.
        trust: (P,) how much each point counts, in [0, 1].
    """
    total = sum_of_weights(at, luma01, place=place, luma=luma, trust=trust)
    return total / (total + np.float32(NONE))


def sum_of_weights(at: Cells, luma01: Float, *, place: float, luma: float, trust: Float) -> Float:
    """The weights of all points together, (h, w), each by how much it counts; arguments as for `nearness`."""
    total = np.zeros(luma01.shape, np.float32)
    some = np.flatnonzero(trust)
    for share, weight in zip(trust[some], weights(at[some], luma01, place=place, luma=luma), strict=True):
        total += share * weight
    return total


def nearest(values: Float, at: Cells, luma01: Float) -> Float:
    """At each cell the mean of the values of those points that are nearest and most alike.

    Args:
        values: (P, C), of one point at least.
        at: (P, 2) row and column of each.
        luma01: (h, w) luma of the cells in [0, 1].

    Returns:
        (h, w, C) float32.
    """
    if len(values) == 1:
        return np.broadcast_to(values[0], (*luma01.shape, values.shape[1]))
    total = np.full(luma01.shape, _FAR, np.float32)
    result = np.full((*luma01.shape, values.shape[1]), values.mean(axis=0) * _FAR, np.float32)
    for value, weight in zip(values, weights(at, luma01, place=_NEAREST, luma=LUMA), strict=True):
        total += weight
        result += weight[..., None] * value
    result /= total[..., None]
    return result


def weights(at: Cells, luma01: Float, *, place: float, luma: float) -> Iterator[Float]:
    """The weight (h, w) of each point, in (0, 1]: 1 at the point itself."""
    rows, columns = (np.arange(side, dtype=np.float32) for side in luma01.shape)
    scale = -0.5 / (place * max(luma01.shape)) ** 2
    for row, column in at:
        near = np.exp(scale * (rows - row) ** 2)[:, None] * np.exp(scale * (columns - column) ** 2)
        yield near * np.exp((luma01 - luma01[row, column]) ** 2 * np.float32(-0.5 / luma**2))
