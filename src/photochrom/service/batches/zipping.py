"""The zip that goes out: streamed from the results as they lie on the disk, its length known before its first byte.

Pictures are compressed already, so they are stored. Sizes and checksums are known beforehand and
stand in front of each file, where every program finds them, also one that unpacks while it reads
(`zipfile` can write to a stream only with sizes behind each file, which many such programs refuse
for stored ones). The layout is that of APPNOTE.TXT 6.3.10, with ZIP64 where it must be.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 18
_MOST: Final = 0xFFFFFFFF
_UTF8: Final = 0x800
_PLAIN, _ZIP64 = 20, 45


@dataclass(frozen=True)
class Entry:
    """A file for the zip.

    Attributes:
        name: with its folders.
        content: where it lies, or its bytes.
        size: bytes.
        crc: its CRC-32.
    """

    name: str
    content: Path | bytes
    size: int
    crc: int

    @classmethod
    def of(cls, name: str, content: bytes) -> Entry:
        """Bytes for the zip."""
        return cls(name, content, len(content), zlib.crc32(content))


def length(entries: Sequence[Entry]) -> int:
    """Bytes of the zip."""
    headers = sum(len(part) for part in _parts(entries, when=0) if isinstance(part, bytes))
    return headers + sum(entry.size for entry in entries)


def stream(entries: Sequence[Entry], *, when: float) -> Iterator[bytes]:
    """The zip, in pieces.

    Args:
        when: the time that its files bear, in seconds since 1970.

    Raises:
        OSError: a file is gone, or no longer of its size.
    """
    for part in _parts(entries, when=when):
        if isinstance(part, bytes):
            yield part
        else:
            yield from _content(part)


def _content(entry: Entry) -> Iterator[bytes]:
    if isinstance(entry.content, bytes):
        yield entry.content
        return
    left = entry.size
    with entry.content.open("rb") as file:
        while chunk := file.read(min(_CHUNK, left)):
            left -= len(chunk)
            yield chunk
    if left:
        raise OSError("a result has become shorter")


def _parts(entries: Sequence[Entry], *, when: float) -> Iterator[bytes | Entry]:
    """All headers as bytes, and the entries where their content belongs."""
    stamp = _stamp(when)
    place, directory = 0, []
    for entry in entries:
        header = _local(entry, stamp)
        directory.append(_central(entry, stamp, place))
        yield header
        yield entry
        place += len(header) + entry.size
    yield from directory
    yield _end(len(entries), sum(map(len, directory)), place)


def _local(entry: Entry, stamp: int) -> bytes:
    name = entry.name.encode()
    large = entry.size > _MOST
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.size) if large else b""
    size = _MOST if large else entry.size
    version = _ZIP64 if large else _PLAIN
    fields = (0x04034B50, version, _UTF8, 0, stamp, entry.crc, size, size, len(name), len(extra))
    return struct.pack("<IHHHIIIIHH", *fields) + name + extra


def _central(entry: Entry, stamp: int, place: int) -> bytes:
    name = entry.name.encode()
    sizes = [entry.size, entry.size] if entry.size > _MOST else []
    places = [place] if place > _MOST else []
    extra = b"".join(struct.pack("<Q", value) for value in (*sizes, *places))
    if extra:
        extra = struct.pack("<HH", 1, len(extra)) + extra
    size, offset = min(entry.size, _MOST), min(place, _MOST)
    version = _ZIP64 if extra else _PLAIN
    made_by, mode = 3 << 8 | version, 0o100644 << 16  # as on Unix: a plain file
    fields = (0x02014B50, made_by, version, _UTF8, 0, stamp, entry.crc, size, size, len(name), len(extra))
    return struct.pack("<IHHHHIIIIHHHHHII", *fields, 0, 0, 0, mode, offset) + name + extra


def _end(count: int, size: int, place: int) -> bytes:
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, *2 * (min(count, 0xFFFF),), min(size, _MOST), min(place, _MOST), 0)
    if count < 0xFFFF and size < _MOST and place < _MOST:
        return end
    large = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, _ZIP64, _ZIP64, 0, 0, count, count, size, place)
    return large + struct.pack("<IIQI", 0x07064B50, 0, place + size, 1) + end


def _stamp(when: float) -> int:
    """A time as DOS has it: local, in steps of two seconds, from 1980 to 2107."""
    local = time.localtime(when)
    if not 1980 <= local.tm_year <= 2107:
        return 1 << 21 | 1 << 16
    day = (local.tm_year - 1980) << 9 | local.tm_mon << 5 | local.tm_mday
    return day << 16 | local.tm_hour << 11 | local.tm_min << 5 | local.tm_sec // 2
