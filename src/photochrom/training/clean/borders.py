"""Cuts black and white borders: bars of films, frames of scans. A network would learn that pictures end in them.

A border is a run of even black or white lines at an edge that ends all at once. A night sky grows lighter
slowly, and a thing photographed on white begins with a corner; neither is cut.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

BLACK: Final = 20
"""Brightest level of a black border, in luma of 0 to 255."""
WHITE: Final = 236
"""Darkest level of a white border."""
STRAY: Final = 2
"""Percent of a border's pixels that may be of another level, as dust and compression make them."""
END: Final = 0.5
"""Share of the line after a border that must differ from it by at least `STEP`."""
STEP: Final = 24
SHARP: Final = 0.85
"""A first line of the picture that differs from the border less than this times the second one is blurred with it."""
MOST: Final = 0.35
"""Share of the side that the border at one edge can take; more is no border but the picture."""
NESTED: Final = 3
"""Borders around each other: a black frame on white paper, or bars at the sides that hide those above and below."""


def cut_borders(rgb: Rgb) -> Rgb:
    """The picture (h, w, 3) without black or white borders, also one around another; as it is where it has none.

    The line or two that a border's edge is blurred over go with it.
    """
    for _ in range(NESTED):
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        top, bottom = _border(grey), _border(grey[::-1])
        grey = grey[top : grey.shape[0] - bottom]
        left, right = _border(grey.T), _border(grey.T[::-1])
        if not (top or bottom or left or right):
            break
        rgb = rgb[top : rgb.shape[0] - bottom, left : rgb.shape[1] - right]
    return rgb


def _border(grey: NDArray[np.uint8]) -> int:
    """How many rows at the top are border."""
    most = int(grey.shape[0] * MOST)
    rows = grey[: most + 4]
    low, high = np.percentile(rows, STRAY, axis=1), np.percentile(rows, 100 - STRAY, axis=1)
    for border, level in ((high <= BLACK, 0), (low >= WHITE, 255)):
        run = int(np.argmin(border)) if not border.all() else len(border)
        if not 0 < run <= most:
            continue
        distance = np.abs(rows.astype(np.int64) - level)
        for first in range(run, min(run + 3, len(rows) - 1)):
            if np.mean(distance[first] >= STEP) >= END:
                return first + int(distance[first].mean() < SHARP * distance[first + 1].mean())
    return 0
