"""The items of an AVIF or HEIC file: one is the picture, others belong to it.

Sizes are read before anything is decoded; metadata, alpha, and how the colors are meant too.
Sources: ISO/IEC 23008-12 (HEIF), 23000-22 (MIAF), 14496-12 (section 8.11), AV1 Image File Format 1.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from photochrom.photo.formats.isobmff import boxes, find

_MOST_ITEMS: Final = 10_000
_MOST_METADATA: Final = 64_000_000
_MOST_PARTS: Final = 100

ALPHA: Final = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
XMP: Final = b"application/rdf+xml"
_ISO_DERIVED: Final = (b"grid", b"iden", b"iovl", b"tmap")


@dataclass(frozen=True)
class Nclx:
    """How YCbCr is meant: code points of ITU-T H.273."""

    primaries: int
    transfer: int
    matrix: int
    is_full: bool

    def packed(self) -> bytes:
        """As it stands in a `colr` box."""
        return b"nclx" + struct.pack(">HHHB", self.primaries, self.transfer, self.matrix, self.is_full << 7)


@dataclass
class _Item:
    kind: bytes = b""
    content_type: bytes = b""
    in_meta: bool = False
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[tuple[bytes, memoryview]] = field(default_factory=list)


class HeifFile:
    """The items of a file.

    Attributes:
        primary: number of the item that is the picture.
        images: how many pictures the file has for a reader to see; thumbnails, parts and alpha are none.
    """

    def __init__(self, data: memoryview) -> None:
        """Read the directory of the items.

        Raises:
            ValueError: there is none, or it is damaged.
        """
        self._data = data
        meta = find(data, b"meta")
        if meta is None:
            raise ValueError("it holds no still picture" if find(data, b"moov") is not None else "it has no directory")
        self._meta = meta = meta[4:]
        self._items: dict[int, _Item] = {}
        self._references: list[tuple[bytes, int, list[int]]] = []
        try:
            pitm = find(meta, b"pitm")
            if pitm is None:
                raise ValueError("it does not say which of its pictures is the main one")
            self.primary = struct.unpack_from(">H" if pitm[0] == 0 else ">I", pitm, 4)[0]
            self._read_infos(find(meta, b"iinf") or memoryview(b""))
            self._read_locations(find(meta, b"iloc") or memoryview(b""))
            self._read_properties(find(meta, b"iprp") or memoryview(b""))
            self._read_references(find(meta, b"iref") or memoryview(b""))
        except (struct.error, IndexError):
            raise ValueError("its directory ends too early") from None
        if self.primary not in self._items:
            raise ValueError("its main picture is missing")
        dependent = {source for kind, source, _ in self._references if kind in (b"auxl", b"thmb", b"cdsc")}
        parts = {target for kind, _, targets in self._references if kind == b"dimg" for target in targets}
        shown = [number for number, item in self._items.items() if any(kind == b"ispe" for kind, _ in item.properties)]
        self.images = len([number for number in shown if number not in dependent | parts]) or 1

    def codec(self) -> bytes:
        """The type of the item that holds the main picture or the first of its parts: `av01`, `hvc1` and others."""
        number = self.primary
        for _ in range(8):
            kind = self._items[number].kind if number in self._items else b""
            parts = self._targets(b"dimg", number)
            if kind not in _ISO_DERIVED or not parts:
                return kind
            number = parts[0]
        return b""

    def size(self) -> tuple[int, int]:
        """(width, height) of the main picture before it is turned.

        Raises:
            ValueError: it is not said.
        """
        extent = self.property(b"ispe")
        if extent is None or len(extent) < 12:
            raise ValueError("it does not say how large it is")
        width, height = struct.unpack_from(">II", extent, 4)
        return width, height

    def property(self, kind: bytes, number: int | None = None) -> memoryview | None:
        """The first property of this type of an item; without `number` of the main picture or its first part."""
        chosen = self.primary if number is None else number
        if chosen not in self._items:
            return None
        for name, content in self._items[chosen].properties:
            if name == kind:
                return content
        parts = self._targets(b"dimg", chosen) if number is None else []
        return self.property(kind, parts[0]) if parts else None

    def profile(self) -> bytes | None:
        """The ICC profile of the main picture."""
        return next((bytes(color[4:]) for color in self._colors() if bytes(color[:4]) in (b"prof", b"rICC")), None)

    def nclx(self) -> Nclx | None:
        """How the main picture's YCbCr is meant, where the container says so."""
        for color in self._colors():
            if bytes(color[:4]) == b"nclx" and len(color) >= 11:
                primaries, transfer, matrix, flags = struct.unpack_from(">HHHB", color, 4)
                return Nclx(primaries, transfer, matrix, flags >> 7 == 1)
        return None

    def _colors(self) -> list[memoryview]:
        numbers = [self.primary, *self._targets(b"dimg", self.primary)[:1]]
        items = [self._items[number] for number in numbers if number in self._items]
        return [content for item in items for kind, content in item.properties if kind == b"colr"]

    def exif(self) -> bytes | None:
        """The TIFF structure of the EXIF item.

        Raises:
            ValueError: the file ends before it does.
        """
        number = self._about(lambda item: item.kind == b"Exif")
        block = b"" if number is None else self.item(number, most=_MOST_METADATA)
        if len(block) < 4:
            return None
        start = 4 + struct.unpack_from(">I", block)[0]
        return block[start:].removeprefix(b"Exif\0\0") or None

    def xmp(self) -> bytes | None:
        """The XMP packet.

        Raises:
            ValueError: the file ends before it does.
        """
        number = self._about(lambda item: item.kind == b"mime" and item.content_type == XMP)
        return None if number is None else self.item(number, most=_MOST_METADATA) or None

    def is_premultiplied(self) -> bool:
        """Whether the colors were multiplied by alpha."""
        return bool(self._targets(b"prem", self.primary))

    def alpha(self) -> int | None:
        """The number of the item that is the main picture's alpha."""
        for kind, source, targets in self._references:
            if kind == b"auxl" and self.primary in targets:
                what = self.property(b"auxC", source)
                if what is not None and bytes(what[4:]).split(b"\0")[0] in ALPHA:
                    return source
        return None

    def check_complete(self) -> None:
        """See whether all bytes of the main picture, its parts and its alpha are there.

        Raises:
            ValueError: the file ends before they do.
        """
        alpha = self.alpha()
        wanted = [self.primary] + ([alpha] if alpha is not None else [])
        wanted += [part for number in wanted for part in self._targets(b"dimg", number)]
        for number in wanted:
            if number not in self._items:
                raise ValueError("a part of its picture is missing")
            item = self._items[number]
            room = len(self._stored(item))
            if any(start + length > room for start, length in item.extents):
                raise ValueError("it ends before the picture does")

    def item(self, number: int, *, most: int | None = None) -> bytes:
        """The bytes of an item.

        Raises:
            ValueError: the file ends before they do, or they are more than `most`.
        """
        item = self._items[number]
        stored = self._stored(item)
        if any(start + length > len(stored) for start, length in item.extents):
            raise ValueError("it ends before its last part does")
        if most is not None and sum(length for _, length in item.extents) > most:
            raise ValueError(f"its metadata are larger than {most // 1_000_000} MB")
        return b"".join(stored[start : start + length] for start, length in item.extents)

    def _stored(self, item: _Item) -> memoryview:
        return (find(self._meta, b"idat") or memoryview(b"")) if item.in_meta else self._data

    def _about(self, fits: object) -> int | None:
        """The item of that kind that describes the main picture; else the first of that kind."""
        assert callable(fits)
        found = [number for number, item in self._items.items() if fits(item)]
        described = [number for number in found if self.primary in self._targets(b"cdsc", number)]
        return next(iter(described + found), None)

    def _targets(self, kind: bytes, number: int) -> list[int]:
        return [t for name, source, targets in self._references if (name, source) == (kind, number) for t in targets]

    def _read_infos(self, data: memoryview) -> None:
        if not data:
            return
        for entry in boxes(data[6 if data[0] == 0 else 8 :]):
            content = entry.content
            version = content[0]
            if entry.kind != b"infe" or version < 2:
                continue
            number, _, kind = struct.unpack_from(">HH4s" if version == 2 else ">IH4s", content, 4)
            rest = bytes(content[12 if version == 2 else 14 :]).split(b"\0")
            if len(self._items) >= _MOST_ITEMS:
                raise ValueError("it has too many parts")
            self._items[number] = _Item(kind, rest[1] if kind == b"mime" and len(rest) > 1 else b"")

    def _read_locations(self, data: memoryview) -> None:
        if not data:
            return
        version = data[0]
        for_start, for_length = data[4] >> 4, data[4] & 15
        for_base, for_index = data[5] >> 4, data[5] & 15 if version else 0
        place = 6

        def number(size: int) -> int:
            nonlocal place
            if place + size > len(data):
                raise IndexError
            place += size
            return int.from_bytes(data[place - size : place], "big")

        wide = 2 if version < 2 else 4
        for _ in range(min(number(wide), _MOST_ITEMS)):
            item = self._items.get(number(wide), _Item())
            item.in_meta = version > 0 and number(2) & 15 == 1
            number(2)
            base = number(for_base)
            for _ in range(number(2)):
                number(for_index)
                start, length = base + number(for_start), number(for_length)
                item.extents.append((start, length or len(self._stored(item)) - start))
                if len(item.extents) > _MOST_ITEMS:
                    raise ValueError("it has too many parts")

    def _read_properties(self, data: memoryview) -> None:
        there = [(each.kind, each.content) for each in boxes(find(data, b"ipco") or memoryview(b""))]
        for each in boxes(data):
            if each.kind != b"ipma":
                continue
            content = each.content
            version, wide = content[0], content[3] & 1
            place = 8
            for _ in range(struct.unpack_from(">I", content, 4)[0]):
                number = struct.unpack_from(">H" if version < 1 else ">I", content, place)[0]
                place += 2 if version < 1 else 4
                count = content[place]
                form = f">{count}{'H' if wide else 'B'}"
                indices = struct.unpack_from(form, content, place + 1)
                place += 1 + struct.calcsize(form)
                item = self._items.get(number)
                for index in indices if item else ():
                    index &= 0x7FFF if wide else 0x7F
                    if item and 0 < index <= len(there) and len(item.properties) < _MOST_PARTS:
                        item.properties.append(there[index - 1])

    def _read_references(self, data: memoryview) -> None:
        if not data:
            return
        one = "H" if data[0] == 0 else "I"
        for each in boxes(data[4:]):
            source, count = struct.unpack_from(f">{one}H", each.content)
            targets = struct.unpack_from(f">{count}{one}", each.content, struct.calcsize(f">{one}H"))
            self._references.append((each.kind, source, list(targets)))
