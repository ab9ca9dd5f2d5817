"""A small line in the corner that says of a picture, wherever it is shown, that it has been colourised.

The one thing that changes a photograph's light, and only there, and only when it is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import full_scale
from photochrom.photo.lettering import written
from photochrom.photo.notices import warn
from photochrom.photo.photo import Photo

TEXT: Final = "Colourised"

_HEIGHT: Final = 0.024
"""Of a line of text, as a part of the shorter side."""
_LEAST: Final = 11
"""Pixels of a line that can be read."""
_INK: Final = 0.9
_SHADOW: Final = 0.7
"""How far the letters turn what lies under them white, and their shadow turns it black."""


def labelled(photo: Photo) -> Photo:
    """The coloured photograph with "Colourised" in its lower right corner; its record says so.

    Warns:
        PhotoWarning: it is too small for a label that could be read, and stays as it is.
    """
    width, height = photo.size
    line = max(round(_HEIGHT * min(width, height)), _LEAST)
    text, margin = written(TEXT, line), round(0.6 * line)
    down, across = text.shape[0] + 2 * margin, text.shape[1] + 2 * margin
    if across > width or down > height:
        warn(f"{photo.name}: is too small for a label that could be read, so that it gets none")
        return photo
    ink = np.pad(text, margin).astype(np.float32) / np.float32(255)
    shadow = np.clip(2 * np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.12 * line), np.float32), 0, 1)
    luma, alpha = photo.luma.copy(), None if photo.alpha is None else photo.alpha.copy()
    corner = np.s_[height - down :, width - across :]
    luma[corner] = _laid_over(luma[corner], ink, shadow)
    if alpha is not None:  # what is transparent there must not hide it
        seen = np.maximum(ink, shadow * np.float32(_SHADOW)) * np.float32(full_scale(alpha.dtype))
        alpha[corner] = np.maximum(alpha[corner], np.rint(seen).astype(alpha.dtype))
    record = None if photo.record is None else replace(photo.record, options={**photo.record.options, "label": True})
    return replace(photo, luma=luma, alpha=alpha, record=record)


def _laid_over(luma: NDArray[Any], ink: NDArray[np.float32], shadow: NDArray[np.float32]) -> NDArray[Any]:
    peak = np.float32(full_scale(luma.dtype))
    dark = luma * (1 - np.float32(_SHADOW) * shadow)
    result: NDArray[Any] = np.rint(dark + (peak - dark) * np.float32(_INK) * ink).astype(luma.dtype)
    return result
