"""What stands before the picture in a JPEG: the segments that carry its metadata, read and written.

libjpeg neither reads nor writes metadata here, so the segments are taken from the file and
spliced into the result. Sources: ITU-T T.81; JFIF 1.02; Exif 2.32; XMP specification part 3;
ICC.1 annex B.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import iptc as iptc_records
from photochrom.photo import mark
from photochrom.photo.formats.base import Subsampling
from photochrom.photo.formats.jpeg_quality import nearest_quality, tables
from photochrom.photo.metadata import Density, Metadata, Unit
from photochrom.photo.notices import warn

_EOI, _SOS, _DQT, _COM, _APP0 = 0xD9, 0xDA, 0xDB, 0xFE, 0xE0
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1, 0xC9})
_ONE_PASS: Final = frozenset({0xC0, 0xC1})
"""Sequential with Huffman codes, in which libjpeg notices that a single bit is missing."""
_LOSSLESS: Final = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
SCAN: Final = bytes((0xFF, _SOS))
END: Final = bytes((0xFF, _EOI))
_MOST_JUNK: Final = 65536
"""Bytes between segments that are none themselves: more than any broken writer leaves."""
_SEGMENT: Final = 65533
"""Longest content of a segment."""

_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_MORE: Final = b"http://ns.adobe.com/xmp/extension/\0"
_ICC: Final = b"ICC_PROFILE\0"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"

_MPF: Final = b"MPF\0"


@dataclass(frozen=True)
class JpegEncoding:
    """How a JPEG was encoded, and the segments that no other format would understand.

    Attributes:
        quality: the libjpeg quality, 1 to 100, whose tables are nearest to the file's.
        subsampling: of the chroma; None for a grey file.
        photoshop: the Photoshop block, of which IPTC is a part.
        others: (marker, content) of comments and of segments that we don't know.
    """

    quality: int
    subsampling: Subsampling | None
    photoshop: bytes
    others: tuple[tuple[int, bytes], ...]


@dataclass
class Header:
    """What stands before a JPEG's first scan."""

    name: str
    width: int = 0
    height: int = 0
    sequential: bool = True
    """Decoding to a fraction of the size takes less time: not so where all scans must be kept."""
    one_pass: bool = False
    scan: int = 0
    """Where the first scan begins."""
    has_many_scans: bool = True
    """Whether scans may follow the first one: not where that is sequential and holds all components."""
    components: tuple[tuple[int, int, int], ...] = ()
    """(id, sampling factors, quantization table) of each component."""
    tables: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    adobe: int | None = None
    density: Density | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    photoshop: bytes = b""
    others: list[tuple[int, bytes]] = field(default_factory=list)
    lost: dict[str, None] = field(default_factory=dict)
    """Warnings, each once, of what stands in the file and can't be kept."""

    @classmethod
    def parse(cls, data: bytes, name: str) -> Header:
        header = cls(name)
        more_xmp: dict[int, bytes] = {}
        icc: dict[int, bytes] = {}
        try:
            for marker, view in segments(memoryview(data)):
                if marker == _SOS:
                    header.scan = len(data) - len(view)
                else:
                    header._take(marker, bytes(view), more_xmp, icc)
        except (ValueError, struct.error, IndexError) as error:
            raise damaged(name, str(error)) from None
        if not header.components:
            raise damaged(name, "it ends before the picture begins")
        header.has_many_scans = not header.sequential or data[header.scan + 4 : header.scan + 5] != bytes(
            [len(header.components)]
        )
        if more_xmp and header.xmp:
            header.xmp = mark.joined(header.xmp, b"".join(more_xmp[key] for key in sorted(more_xmp)))
        if icc:
            header.icc = b"".join(icc[key] for key in sorted(icc))
        for warning in header.lost:
            warn(f"{name}: {warning}")
        return header

    def _take(self, marker: int, content: bytes, more_xmp: dict[int, bytes], icc: dict[int, bytes]) -> None:
        if marker in _FRAMES:
            if marker in _LOSSLESS:
                raise ValueError("it is a lossless JPEG, which is not read; convert it to TIFF or PNG")
            bits, self.height, self.width, count = struct.unpack_from(">BHHB", content)
            if bits != 8:
                raise ValueError(f"it has {bits} bits a sample, which is not read; convert it to TIFF or PNG")
            self.sequential, self.one_pass = marker in _SEQUENTIAL, marker in _ONE_PASS
            self.components = tuple((content[i], content[i + 1], content[i + 2]) for i in range(6, 6 + 3 * count, 3))
        elif marker == _DQT:
            self.tables.update(tables(content))
        elif marker == _APP0 and content[:5] == b"JFIF\0":
            self.density = _jfif_density(content)
        elif marker == _APP0 + 1 and content[:6] == _EXIF:
            self.exif = self.exif or content[6:]
        elif marker == _APP0 + 1 and content.startswith(_XMP):
            self.xmp = self.xmp or content[len(_XMP) :]
        elif marker == _APP0 + 1 and content.startswith(_XMP_MORE):
            start = len(_XMP_MORE) + 32
            more_xmp[struct.unpack_from(">II", content, start)[1]] = content[start + 8 :]
        elif marker == _APP0 + 2 and content.startswith(_ICC):
            icc[content[12]] = content[14:]
        elif marker == _APP0 + 2 and content.startswith(_MPF):
            self.lost["holds more pictures than one (a preview, a second view, a gain map); only the first is kept"] = (
                None
            )
        elif marker == _APP0 + 13 and content.startswith(_PHOTOSHOP):
            self.photoshop += content[len(_PHOTOSHOP) :]
        elif marker == _APP0 + 11:
            self.lost["its Content Credentials no longer hold for a coloured picture and are left out"] = None
        elif marker == _APP0 + 14:
            self.adobe = content[11] if content[:5] == b"Adobe" and len(content) > 11 else None
        elif marker == _COM or marker > _APP0 + 2:
            # Of APP0 to APP2 the rest is thumbnails and tables of other pictures in the file.
            self.others.append((marker, content))

    def metadata(self) -> Metadata:
        """As the file has it; the density from JFIF or, where that says nothing, from EXIF."""
        density = self.density
        if density is None or (density.unit == "aspect" and density.x == density.y):
            density = exif_block.density(self.exif) or density
        return Metadata(self.exif, self.xmp, iptc_records.from_resources(self.photoshop), self.icc, density)

    @property
    def is_rgb(self) -> bool:
        """Three components that are red, green and blue (libjpeg's rule)."""
        if len(self.components) != 3:
            return False
        return self.adobe == 0 or (self.adobe is None and bytes(c[0] for c in self.components) == b"RGB")

    @property
    def subsampling(self) -> Subsampling | None:
        if len(self.components) != 3 or self.is_rgb:
            return None
        return "444" if self.components[0][1] == self.components[1][1] else "420"

    @property
    def luma_table(self) -> NDArray[np.int64] | None:
        return self.tables.get(self.components[0][2])

    @property
    def chroma_table(self) -> NDArray[np.int64] | None:
        return self.tables.get(self.components[1][2]) if self.subsampling else None


