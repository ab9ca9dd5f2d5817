"""EXIF, changed in place: orientation, pixel sizes, and the thumbnail that shows the grey picture.

Maker notes hold offsets into the block that only their maker understands. So nothing is parsed
and written anew: single values are overwritten where they stand, everything else keeps its place.
Source: Exif 2.32 (CIPA DC-008), TIFF 6.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from photochrom.photo.metadata import Density, Unit

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SHORT, _LONG = 3, 4

IMAGE_WIDTH, IMAGE_LENGTH, ORIENTATION = 0x0100, 0x0101, 0x0112
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_EXIF_IFD = 0x8769
_PIXEL_X, _PIXEL_Y = 0xA002, 0xA003


@dataclass(frozen=True)
class _Entry:
    tag: int
    kind: int
    count: int
    place: int
    """Where the value stands in the block: in the entry itself where it fits into 4 bytes."""


class _Block:
    """An EXIF block that can be read, and written to where it stands."""

    def __init__(self, data: bytes) -> None:
        if data[:4] not in (b"II*\0", b"MM\0*"):
            raise ValueError("no TIFF structure")
        self.data = bytearray(data)
        self.order = "<" if data[:2] == b"II" else ">"

    def number(self, form: str, place: int) -> int:
        value: int = struct.unpack_from(self.order + form, self.data, place)[0]
        return value

    def entries(self, offset: int) -> Iterator[_Entry]:
        for index in range(self.number("H", offset)):
            place = offset + 2 + 12 * index
            tag, kind = self.number("H", place), self.number("H", place + 2)
            count = self.number("I", place + 4)
            inside = _SIZES.get(kind, 1) * count <= 4
            yield _Entry(tag, kind, count, place + 8 if inside else self.number("I", place + 8))

    def find(self, offset: int, tag: int) -> _Entry | None:
        return next((entry for entry in self.entries(offset) if entry.tag == tag), None)

    def get(self, offset: int, tag: int) -> int | None:
        entry = self.find(offset, tag)
        if entry is None or entry.kind not in (_SHORT, _LONG) or entry.count < 1:
            return None
        return self.number("H" if entry.kind == _SHORT else "I", entry.place)

    def put(self, offset: int, tag: int, value: int) -> None:
        entry = self.find(offset, tag)
        if entry is not None and entry.kind in (_SHORT, _LONG) and entry.count >= 1:
            struct.pack_into(self.order + ("H" if entry.kind == _SHORT else "I"), self.data, entry.place, value)

    def rational(self, offset: int, tag: int) -> float | None:
        entry = self.find(offset, tag)
        if entry is None or entry.kind != 5:
            return None
        above, below = self.number("I", entry.place), self.number("I", entry.place + 4)
        return above / below if above and below else None

    def swap(self, one: int, other: int, length: int) -> None:
        data = self.data
        one_end, other_end = one + length, other + length
        data[one:one_end], data[other:other_end] = data[other:other_end], data[one:one_end]

    @property
    def first(self) -> int:
        return self.number("I", 4)

    def after(self, offset: int) -> int:
        """Where the number stands that points to the next directory."""
        return offset + 2 + 12 * self.number("H", offset)


def orientation(exif: bytes | None) -> int | None:
    """The orientation tag, 1 (upright) to 8 as in the Exif standard; None where there is none or it makes no sense."""
    if not exif:
        return None
    try:
        block = _Block(exif)
        value = block.get(block.first, ORIENTATION)
    except (ValueError, struct.error):
        return None
    return value if value is not None and 1 <= value <= 8 else None


def density(exif: bytes | None) -> Density | None:
    """The picture's resolution as EXIF says it."""
    if not exif:
        return None
    try:
        block = _Block(exif)
        x, y = block.rational(block.first, X_RESOLUTION), block.rational(block.first, Y_RESOLUTION)
        code = block.get(block.first, RESOLUTION_UNIT)
    except (ValueError, struct.error):
        return None
    if x is None or y is None:
        return None
    unit: Unit = "cm" if code == 3 else "aspect" if code == 1 else "inch"
    return Density(x, y, unit)


def upright(exif: bytes | None, *, width: int, height: int, turned: bool = False) -> bytes | None:
    """EXIF for the picture after its orientation was applied and it was colored: same length or shorter.

    Orientation becomes 1, the pixel sizes are those of the upright picture, and the thumbnail is
    left out, because it still shows the picture grey and as the camera held it.

    Args:
        width, height: of the upright picture in pixels.
        turned: whether it was turned by a quarter, so that the resolutions across and down change places.

    Returns:
        None where the block is no EXIF at all.
    """
    if not exif:
        return None
    try:
        block = _Block(exif)
    except ValueError:
        return None
    try:
        first = block.first
        block.put(first, ORIENTATION, 1)
        block.put(first, IMAGE_WIDTH, width)
        block.put(first, IMAGE_LENGTH, height)
        x, y = block.find(first, X_RESOLUTION), block.find(first, Y_RESOLUTION)
        if turned and x and y and x.kind == y.kind == 5:
            block.swap(x.place, y.place, 8)
        _drop_thumbnail(block)
        directory = block.get(first, _EXIF_IFD)
        if directory is not None:
            block.put(directory, _PIXEL_X, width)
            block.put(directory, _PIXEL_Y, height)
    except struct.error:
        pass  # a damaged directory: what could be set is set, the rest is kept as it came
    return bytes(block.data)


def _drop_thumbnail(block: _Block) -> None:
    link = block.after(block.first)
    second = block.number("I", link)
    if not second:
        return
    struct.pack_into(block.order + "I", block.data, link, 0)
    start, length = block.get(second, _THUMBNAIL_OFFSET), block.get(second, _THUMBNAIL_LENGTH)
    if start and length and start + length <= len(block.data):
        if start + length == len(block.data):
            del block.data[start:]
        else:
            block.data[start : start + length] = bytes(length)
