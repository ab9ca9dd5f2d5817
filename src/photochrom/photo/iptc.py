"""IPTC-IIM records and the Photoshop image resources that JPEG keeps them in.

Source: IPTC-IIM 4.2; Adobe Photoshop File Formats Specification, image resource blocks.
"""

from __future__ import annotations

import struct
from typing import Final

_SIGNATURE: Final = b"8BIM"
_IPTC: Final = 0x0404
_DROPPED: Final = frozenset({0x0409, 0x040C, 0x0425})
"""Thumbnails, which show the grey picture, and the digest of IPTC that other programs compare."""


def resources(block: bytes) -> list[tuple[int, bytes, bytes]]:
    """(number, name, content) of each image resource of a Photoshop block; stops where the block is damaged."""
    found = []
    place = 0
    while block[place : place + 4] == _SIGNATURE and place + 12 <= len(block):
        number = struct.unpack_from(">H", block, place + 4)[0]
        name_end = place + 7 + block[place + 6]
        name = block[place + 7 : name_end]
        place = name_end + (name_end & 1)
        if place + 4 > len(block):
            break
        length = struct.unpack_from(">I", block, place)[0]
        content = block[place + 4 : place + 4 + length]
        if len(content) < length:
            break
        found.append((number, name, content))
        place += 4 + length + (length & 1)
    return found


def from_resources(block: bytes) -> bytes | None:
    """The IPTC records inside a Photoshop block."""
    return next((content for number, _, content in resources(block) if number == _IPTC and content), None)


def to_resources(iptc: bytes | None, others: bytes = b"") -> bytes:
    """A Photoshop block with these IPTC records and the other resources of the block `others`; empty for nothing."""
    kept = [item for item in resources(others) if item[0] != _IPTC and item[0] not in _DROPPED]
    if iptc:
        kept.insert(0, (_IPTC, b"", iptc))
    parts = []
    for number, name, content in kept:
        title = bytes([len(name)]) + name
        parts.append(_SIGNATURE + struct.pack(">H", number) + title + b"\0" * (len(title) & 1))
        parts.append(struct.pack(">I", len(content)) + content + b"\0" * (len(content) & 1))
    return b"".join(parts)
