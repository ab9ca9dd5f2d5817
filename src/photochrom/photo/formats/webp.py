"""WebP: libvips does the pixels; the chunks that hold EXIF, XMP and the profile are taken and put around them.

libvips rewrites EXIF and loses what it does not know. Source: RFC 9649, the WebP container.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import vips
from photochrom.photo.formats import streaming
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.metadata import Metadata
from photochrom.photo.notices import warn

DEFAULT_QUALITY: Final = 90
LONGEST_SIDE: Final = 16383

_ALPHA, _ICC, _EXIF, _XMP = 0x10, 0x20, 0x08, 0x04


@dataclass(frozen=True)
class WebpEncoding:
    """Whether a WebP was lossless."""

    lossless: bool


class Webp(Format):
    """Lossy and lossless WebP, the first frame of animations; out as it came in."""

    name = "WebP"
    suffixes = (".webp",)
    mime = "image/webp"
    keeps = frozenset({"exif", "xmp", "icc", "alpha"})

    def recognises(self, head: bytes) -> bool:
        return head[:4] == b"RIFF" and head[8:12] == b"WEBP"

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        try:
            chunks = dict(reversed(list(_chunks(memoryview(data)))))
        except (ValueError, struct.error) as error:
            raise _damaged(name, error) from None
        if b"ANIM" in chunks:
            warn(f"{name}: is an animation; its first frame is taken")
        image = vips.load("webpload", data, name, "WebP")
        check_size(image.width, image.height, max_pixels=max_pixels, name=name)
        exif = bytes(chunks.get(b"EXIF", b"")).removeprefix(b"Exif\0\0") or None
        metadata = Metadata(
            exif=exif,
            xmp=bytes(chunks.get(b"XMP ", b"")) or None,
            icc=bytes(chunks.get(b"ICCP", b"")) or None,
            density=exif_block.density(exif),
        )
        samples = vips.samples(image, name, "WebP")
        return Decoded(
            samples,
            metadata,
            orientation=exif_block.orientation(exif),
            encoding=WebpEncoding(lossless=b"VP8L" in chunks),
        )

    def find_xmp(self, data: memoryview) -> bytes | None:
        return next((bytes(content) for kind, content in _chunks(data) if kind == b"XMP "), None)

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        width, height = page.photo.size
        if max(width, height) > LONGEST_SIDE:
            raise PhotoError(f"{name}: WebP holds at most {LONGEST_SIDE} pixels a side; write PNG, TIFF or JPEG")
        came = page.photo.encoding if isinstance(page.photo.encoding, WebpEncoding) else None
        body = streaming.saved(
            "webpsave",
            page.photo,
            name,
            Q=options.quality or DEFAULT_QUALITY,
            lossless=bool(came and came.lossless and options.quality is None),
            exact=True,
        )
        metadata = page.metadata
        chunks = [(kind, content) for kind, content in _chunks(memoryview(body)) if kind in (b"ALPH", b"VP8 ", b"VP8L")]
        flags = 0 if page.photo.alpha is None else _ALPHA
        if metadata.icc:
            chunks.insert(0, (b"ICCP", memoryview(metadata.icc)))
            flags |= _ICC
        for kind, flag, block in ((b"EXIF", _EXIF, metadata.exif), (b"XMP ", _XMP, metadata.xmp)):
            if block:
                chunks.append((kind, memoryview(block)))
                flags |= flag
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks.insert(0, (b"VP8X", memoryview(bytes([flags, 0, 0, 0]) + canvas)))
        size = 4 + sum(8 + len(content) + (len(content) & 1) for _, content in chunks)
        file.write(b"RIFF" + struct.pack("<I", size) + b"WEBP")
        for kind, content in chunks:
            file.write(kind + struct.pack("<I", len(content)))
            file.write(content)
            file.write(b"\0" * (len(content) & 1))


def _damaged(name: str, why: object) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete WebP ({why}); fetch or copy it again")


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """(type, content) of each chunk.

    Raises:
        ValueError: the file ends before the length that it gives.
    """
    (size,) = struct.unpack_from("<I", data, 4)
    end = 8 + size
    if end > len(data) + 1:  # some writers leave out the last padding byte
        raise ValueError("it ends too early")
    place = 12
    while place + 8 <= min(end, len(data)):
        kind, length = struct.unpack_from("<4sI", data, place)
        if place + 8 + length > len(data):
            raise ValueError("it ends in the middle of a part")
        yield kind, data[place + 8 : place + 8 + length]
        place += 8 + length + (length & 1)
