"""TIFF pages compressed with LZMA or Zstandard, packed anew as deflate, which every libtiff can read.

The libtiff of pyvips' wheels knows neither. Each strip or tile is unpacked as bytes and packed
again, so that everything that lies in them, the predictor too, stays libtiff's work.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from itertools import islice
from typing import Final

from photochrom.errors import MissingExtraError
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.formats.tiff_tags import Tags, first, numbers, rewritten
from photochrom.photo.mapped import Content

LZMA, ZSTANDARD = 34925, 50000

_DEFLATE: Final = 8
_PLAIN: Final = 0
"""Level of zlib: nothing is gained by making it small once more."""

_LARGEST_TILE: Final = 16_000_000
"""Bytes that a tile may have however small the picture is."""


def repacked(data: Content, directory: int, tags: Tags, name: str) -> bytes:
    """The file with this page alone, compressed with deflate.

    Args:
        data: the file.
        directory: where the page's own stands.
        tags: of the page.
        name: what messages call the file.

    Raises:
        PhotoError: damaged.
        MissingExtraError: Zstandard is not installed; the message says what to install.
    """
    unpack = _lzma if first(tags, tag.COMPRESSION) == LZMA else _zstandard(name)
    offsets, counts = (tag.TILES, tag.TILE_BYTES) if tag.TILES in tags else (tag.STRIPS, tag.STRIP_BYTES)
    most, count = _bytes(tags), _parts(tags)
    if most > _LARGEST_TILE + 4 * first(tags, tag.WIDTH) * first(tags, tag.LENGTH) * 8:
        raise tag.damaged(name, "its tiles are far larger than its picture")
    parts = bytearray()
    places, lengths = [], []
    for place, length in islice(zip(numbers(tags, offsets), numbers(tags, counts), strict=False), count):
        try:
            content = unpack(data[place : place + length], most)
        except (ValueError, EOFError, lzma.LZMAError) as error:
            raise tag.damaged(name, error) from None
        places.append(len(data) + len(parts))
        parts += zlib.compress(content, _PLAIN)
        lengths.append(len(data) + len(parts) - places[-1])
    if not places:
        raise tag.damaged(name, "it has no data")
    changes = {tag.COMPRESSION: [_DEFLATE], offsets: places, counts: lengths}
    return rewritten(data, directory, changes, more=bytes(parts))


def _bytes(tags: Tags) -> int:
    """How many bytes a strip or tile can have at most."""
    width = first(tags, tag.TILE_WIDTH) if tag.TILES in tags else first(tags, tag.WIDTH)
    height = first(tags, tag.TILE_LENGTH) if tag.TILES in tags else first(tags, tag.LENGTH)
    rows = height if tag.TILES in tags else min(first(tags, tag.ROWS) or height, height)
    bits = (first(tags, tag.BITS) or 1) * (first(tags, tag.CHANNELS) or 1)
    return rows * (width * bits + 7) // 8 + rows


def _parts(tags: Tags) -> int:
    """How many strips or tiles the picture has; a file may list more, all of them with the same content."""
    width, height = first(tags, tag.WIDTH), first(tags, tag.LENGTH)
    if tag.TILES in tags:
        across, down = max(first(tags, tag.TILE_WIDTH), 1), max(first(tags, tag.TILE_LENGTH), 1)
    else:
        across, down = width, first(tags, tag.ROWS) or height
    planes = first(tags, tag.CHANNELS) if first(tags, tag.PLANAR) == 2 else 1
    return -(-width // across) * -(-height // down) * max(planes, 1)


def _lzma(data: bytes, most: int) -> bytes:
    return lzma.LZMADecompressor(memlimit=256_000_000).decompress(data, most)


def _zstandard(name: str) -> Callable[[bytes, int], bytes]:
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError(
            f"{name}: is compressed with Zstandard, which needs zstandard: pip install 'photochrom[zstd]'; "
            "or save it with LZW or deflate compression"
        ) from None

    def unpack(data: bytes, most: int) -> bytes:
        try:
            with zstandard.ZstdDecompressor().stream_reader(data) as stream:
                return stream.read(most)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None

    return unpack