def damaged(name: str, why: str) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete JPEG ({why}); fetch or copy it again")


def tidied(data: bytes | memoryview) -> bytes:
    """The file without what stands between its segments, and without profiles, which libjpeg would look into."""
    parts = [b"\xff\xd8"]
    for marker, content in segments(memoryview(data)):
        if marker == _SOS:
            parts.append(bytes(content))
        elif marker != _APP0 + 2 or bytes(content[: len(_ICC)]) != _ICC:
            parts.append(_segment(marker, bytes(content)))
    return b"".join(parts)


def xmp_packet(data: memoryview) -> bytes | None:
    """The file's (main) XMP packet.

    Raises:
        ValueError: the file ends before its picture.
    """
    for marker, content in segments(data):
        if marker == _APP0 + 1 and bytes(content[: len(_XMP)]) == _XMP:
            return bytes(content[len(_XMP) :])
    return None


def quality_of(stream: bytes) -> int:
    """The libjpeg quality of a JPEG, or of the tables alone that another file keeps as one; 92 where it has none."""
    found: dict[int, NDArray[np.int64]] = {}
    try:
        for marker, content in segments(memoryview(stream)):
            if marker == _DQT:
                found.update(tables(bytes(content)))
    except (ValueError, struct.error, IndexError):
        pass  # tables alone end without a scan
    return nearest_quality(found.get(0), found.get(1))


