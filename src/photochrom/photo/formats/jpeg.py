"""JPEG as planes: the luma is decoded and encoded as it is, chroma goes beside it, RGB is never made.

libjpeg-turbo (through simplejpeg) does the pixels, `jpeg_segments` all that stands before them.
CMYK and YCCK are taken as inverted, as Photoshop writes them and every reader that matters takes
them, whether or not Adobe's marker is there. Source: ITU-T T.81.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO, Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from photochrom.color.luma import luma as luma_of
from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import profiles, vips
from photochrom.photo.deferred import Deferred, begun
from photochrom.photo.formats.base import Decoded, Format, Options, Page, Samples, check_page, check_size
from photochrom.photo.formats.jpeg_bands import encoded
from photochrom.photo.formats.jpeg_quality import DEFAULT_QUALITY, nearest_quality
from photochrom.photo.formats.jpeg_segments import (
    END,
    SCAN,
    Header,
    JpegEncoding,
    damaged,
    metadata_segments,
    tidied,
    xmp_packet,
)
from photochrom.photo.notices import warn
from photochrom.photo.samples import LOOK_SIDE, Look

LONGEST_SIDE: Final = 65500
"""libjpeg's limit."""

SMALL_PIXELS: Final = 400_000
"""Least size of a small copy: well above the network's working area, so that pixels are averaged once more.

A picture that still has so many at a quarter of its sides is decoded at that size first.
"""

_HARMLESS: Final = ("extraneous bytes before marker 0xd9", "Invalid SOS parameters", "Unknown Adobe color transform")
"""What libjpeg complains about although the whole picture is there."""

_HARMLESS_IN_HEADER: Final = ("extraneous bytes before marker", "bad ICC marker")
"""The same, if it goes away with the junk in the header; in the scan it means that some of the picture is lost."""


_MOST_SCANS: Final = 1000
"""Each goes over the whole picture; a progressive JPEG has about ten, and a file made for it could have a million."""


class Jpeg(Format):
    """Baseline and progressive, grey, YCbCr, RGB and CMYK in; baseline YCbCr out."""

    name = "JPEG"
    suffixes = (".jpg", ".jpeg", ".jpe", ".jfif")
    mime = "image/jpeg"
    keeps = frozenset({"exif", "xmp", "iptc", "icc", "density"})

    def recognises(self, head: bytes) -> bool:
        return head[:3] == b"\xff\xd8\xff"

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        header = Header.parse(data, name)
        check_size(header.width, header.height, max_pixels=max_pixels, name=name)
        if header.has_many_scans:
            end = data.find(END, header.scan)  # what follows, as the film of a phone's "live" photograph, is no scan
            if data.count(SCAN, header.scan, end if end >= 0 else None) > _MOST_SCANS:
                raise damaged(name, f"its picture is drawn over more than {_MOST_SCANS:,} times")
        metadata = header.metadata()
        encoding = JpegEncoding(
            quality=nearest_quality(header.luma_table, header.chroma_table),
            subsampling=header.subsampling,
            photoshop=header.photoshop,
            others=tuple(header.others),
        )
        turned = exif_block.orientation(metadata.exif)
        lacks_end = header.one_pass and data.rfind(END, header.scan) < 0
        stream = data + END if lacks_end else data
        samples: Samples | Deferred
        look = None
        if len(header.components) == 4:
            image = vips.load("jpegload", stream, name, "JPEG")
            samples = vips.pixels(profiles.cmyk_to_srgb(image, metadata.icc, name), name, "JPEG")
            metadata = replace(metadata, icc=profiles.srgb())
        elif profiles.space(metadata.icc) == "RGB" and not profiles.stays(metadata.icc or b""):
            samples = _rgb_or_grey(stream, header)
        else:
            in_place = turned in (None, 1) and profiles.space(metadata.icc) != "GRAY"
            samples, look = _decode(stream, header, may_defer=in_place)
        if lacks_end:
            warn(f"{name}: lacks the end mark of a JPEG: it may have been cut short, though the whole picture is there")
        return Decoded(samples, metadata, orientation=turned, encoding=encoding, look=look)

    def find_xmp(self, data: memoryview) -> bytes | None:
        return xmp_packet(data)

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        photo, metadata = page.photo, page.metadata
        if max(photo.luma.shape) > LONGEST_SIDE:
            raise PhotoError(f"{name}: JPEG holds at most {LONGEST_SIDE} pixels a side; write PNG or TIFF")
        came = photo.encoding if isinstance(photo.encoding, JpegEncoding) else None
        subsampling = options.subsampling or (came.subsampling if came else None) or "420"
        quality = options.quality or (came.quality if came else DEFAULT_QUALITY)
        file.write(b"\xff\xd8")
        file.writelines(metadata_segments(metadata, came, photo.record, name))
        file.writelines(encoded(photo, subsampling, quality))


def embedded(data: bytes, name: str, *, size: tuple[int, int]) -> NDArray[np.uint8]:
    """RGB (H, W, 3) or grey (H, W) of a JPEG that stands in another file.

    Raises:
        PhotoError: damaged, not RGB or YCbCr or grey, or not of this (width, height).
    """
    header = Header.parse(data, name)
    if (header.width, header.height) != size:
        raise damaged(name, "its JPEG is of another size")
    return _rgb_or_grey(data, header)


def _rgb_or_grey(data: bytes, header: Header) -> NDArray[np.uint8]:
    if len(header.components) == 1:
        return _pixels(data, header, "GRAY")[..., 0]
    return _pixels(data, header, "RGB")


def _decode(data: bytes, header: Header, *, may_defer: bool) -> tuple[NDArray[np.uint8] | Deferred, Look | None]:
    """The luma and, where the file has colors, a look at them."""
    grey = len(header.components) == 1
    shape = header.height, header.width
    fraction = next((f for f in (8, 4) if shape[0] // f * (shape[1] // f) >= SMALL_PIXELS), None)

    def luma() -> NDArray[np.uint8]:
        return _pixels(data, header, "GRAY")[..., 0]

    if fraction is None or not header.sequential or not may_defer:
        look_at = min(max(max(shape) // LOOK_SIDE, 1), 8)
        return luma(), None if grey else Look.at(_pixels(data, header, "RGB", fraction=look_at))
    full = begun(luma)
    small = _pixels(data, header, "GRAY" if grey else "RGB", fraction=fraction)
    if grey:
        return Deferred(full, shape, small[..., 0], fraction), None
    return Deferred(full, shape, luma_of(small), fraction), Look.at(small)


def _pixels(data: bytes, header: Header, colorspace: str, *, fraction: int = 1) -> NDArray[np.uint8]:
    """Samples (H, W, channels); `fraction`: 4 or 8 for sides of that part, which saves all but the entropy decoding."""
    strict, tidy = True, False
    while True:
        try:
            pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
                data,
                colorspace=colorspace,
                min_height=-(-header.height // fraction),
                min_width=-(-header.width // fraction),
                strict=strict,
            )
        except ValueError as error:
            if strict and any(harmless in str(error) for harmless in _HARMLESS):
                strict = False
            elif not tidy and any(harmless in str(error) for harmless in _HARMLESS_IN_HEADER):
                data, tidy = tidied(data), True
            else:
                raise damaged(header.name, str(error)) from None
        else:
            return pixels
