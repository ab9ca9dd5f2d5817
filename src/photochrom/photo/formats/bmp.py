"""BMP, by OpenCV, since libvips has no loader for it. It has a place for the density and nothing else.

Source: Microsoft's documentation of BITMAPFILEHEADER, BITMAPINFOHEADER and BITMAPV5HEADER.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, BinaryIO, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import profiles
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.metadata import Density, Metadata

_DENSITY: Final = 38
"""Where the file holds pixels per metre, two 32-bit numbers."""

_GREEN_MASK: Final = 58

_MOST_OF_A_RUN: Final = 128
"""Pixels that a byte of run lengths can stand for: 255 need two. A file may leave pixels out, which no picture does."""


_BITS: Final = frozenset({1, 4, 8, 16, 24, 32})
_COMPRESSIONS: Final = frozenset({0, 1, 2, 3})
_UNCOMPRESSED: Final = frozenset({0, 3})
_OS2: Final = 64
"""Size of the second header of OS/2, in which compression 3 means something else."""


class Bmp(Format):
    """1, 4, 8, 16, 24 and 32 bit, run lengths too, in; 24 bit, or 32 with alpha, out."""

    name = "BMP"
    suffixes = (".bmp", ".dib")
    mime = "image/bmp"
    keeps = frozenset({"density", "alpha"})

    def recognises(self, head: bytes) -> bool:
        return (
            head[:2] == b"BM"
            and len(head) >= 26
            and struct.unpack_from("<I", head, 14)[0] in (12, 40, 52, 56, _OS2, 108, 124)
        )

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        density = None
        try:
            offset, header = struct.unpack_from("<II", data, 10)
            if header == 12:
                width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
                compression = colors = 0
            else:
                width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
                x, y = struct.unpack_from("<ii", data, _DENSITY)
                colors = struct.unpack_from("<I", data, 46)[0]
                density = Density(x, y, "metre") if x > 0 and y > 0 else None
        except struct.error:
            raise _damaged(name, "it ends in its header") from None
        known = _COMPRESSIONS if header != _OS2 else _COMPRESSIONS - {3}
        if bits not in _BITS or compression not in known or (bits <= 8 and colors > 256):
            raise _damaged(name, f"it says that it has {bits} bits, {colors} colours and compression {compression}")
        check_size(width, abs(height), max_pixels=max_pixels, name=name)
        stored = (width * bits + 31) // 32 * 4 * abs(height)
        if compression not in _UNCOMPRESSED:
            stored = struct.unpack_from("<I", data, 34)[0]
            if width * abs(height) > _MOST_OF_A_RUN * len(data):
                raise _damaged(name, "it holds too little for so many pixels")
        if offset + stored > len(data):
            raise _damaged(name, "it ends before the picture does")
        if bits == 16 and compression == 3 and header > 40:
            # OpenCV looks for the masks behind the header: where they stand, seen from one of 40 bytes.
            data = data[:14] + struct.pack("<I", 40) + data[18:]
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise _damaged(name, error.err) from None
        if pixels is None or pixels.shape[:2] != (abs(height), width):
            raise _damaged(name, "it can't be decoded")
        if bits == 16:  # OpenCV leaves white at 248
            six = compression == 3 and struct.unpack_from("<I", data, _GREEN_MASK)[0] == 0x7E0
            wide = np.asarray(pixels, np.uint8)
            pixels = wide | wide >> np.array([5, 6 if six else 5, 5], np.uint8)
        has_alpha = bits == 32 and compression == 3 and header >= 56
        return Decoded(_samples(pixels, has_alpha), Metadata(density=density), depth=min(bits, 8))

    def find_xmp(self, data: memoryview) -> bytes | None:
        return None

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        rgb = page.photo.rgb(np.uint8)
        if page.photo.profile is not None:
            rgb = profiles.rgb_to_srgb(rgb, page.photo.profile)
        pixels = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        alpha = page.photo.alpha_8_bit()
        if alpha is not None:
            pixels = np.dstack([pixels, alpha])
        done, encoded = cv2.imencode(".bmp", pixels)
        if not done:
            raise PhotoError(f"{name}: could not be written as BMP; write PNG or TIFF")
        body = bytearray(encoded.data)
        metre = page.metadata.density.per_metre() if page.metadata.density else None
        struct.pack_into("<ii", body, _DENSITY, *(round(value) for value in metre or (0, 0)))
        file.write(body)


def _damaged(name: str, why: str) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete BMP ({why}); fetch or copy it again")


def _samples(pixels: NDArray[Any], has_alpha: bool) -> NDArray[Any]:
    """RGB order; alpha only where the file says so and it is not 0 everywhere, as many writers leave it."""
    if pixels.ndim == 2:
        return pixels
    colors = cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_BGR2RGB)
    if has_alpha and pixels.shape[2] == 4 and pixels[..., 3].any():
        return np.dstack([colors, pixels[..., 3]])
    return np.asarray(colors)
