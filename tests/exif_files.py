"""EXIF put together by hand, after TIFF 6.0 and Exif 2.32, with a tag of every type, and read again by Pillow."""

import struct
from collections.abc import Mapping
from typing import Any, Literal

import photo_files as files
from PIL import Image

SIZE = (96, 64)
MAKER_NOTE = b"Brownie\0\1\0" + bytes(range(90)) + b"look at offset 4711"
EXIF, GPS, INTEROP = 0x8769, 0x8825, 0xA005
_STRIP = 273

Order = Literal["<", ">"]
Value = bytes | list[int] | list[float]


def block(order: Order, orientation: int = 1, picture: Image.Image | None = None) -> bytes:
    """EXIF with a tag of each type, one value and several, in its four directories; with a picture it is a TIFF."""
    main: dict[int, tuple[int, Value]] = {
        0x010E: (2, "Mother, father — 1936\0".encode()),
        0x010F: (2, b"Kodak\0"),
        0x0112: (3, [orientation]),
        0x011A: (5, [2400, 8]),
        0x011B: (5, [2400, 8]),
        0x0128: (3, [2]),
        0x0131: (2, b"a scanner's program\0"),
        0x9C9B: (1, list("Family\0".encode("utf-16-le"))),
        0xC350: (6, [256 - 3, 5]),
        0xC351: (8, [-3000, 3000]),
        0xC352: (9, [-70000]),
        0xC353: (11, [0.25, -1.5]),
        0xC354: (12, [3.141592653589793]),
        0xC355: (4, [0, 1, 4294967295]),
    }
    if picture is not None:
        width, height = picture.size
        main |= {256: (3, [width]), 257: (3, [height]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]), 277: (3, [1])}
        main |= {_STRIP: (4, [0]), 278: (3, [height]), 279: (4, [width * height])}
        main |= {700: (1, list(files.xmp())), 33723: (7, files.IPTC)}
    camera: dict[int, tuple[int, Value]] = {
        0x829A: (5, [1, 60]),
        0x9000: (7, b"0232"),
        0x9003: (2, b"1936:03:06 12:00:00\0"),
        0x9201: (10, [-7, 3]),
        0x927C: (7, MAKER_NOTE),
        0x9286: (7, b"UNICODE\0" + "note".encode("utf-16-le")),
        0xA002: (4, [SIZE[0]]),
        0xA003: (4, [SIZE[1]]),
        0xA432: (5, [50, 1, 50, 1, 18, 10, 18, 10]),
    }
    gps: dict[int, tuple[int, Value]] = {
        0x0000: (1, [2, 3, 0, 0]),
        0x0001: (2, b"N\0"),
        0x0002: (5, [35, 1, 2, 1, 3045, 100]),
        0x001B: (7, b"ASCII\0\0\0by hand"),
    }
    interop: dict[int, tuple[int, Value]] = {0x0001: (2, b"R98\0"), 0x0002: (7, b"0100")}
    data = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8))
    places: dict[int, int] = {}
    for link, parent, tags in ((0, None, main), (EXIF, main, camera), (GPS, main, gps), (INTEROP, camera, interop)):
        if parent is not None:
            parent[link] = (4, [0])
        if link == 0:
            tags |= {EXIF: (4, [0]), GPS: (4, [0])}
        if link == EXIF:
            tags[INTEROP] = (4, [0])
        start = len(data)
        if link:
            struct.pack_into(order + "I", data, places[link], start)
        after = start + 2 + 12 * len(tags) + 4
        entries, values = struct.pack(order + "H", len(tags)), b""
        for number, (kind, value) in sorted(tags.items()):
            content = value if isinstance(value, bytes) else _packed(order, kind, value)
            count = len(content) // {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}[kind]
            if number in (EXIF, GPS, INTEROP, _STRIP):
                places[number] = start + len(entries) + 8
            inside = content.ljust(4, b"\0")
            if len(content) > 4:
                inside = struct.pack(order + "I", after + len(values))
                values += content + bytes(len(content) % 2)
            entries += struct.pack(order + "HHI", number, kind, count) + inside
        data += entries + bytes(4) + values
    if picture is not None:
        struct.pack_into(order + "I", data, places[_STRIP], len(data))
        data += picture.tobytes()
    return bytes(data)


def _packed(order: Order, kind: int, value: list[int] | list[float]) -> bytes:
    letter = {1: "B", 3: "H", 4: "I", 5: "I", 6: "B", 8: "h", 9: "i", 10: "i", 11: "f", 12: "d"}[kind]
    return struct.pack(f"{order}{len(value)}{letter}", *value)


def values(exif: Image.Exif) -> dict[tuple[int, int], Any]:
    """(directory, tag) and value of all that Pillow has found; the pixels of a TIFF left out."""
    parts = {0: dict(exif), **{part: exif.get_ifd(part) for part in (EXIF, GPS, INTEROP)}}
    below = {(part, tag): value for part, tags in parts.items() for tag, value in tags.items() if part}
    return main_values(parts[0]) | {key: value for key, value in below.items() if key[1] not in _LINKS}


def main_values(tags: Mapping[int, Any]) -> dict[tuple[int, int], Any]:
    """Of all tags of a first directory those that are EXIF."""
    return {(0, tag): value for tag, value in tags.items() if tag not in _LINKS | _PIXELS}


_LINKS = frozenset({EXIF, GPS, INTEROP})
_PIXELS = frozenset(
    {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 338, 339, 347, 530}
    | {700, 33723, 34377, 34675}
)
"""Also those that describe the pixels of a TIFF, or hold what is no EXIF."""
