"""A large JPEG encoded in bands: while one is encoded, the chroma of the next one is computed.

Each band is a JPEG of its own; a restart marker between two of them makes one scan of their data,
since at a restart the encoder begins anew just as at the start of a file. A decoder gets the same
pixels as from a single scan. The bands depend on the size of the picture alone, so that the same
picture always gives the same bytes.
Source: ITU-T T.81, sections B.2.4.4 (restart interval) and F.1.1.5.1 (what a restart resets).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import simplejpeg

from photochrom.photo.formats.base import Subsampling
from photochrom.photo.photo import Photo, Plane

BAND_PIXELS: Final = 1_000_000
"""Pixels of a band, about: a smaller picture is encoded at once."""

_SOF, _SOS, _DRI, _RST, _EOI = 0xC0, 0xDA, 0xDD, 0xD0, 0xD9


def encoded(photo: Photo, subsampling: Subsampling, quality: int) -> Iterator[bytes | memoryview]:
    """The pieces of a JPEG of the colored photo, from its tables to its end; what stands before them is the caller's.

    Args:
        photo: colored; sides of at most 65500 pixels.
        subsampling: "420" or "444".
        quality: libjpeg's, 1 to 100.
    """
    unit = 16 if subsampling == "420" else 8
    width, height = photo.size
    rows = max(BAND_PIXELS // (width * unit), 1) * unit
    interval = rows // unit * -(-width // unit)
    with ThreadPoolExecutor(1) as pool:
        bands = [
            pool.submit(simplejpeg.encode_jpeg_yuv_planes, _even(luma) if unit == 16 else luma, cb, cr, quality=quality)
            for luma, cb, cr in photo.bands(subsampling, rows=min(rows, height))
        ]
        for number, band in enumerate(bands):
            data = memoryview(band.result())
            tables, scan = _parts(data, photo.size, interval if len(bands) > 1 else 0)
            yield bytes((0xFF, _RST + (number - 1) % 8)) if number else tables
            yield data[scan:-2]
    yield bytes((0xFF, _EOI))


def _even(luma: Plane) -> Plane:
    """The plane with its last row and column repeated where their number is odd.

    For 4:2:0 libjpeg-turbo takes as many luma samples as two of each chroma plane stand for, and reads behind the
    end of a smaller plane, where anything may stand.
    """
    height, width = luma.shape
    return np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge") if height % 2 or width % 2 else luma


def _parts(data: memoryview, size: tuple[int, int], interval: int) -> tuple[bytes, int]:
    """The tables of a band's JPEG, made those of the whole picture, and where its scan begins.

    Its own start of image and JFIF segment are left out.

    Args:
        data: the band's JPEG.
        size: (width, height) of the whole picture.
        interval: MCUs of a band, 0 for no restarts.
    """
    tables = bytearray()
    place = 2
    while True:
        marker, length = data[place + 1], struct.unpack_from(">H", data, place + 2)[0]
        segment = bytearray(data[place : place + 2 + length])
        place += 2 + length
        if marker == _SOF:
            struct.pack_into(">HH", segment, 5, size[1], size[0])
        if marker == _SOS and interval:
            tables += struct.pack(">BBHH", 0xFF, _DRI, 4, interval)
        if marker != 0xE0:
            tables += segment
        if marker == _SOS:
            return bytes(tables), place
