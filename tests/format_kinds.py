"""Every kind of file that is read: who writes a good one, and what it can hold."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Final

import format_files as by
import profile_files
from format_files import Wish

Make = Callable[[Wish], bytes | None]
"""The file; None where its format, or every writer at hand, has no place for what is wished."""


@dataclass(frozen=True)
class Kind:
    """One row of the table.

    Attributes:
        name: of the row.
        format: our name of the format.
        bits: of the stored samples.
        make: writes a file.
        has: what the files of `make` hold, of exif, xmp, iptc, density, orientation.
        lossy: whether light and alpha may differ a little.
        needs: a module without which there is no such row.
    """

    name: str
    format: str
    bits: int
    make: Make
    has: frozenset[str]
    lossy: bool = False
    needs: str | None = None

    @property
    def is_there(self) -> bool:
        return self.needs is None or find_spec(self.needs) is not None


_ALL: Final = frozenset({"exif", "xmp", "iptc", "density", "orientation"})
_TURN: Final = frozenset({"orientation"})
_IN_EXIF: Final = frozenset({"exif", "xmp", "orientation", "density"})

KINDS: Final = (
    Kind("JPEG, baseline", "JPEG", 8, by.jpeg, _ALL, lossy=True),
    Kind("JPEG, progressive", "JPEG", 8, partial(by.jpeg, progressive=True), _ALL, lossy=True),
    Kind("JPEG, CMYK (Adobe's, inverted)", "JPEG", 8, by.jpeg_in_ink, _ALL, lossy=True),
    *(Kind(f"PNG, {bits} bit", "PNG", bits, partial(by.png, bits=bits), _ALL) for bits in (8, 16)),
    Kind("PNG, palette", "PNG", 8, by.png_palette, _ALL),
    *(Kind(f"TIFF, {bits} bit", "TIFF", bits, partial(by.tiff, bits=bits), _ALL) for bits in (8, 16)),
    Kind(
        "TIFF, 16 bit, tiles, deflate", "TIFF", 16, partial(by.tiff, bits=16, tile=(32, 48), compression="zlib"), _ALL
    ),
    Kind("TIFF, JPEG inside", "TIFF", 8, by.tiff_jpeg, _ALL, lossy=True),
    Kind("TIFF, CMYK", "TIFF", 8, by.tiff_ink, _ALL, lossy=True),
    Kind("BigTIFF, 16 bit", "TIFF", 16, partial(by.tiff, bits=16, big=True), _ALL),
    Kind("WebP, lossy", "WebP", 8, partial(by.webp, lossless=False), _IN_EXIF, lossy=True),
    Kind("WebP, lossless", "WebP", 8, partial(by.webp, lossless=True), _IN_EXIF),
    Kind("BMP", "BMP", 8, by.bmp, frozenset({"density"})),
    *(
        Kind(f"AVIF, {bits} bit", "AVIF", bits, partial(by.avif, bits=bits), _IN_EXIF, lossy=True)
        for bits in (8, 10, 12)
    ),
    *(
        Kind(f"HEIC, {bits} bit", "HEIC", bits, partial(by.heic, bits=bits), _IN_EXIF, lossy=True, needs="pillow_heif")
        for bits in (8, 10, 12)
    ),
    *(Kind(f"JPEG 2000, {bits} bit", "JPEG 2000", bits, partial(by.jp2, bits=bits), _ALL) for bits in (8, 16)),
    Kind("JPEG 2000, bare codestream", "J2K", 8, partial(by.j2k, bits=8), frozenset()),
    *(
        Kind(f"JPEG XL, {bits} bit", "JPEG XL", bits, partial(by.jxl, bits=bits), _IN_EXIF - _TURN, needs="pyjpegxl")
        for bits in (8, 16)
    ),
    Kind("JPEG XL, lossy", "JPEG XL", 8, partial(by.jxl, bits=8, lossless=False), _IN_EXIF - _TURN, True, "pyjpegxl"),
)

RGB_PROFILE: Final = profile_files.rgb(profile_files.ADOBE_RGB, 563 / 256)
GREY_PROFILE: Final = profile_files.grey_gamma()
