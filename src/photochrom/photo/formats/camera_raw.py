"""Camera raw, known by its content and refused: developing it is for programs that know the camera.

Most raw files are TIFF structures and hold a small finished picture besides, which a TIFF reader would
take for the photograph; so they are looked for before that.
Sources: TIFF/EP (ISO 12234-2), Adobe's DNG specification 1.7, LibRaw's and ExifTool's lists of raw formats.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from photochrom.errors import PhotoError
from photochrom.photo.mapped import Content

_SIGNATURES: Final = (
    (0, b"FUJIFILMCCD-RAW", "Fujifilm RAF"),
    (4, b"ftypcrx ", "Canon CR3"),
    (4, b"\x10\0\0\0CR\x02", "Canon CR2"),
    (6, b"HEAPCCDR", "Canon CRW"),
    (0, b"IIRO", "Olympus ORF"),
    (0, b"IIRS", "Olympus ORF"),
    (0, b"MMOR", "Olympus ORF"),
    (0, b"IIU\0", "Panasonic RW2"),
    (0, b"\0MRM", "Minolta MRW"),
    (0, b"FOVb", "Sigma X3F"),
    (8, b"MMMMRaw", "Phase One IIQ"),
)

_PHOTOMETRIC, _COMPRESSION, _SUB_DIRECTORIES, _DNG_VERSION = 0x0106, 0x0103, 0x014A, 0xC612
_MAKE: Final = 0x010F
_SENSOR: Final = frozenset({32803, 34892})
"""Photometric interpretations: a mosaic of colour filters, and what a sensor measured without one."""

_MAKERS: Final = {
    b"NIKON": "Nikon NEF",
    b"SONY": "Sony ARW",
    b"PENTAX": "Pentax PEF",
    b"RICOH": "Pentax PEF",
    b"SAMSUNG": "Samsung SRW",
    b"EPSON": "Epson ERF",
    b"HASSELBLAD": "Hasselblad 3FR",
    b"KODAK": "Kodak DCR",
    b"EASTMAN": "Kodak DCR",
    b"LEICA": "Leica raw",
    b"MAMIYA": "Mamiya MEF",
    b"LEAF": "Leaf MOS",
}
_MAKERS_CODES: Final = frozenset({34713, 32767, 32769, 32770, 65000, 65535})
"""Compressions that only cameras use: of NEF, ARW, SRW, Kodak's and PEF."""

_MOST_DIRECTORIES: Final = 32
_MOST_ENTRIES: Final = 1000

Entry = tuple[int, int, int]
"""(type, count, where the value or its offset stands)."""


def refuse(data: Content, name: str) -> None:
    """See whether the file is camera raw.

    Raises:
        PhotoError: it is; the message says what to do.
    """
    kind = recognised(data)
    if kind is not None:
        raise PhotoError(
            f"{name}: is camera raw ({kind}), which has to be developed first: open it in a raw converter such as "
            "darktable or RawTherapee, or in the camera maker's own, and export a 16-bit TIFF"
        )


def recognised(data: Content) -> str | None:
    """What kind of camera raw the file is; None where it is none."""
    head = data[:64]
    for place, signature, kind in _SIGNATURES:
        if head[place : place + len(signature)] == signature:
            return kind
    if head[8:12] == b"IIII" and head[13:16] == b"waR":
        return "Phase One IIQ"
    if head[:4] not in (b"II*\0", b"MM\0*"):
        return None
    try:
        return _tiff(data)
    except struct.error:
        return None


def _tiff(data: Content) -> str | None:
    order = "<" if data[:2] == b"II" else ">"
    make = b""
    is_raw = False
    for entries in _directories(data, order):
        if _DNG_VERSION in entries:
            return "DNG"
        if _MAKE in entries and not make:
            make = _text(data, order, entries[_MAKE])
        codes = _number(data, order, entries.get(_PHOTOMETRIC)), _number(data, order, entries.get(_COMPRESSION))
        is_raw = is_raw or codes[0] in _SENSOR or codes[1] in _MAKERS_CODES
    if not is_raw:
        return None
    return next((kind for maker, kind in _MAKERS.items() if make.upper().startswith(maker)), "TIFF/EP")


def _directories(data: Content, order: str) -> Iterator[dict[int, Entry]]:
    """The directories of a TIFF structure, those below others too; a damaged one ends it."""
    waiting = [struct.unpack_from(order + "I", data, 4)[0]]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        place = waiting.pop(0)
        if not place or place in seen:
            continue
        seen.add(place)
        (count,) = struct.unpack_from(order + "H", data, place)
        entries: dict[int, Entry] = {}
        for index in range(min(count, _MOST_ENTRIES)):
            tag, kind, length = struct.unpack_from(order + "HHI", data, place + 2 + 12 * index)
            entries[tag] = kind, length, place + 10 + 12 * index
        yield entries
        if _SUB_DIRECTORIES in entries:
            _, length, where = entries[_SUB_DIRECTORIES]
            if length > 1:
                (where,) = struct.unpack_from(order + "I", data, where)
            waiting += struct.unpack_from(f"{order}{min(length, _MOST_DIRECTORIES)}I", data, where)
        waiting += struct.unpack_from(order + "I", data, place + 2 + 12 * count)


def _number(data: Content, order: str, entry: Entry | None) -> int:
    if entry is None or entry[0] not in (3, 4):
        return 0
    number: int = struct.unpack_from(order + ("H" if entry[0] == 3 else "I"), data, entry[2])[0]
    return number


def _text(data: Content, order: str, entry: Entry) -> bytes:
    _, length, where = entry
    if length > 4:
        (where,) = struct.unpack_from(order + "I", data, where)
    return data[where : where + min(length, 64)]
