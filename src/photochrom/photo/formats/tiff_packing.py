"""TIFF pages compressed with LZMA or Zstandard, packed anew as deflate, which every libtiff can read.

The libtiff of pyvips' wheels knows neither. Each strip or tile is unpacked as bytes and packed
again, so that everything that lies in them, the predictor too, stays libtiff's work.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from typing import Final

from photochrom.errors import MissingExtraError
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.formats.tiff_tags import Tags, first, numbers, rewritten
from photochrom.photo.mapped import Content

LZMA, ZSTANDARD = 34925, 50000

_DEFLATE: Final = 8
_PLAIN: Final = 0
"""Level of zlib: nothing is gained by making it small once more."""


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
    most = _bytes(tags)
    parts = bytearray()
    places, lengths = [], []
    for place, length in zip(numbers(tags, offsets), numbers(tags, counts), strict=False):
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
