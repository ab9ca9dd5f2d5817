"""What stands inside a part: the metadata block or the compressed data that a mutation should reach.

Most parts begin with a few bytes of their own, after which something follows that has a structure: a TIFF
structure in EXIF, a profile, XMP, Photoshop's resources, boxes in a box, or any of them compressed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from random import Random
from typing import Final

from benchmarks.fuzz.containers import Part

_STARTS: Final = (
    b"Exif\0\0",
    b"http://ns.adobe.com/xap/1.0/\0",
    b"XML:com.adobe.xmp\0\0\0\0\0",
    b"Photoshop 3.0\0",
    b"Adobe_CM",
)
_OWN: Final = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4, b"jp2h": 0, b"jp2c": 0} | {
    b"uuid": 16,
    b"Exif": 4,
}
"""Boxes with boxes, the codestream or metadata in them, after so many bytes of their own."""

_MOST: Final = 1_000_000
"""Bytes that are unfolded of compressed data: it may be a bomb by now."""


@dataclass(frozen=True)
class Wrapped:
    """A part's inside.

    Attributes:
        head: the bytes before it, which stay.
        inside: what may be mutated.
        folded: makes of it what is stored, where it is stored compressed.
    """

    head: bytes
    inside: bytes
    folded: Callable[[bytes], bytes] | None = None

    def around(self, inside: bytes) -> bytes:
        """The part's content with another inside."""
        return self.head + (self.folded(inside) if self.folded else inside)


def unwrapped(part: Part, random: Random) -> Wrapped:
    """The inside of a part of any container."""
    content = part.content
    if part.kind in _OWN:
        return _after(content, _OWN[part.kind])
    if content.startswith(b"ICC_PROFILE\0"):
        return _after(content, 14)
    for mark in _STARTS:
        if content.startswith(mark):
            return _after(content, len(mark))
    if part.kind == b"mdat" and random.random() < 0.5:
        return _after(content, max(content.find(b"II*\0"), 0))  # of AVIF and HEIC: EXIF and XMP come last
    if part.kind in (b"IDAT", b"iCCP", b"zTXt"):
        return _deflated(content, 0 if part.kind == b"IDAT" else content.find(b"\0") + 2)
    if part.kind == b"brob" and find_spec("brotli"):
        return _by_brotli(content)
    return _after(content, 0)


def _after(content: bytes, start: int) -> Wrapped:
    return Wrapped(content[:start], content[start:])


def _deflated(content: bytes, start: int) -> Wrapped:
    try:
        inside = zlib.decompressobj().decompress(content[start:], _MOST)
    except zlib.error:
        return _after(content, 0)
    return Wrapped(content[:start], inside, _deflate)


def _deflate(data: bytes) -> bytes:
    return zlib.compress(data, 1)


def _by_brotli(content: bytes) -> Wrapped:
    import brotli

    try:
        inside = brotli.decompress(content[4:])[:_MOST] if len(content) < 100_000 else b""
    except brotli.error:
        return _after(content, 0)
    return Wrapped(content[:4], inside, _brotli)


def _brotli(data: bytes) -> bytes:
    import brotli

    folded: bytes = brotli.compress(data, quality=1)
    return folded
