"""JPEG 2000: a picture without loss, at any depth up to 16 bits, in boxes (JP2, JPX) or bare (J2K).

The boxes hold what archives put there: profile, resolution, EXIF, XMP, IPTC, and boxes of others, such
as those of maps, which go through as they are. A bare codestream has no place for any of it, and is in sRGB.
Sources: ISO/IEC 15444-1, annex I; 15444-2, annex M; the XMP specification, part 3, section 1.1.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.luma import recombine
from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import profiles, vips
from photochrom.photo.depths import to_depth, to_full_range
from photochrom.photo.formats import jpeg2000_codestream as codestream
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.formats.isobmff import box, boxes
from photochrom.photo.formats.jpeg2000_header import Header, channels, in_order, read_header, resolution
from photochrom.photo.metadata import Metadata
from photochrom.photo.samples import unmultiplied

DEFAULT_QUALITY: Final = 90

SIGNATURE: Final = b"\0\0\0\x0cjP  \r\n\x87\n"

_XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_EXIF: Final = b"JpgTiffExif->JP2"
_IPTC: Final = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_OTHER_IPTC: Final = bytes.fromhex("09a14e97c0b442e0bebf36df6f0ce36f")
_KEPT: Final = frozenset({b"uuid", b"xml ", b"asoc", b"uinf"})

_SRGB, _SYCC, _CMYK = 16, 18, 12
_COLORS: Final = frozenset({_SRGB, 17, _SYCC, _CMYK})
_MOST_METADATA: Final = 64_000_000


@dataclass(frozen=True)
class Jpeg2000Encoding:
    """Whether the picture was without loss, and boxes of others, whole."""

    lossless: bool
    boxes: tuple[bytes, ...] = ()


class Jp2(Format):
    """8 to 16 bits, with or without loss, in and out; palettes, sYCC and CMYK in."""

    name = "JPEG 2000"
    suffixes = (".jp2", ".jpx", ".jpf", ".jpm")
    mime = "image/jp2"
    keeps = frozenset({"exif", "xmp", "iptc", "icc", "density", "alpha", "depth"})

    def recognises(self, head: bytes) -> bool:
        return head[:12] == SIGNATURE

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        try:
            return _read(memoryview(data), max_pixels=max_pixels, name=name)
        except (ValueError, struct.error, IndexError) as error:
            raise _damaged(name, error) from None

    def find_xmp(self, data: memoryview) -> bytes | None:
        for each in boxes(data):
            if each.kind == b"uuid" and bytes(each.content[:16]) == _XMP:
                return bytes(each.content[16:])
        return None

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        encoded, bits = _encoded(page, options, name)
        photo, metadata = page.photo, page.metadata
        width, height = photo.size
        icc = metadata.icc
        is_matrix = icc is None or profiles.is_matrix(icc)
        brands = b"jp2 \0\0\0\0jp2 " if is_matrix else b"jpx \0\0\0\0jp2 jpx "
        color = b"\1\0\0" + struct.pack(">I", _SRGB) if icc is None else bytes([2 if is_matrix else 3, 0, 0]) + icc
        header = [
            box(b"ihdr", struct.pack(">IIHBBBB", height, width, 3 + (photo.alpha is not None), bits - 1, 7, 0, 0)),
            box(b"colr", color),
        ]
        if photo.alpha is not None:
            channels = [(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 1, 0)]
            header.append(box(b"cdef", struct.pack(">H", 4), *(struct.pack(">HHH", *each) for each in channels)))
        metre = metadata.density.per_metre() if metadata.density else None
        if metre:
            header.append(box(b"res ", box(b"resc", *resolution(metre))))
        parts = [SIGNATURE, box(b"ftyp", brands), box(b"jp2h", *header)]
        if metadata.xmp:
            parts.append(box(b"uuid", _XMP, metadata.xmp))
        if metadata.exif:
            parts.append(box(b"uuid", _EXIF, metadata.exif))
        if metadata.iptc:
            parts.append(box(b"uuid", _IPTC, metadata.iptc))
        if isinstance(photo.encoding, Jpeg2000Encoding):
            parts += photo.encoding.boxes
        file.write(b"".join((*parts, box(b"jp2c", encoded))))


class J2k(Format):
    """The bare codestream: 8 to 16 bits, with or without loss, in and out."""

    name = "J2K"
    suffixes = (".j2k", ".j2c", ".jpc")
    mime = "image/j2c"
    keeps = frozenset({"alpha", "depth"})

    def recognises(self, head: bytes) -> bool:
        return head[:4] == codestream.START

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        try:
            return _decoded(memoryview(data), Header(), Metadata(), (), max_pixels=max_pixels, name=name)
        except (ValueError, struct.error, IndexError) as error:
            raise _damaged(name, error) from None

    def find_xmp(self, data: memoryview) -> bytes | None:
        return None

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        file.write(_encoded(page, options, name, in_srgb=True)[0])


def _damaged(name: str, why: object) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete JPEG 2000 ({why}); fetch or copy it again")


def _read(data: memoryview, *, max_pixels: int, name: str) -> Decoded:
    picture, header = None, Header()
    exif = xmp = iptc = None
    others = []
    for each in boxes(data):
        if each.kind == b"jp2c" and picture is None:
            picture = each.content
        elif each.kind == b"jp2h":
            header = read_header(each.content, header)
        elif each.kind in _KEPT and len(each.content) <= _MOST_METADATA:
            name_of_box = bytes(each.content[:16]) if each.kind == b"uuid" else b""
            content = each.content[16:]
            if name_of_box == _XMP:
                xmp = bytes(content)
            elif name_of_box == _EXIF:
                exif = bytes(content).removeprefix(b"Exif\0\0")
            elif name_of_box in (_IPTC, _OTHER_IPTC):
                iptc = iptc or bytes(content)
            else:
                others.append(bytes(each.whole))
    if picture is None:
        raise ValueError("it holds no picture")
    metadata = Metadata(exif or None, xmp or None, iptc or None, header.icc, header.density or exif_block.density(exif))
    return _decoded(picture, header, metadata, tuple(others), max_pixels=max_pixels, name=name)


def _decoded(
    data: memoryview,
    header: Header,
    metadata: Metadata,
    others: tuple[bytes, ...],
    *,
    max_pixels: int,
    name: str,
) -> Decoded:
    stored = codestream.Codestream.of(data)
    check_size(stored.width, stored.height, max_pixels=max_pixels, name=name)
    if max(stored.bits) > 16 or (stored.bits[0] <= 8 < max(stored.bits)):
        raise PhotoError(f"{name}: its samples have {max(stored.bits)} bits, which are not read; convert it to 16 bit")
    if header.color is not None and header.color not in _COLORS:
        raise PhotoError(f"{name}: its colours are of a kind that is not read ({header.color}); convert it to sRGB")
    if not stored.is_evenly_sampled():
        raise PhotoError(f"{name}: its colours are sampled in a way that is not read; convert it to full sampling")
    codestream.check_complete(data)
    samples = codestream.decode(data, stored)
    planes, depths = channels(samples, stored.bits, header)
    bits = max(depths)
    planes = [to_full_range(plane, depth) for plane, depth in zip(planes, depths, strict=True)]
    if bits > 8:
        planes = [plane if plane.dtype == np.uint16 else plane.astype(np.uint16) * np.uint16(257) for plane in planes]
    planes, is_premultiplied = in_order(planes, header.channels)
    is_ink = header.color == _CMYK or profiles.space(metadata.icc) == "CMYK"
    if is_ink and len(planes) >= 4:
        ink = vips.image(np.dstack(planes[:4]), "cmyk", metadata.icc)
        picture = vips.pixels(profiles.cmyk_to_srgb(ink, metadata.icc, name), name, "JPEG 2000")
        metadata = replace(metadata, icc=profiles.srgb())
    elif len(planes) == 1:
        picture = planes[0]
    elif len(planes) > 4:
        raise PhotoError(f"{name}: has {len(planes)} channels, which are not read; convert it to RGB")
    else:
        picture = np.dstack(planes)
        if header.color == _SYCC and len(planes) >= 3 and len(set(stored.steps)) == 1:
            picture[..., :3] = _from_sycc(picture)
    if is_premultiplied and picture.ndim == 3 and picture.shape[2] in (2, 4):
        picture = unmultiplied(picture)
    return Decoded(
        picture,
        metadata,
        depth=bits,
        orientation=exif_block.orientation(metadata.exif),
        encoding=Jpeg2000Encoding(stored.lossless, others),
    )


def _from_sycc(picture: NDArray[Any]) -> NDArray[Any]:
    """RGB of sYCC, which is YCbCr of BT.601 over the full range."""
    most = np.iinfo(picture.dtype).max
    chroma = (np.moveaxis(picture[..., 1:3], -1, 0).astype(np.float32) - (most + 1) // 2) / np.float32(most)
    return recombine(np.ascontiguousarray(picture[..., 0]), chroma)


def _encoded(page: Page, options: Options, name: str, *, in_srgb: bool = False) -> tuple[bytes, int]:
    """The codestream, brought to sRGB where nothing can tell of another profile, and the bits of its samples."""
    photo = page.photo
    least, most = codestream.SHORTEST_SIDE, codestream.LONGEST_SIDE
    if min(photo.size) < least or max(photo.size) > most:
        raise PhotoError(f"{name}: JPEG 2000 is written from {least} to {most} pixels a side; write TIFF or PNG")
    bits = photo.bits
    samples = photo.rgb()
    if in_srgb and photo.profile is not None:
        samples = profiles.rgb_to_srgb(samples, photo.profile)
    if photo.alpha is not None:
        samples = np.dstack([samples, photo.alpha])
    came = photo.encoding if isinstance(photo.encoding, Jpeg2000Encoding) else None
    quality = options.quality or (DEFAULT_QUALITY if came and not came.lossless else None)
    lossless = quality is None or photo.alpha is not None  # the encoder would lose of the alpha as well
    try:
        return codestream.encode(to_depth(samples, bits), bits, None if lossless else 28 + 0.18 * (quality or 0)), bits
    except ValueError as error:
        raise PhotoError(f"{name}: could not be written as JPEG 2000 ({error}); write TIFF or PNG") from error
