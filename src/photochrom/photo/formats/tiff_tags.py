"""The directories of a TIFF: which pages there are, what their tags say, and a page's directory written anew.

A page that libvips can't decode as it is often can be as soon as its tags say something else about
the same bytes: `rewritten` makes such a file. Source: TIFF 6.0; BigTIFF.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, BinaryIO, Final

import tifftools

from photochrom.errors import PhotoError
from photochrom.photo.mapped import Content

Tags = dict[int, dict[str, Any]]
"""Tags of one directory, as tifftools gives and takes them."""

SUBFILE, OLD_SUBFILE = 254, 255
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIPS, ORIENTATION, CHANNELS, ROWS, STRIP_BYTES = 273, 274, 277, 278, 279
X_RESOLUTION, Y_RESOLUTION, PLANAR, UNIT, PREDICTOR = 282, 283, 284, 296, 317
COLORS, TILE_WIDTH, TILE_LENGTH, TILES, TILE_BYTES, SUB_DIRECTORIES = 320, 322, 323, 324, 325, 330
INKS, EXTRA, KIND, JPEG_TABLES = 332, 338, 339, 347
JPEG_START, JPEG_BYTES = 513, 514
COEFFICIENTS, SUBSAMPLING, BLACK_AND_WHITE = 529, 530, 532
XMP, IPTC, PHOTOSHOP, ICC = 700, 33723, 34377, 34675

EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965

_ASCII, _SHORT, _LONG, _IFD, _LONG8 = 2, 3, 4, 13, 16
_REDUCED, _MASK = 1, 4
"""Bits of the tag `NewSubfileType`: a smaller copy of another page, and a mask of one."""


_TWICE: Final = 1_000_000
"""Bytes of a file that may be read more than once, as where directories share short values."""

_MOST_PAGES: Final = 10_000


class _Bounded:
    """A stream over the file that ends with an error before long.

    tifftools follows links from directory to directory without looking whether it was there before, and makes
    numbers of the values of every tag, though they may all stand in the same place: a file made for it would hold it
    for ever, or unfold to gigabytes.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0
        self._reads = 100_000
        self._bytes = len(data) + _TWICE

    def seek(self, place: int, whence: int = 0) -> int:
        self._place = place + (self._place if whence == 1 else len(self._data) if whence == 2 else 0)
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, count: int) -> bytes:
        piece = bytes(self._data[self._place : self._place + count])
        self._place += len(piece)
        self._reads -= 1
        self._bytes -= len(piece)
        if self._reads < 0 or self._bytes < 0:
            raise ValueError("its directories run in a circle or stand in each other")
        return piece


_UNREADABLE: Final = (
    *(tifftools.TifftoolsError, struct.error, ValueError, KeyError, TypeError, MemoryError),
    *(IndexError, OverflowError, RecursionError),
)
"""What reading a damaged directory ends in."""


def damaged(name: str, why: object) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete TIFF ({why}); fetch or copy it again")


def kind(data: memoryview) -> tuple[str, bool]:
    """The byte order, as `struct` writes it, and whether it is a BigTIFF."""
    head = bytes(data[:4])
    return "<" if head[:2] == b"II" else ">", b"+" in head


def chain(data: memoryview, name: str) -> list[int]:
    """Where each directory of the file's own chain stands, pages or not.

    Raises:
        PhotoError: there is none.
    """
    order, big = kind(data)
    found: dict[int, None] = {}
    try:
        directory = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
        room = len(data)
        while directory and directory not in found:
            end = _end(data, directory)
            room -= end - directory
            if room < 0:
                raise damaged(name, "its directories stand in each other")
            if len(found) == _MOST_PAGES:
                raise PhotoError(f"{name}: has more than {_MOST_PAGES:,} pages; split it into several files")
            following = struct.unpack_from(order + ("Q" if big else "I"), data, end)[0]
            found[directory] = None
            directory = following
    except (struct.error, OverflowError):
        raise damaged(name, "it ends before its last directory") from None
    if not found:
        raise damaged(name, "it has no page")
    return list(found)


