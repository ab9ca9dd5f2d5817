"""JPEG as planes: the luma is decoded and encoded as it is, chroma goes beside it, RGB is never made.

libjpeg-turbo (through simplejpeg) does the pixels. It neither reads nor writes metadata here, so
the segments that carry it are taken from the file and spliced into the result.
Sources: ITU-T T.81; JFIF 1.02; Exif 2.32; XMP specification part 3; ICC.1 annex B.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from photochrom.color.luma import luma as luma_of
from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import iptc as iptc_records
from photochrom.photo import mark, profiles, vips
from photochrom.photo.deferred import Deferred, begun
from photochrom.photo.formats.base import Decoded, Format, Options, Page, Subsampling, check_page, check_size
from photochrom.photo.formats.jpeg_bands import encoded
from photochrom.photo.metadata import Density, Metadata, Unit
from photochrom.photo.notices import warn
from photochrom.photo.samples import Look

DEFAULT_QUALITY: Final = 92
"""For pictures that were no JPEG."""

LONGEST_SIDE: Final = 65500
"""libjpeg's limit."""

SMALL_PIXELS: Final = 400_000
"""Least size of a small copy: well above the network's working area, so that pixels are averaged once more.

A picture that still has so many at a quarter of its sides is decoded at that size first.
"""

_SOI, _EOI, _SOS, _DQT, _COM, _APP0 = 0xD8, 0xD9, 0xDA, 0xDB, 0xFE, 0xE0
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1, 0xC9})
_ONE_PASS: Final = frozenset({0xC0, 0xC1})
"""Sequential with Huffman codes, in which libjpeg notices that a single bit is missing."""
_LOSSLESS: Final = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_END: Final = bytes((0xFF, _EOI))
_SEGMENT: Final = 65533
"""Longest content of a segment."""

_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_MORE: Final = b"http://ns.adobe.com/xmp/extension/\0"
_ICC: Final = b"ICC_PROFILE\0"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"

_MPF: Final = b"MPF\0"

_HARMLESS: Final = ("extraneous bytes before marker 0xd9", "Invalid SOS parameters", "Unknown Adobe color transform")
"""What libjpeg complains about although the whole picture is there."""

# ITU-T T.81 annex K, tables K.1 and K.2: what libjpeg scales by its quality.
_LUMA_TABLE: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
).ravel()
_CHROMA_TABLE: Final = np.pad(
    [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]], ((0, 4), (0, 4)), constant_values=99
).ravel()
_ZIGZAG: Final = np.array(sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8)))


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


class Jpeg(Format):
    """Baseline and progressive, grey, YCbCr, RGB and CMYK in; baseline YCbCr out."""

    name = "JPEG"
    suffixes = (".jpg", ".jpeg", ".jpe", ".jfif")
    mime = "image/jpeg"
    keeps = frozenset({"exif", "xmp", "iptc", "icc", "density"})

    def recognises(self, head: bytes) -> bool:
        return head[:3] == b"\xff\xd8\xff"

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        header = _Header.parse(data, name)
        check_size(header.width, header.height, max_pixels=max_pixels, name=name)
        metadata = header.metadata()
        encoding = JpegEncoding(
            quality=nearest_quality(header.luma_table, header.chroma_table),
            subsampling=header.subsampling,
            photoshop=header.photoshop,
            others=tuple(header.others),
        )
        turned = exif_block.orientation(metadata.exif)
        if len(header.components) == 4:
            image = vips.load("jpegload_buffer", data, name, "JPEG")
            samples = vips.pixels(profiles.cmyk_to_srgb(image), name, "JPEG")
            metadata = replace(metadata, icc=profiles.srgb())
            return Decoded(samples, metadata, orientation=turned, encoding=encoding)
        in_place = turned in (None, 1) and profiles.space(metadata.icc or b"") != "GRAY"
        lacks_end = header.one_pass and data.rfind(_END, header.scan) < 0
        luma, look = _decode(data + _END if lacks_end else data, header, may_defer=in_place)
        if lacks_end:
            warn(f"{name}: lacks the end mark of a JPEG: it may have been cut short, though the whole picture is there")
        return Decoded(luma, metadata, orientation=turned, encoding=encoding, look=look)

    def find_xmp(self, data: memoryview) -> bytes | None:
        for marker, content in _segments(data):
            if marker == _APP0 + 1 and bytes(content[: len(_XMP)]) == _XMP:
                return bytes(content[len(_XMP) :])
        return None

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        photo, metadata = page.photo, page.metadata
        if max(photo.luma.shape) > LONGEST_SIDE:
            raise PhotoError(f"{name}: JPEG holds at most {LONGEST_SIDE} pixels a side; write PNG or TIFF")
        came = photo.encoding if isinstance(photo.encoding, JpegEncoding) else None
        subsampling = options.subsampling or (came.subsampling if came else None) or "420"
        quality = options.quality or (came.quality if came else DEFAULT_QUALITY)
        file.write(b"\xff\xd8")
        file.writelines(_metadata_segments(metadata, came, photo.record, name))
        file.writelines(encoded(photo, subsampling, quality))


