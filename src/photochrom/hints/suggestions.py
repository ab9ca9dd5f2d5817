"""Suggestions: the colours that a place most likely has, few and different, each with its probability.

The network answers in bins 10 apart, and it was taught each colour as a blur over five of them. To
point at colours, the blur is taken off again on a finer grid (Richardson 1972, Lucy 1974); of that,
the places are chosen one after the other around which most of the remaining probability lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photochrom.color.bins import AbBins
from photochrom.errors import UsageError
from photochrom.hints.color import Color
from photochrom.hints.hint import AnyHint
from photochrom.hints.known import Known
from photochrom.hints.painting import Painter
from photochrom.hints.reference import Reference
from photochrom.hints.refining import Region
from photochrom.photo import Photo
from photochrom.values import integer, number

Float = NDArray[np.float32]

MOST: Final = 20
"""Suggestions that can be asked for."""

NEAR: Final = 10.0
"""Lab units around a suggestion that its probability is of."""

_APART: Final = 12.0
"""Least distance of two suggestions, in Lab units."""

_STEP: Final = 5
"""Of the finer grid. With 10/3 or 2.5, no more suggestions come true on the validation photographs."""

_ROUNDS: Final = 5
"""Of taking the blur off. One of five suggestions comes true at 82.7 % of random points after 3, at 83.2 % after 5, at
82.7 % after 10 and at 82.2 % after 30 rounds, and at 80.2 % where the bins are taken as they are."""

_SHADES: Final = 3.0
"""Lab units by which one colour varies over an object."""


def suggestions(
    photo: Photo,
    whole: Painter,
    regions: Sequence[Region],
    hints: Sequence[AnyHint],
    *,
    x: float,
    y: float,
    n: int,
    reference: Reference | None = None,
) -> list[tuple[Color, float]]:
    """The `n` likeliest colours of a place; see `Canvas.suggest`.

    Raises:
        UsageError: the place lies outside of the photograph, `n` is out of range, or a hint does not fit.
    """
    width, height = photo.size
    n, x, y = integer(n, "n, how many colours to suggest,", 1, MOST), number(x, "x"), number(y, "y")
    if not (0 <= x < width and 0 <= y < height):
        raise UsageError(
            f"{x:g}, {y:g} lies outside of the photograph, which has {width} x {height} pixels: give a place on it"
        )
    lent = None if reference is None else reference.lend(whole.look)
    told = whole.told_of(lent, Known.of(hints, size=whole.look.cells.shape, photo=photo.size))
    painter, soft, part = whole, None if told is None else told.dense, (0, 0, width, height)
    for region in regions:  # where two meet, the later one counts
        left, top, right, bottom = region.box
        if left <= x < right and top <= y < bottom:
            painter, soft, part = region.painter, region.thought(told, photo.size), region.around
    size = painter.look.cells.shape
    known = Known.of(hints, size=size, photo=photo.size, part=part)
    row = min(int((y - part[1]) * size[0] / (part[3] - part[1])), size[0] - 1)
    column = min(int((x - part[0]) * size[1] / (part[2] - part[0])), size[1] - 1)
    probabilities = painter.look.distribution(painter.logits(known, soft=soft))[row, column]
    bins = painter.look.model.card.bins
    fine = sharpened(probabilities[None], bins)
    if known is not None:
        follows = painter.follows(known)[row, column]
        fine = (1 - follows) * fine + follows * _around(painter.colors(known, soft=soft)[row, column], bins)
    colors, shares = likeliest(fine, bins, n)
    pixel = int(x), int(y)
    luma = float(photo.working_luma((1, 1), part=(*pixel, pixel[0] + 1, pixel[1] + 1))[0, 0])
    return [(Color.at(ab, luma), float(share)) for ab, share in zip(colors[0], shares[0], strict=True)]


def sharpened(probabilities: ArrayLike, bins: Sequence[tuple[float, float]]) -> Float:
    """The distribution over the fine grid from which a network learns to give these `probabilities` (m, K): (m, G)."""
    given = np.asarray(probabilities, np.float32)
    blur = _blur(tuple(bins))
    fine = np.full((len(given), len(blur)), 1 / len(blur), np.float32)
    for _ in range(_ROUNDS):
        # Not a matrix product: BLAS would start threads for it (photochrom.color.lab.mix_channels).
        expected = np.einsum("mg,gk->mk", fine, blur)
        fine *= np.einsum("mk,gk->mg", given / (expected + np.float32(1e-9)), blur)
    return fine


def likeliest(fine: Float, bins: Sequence[tuple[float, float]], n: int) -> tuple[Float, Float]:
    """The `n` colours around which most of a distribution lies.

    Args:
        fine: (m, G) of `sharpened`.

    Returns:
        (m, n, 2) Lab units, at least 12 apart, and (m, n) probabilities that the colour lies within 10 of it and of
        none before it; falling.
    """
    grid, near, apart = _grid(tuple(bins)), *_neighbours(tuple(bins))
    left, rows = fine.copy(), np.arange(len(fine))
    free = np.ones(fine.shape, bool)
    chosen, shares = [], []
    for _ in range(n):
        around = np.where(free, np.einsum("mg,gc->mc", left, near), -1)
        best = around.argmax(axis=1)
        chosen.append(best)
        shares.append(around[rows, best])
        left *= 1 - near[best]
        free &= apart[best]
    return grid[np.stack(chosen, axis=1)], np.maximum(np.stack(shares, axis=1), 0).astype(np.float32)


def _around(ab: Float, bins: Sequence[tuple[float, float]]) -> Float:
    """What is likely where one colour is known but for its shades: (G,)."""
    weight = np.exp(((_grid(tuple(bins)) - ab) ** 2).sum(axis=1) / np.float32(-2 * _SHADES**2))
    result: Float = weight / weight.sum()
    return result


@cache
def _grid(bins: tuple[tuple[float, float], ...]) -> Float:
    """The colours that can be suggested, (G, 2): as far as a bin reaches."""
    axis = np.arange(-125, 126, _STEP, dtype=np.float32)
    a, b = np.meshgrid(axis, axis, indexing="ij")
    grid = np.stack([a.ravel(), b.ravel()], axis=1)
    centers = np.asarray(bins, np.float32)
    return np.ascontiguousarray(grid[(np.abs(grid[:, None] - centers).max(axis=2) <= _STEP).any(axis=1)])


@cache
def _blur(bins: tuple[tuple[float, float], ...]) -> Float:
    """How training spreads each colour of the fine grid over the bins: (G, K), the sum of each row 1."""
    grid = _grid(bins)
    index, weight = AbBins(np.asarray(bins, np.float32)).soft_encode(grid, neighbours=min(5, len(bins)))
    blur = np.zeros((len(grid), len(bins)), np.float32)
    np.put_along_axis(blur, index, weight, axis=1)
    return blur


@cache
def _neighbours(bins: tuple[tuple[float, float], ...]) -> tuple[Float, NDArray[np.bool_]]:
    """Which colours of the fine grid are near each other, as 0 and 1, and which are far enough apart: (G, G) each."""
    grid = _grid(bins)
    distance = np.hypot(*(grid[:, None] - grid).transpose(2, 0, 1))
    return (distance < NEAR).astype(np.float32), distance >= _APART
