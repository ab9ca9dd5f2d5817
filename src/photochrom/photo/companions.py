"""Pictures that go beside a result: its colours alone, as a layer for other programs, and before | after."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.luma import enlarge, neutral_luma, rgb_to_cbcr
from photochrom.color.luma import luma as grey_of
from photochrom.photo.metadata import Metadata
from photochrom.photo.photo import Photo

MOST_COMPARED: Final = 1600
"""Pixels of the longer side of each half of a comparison: it is for looking at, and for sending."""

_WIDE: Final = 1.8
"""Width by height above which after stands below before, and not beside it."""

_GAP: Final = 0.006
"""Of the longer side: the white line between the two."""


def layer(photo: Photo) -> Photo:
    """The colours of a coloured photograph without its light: a layer for the blend mode "Color" of other programs.

    That mode gives each channel of the layer the luma of what lies below and draws what leaves the RGB cube toward
    grey (W3C Compositing and Blending Level 1, section 10.2; PDF and Photoshop have the same), as is done here. So the
    layer over the grey photograph gives the coloured one, within the rounding of 8 bit. Its own luma is middle grey but
    for strong colours that have no room there.
    """
    width, height = photo.size
    alpha = None if photo.alpha is None else photo.alpha_8_bit()
    return replace(photo, luma=neutral_luma(photo.colors(), (height, width)), alpha=alpha, depth=8)


def compared(photo: Photo) -> Photo:
    """A coloured photograph beside what it was, before | after, at most `MOST_COMPARED` pixels for each.

    One that is much wider than high stands below.
    """
    width, height = photo.size
    scale = min(MOST_COMPARED / max(width, height), 1)
    size = max(round(height * scale), 1), max(round(width * scale), 1)
    luma = photo.small_luma(size)
    before = np.zeros((2, *size), np.float32) if photo.tone is None else photo.tone.at(luma)
    after = enlarge(photo.colors(), size)
    axis = 0 if width > _WIDE * height else 1
    gap = list(size)
    gap[axis] = max(round(_GAP * max(size)), 2)
    line: NDArray[np.float32] = np.ones(gap, np.float32)
    both = np.concatenate([luma, line, luma], axis=axis)
    chroma = np.concatenate([before, np.zeros((2, *gap), np.float32), after], axis=axis + 1)
    return _beside(photo, np.asarray(cv2.convertScaleAbs(both, alpha=255), np.uint8), chroma)


def pictured(photo: Photo, rgb: NDArray[np.uint8]) -> Photo:
    """A picture about a coloured photograph, such as a map of it, with the mark: nobody shall take it for an original.

    Args:
        rgb: (h, w, 3) sRGB.
    """
    plain = replace(photo, metadata=replace(photo.metadata, icc=None))
    return _beside(plain, grey_of(rgb), rgb_to_cbcr(rgb))


def _beside(photo: Photo, luma: NDArray[np.uint8], chroma: NDArray[np.float32]) -> Photo:
    """Other pixels in the place of a photograph's, with its mark and profile and nothing else of it."""
    return replace(
        photo,
        luma=luma,
        chroma=chroma,
        alpha=None,
        depth=8,
        encoding=None,
        metadata=Metadata(icc=photo.metadata.icc, xmp=photo.metadata.xmp),
        more_pages=(),
    )
