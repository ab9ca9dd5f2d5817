"""What stands inside a part: the metadata block or the compressed data that a mutation should reach.

Most parts begin with a few bytes of their own, after which something follows that has a structure: a TIFF
structure in EXIF, a profile, XMP, Photoshop's resources, boxes in a box, or any of them compressed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from benchmarks.fuzz.containers import Part

_STARTS: Final = (
    b"Exif\0\0",
    b"http://ns.adobe.com/xap/1.0/\0",
    b"XML:com.adobe.xmp\0\0\0\0\0",
    b"Photoshop 3.0\0",
    b"Adobe_CM",
)
_BOXES_IN_BOXES: Final = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"iinf": 6,
    b"jp2h": 0,
    b"jp2c": 0,
    b"iref": 4,
    b"moov": 0,
}
"""Boxes that hold boxes (or the codestream), after so many bytes."""

_MOST: Final = 1_000_000
"""Bytes that are unfolded of compressed data: it may be a bomb by now."""


@dataclass(frozen=True)
class Wrapped:
    """A part's inside.

    Attributes:
        head: the bytes before it, which stay.
        inside: what may be mutated.
        deflated: whether it is stored compressed.
    """

    head: bytes
    inside: bytes
    deflated: bool = False

    def around(self, inside: bytes) -> bytes:
        """The part's content with another inside."""
        return self.head + (zlib.compress(inside, 1) if self.deflated else inside)


def unwrapped(part: Part) -> Wrapped:
    """The inside of a part of any container."""
    content = part.content
    start = _BOXES_IN_BOXES.get(part.kind)
    if start is not None:
        return Wrapped(content[:start], content[start:])
    if content.startswith(b"ICC_PROFILE\0"):
        return Wrapped(content[:14], content[14:])
    for mark in _STARTS:
        if content.startswith(mark):
            return Wrapped(mark, content[len(mark) :])
    for place in _deflated_at(part):
        try:
            return Wrapped(content[:place], zlib.decompressobj().decompress(content[place:], _MOST), deflated=True)
        except zlib.error:
            continue
    return Wrapped(b"", content)


def _deflated_at(part: Part) -> tuple[int, ...]:
    if part.kind == b"IDAT":
        return (0,)
    if part.kind in (b"iCCP", b"zTXt"):
        return (part.content.find(b"\0") + 2,)
    return ()
