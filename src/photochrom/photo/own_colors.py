"""A picture's own colors, small: those that it came with, or was given; for pictures that lend them to others."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import enlarge, recombine
from photochrom.photo import profiles
from photochrom.photo.photo import Photo
from photochrom.photo.samples import Look


def own_colors(photo: Photo, size: tuple[int, int]) -> NDArray[np.float32] | None:
    """The colors that a photo was given here, else those that it came with.

    Args:
        size: (h, w) in pixels; the picture's colors are known at 192 pixels along its longer side.

    Returns:
        (h, w, 2) Lab units; None where it is grey, or toned as sepia is.
    """
    look, icc = photo.look, photo.profile
    if photo.chroma is not None:
        across, down = Look.size(*photo.size[::-1])
        look = Look(photo.small_luma((down, across)), enlarge(photo.chroma, (down, across)))
    if look is None or photo.meant_grey:
        return None
    rgb = recombine(look.luma, look.chroma)
    lab = srgb_to_lab(rgb) if icc is None else profiles.to_lab((rgb * 65535 + 0.5).astype(np.uint16), icc)
    way = cv2.INTER_AREA if size[0] < lab.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(lab[..., 1:]), size[::-1], interpolation=way), np.float32)