def pages_of(data: memoryview, name: str) -> list[tuple[int, int]]:
    """(place in the chain, place in the file) of the directory of each page.

    Smaller copies of a page (thumbnails, the steps of a pyramid) and masks are no pages, unless there is nothing else.

    Raises:
        PhotoError: the file has no directory.
    """
    all_of_them = list(enumerate(chain(data, name)))
    whole = [(index, place) for index, place in all_of_them if not _is_part(data, place)]
    return whole or all_of_them


def _is_part(data: memoryview, directory: int) -> bool:
    """Whether a directory's picture belongs to that of another one."""
    order, _ = kind(data)
    for tag, entry in _entries(data, directory):
        if tag > OLD_SUBFILE:  # they stand in their order
            break
        if tag < SUBFILE:
            continue
        wide = struct.unpack_from(order + "H", entry, 2)[0] != _SHORT
        value = struct.unpack_from(order + ("I" if wide else "H"), entry, len(entry) // 2 + 2)[0]
        if (value & (_REDUCED | _MASK)) if tag == SUBFILE else value == 2:
            return True
    return False


def _entries(data: memoryview, directory: int) -> Iterator[tuple[int, bytes]]:
    """(tag, the whole entry as it stands) of a directory."""
    order, big = kind(data)
    start, size = (8, 20) if big else (2, 12)
    for place in range(directory + start, _end(data, directory), size):
        entry = bytes(data[place : place + size])
        if len(entry) < size:
            return
        yield struct.unpack_from(order + "H", entry)[0], entry


def _end(data: memoryview, directory: int) -> int:
    """Where the link to the next directory stands."""
    order, big = kind(data)
    count: int = struct.unpack_from(order + ("Q" if big else "H"), data, directory)[0]
    return directory + (8 + 20 * count if big else 2 + 12 * count)


def rewritten(
    data: Content, directory: int, changes: Mapping[int, Sequence[int] | None], *, more: bytes = b""
) -> bytes:
    """The file with only one page, whose directory says something else.

    Args:
        directory: where that page's own stands.
        changes: new values of tags, all whole numbers; None leaves a tag out.
        more: bytes put behind the file's own, for `changes` to point to.
    """
    view = memoryview(data)
    order, big = kind(view)
    form, inside = (order + "HHQ", 8) if big else (order + "HHI", 4)
    number = "Q" if big else "I"
    entries = {tag: entry for tag, entry in _entries(view, directory) if tag not in changes}
    tail = bytearray(more + bytes(-(len(data) + len(more)) % 8))
    for tag, values in changes.items():
        if values is None:
            continue
        content = struct.pack(f"{order}{len(values)}{number}", *values)
        if len(content) > inside:
            place = len(data) + len(tail)
            tail += content
            content = struct.pack(order + number, place)
        entries[tag] = struct.pack(form, tag, _LONG8 if big else _LONG, len(values)) + content
    tail += bytes(-(len(data) + len(tail)) % 8)
    first_directory = len(data) + len(tail)
    tail += struct.pack(order + ("Q" if big else "H"), len(entries))
    tail += b"".join(entries[tag] for tag in sorted(entries)) + bytes(inside)
    start = 8 if big else 4
    return data[:start] + struct.pack(order + number, first_directory) + data[start + inside :] + bytes(tail)


def tags_of(data: memoryview, directory: int, name: str, file: Content | None = None) -> Tags:
    """The tags of one page, as tifftools gives them; with `file`, the whole of it, they can also be written."""
    order, big = kind(data)
    info = {
        "path_or_fobj": io.BytesIO(file) if isinstance(file, bytes) else file or False,
        "size": len(data),
        "bigEndian": order == ">",
        "endianPack": order,
        "bigtiff": big,
        "maxUnknown": 1000,
    }
    found: list[dict[str, Any]] = []
    stream = _Bounded(data)
    try:
        tifftools.tifftools.read_ifd(stream, info, directory, found)
        if not found:
            raise ValueError("a directory is unreadable")
        tags = _whole(found[0]["tags"])
        # tifftools takes the link from the EXIF directory to this one for a number like any other.
        for exif in _below(tags.get(EXIF, {})):
            link = exif["tags"].pop(INTEROPERABILITY, None)
            if link is not None and link["data"][0]:
                other: list[dict[str, Any]] = []
                with suppress(*_UNREADABLE):  # other programs copy the number, which then leads anywhere
                    tifftools.tifftools.read_ifd(stream, info, int(link["data"][0]), other, None)
                other = [each | {"tags": _whole(each["tags"])} for each in other]
                if other and other[0]["tags"]:
                    exif["tags"][INTEROPERABILITY] = link | {"datatype": _IFD, "ifds": [other]}
    except _UNREADABLE as error:
        raise damaged(name, error) from None
    return tags


def _whole(tags: Tags) -> Tags:
    """The tags whose value, or whose directory, lies inside the file; so also in the directories below them."""
    kept = {tag: entry for tag, entry in tags.items() if "data" in entry}
    for entry in kept.values():
        if entry["datatype"] == _ASCII and isinstance(entry["data"], bytes):
            entry["data"] = entry["data"].removesuffix(b"\0")  # tifftools writes one behind every text
        for directory in _below(entry):
            directory["tags"] = _whole(directory["tags"])
    links = {tag: entry["ifds"] for tag, entry in kept.items() if "ifds" in entry}
    broken = {tag for tag, directories in links.items() if not directories or not all(directories)}
    return {tag: entry for tag, entry in kept.items() if tag not in broken}


def _below(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The directories that a tag links to."""
    return (directory for directories in entry.get("ifds", ()) for directory in directories)


def name_links_plainly(file: BinaryIO) -> None:
    """Call the links to EXIF and GPS in a TIFF long numbers, as the Exif standard does.

    tifftools calls them links, a type that came later and that not every reader knows. A BigTIFF is left alone.
    """
    file.seek(0)
    head = file.read(8)
    order, big = kind(memoryview(head))
    if big:
        return
    directories = [struct.unpack_from(order + "I", head, 4)[0]]
    while directories:
        place = directories.pop()
        file.seek(place)
        (count,) = struct.unpack(order + "H", file.read(2))
        entries = file.read(12 * count + 4)
        directories += [each for each in struct.unpack_from(order + "I", entries, 12 * count) if each]
        for start in range(0, 12 * count, 12):
            number, form, _, link = struct.unpack_from(order + "HHII", entries, start)
            if number in (EXIF, GPS, INTEROPERABILITY) and form == _IFD:
                file.seek(place + 2 + start + 2)
                file.write(struct.pack(order + "H", _LONG))
                directories.append(link)
    file.seek(0, io.SEEK_END)


def first(tags: Tags, tag: int) -> int:
    """The first number of a tag; 0 where there is none."""
    value = tags.get(tag, {}).get("data")
    return _whole_number(value[0]) if isinstance(value, list) and value else 0


def raw(tags: Tags, tag: int) -> bytes | None:
    """A tag's bytes, whatever whole numbers it is written in."""
    value = tags.get(tag, {}).get("data")
    if isinstance(value, bytes):
        return value or None
    if isinstance(value, str):
        return value.encode() or None
    if isinstance(value, list) and value and all(isinstance(number, int) for number in value):
        if tags[tag]["datatype"] in (1, 6, 7):
            return bytes(number & 255 for number in value)
        # IPTC is often called long numbers, but its bytes are in the same order in every file.
        blocks = [struct.pack(f"{order}{len(value)}I", *(number & 0xFFFFFFFF for number in value)) for order in "<>"]
        return blocks[tag == IPTC and blocks[1][:1] == b"\x1c"]
    return None


def numbers(tags: Tags, tag: int) -> list[int]:
    """All whole numbers of a tag; none where there is no such tag."""
    value = tags.get(tag, {}).get("data")
    return [_whole_number(number) for number in value] if isinstance(value, list) else []


def _whole_number(value: float) -> int:
    """The value; 0 for what is no number at all, which floating-point ones may be."""
    return int(value) if isfinite(value) else 0
