"""A luma at the network's size: averaged over areas, fast also for a hundred megapixels, in 16 bit and then floats."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

_SMALL: Final = 512 * 512
"""Pixels up to which nothing is won by halving, which averages over other areas where sides are no whole multiples."""


def resized(luma: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    """The luma (H, W), uint8 or uint16, at `size` (h, w): averaged where it shrinks, cubic where it grows.

    Returns:
        (h, w) in [0, 1].
    """
    height, width = luma.shape
    shrunk = min(size[1], width), min(size[0], height)
    plane = _halved(luma, shrunk)
    if shrunk != plane.shape[::-1]:
        plane = np.asarray(cv2.resize(plane, shrunk, interpolation=cv2.INTER_AREA), np.uint16)
    result = plane.astype(np.float32) / np.float32(65535)
    if shrunk != (size[1], size[0]):
        result = np.clip(cv2.resize(result, (size[1], size[0]), interpolation=cv2.INTER_CUBIC), 0, 1)
    return result


def _halved(luma: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint16]:
    """The luma halved as long as it stays well above `size`, which takes a tenth of the time of any other averaging.

    The result has 16 bit, where averages are not rounded to whole levels: the first halving's are, at 8 bit, but many
    of them are averaged.
    """
    plane = _half(luma) if _can_halve(luma, size) else luma
    if plane.dtype == np.uint8:
        plane = np.multiply(plane, np.uint16(257), dtype=np.uint16)
    while _can_halve(plane, size):
        plane = _half(plane)
    return plane


def _can_halve(plane: NDArray[Any], size: tuple[int, int]) -> bool:
    height, width = plane.shape
    return plane.size > _SMALL and not (height % 2 or width % 2) and width >= 4 * size[0] and height >= 4 * size[1]


def _half(plane: NDArray[Any]) -> NDArray[Any]:
    size = plane.shape[1] // 2, plane.shape[0] // 2
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
