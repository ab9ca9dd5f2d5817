"""Files as the parts that they are made of: JPEG segments, PNG chunks, RIFF chunks, boxes, Photoshop resources.

A mutation of a part is worth little if the lengths and checksums around it no longer fit: decoders stop there.
So containers are taken apart, and put together again with everything in order, except where a lie is asked for.
"""

from __future__ import annotations

import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Part:
    """One part of a container.

    Attributes:
        kind: its type as the format writes it; empty for bytes that stand without a head, as a JPEG's scan does.
        content: what stands in it.
        lie: added to the length that is written for it.
    """

    kind: bytes
    content: bytes
    lie: int = 0

    def lying(self, lie: int) -> Part:
        return replace(self, lie=lie)


class Container(ABC):
    """A way to cut files into parts; `cut` may give fewer bytes than the file had where that is damaged."""

    big_endian = True

    @abstractmethod
    def fits(self, data: bytes) -> bool: ...

    @abstractmethod
    def cut(self, data: bytes) -> list[Part]: ...

    @abstractmethod
    def join(self, parts: Sequence[Part]) -> bytes: ...


def of(data: bytes) -> Container | None:
    """The container that these bytes are."""
    return next((each for each in _ALL if each.fits(data)), None)


def _length(value: int, size: int, order: str = ">") -> bytes:
    """A length as it is written, whatever it has become."""
    return struct.pack(order + {2: "H", 4: "I", 8: "Q"}[size], value & ((1 << 8 * size) - 1))


class _Png(Container):
    def fits(self, data: bytes) -> bool:
        return data.startswith(SIGNATURE)

    def cut(self, data: bytes) -> list[Part]:
        parts, place = [], 8
        while place + 12 <= len(data):
            length = struct.unpack_from(">I", data, place)[0]
            parts.append(Part(data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
            place += 12 + length
        return parts

    def join(self, parts: Sequence[Part]) -> bytes:
        return SIGNATURE + b"".join(
            _length(len(part.content) + part.lie, 4)
            + part.kind
            + part.content
            + _length(zlib.crc32(part.kind + part.content), 4)
            for part in parts
        )


class _Riff(Container):
    big_endian = False

    def fits(self, data: bytes) -> bool:
        return data.startswith(b"RIFF") and len(data) >= 12

    def cut(self, data: bytes) -> list[Part]:
        parts, place = [], 12
        while place + 8 <= len(data):
            length = struct.unpack_from("<I", data, place + 4)[0]
            parts.append(Part(data[place : place + 4], data[place + 8 : place + 8 + length]))
            place += 8 + length + (length & 1)
        return parts

    def join(self, parts: Sequence[Part]) -> bytes:
        body = b"".join(
            part.kind + _length(len(part.content) + part.lie, 4, "<") + part.content + bytes(len(part.content) & 1)
            for part in parts
        )
        return b"RIFF" + _length(len(body) + 4, 4, "<") + b"WEBP" + body


class _Markers(Container):
    """JPEG, and the codestream of JPEG 2000: markers, with or without content, and coded data between them."""

    def __init__(self, start: bytes, *, bare: frozenset[int], before_data: int, in_data: frozenset[int]) -> None:
        """Args:
        start: how the file begins.
        bare: markers without length and content.
        before_data: the marker after which coded data begins.
        in_data: bytes after FF that don't end it.
        """
        self._start = start
        self._bare = bare
        self._before_data = before_data
        self._in_data = in_data

    def fits(self, data: bytes) -> bool:
        return data.startswith(self._start)

    def cut(self, data: bytes) -> list[Part]:
        parts, place, is_coded = [], 0, False
        while place < len(data):
            marker = data[place + 1] if place + 1 < len(data) else 0
            if is_coded or data[place] != 0xFF or not marker:
                end, is_coded = self._end_of_data(data, place), False
                parts.append(Part(b"", data[place:end]))
                place = end
                continue
            if marker in self._bare:
                parts.append(Part(b"", data[place : place + 2]))
                place += 2
            else:
                length = int.from_bytes(data[place + 2 : place + 4], "big")
                parts.append(Part(data[place : place + 2], data[place + 4 : place + 2 + length]))
                place += 2 + max(length, 2)
            is_coded = marker == self._before_data
        return parts

    def _end_of_data(self, data: bytes, place: int) -> int:
        while True:
            place = data.find(b"\xff", place + 1)
            if place < 0 or place + 1 >= len(data):
                return len(data)
            if data[place + 1] not in self._in_data:
                return place

    def join(self, parts: Sequence[Part]) -> bytes:
        return b"".join(
            part.kind + (_length(len(part.content) + 2 + part.lie, 2) if part.kind else b"") + part.content
            for part in parts
        )


class _Boxes(Container):
    """ISO base media files: AVIF, HEIC, JPEG 2000, JPEG XL; and the boxes in a box."""

    _KINDS: Final = frozenset(
        {b"ftyp", b"JXL ", b"jP  ", b"hdlr", b"ispe", b"hvcC", b"av1C", b"ihdr", b"infe", b"ipco"}
    )

    def fits(self, data: bytes) -> bool:
        return data[4:8] in self._KINDS

    def cut(self, data: bytes) -> list[Part]:
        parts, place = [], 0
        while place + 8 <= len(data):
            size, kind = struct.unpack_from(">I4s", data, place)
            end = place + size if size >= 8 else len(data)
            parts.append(Part(kind, data[place + 8 : end]))
            place = end
        return parts

    def join(self, parts: Sequence[Part]) -> bytes:
        return b"".join(_length(len(part.content) + 8 + part.lie, 4) + part.kind + part.content for part in parts)


class _Resources(Container):
    """Photoshop's image resources, in which IPTC stands."""

    def fits(self, data: bytes) -> bool:
        return data.startswith(b"8BIM")

    def cut(self, data: bytes) -> list[Part]:
        parts, place = [], 0
        while data[place : place + 4] == b"8BIM" and place + 12 <= len(data):
            name = 1 + data[place + 6]
            name += name & 1
            start = place + 10 + name
            length = int.from_bytes(data[start - 4 : start], "big")
            parts.append(Part(data[place : place + 6 + name], data[start : start + length]))
            place = start + length + (length & 1)
        return parts

    def join(self, parts: Sequence[Part]) -> bytes:
        return b"".join(
            part.kind + _length(len(part.content) + part.lie, 4) + part.content + bytes(len(part.content) & 1)
            for part in parts
        )


class _Records(Container):
    """IPTC-IIM records."""

    def fits(self, data: bytes) -> bool:
        return data.startswith((b"\x1c\x01", b"\x1c\x02"))

    def cut(self, data: bytes) -> list[Part]:
        parts, place = [], 0
        while place + 5 <= len(data):
            length = int.from_bytes(data[place + 3 : place + 5], "big")
            parts.append(Part(data[place : place + 3], data[place + 5 : place + 5 + length]))
            place += 5 + length
        return parts

    def join(self, parts: Sequence[Part]) -> bytes:
        return b"".join(part.kind + _length(len(part.content) + part.lie, 2) + part.content for part in parts)


_ALL: Final[tuple[Container, ...]] = (
    _Png(),
    _Riff(),
    _Markers(
        b"\xff\xd8\xff",
        bare=frozenset({0xD8, 0xD9, 0x01}),
        before_data=0xDA,
        in_data=frozenset({0x00, *range(0xD0, 0xD8)}),
    ),
    _Markers(b"\xff\x4f\xff\x51", bare=frozenset({0x4F, 0x93, 0xD9}), before_data=0x93, in_data=frozenset(range(0x90))),
    _Boxes(),
    _Resources(),
    _Records(),
)
