"""Which photographs are the same or nearly so, by perceptual hashes, without comparing each with each.

A hash is 64 bits that change little when a picture is compressed, resized or made brighter. Hashes at most
seven bits apart agree to within one bit in one of four bands of 16 bits: only those that do are compared.
Simple pictures, a sun over the sea, can be that close by chance; so colours must be in the same places too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photochrom.color.lab import srgb_to_lab

Rgb = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Pairs = NDArray[np.int64]

NEAR: Final = 6
"""Bits between the hashes of two pictures that are taken for the same; unrelated ones differ in about 32."""
CROP: Final = 0.95
"""Share of the sides that is hashed on its own, in the middle and at the corners: a copy that was cropped finds it."""

COLORS: Final = 6.0
"""How far the colours of two such pictures are apart, as a mean over 4 x 4 places, in Lab units; equal hashes of the
whole need no such proof, since the one may have been made more vivid."""

_HASHED_SIDE: Final = 128
_PLACES: Final = 4
_BANDS: Final = 4
_BAND_BITS: Final = 16
_PIECE: Final = 1 << 14


@dataclass(frozen=True)
class Signature:
    """What a picture looks like, in little.

    Attributes:
        views: perceptual hashes (DCT, 64 bit) of the whole, mirrored, and of five crops.
        colors: mean a and b of each of 4 x 4 places, rows first, in Lab units.
    """

    views: tuple[int, ...]
    colors: tuple[float, ...]

    @classmethod
    def of(cls, rgb: Rgb) -> Signature:
        """That of a picture (h, w, 3)."""
        side = _HASHED_SIDE
        small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        inner = round(CROP * side)
        rest = side - inner
        corners = [(rest // 2, rest // 2), (0, 0), (0, rest), (rest, 0), (rest, rest)]
        crops = [grey[top : top + inner, left : left + inner] for top, left in corners]
        places = cv2.resize(srgb_to_lab(small)[..., 1:], (_PLACES, _PLACES), interpolation=cv2.INTER_AREA)
        return cls(
            tuple(_hash(view.astype(np.uint8, copy=False)) for view in (grey, grey[:, ::-1], *crops)),
            tuple(round(float(value), 1) for value in places.ravel()),
        )


def near_pairs(some: Sequence[Signature], others: Sequence[Signature]) -> Pairs:
    """All (i, j) where `some[i]` and `others[j]` are nearly the same picture, (K, 2), each once, ordered.

    A view of the one must be near the whole of the other. Where both are the same sequence, every pair comes
    both ways, and (i, i) too.
    """
    if not some or not others:
        return np.zeros((0, 2), np.int64)
    found = _near(some, others)
    back = found if some is others else _near(others, some)
    pairs = np.unique(np.concatenate([found, back[:, ::-1]]), axis=0)
    first, second = pairs[:, 0], pairs[:, 1]
    equal = _wholes(some)[first] == _wholes(others)[second]
    mine, theirs = _colors(some)[first], _colors(others)[second]
    apart = np.minimum(_apart(mine, theirs), _apart(mine, theirs[:, :, ::-1]))
    alike: Pairs = pairs[equal | (apart <= COLORS)]
    return alike


def within(queries: Hashes, table: Hashes, distance: int) -> Pairs:
    """All (i, j), (K, 2), where queries[i] and table[j] differ in at most `distance` bits, which must be below 8."""
    if distance >= 2 * _BANDS:
        raise ValueError(f"hashes {distance} bits apart need not agree in any band")
    found = [np.zeros((0, 2), np.int64)]
    for band in range(_BANDS):
        order, starts = _buckets(_band(table, band))
        for first in range(0, len(queries), _PIECE):
            piece = queries[first : first + _PIECE]
            for query, entry in _candidates(_band(piece, band), order, starts):
                close = np.bitwise_count(piece[query] ^ table[entry]) <= distance
                found.append(np.stack([query[close] + first, entry[close]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def groups(count: int, pairs: Pairs) -> NDArray[np.int64]:
    """The smallest member of each item's group, (count,): items that pairs (K, 2) connect, however far round."""
    lowest = np.arange(count)
    while len(pairs):
        before = lowest.copy()
        np.minimum.at(lowest, pairs[:, 0], before[pairs[:, 1]])
        np.minimum.at(lowest, pairs[:, 1], before[pairs[:, 0]])
        lowest = lowest[lowest]
        if np.array_equal(lowest, before):
            break
    return lowest


def _hash(grey: NDArray[np.uint8]) -> int:
    bits = imagehash.phash(Image.fromarray(np.ascontiguousarray(grey))).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _near(some: Sequence[Signature], others: Sequence[Signature]) -> Pairs:
    views = np.array([each.views for each in some], np.uint64)
    pairs = within(views.ravel(), _wholes(others), NEAR)
    return np.stack([pairs[:, 0] // views.shape[1], pairs[:, 1]], axis=1)


def _wholes(signatures: Sequence[Signature]) -> Hashes:
    return np.array([each.views[0] for each in signatures], np.uint64)


def _colors(signatures: Sequence[Signature]) -> NDArray[np.float32]:
    """(N, rows, columns, 2)."""
    return np.array([each.colors for each in signatures], np.float32).reshape(-1, _PLACES, _PLACES, 2)


def _apart(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    distances: NDArray[np.float32] = np.linalg.norm(some - others, axis=-1).mean(axis=(1, 2))
    return distances


def _band(hashes: Hashes, band: int) -> NDArray[np.int64]:
    return ((hashes >> np.uint64(band * _BAND_BITS)) & np.uint64((1 << _BAND_BITS) - 1)).astype(np.int64)


def _buckets(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The items in the order of their keys, and where each key begins in it."""
    order = np.argsort(keys, kind="stable")
    return order, np.searchsorted(keys[order], np.arange((1 << _BAND_BITS) + 1))


def _candidates(
    keys: NDArray[np.int64], order: NDArray[np.int64], starts: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(query, entry): all entries whose key differs from the query's in at most one bit."""
    for flipped in (0, *(1 << bit for bit in range(_BAND_BITS))):
        begin = starts[keys ^ flipped]
        length = starts[(keys ^ flipped) + 1] - begin
        query = np.repeat(np.arange(len(keys)), length)
        within_run = np.arange(len(query)) - np.repeat(np.cumsum(length) - length, length)
        yield query, order[np.repeat(begin, length) + within_run]
