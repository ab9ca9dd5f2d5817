"""Words in pictures: in the typeface that comes with OpenCV, so that they look the same on every machine."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


def written(text: str, height: int, *, weight: int = 400) -> Plane:
    """A line of text, 255 where it covers and 0 beside it, cut to what it needs.

    Args:
        text: one line.
        height: of a line of text in pixels, from the top of "l" to the bottom of "g"; at least 4.
        weight: 400 is regular, 600 bold.

    Returns:
        (h, w) uint8, a little higher than `height`; its baseline lies four fifths down.
    """
    size = max(round(0.8 * height), 3)
    canvas = np.zeros((2 * size + 4, (len(text) + 2) * 2 * size), np.uint8)
    baseline = round(1.25 * size)
    face = cv2.FontFace("sans")
    cv2.putText(canvas, text, (size, baseline), (255,), face, size, weight)
    columns = np.flatnonzero(canvas.any(axis=0))
    if not len(columns):
        return canvas[:height, :0]
    top = baseline - round(0.8 * height)
    return np.ascontiguousarray(canvas[max(top, 0) : top + height + 1, columns[0] : columns[-1] + 1])