@dataclass
class _Header:
    """What stands before a JPEG's first scan."""

    name: str
    width: int = 0
    height: int = 0
    sequential: bool = True
    """Decoding to a fraction of the size takes less time: not so where all scans must be kept."""
    one_pass: bool = False
    scan: int = 0
    """Where the first scan begins."""
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
    def parse(cls, data: bytes, name: str) -> _Header:
        header = cls(name)
        more_xmp: dict[int, bytes] = {}
        icc: dict[int, bytes] = {}
        try:
            for marker, view in _segments(memoryview(data)):
                if marker == _SOS:
                    header.scan = len(data) - len(view)
                else:
                    header._take(marker, bytes(view), more_xmp, icc)
        except (ValueError, struct.error, IndexError) as error:
            raise _damaged(name, str(error)) from None
        if not header.components:
            raise _damaged(name, "it ends before the picture begins")
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
            self.tables.update(_tables(content))
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


def nearest_quality(luma: NDArray[np.int64] | None, chroma: NDArray[np.int64] | None = None) -> int:
    """The libjpeg quality, 1 to 100, whose quantization tables are nearest to these (least sum of differences).

    Args:
        luma, chroma: 64 steps in zigzag order; None where there is no such table.
    """
    given = [(base[_ZIGZAG], own) for base, own in ((_LUMA_TABLE, luma), (_CHROMA_TABLE, chroma)) if own is not None]
    if not given:
        return DEFAULT_QUALITY
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    distance = np.zeros(100)
    for base, own in given:
        tables = np.clip((base[None] * scale[:, None] + 50) // 100, 1, 255)
        distance += np.abs(tables - own[None]).sum(axis=1)
    return int(quality[::-1][np.argmin(distance[::-1])])


def _decode(data: bytes, header: _Header, *, may_defer: bool) -> tuple[NDArray[np.uint8] | Deferred, Look | None]:
    """The luma and, where the file has colors, a look at them."""
    grey = len(header.components) == 1
    shape = header.height, header.width
    fraction = next((f for f in (8, 4) if shape[0] // f * (shape[1] // f) >= SMALL_PIXELS), None)

    def luma() -> NDArray[np.uint8]:
        return _pixels(data, header, "GRAY")[..., 0]

    if fraction is None or not header.sequential or not may_defer:
        return luma(), None if grey else Look.at(_pixels(data, header, "RGB", fraction=8))
    full = begun(luma)
    small = _pixels(data, header, "GRAY" if grey else "RGB", fraction=fraction)
    if grey:
        return Deferred(full, shape, small[..., 0], fraction), None
    return Deferred(full, shape, luma_of(small), fraction), Look.at(small)


def _pixels(data: bytes, header: _Header, colorspace: str, *, fraction: int = 1) -> NDArray[np.uint8]:
    """Samples (H, W, channels); `fraction`: 4 or 8 for sides of that part, which saves all but the entropy decoding."""
    strict = True
    while True:
        try:
            pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
                data,
                colorspace=colorspace,
                min_height=-(-header.height // fraction),
                min_width=-(-header.width // fraction),
                strict=strict,
            )
        except ValueError as error:
            if not strict or not any(harmless in str(error) for harmless in _HARMLESS):
                raise _damaged(header.name, str(error)) from None
            strict = False
        else:
            return pixels


def _damaged(name: str, why: str) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete JPEG ({why}); fetch or copy it again")


def _segments(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """(marker, content) of each segment before the first scan; then that scan's marker, and all from there on.

    Raises:
        ValueError: the file ends before that.
    """
    place = 2
    while True:
        if place + 4 > len(data):
            raise ValueError("it ends in the middle of its header")
        if data[place] != 0xFF:
            raise ValueError("its header is garbled")
        marker = data[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
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


def _tables(content: bytes) -> Iterator[tuple[int, NDArray[np.int64]]]:
    place = 0
    while place < len(content):
        wide, number = content[place] >> 4, content[place] & 15
        kind, size = (">u2", 128) if wide else (">u1", 64)
        yield number, np.frombuffer(content, kind, 64, place + 1).astype(np.int64)
        place += 1 + size


def _jfif_density(content: bytes) -> Density | None:
    code, x, y = struct.unpack_from(">BHH", content, 7)
    units: dict[int, Unit] = {0: "aspect", 1: "inch", 2: "cm"}
    return Density(x, y, units[code]) if code in units and x and y else None


def _segment(marker: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _metadata_segments(
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
