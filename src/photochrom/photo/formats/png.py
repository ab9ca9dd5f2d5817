"""PNG: libvips does the pixels, the chunks beside them are taken from the file and spliced into the result.

libvips loses IPTC in PNG and rewrites EXIF; chunk by chunk everything is kept as it was.
Source: PNG specification, third edition (W3C 2025).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import iptc as iptc_records
from photochrom.photo import vips
from photochrom.photo.formats import streaming
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.mapped import Content
from photochrom.photo.metadata import Density, Metadata
from photochrom.photo.notices import warn

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_XMP: Final = b"XML:com.adobe.xmp"
_KEPT: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_COLORS: Final = frozenset({b"sRGB", b"gAMA", b"cHRM"})
"""They describe the samples: true only as long as no profile changed those."""

_LEVEL: Final = 3
"""Of zlib, 1 to 9. For photographs, with each sample stored as the difference from its left neighbour, this takes half
the time of libvips' usual 6 without differences, in half the bytes."""

_MOST_TEXT: Final = 64_000_000
"""Bytes that all compressed texts of a file together may unfold to."""


@dataclass(frozen=True)
class PngEncoding:
    """Chunks (type, content) of a PNG that no other format would understand: texts, and how colors are meant."""

    texts: tuple[tuple[bytes, bytes], ...]
    colors: tuple[tuple[bytes, bytes], ...]


