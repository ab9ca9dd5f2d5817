"""Boxes: the containers of AVIF, HEIC, JPEG 2000 and JPEG XL are all made of them.

The libraries that decode the pixels lose most of what stands around them. So that is read from the
boxes here and put into the boxes of the result.
Sources: ISO/IEC 14496-12, section 4.2; ISO/IEC 15444-1, annex I.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MOST: Final = 10_000
"""Boxes side by side: a hundred times what files have."""


@dataclass(frozen=True)
class Box:
    """A box: its type of four bytes, its content, and both with the length before them."""

    kind: bytes
    content: memoryview
    whole: memoryview


def boxes(data: memoryview) -> Iterator[Box]:
    """The boxes that stand side by side in the data.

    Raises:
        ValueError: a box says that it goes on after the data's end, or there are too many.
    """
    place = 0
    for _ in range(_MOST):
        if place == len(data):
            return
        if place + 8 > len(data):
            raise ValueError("it ends in the middle of a box")
        size, kind = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1 and place + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, place + 8)[0], 16
        elif size == 0:  # up to the end
            size = len(data) - place
        if size < head or place + size > len(data):
            raise ValueError(f"it ends in the middle of its box {kind.decode('latin-1')!r}")
        yield Box(kind, data[place + head : place + size], data[place : place + size])
        place += size
    raise ValueError("it has too many boxes")


def find(data: memoryview, *path: bytes) -> memoryview | None:
    """The content of the first box of each type in the one before.

    Raises:
        ValueError: see `boxes`.
    """
    for kind in path:
        inner = next((box.content for box in boxes(data) if box.kind == kind), None)
        if inner is None:
            return None
        data = inner
    return data


def box(kind: bytes, *parts: bytes | memoryview) -> bytes:
    """A box with this content."""
    size = 8 + sum(map(len, parts))
    head = struct.pack(">I4s", size, kind) if size < 1 << 32 else struct.pack(">I4sQ", 1, kind, size + 8)
    return b"".join((head, *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes | memoryview) -> bytes:
    """A box whose content begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def brands(head: bytes) -> list[bytes]:
    """The brands of a file that begins with a `ftyp` box, the main one first, as far as `head` shows them."""
    if len(head) < 12 or head[4:8] != b"ftyp":
        return []
    end = min(struct.unpack_from(">I", head)[0], len(head))
    return [head[8:12], *(head[place : place + 4] for place in range(16, end - 3, 4))]
