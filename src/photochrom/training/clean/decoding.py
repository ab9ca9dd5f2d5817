"""Any picture file to upright 8-bit sRGB, as small as it may be: what the rules look at and the shards hold.

Unlike `photochrom.photo`, which keeps what a file carried, only the colours are wanted here. A large
JPEG is decoded at a half, a quarter or an eighth of its size, where that is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import MAX_PIXELS, profiles, vips

Rgb = NDArray[np.uint8]

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2", ".heic", ".heif")
"""Names of files that are taken for pictures. HEIC, which libvips' wheel can't decode, is counted as unreadable."""

_ENOUGH: Final = 2
"""A picture is decoded at no less than so many times the size that is asked for, so that averaging decides."""

_BY_OPENCV: Final = (b"BM", b"\0\0\0\x0cjP  ")
"""How files begin that libvips has no loader for: BMP and JPEG 2000."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture, upright.

    Attributes:
        rgb: (h, w, 3), sRGB; transparent places are white.
        width, height: of the file's picture in pixels, upright; `rgb` may be smaller, by one factor.
    """

    rgb: Rgb
    width: int
    height: int


def decode(data: bytes, side: int) -> Decoded:
    """The first picture of a file: EXIF orientation applied; 16 bit, grey, CMYK and other profiles brought to sRGB.

    Args:
        data: the whole file.
        side: how long the shorter side is to be at least, unless the file itself is smaller.

    Raises:
        PhotoError: it is no picture, damaged or cut short, or has more than `MAX_PIXELS`.
    """
    if data.startswith(_BY_OPENCV):
        return _by_opencv(data)
    library = vips.library()
    try:
        image = _opened(library, data)
        size = image.width, image.height
        if size[0] * size[1] > MAX_PIXELS:
            raise PhotoError(f"has {size[0]} x {size[1]} pixels, more than {MAX_PIXELS:,}")
        shrink = next((n for n in (8, 4, 2) if min(size) >= n * _ENOUGH * side), 1)
        if shrink > 1 and data[:2] == b"\xff\xd8":
            image = _opened(library, data, shrink=shrink)
        turned = image.get_typeof("orientation") and image.get("orientation") in (5, 6, 7, 8)
        rgb = _srgb(library, image.copy_memory()).autorot().numpy()
    except library.Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise PhotoError(lines[1] if len(lines) > 1 else lines[0]) from None
    width, height = size[::-1] if turned else size
    return Decoded(np.ascontiguousarray(rgb.reshape(rgb.shape[0], rgb.shape[1], 3)), width, height)


def shrunk(rgb: Rgb, side: int) -> Rgb:
    """The picture with its shorter side at most `side`, area-averaged; a smaller one stays as it is."""
    height, width = rgb.shape[:2]
    factor = side / min(height, width)
    if factor >= 1:
        return rgb
    size = max(side, round(width * factor)), max(side, round(height * factor))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _opened(library: Any, data: bytes, **options: int) -> Any:
    return library.Image.new_from_buffer(data, "", access="sequential", fail_on="error", **options)


def _srgb(library: Any, image: Any) -> Any:
    """Three bands of 8 bit."""
    if image.interpretation == "cmyk":
        image = profiles.cmyk_to_srgb(image).colourspace("srgb")
    elif image.get_typeof("icc-profile-data") and image.format in ("uchar", "ushort"):
        try:
            image = image.icc_transform("srgb", embedded=True, intent="relative").copy_memory()
        except library.Error:
            image = image.colourspace("srgb")  # its profile does not fit: the numbers are taken as sRGB
    else:
        image = image.colourspace("srgb")
    if image.hasalpha():
        image = image.flatten(background=255)
    return image.cast("uchar").extract_band(0, n=3)


def _by_opencv(data: bytes) -> Decoded:
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # its header claims more pixels than OpenCV reads
        raise PhotoError(f"is too large a BMP or JPEG 2000, or a damaged one ({error.err})") from None
    if bgr is None:
        raise PhotoError("is a damaged or incomplete BMP or JPEG 2000")
    rgb = np.ascontiguousarray(bgr[..., ::-1]).astype(np.uint8, copy=False)
    return Decoded(rgb, rgb.shape[1], rgb.shape[0])
