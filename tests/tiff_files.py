"""TIFF files put together by hand, after TIFF 6.0, for what no library at hand writes."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _JPEG, _JPEG_BYTES = 273, 279, 324, 325, 513, 514
_LONG = frozenset({_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _JPEG, _JPEG_BYTES, 254, 33723})
_RATIONAL = frozenset({282, 283, 529, 532})


def tiff(
    tags: Mapping[int, Any],
    parts: Sequence[bytes],
    *,
    order: Literal["<", ">"] = "<",
    big: bool = False,
) -> bytes:
    """A TIFF of one page.

    Args:
        tags: whole numbers, all but the places and lengths of the parts. Rational ones as numbers above and below the
            line.
        parts: the strips, or the tiles where `tags` have a tile's width, or with compression 6 the JPEG file.
        order: of bytes.
        big: whether it is to be a BigTIFF.
    """
    start = 16 if big else 8
    places = [start + sum(len(part) + len(part) % 2 for part in parts[:index]) for index in range(len(parts))]
    body = b"".join(part + bytes(len(part) % 2) for part in parts)
    offsets, lengths = (_TILES, _TILE_BYTES) if 322 in tags else (_STRIPS, _STRIP_BYTES)
    entries = dict(tags) | {offsets: places, lengths: [len(part) for part in parts]}
    if tags[259] == 6:
        entries |= {_JPEG: places[0], _JPEG_BYTES: len(parts[0])}
    first = start + len(body)
    inside = 8 if big else 4
    values_at = first + ((16 + 20 * len(entries)) if big else (6 + 12 * len(entries)))
    directory, values = struct.pack(order + ("Q" if big else "H"), len(entries)), b""
    for number, value in sorted(entries.items()):
        given = [value] if isinstance(value, int) else list(value)
        kind, letter = (5, "I") if number in _RATIONAL else (4, "I") if number in _LONG else (3, "H")
        content = struct.pack(f"{order}{len(given)}{letter}", *given)
        count = len(given) // 2 if kind == 5 else len(given)
        if len(content) > inside:
            content, place = b"", values_at + len(values)
            values += struct.pack(f"{order}{len(given)}{letter}", *given) + bytes(len(given) * 4 % 2)
            content = struct.pack(order + ("Q" if big else "I"), place)
        directory += struct.pack(order + ("HHQ" if big else "HHI"), number, kind, count) + content.ljust(inside, b"\0")
    mark = {"<": b"II", ">": b"MM"}[order]
    head = mark + (struct.pack(order + "HHHQ", 43, 8, 0, first) if big else struct.pack(order + "HI", 42, first))
    return head + body + directory + bytes(inside) + values


def packed(samples: NDArray[np.integer], bits: int) -> bytes:
    """Samples (H, W) or (H, W, channels) of so many bits each; every row begins with a byte of its own."""
    rows = samples.reshape(len(samples), -1).astype(np.uint32)
    places = np.arange(bits - 1, -1, -1, dtype=np.uint32)
    ones = ((rows[..., None] >> places) & 1).astype(np.uint8).reshape(len(rows), -1)
    return np.packbits(ones, axis=1).tobytes()


def strips(samples: NDArray[np.integer], bits: int, rows: int) -> list[bytes]:
    """The samples in strips of so many rows."""
    return [packed(samples[start : start + rows], bits) for start in range(0, len(samples), rows)]
