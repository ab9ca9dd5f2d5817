"""Proof: a photograph as a screen shows it, small, in sRGB and 8 bit, so that a look at it costs little.

It has no colours yet and is coloured like the photograph itself; what it would look like uncoloured
is a JPEG as well. Neither is for keeping: nothing that the file carried goes along.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from photochrom.color.luma import fit_gamut, recombine, rgb_to_cbcr
from photochrom.color.luma import luma as luma_of
from photochrom.photo import profiles
from photochrom.photo.metadata import Metadata
from photochrom.photo.photo import Photo
from photochrom.photo.samples import Tone

Plane = NDArray[np.uint8]

LONGEST: Final = 65500
"""Pixels of a side: libjpeg's limit."""

QUALITY: Final = 90
"""Of the JPEG, without subsampling: nobody sees what is lost."""


def proof(photo: Photo, longest: int = LONGEST) -> Photo:
    """A photograph that is not coloured yet, small and in sRGB; what is transparent lies on white.

    Args:
        longest: pixels of the longer side at most; it is never enlarged.
    """
    width, height = photo.size
    scale = min(longest / max(width, height), 1)
    size = max(round(height * scale), 1), max(round(width * scale), 1)
    luma, tone, icc = _light(photo, size), photo.tone, photo.profile
    if icc is not None:
        luma = _table(luma, _level(np.interp(np.arange(256) / 255, *profiles.grey_axis(icc))))
        tone = None if tone is None else _in_srgb(tone, icc)
    alpha = photo.alpha_8_bit()
    if alpha is not None:
        luma = _on_white(
            luma, np.asarray(cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_AREA), np.uint8).reshape(size)
        )
    return replace(
        photo,
        luma=luma,
        chroma=None,
        alpha=None,
        tone=tone,
        look=None,
        depth=8,
        metadata=Metadata(),
        encoding=None,
        more_pages=(),
    )


def shown(photo: Photo, longest: int = LONGEST) -> bytes:
    """A photograph as it came, as JPEG: grey, or with the tint of a toned one. One in colour is shown grey.

    Args:
        longest: pixels of the longer side at most.
    """
    small = proof(photo, longest)
    luma: Plane = small.luma
    if small.tone is None:
        data: bytes = simplejpeg.encode_jpeg(luma[..., None], quality=QUALITY, colorspace="GRAY")
        return data
    levels = np.arange(256, dtype=np.float32)[None] / np.float32(255)
    tint = fit_gamut(levels, small.tone.at(levels))[:, 0]
    planes = (_table(luma, np.rint(255 * plane + 128).clip(0, 255).astype(np.uint8)) for plane in tint)
    toned: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, *planes, quality=QUALITY)
    return toned


def _light(photo: Photo, size: tuple[int, int]) -> Plane:
    """The luma as 8 bit, in the file's own numbers."""
    if size == photo.size[::-1]:
        return photo.luma_8_bit()
    return _level(photo.small_luma(size))


def _level(values: NDArray[Any]) -> Plane:
    """Levels of 8 bit for values in [0, 1]."""
    level: Plane = np.rint(values * 255).astype(np.uint8)
    return level


def _table(plane: Plane, levels: Plane) -> Plane:
    return np.asarray(cv2.LUT(plane, levels), np.uint8)


def _on_white(luma: Plane, alpha: Plane) -> Plane:
    seen = alpha.astype(np.float32) / np.float32(255)
    lit: Plane = np.rint(luma * seen + 255 * (1 - seen)).astype(np.uint8)
    return lit


def _in_srgb(tone: Tone, icc: bytes) -> Tone:
    rgb = recombine(tone.luma[None], tone.chroma[:, None])
    srgb = profiles.rgb_to_srgb((rgb * 65535 + 0.5).astype(np.uint16), icc)[0]
    luma = luma_of(srgb).astype(np.float32) / np.float32(65535)
    rising = np.argsort(luma, kind="stable")
    return Tone(luma[rising], rgb_to_cbcr(srgb)[:, rising])