def segments(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """(marker, content) of each segment before the first scan; then that scan's marker, and all from there on.

    What stands between segments and is none is passed over, as libjpeg does it.

    Raises:
        ValueError: the file ends before that.
    """
    place, junk = 2, 0
    while True:
        if place + 4 > len(data):
            raise ValueError("it ends in the middle of its header")
        marker = data[place + 1]
        if data[place] != 0xFF or marker in (0x00, 0xFF):  # junk, a zero that follows it, or a fill byte
            place, junk = place + 1, junk + 1
            if junk > _MOST_JUNK:
                raise ValueError("its header is garbled")
            continue
        if marker == _SOS:
            yield marker, data[place:]
            return
        if marker == _EOI:
            raise ValueError("it holds no picture")
        length = struct.unpack_from(">H", data, place + 2)[0]
        if length < 2 or place + 2 + length > len(data):
            raise ValueError("it ends in the middle of its header")
        yield marker, data[place + 4 : place + 2 + length]
        place += 2 + length


def _jfif_density(content: bytes) -> Density | None:
    code, x, y = struct.unpack_from(">BHH", content, 7)
    units: dict[int, Unit] = {0: "aspect", 1: "inch", 2: "cm"}
    return Density(x, y, units[code]) if code in units and x and y else None


def _segment(marker: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def metadata_segments(
    metadata: Metadata, came: JpegEncoding | None, record: mark.Record | None, name: str
) -> Iterator[bytes]:
    yield _jfif(metadata.density)
    if metadata.exif:
        if len(metadata.exif) + len(_EXIF) > _SEGMENT:
            warn(f"{name}: its EXIF is larger than JPEG has room for and is left out")
        else:
            yield _segment(_APP0 + 1, _EXIF, metadata.exif)
    if metadata.xmp and record:
        yield from _xmp_segments(metadata.xmp, record)
    if metadata.icc:
        room = _SEGMENT - 14
        parts = [metadata.icc[i : i + room] for i in range(0, len(metadata.icc), room)]
        for number, part in enumerate(parts, 1):
            yield _segment(_APP0 + 2, _ICC, bytes([number, len(parts)]), part)
    photoshop = iptc_records.to_resources(metadata.iptc, came.photoshop if came else b"")
    room = _SEGMENT - len(_PHOTOSHOP)
    for start in range(0, len(photoshop), room):
        yield _segment(_APP0 + 13, _PHOTOSHOP, photoshop[start : start + room])
    for marker, content in came.others if came else ():
        yield _segment(marker, content)


def _jfif(density: Density | None) -> bytes:
    code, x, y = 0, 1, 1
    if density is not None and density.unit == "aspect":
        x, y = round(density.x), round(density.y)
    elif density is not None and density.unit == "cm":
        code, x, y = 2, round(density.x), round(density.y)
    elif density is not None:
        inch = density.per_inch()
        assert inch is not None
        code, x, y = 1, round(inch[0]), round(inch[1])
    if not (1 <= x <= 65535 and 1 <= y <= 65535):
        code, x, y = 0, 1, 1
    return _segment(_APP0, b"JFIF\0\1\1", struct.pack(">BHHBB", code, x, y, 0, 0))


def _xmp_segments(packet: bytes, record: mark.Record) -> Iterator[bytes]:
    if len(packet) + len(_XMP) <= _SEGMENT:
        yield _segment(_APP0 + 1, _XMP, packet)
        return
    whole = packet[packet.index(b"?>") + 2 : packet.rindex(b"<?xpacket")].strip()
    digest = hashlib.md5(whole, usedforsecurity=False).hexdigest().upper()
    yield _segment(_APP0 + 1, _XMP, mark.short(packet, record, digest))
    room = 65400
    for start in range(0, len(whole), room):
        place = struct.pack(">II", len(whole), start)
        yield _segment(_APP0 + 1, _XMP_MORE, digest.encode(), place, whole[start : start + room])
