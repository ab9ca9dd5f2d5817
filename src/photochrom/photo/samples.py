"""Luma out of samples, the picture turned upright, and whether it had colors already."""

from __future__ import annotations

from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

WasColored = Literal["grey", "toned", "color"]

_SAMPLE_SIDE: Final = 192
"""Longer side of the small copy that is looked at for colors."""


def small_chroma(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """Cb, Cr (2, h, w) in [-0.5, 0.5] (BT.601) of a small copy of RGB (H, W, 3), uint8 or uint16."""
    height, width = rgb.shape[:2]
    shrink = min(1.0, _SAMPLE_SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.iinfo(rgb.dtype).max
    y = small @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.stack([(small[..., 2] - y) / np.float32(1.772), (small[..., 0] - y) / np.float32(1.402)])


def was_colored(chroma: NDArray[np.float32] | None) -> WasColored:
    """What a picture's small chroma (2, h, w) says about it.

    "grey": no chroma beyond what rounding leaves. "toned": all colors lie along one line of the CbCr plane,
    as those of sepia, a yellowed print or a duotone do. "color": anything else.
    """
    if chroma is None:
        return "grey"
    points = chroma.reshape(2, -1)
    if np.percentile(np.abs(points).max(axis=0), 99) < _GREY:
        return "grey"
    centred = points - np.median(points, axis=1, keepdims=True)
    _, axes = np.linalg.eigh(centred @ centred.T)
    return "toned" if np.percentile(np.abs(axes[:, 0] @ centred), 97) < _LINE else "color"


_GREY: Final = 2.5 / 255
_LINE: Final = 5 / 255


def upright(plane: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A plane (H, W) turned and mirrored as the EXIF orientation 1 to 8 asks, contiguous."""
    if orientation in (5, 6, 7, 8):
        plane = plane.T
    flip_rows, flip_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    plane = plane[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
    return np.ascontiguousarray(plane)
