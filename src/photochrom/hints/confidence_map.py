"""The confidence map: a picture of where the colours of a photograph come from, over the grey photograph.

Its colours are of Okabe and Ito's palette (2008), which those see apart who see no red or no green.
The less sure a guess is, the less blue is left: where nothing is known, the photograph stays grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import full_scale
from photochrom.hints.confidence import Certainty
from photochrom.photo.lettering import written

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]

COLORS: Final = ((213, 94, 0), (240, 228, 66), (0, 114, 178), (204, 204, 204))
"""sRGB of stated, follows, inferred, uncertain: the last leaves the photograph grey."""

_LONGEST: Final = 2048
_SHORTEST: Final = 640
"""Pixels of the longer side of the picture: larger photographs are shown smaller, small ones larger."""

_LINE: Final = 0.024
"""Height of a line of the legend, as a part of the longer side."""

_PHOTO: Final = 0.55
"""How much of the photograph's light is seen through the colours."""

_OVERLAID: Final = 0.6
"""How opaque they are where they are laid over it."""


def draw(certainty: Certainty, luma: NDArray[Any]) -> Rgb:
    """The map with its legend below.

    Args:
        certainty: of the photograph.
        luma: (H, W) uint8 or uint16 of it.

    Returns:
        (H', W', 3) uint8 sRGB: the photograph at 640 to 2048 pixels along its longer side, and the legend.
    """
    longest = max(luma.shape)
    scale = min(max(longest, _SHORTEST), _LONGEST) / longest
    height, width = (max(round(side * scale), 1) for side in luma.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    grey = np.asarray(cv2.resize(luma, (width, height), interpolation=way), np.float32)
    grey /= np.float32(full_scale(luma.dtype))
    planes = certainty.sized((height, width)).planes
    tint = np.zeros((height, width, 3), np.float32)
    for plane, color in zip(planes, COLORS, strict=True):
        tint += plane[..., None] * np.asarray(color, np.float32)
    picture = np.rint(tint * (1 - np.float32(_PHOTO) * (1 - np.clip(grey, 0, 1)))[..., None]).astype(np.uint8)
    line = max(round(_LINE * max(height, width)), 12)
    _outline(picture, planes[0], max(line // 10, 1))
    return _above(picture, _rows(_legend(line), width, line))


def overlay(certainty: Certainty) -> Rgb:
    """The colours of the map alone, to be laid over the photograph by whoever shows it.

    Returns:
        (h, w, 4) uint8 sRGB and alpha, of the size of the planes.
    """
    tint = np.einsum("nhw,nc->hwc", certainty.planes, np.asarray(COLORS, np.float32))
    alpha = np.full((*tint.shape[:2], 1), 255 * _OVERLAID)
    laid: Rgb = np.rint(np.concatenate([tint, alpha], axis=2)).astype(np.uint8)
    return laid


def _outline(picture: Rgb, stated: Float, thickness: int) -> None:
    """A dark line around what was stated, which may be small."""
    contours, _ = cv2.findContours((stated >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, (0, 0, 0), thickness)


def _legend(line: int) -> list[Rgb]:
    """What each colour means, in pieces of the same height that stay together."""
    stated, follows, inferred, uncertain = (np.full((line, line, 3), color, np.uint8) for color in COLORS)
    steps = np.linspace(0, 1, 6 * line)[None, :, None]
    fading = np.rint(inferred[:, :1] * (1 - steps) + uncertain[:, :1] * steps).astype(np.uint8)
    return [
        _side_by_side(line, stated, "stated"),
        _side_by_side(line, follows, "follows from it"),
        _side_by_side(line, "inferred", fading, "uncertain"),
    ]


def _side_by_side(line: int, *parts: Rgb | str) -> Rgb:
    """Swatches and words, with gaps, on white."""
    pieces = []
    for part in parts:
        piece = _lettered(part, line) if isinstance(part, str) else part
        lacks = 2 * line - piece.shape[0]
        ends = (lacks // 2, lacks - lacks // 2)
        pieces.append(np.pad(piece, (ends, (0, line // 2), (0, 0)), constant_values=255))
    return np.concatenate(pieces, axis=1)


def _lettered(text: str, line: int) -> Rgb:
    ink = written(text, line)
    return np.repeat(255 - ink[..., None], 3, axis=2)


def _rows(pieces: Sequence[Rgb], width: int, line: int) -> Rgb:
    """The pieces one after the other, in as many rows as the width asks for."""
    rows: list[list[Rgb]] = [[]]
    for piece in pieces:
        if rows[-1] and sum(each.shape[1] + line for each in rows[-1]) + piece.shape[1] + line > width:
            rows.append([])
        rows[-1].append(np.pad(piece, ((0, 0), (line, 0), (0, 0)), constant_values=255))
    return _above(*(np.concatenate(row, axis=1) for row in rows))


def _above(*pictures: Rgb) -> Rgb:
    """Pictures below each other, flush left, on white."""
    width = max(each.shape[1] for each in pictures)
    padded = [np.pad(each, ((0, 0), (0, width - each.shape[1]), (0, 0)), constant_values=255) for each in pictures]
    return np.concatenate(padded, axis=0)
