"""Where integers stand that say something about a file's structure: sizes, counts, offsets, types."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUBDIRECTORIES: Final = frozenset({330, 0x8769, 0x8825, 0xA005})


@dataclass(frozen=True)
class Field:
    """An unsigned integer of 1, 2, 4 or 8 bytes."""

    place: int
    size: int
    big_endian: bool

    def read(self, data: bytes) -> int:
        return int.from_bytes(data[self.place : self.place + self.size], self._order)

    def written(self, data: bytes, value: int) -> bytes:
        """The data with another value there, cut to the field's size."""
        value &= (1 << 8 * self.size) - 1
        return data[: self.place] + value.to_bytes(self.size, self._order) + data[self.place + self.size :]

    @property
    def _order(self) -> Literal["big", "little"]:
        return "big" if self.big_endian else "little"


def fields(data: bytes, random: Random, *, big_endian: bool = True) -> list[Field]:
    """The integers of a TIFF structure, of a profile or of a BMP's head; of anything else those near its start."""
    if data[:4] in _TIFF:
        return list(_tiff(data))
    if data[36:40] == b"acsp":
        return list(_profile(data))
    if data[:2] == b"BM":
        big_endian = False
    most = min(len(data), random.choice((16, 64)))
    size = random.choice((1, 1, 2, 4, 4))
    return [Field(place, size, big_endian) for place in range(0, most - size + 1, random.choice((1, size)))]


def records(data: bytes) -> list[tuple[int, int]]:
    """(start, end) of records of equal size that may change places: the entries of the first directory or tag table."""
    if data[:4] in (b"II*\0", b"MM\0*"):
        order = "<" if data[:1] == b"I" else ">"
        start = _number(data, order + "I", 4)
        count = _number(data, order + "H", start)
        return [(start + 2 + 12 * i, start + 14 + 12 * i) for i in range(min(count, 40))]
    if data[36:40] == b"acsp":
        return [(132 + 12 * i, 144 + 12 * i) for i in range(min(_number(data, ">I", 128), 40))]
    return []


def interesting(random: Random, value: int, size: int, length: int) -> int:
    """What to write in place of a value: limits, neighbours, and places in or just behind data of this length."""
    top = 1 << 8 * size
    usual = (0, 1, 2, top - 1, top - 2, top // 2, top // 2 - 1, value - 1, value + 1, value * 2, value // 2, -value)
    places = (length, length - 1, length + 1, length // 2, 8, random.randrange(max(length, 1)))
    large = (0x7FFF, 0x8000, 0xFFFF, 20_000, 65_500, 100_000, 1 << 20, 1 << 30, 3, 4, 5, 6, 7, 12, 13, 16, 255)
    return random.choice(random.choice((usual, usual, places, large, (random.randrange(top),))))


def _number(data: bytes, form: str, place: int) -> int:
    try:
        return int(struct.unpack_from(form, data, place)[0])
    except struct.error:
        return 0


def _tiff(data: bytes) -> Iterator[Field]:
    big_endian, big = data[:1] == b"M", b"+" in data[:4]
    order, word = ">" if big_endian else "<", 8 if big else 4
    form = order + ("Q" if big else "I")
    head, count_size, entry = (8, 8, 20) if big else (4, 2, 12)
    yield Field(head, word, big_endian)
    waiting, seen = [_number(data, form, head)], set[int]()
    while waiting and len(seen) < 20:
        start = waiting.pop()
        if start in seen or not 0 < start < len(data):
            continue
        seen.add(start)
        yield Field(start, count_size, big_endian)
        count = min(_number(data, order + ("Q" if big else "H"), start), 60)
        for index in range(count):
            place = start + count_size + entry * index
            if place + entry > len(data):
                break
            yield from (Field(place, 2, big_endian), Field(place + 2, 2, big_endian))
            yield from (Field(place + 4, word, big_endian), Field(place + 4 + word, word, big_endian))
            value = _number(data, form, place + 4 + word)
            if _number(data, order + "H", place) in _SUBDIRECTORIES:
                waiting.append(value)
            elif 8 <= value <= len(data) - 8:
                yield Field(value, _size_at(value), big_endian)
        link = start + count_size + entry * count
        if link + word <= len(data):
            yield Field(link, word, big_endian)
            waiting.append(_number(data, form, link))


def _size_at(value: int) -> int:
    """2 or 4: the first of the numbers that an entry points to may be either."""
    return 2 if value % 4 else 4


def _profile(data: bytes) -> Iterator[Field]:
    yield from (Field(place, 4, True) for place in (0, 4, 8, 12, 16, 20, 36, 64, 128))
    for start, _ in records(data):
        yield from (Field(start + inner, 4, True) for inner in (0, 4, 8))
        content = _number(data, ">I", start + 4)
        if content + 12 <= len(data):
            yield from (Field(content + inner, size, True) for inner, size in ((0, 4), (8, 4), (8, 2), (10, 2)))