class Png(Format):
    """All kinds of PNG in; 8 and 16 bit RGB with or without alpha out."""

    name = "PNG"
    suffixes = (".png",)
    mime = "image/png"
    reads_mapped = True
    keeps = frozenset({"exif", "xmp", "iptc", "icc", "density", "alpha", "depth"})

    def recognises(self, head: bytes) -> bool:
        return head[:8] == _SIGNATURE

    def read(self, data: Content, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        try:
            chunks = [(kind, content) for kind, content, _ in _chunks(memoryview(data))]
            width, height, depth = struct.unpack_from(">IIB", chunks[0][1])
        except (ValueError, struct.error, IndexError) as error:
            raise _damaged(name, str(error)) from None
        check_size(width, height, max_pixels=max_pixels, name=name)
        if any(kind == b"acTL" for kind, _ in chunks):
            warn(f"{name}: is an animation; its first frame is taken")
        metadata, encoding = _metadata(chunks, name)
        samples = vips.samples(vips.load("pngload", data, name, "PNG", unlimited=True), name, "PNG")
        turned = exif_block.orientation(metadata.exif)
        return Decoded(samples, metadata, depth=depth, orientation=turned, encoding=encoding)

    def find_xmp(self, data: memoryview) -> bytes | None:
        for kind, content, _ in _chunks(data):
            if kind == b"iTXt" and content[: len(_XMP) + 1] == _XMP + b"\0":
                return _international(bytes(content), _Room())
        return None

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        came = page.photo.encoding if isinstance(page.photo.encoding, PngEncoding) else None
        splicer = _Splicer(file, _metadata_chunks(page.metadata, came))
        streaming.write("pngsave", page.photo, splicer, name, compression=_LEVEL, filter="sub")


class _Splicer:
    """Takes the PNG that libvips writes, a piece at a time, and writes its picture with other chunks around it."""

    def __init__(self, file: BinaryIO, metadata: Iterable[bytes]) -> None:
        self._file = file
        self._metadata = metadata
        self._pending = bytearray()
        self._signed = False

    def write(self, data: bytes, /) -> None:
        self._pending += data
        place = 0
        if not self._signed and len(self._pending) >= len(_SIGNATURE):
            place = len(_SIGNATURE)
            self._signed = True
            self._file.write(_SIGNATURE)
        while self._signed and len(self._pending) >= place + 12:
            length, kind = struct.unpack_from(">I4s", self._pending, place)
            if len(self._pending) < place + 12 + length:
                break
            if kind in (b"IHDR", b"IDAT", b"IEND"):
                self._file.write(self._pending[place : place + 12 + length])
            if kind == b"IHDR":
                self._file.writelines(self._metadata)
            place += 12 + length
        del self._pending[:place]


def _damaged(name: str, why: str) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete PNG ({why}); fetch or copy it again")


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """(type, content, whole) of each chunk, the end included; `whole` has its length and checksum too.

    Raises:
        ValueError: the file ends before its end chunk.
    """
    place = 8
    while True:
        if place + 12 > len(data):
            raise ValueError("it ends before its end mark")
        length, kind = struct.unpack_from(">I4s", data, place)
        if place + 12 + length > len(data):
            raise ValueError("it ends in the middle of a part")
        yield kind, data[place + 8 : place + 8 + length], data[place : place + 12 + length]
        if kind == b"IEND":
            return
        place += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


def _metadata(chunks: list[tuple[bytes, memoryview]], name: str) -> tuple[Metadata, PngEncoding]:
    room = _Room()
    exif = xmp = iptc = icc = None
    density = None
    texts, colors = [], []
    for kind, view in chunks:
        if kind == b"IDAT":
            continue
        content = bytes(view)
        if kind == b"eXIf":
            exif = content.removeprefix(b"Exif\0\0")
        elif kind == b"iCCP":
            icc = room.unfolded(content.partition(b"\0")[2][1:])
        elif kind == b"pHYs" and len(content) == 9:
            x, y, unit = struct.unpack(">IIB", content)
            density = Density(x, y, "metre" if unit == 1 else "aspect") if x and y else None
        elif kind == b"iTXt" and content.startswith(_XMP + b"\0"):
            xmp = _international(content, room)
        elif kind in _KEPT:
            raw, block = _raw_profile(kind, content, room)
            if raw in (b"exif", b"APP1") and block.startswith(b"Exif\0\0"):
                exif = exif or block[6:]
            elif raw == b"iptc":
                iptc = iptc_records.from_resources(block) or (block if block[:1] == b"\x1c" else None)
            elif raw == b"xmp":
                xmp = xmp or block
            else:
                texts.append((kind, content))
        elif kind in _COLORS:
            colors.append((kind, content))
    if room.is_short:
        most = _MOST_TEXT // 1_000_000
        warn(f"{name}: its compressed metadata unfolds to more than {most} MB; what goes beyond that is not used")
    return Metadata(exif, xmp, iptc, icc, density), PngEncoding(tuple(texts), tuple(colors))


class _Room:
    """What the compressed texts of one file may still unfold to: a few kilobytes can stand for gigabytes."""

    def __init__(self) -> None:
        self._left = _MOST_TEXT
        self.is_short = False

    def unfolded(self, data: bytes) -> bytes | None:
        """The text; None where it is damaged or there is no room for it."""
        if self.is_short:
            return None
        try:
            text = zlib.decompressobj().decompress(data, self._left + 1)
        except zlib.error:
            return None
        self._left -= len(text)
        self.is_short = self._left < 0
        return None if self.is_short else text


def _international(content: bytes, room: _Room) -> bytes | None:
    """The text of an iTXt chunk."""
    rest = content.partition(b"\0")[2]
    text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return room.unfolded(text) if rest[:1] == b"\1" else text


def _raw_profile(kind: bytes, content: bytes, room: _Room) -> tuple[bytes, bytes]:
    """(type, content) of the hexadecimal "Raw profile type ..." of ImageMagick and ExifTool; else two empty ones."""
    keyword, _, rest = content.partition(b"\0")
    if not keyword.startswith(b"Raw profile type ") or kind == b"iTXt":
        return b"", b""
    text = room.unfolded(rest[1:]) if kind == b"zTXt" else rest
    found = re.match(rb"\s*\S+\s+(\d+)\s+([0-9a-fA-F\s]*)", text or b"")
    if not found:
        return b"", b""
    try:
        block = bytes.fromhex(found[2].decode())
    except ValueError:
        return b"", b""
    return keyword.removeprefix(b"Raw profile type "), block


def _metadata_chunks(metadata: Metadata, came: PngEncoding | None) -> Iterator[bytes]:
    if metadata.icc:
        yield _chunk(b"iCCP", b"icc\0\0" + zlib.compress(metadata.icc, 9))
    elif came:
        for kind, content in came.colors:
            yield _chunk(kind, content)
    if metadata.density:
        metre = metadata.density.per_metre() or (metadata.density.x, metadata.density.y)
        known = metadata.density.unit != "aspect"
        yield _chunk(b"pHYs", struct.pack(">IIB", round(metre[0]), round(metre[1]), known))
    if metadata.exif:
        yield _chunk(b"eXIf", metadata.exif)
    if metadata.xmp:
        yield _chunk(b"iTXt", _XMP + b"\0\0\0\0\0" + metadata.xmp)
    if metadata.iptc:
        block = iptc_records.to_resources(metadata.iptc)
        digits = block.hex()
        lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
        text = f"\niptc\n{len(block):8d}\n{lines}\n".encode()
        yield _chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(text, 9))
    for kind, content in came.texts if came else ():
        yield _chunk(kind, content)
