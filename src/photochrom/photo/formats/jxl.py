"""JPEG XL, by the extra `jxl`: pyjpegxl does the pixels, the boxes around them are read and written here.

That way our mark stands in a box that is not compressed, and is found without any library. Profiles are read,
but no library here writes them into the codestream, where alone they count: results are in sRGB.
Source: ISO/IEC 18181-2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import MissingExtraError, PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import profiles
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.formats.isobmff import box, boxes
from photochrom.photo.formats.jxl_header import JxlHeader
from photochrom.photo.metadata import Metadata
from photochrom.photo.notices import warn
from photochrom.photo.samples import unmultiplied

DEFAULT_QUALITY: Final = 90

SIGNATURE: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
_BARE: Final = b"\xff\x0a"
_MOST_METADATA: Final = 64_000_000
_FARTHEST: Final = 15.0


@dataclass(frozen=True)
class JxlEncoding:
    """Whether a JPEG XL was lossless."""

    lossless: bool


class Jxl(Format):
    """8 to 16 bits in, 8 and 16 bits out, lossy and lossless; the first frame of animations."""

    name = "JPEG XL"
    suffixes = (".jxl",)
    mime = "image/jxl"
    keeps = frozenset({"exif", "xmp", "alpha", "depth"})

    def recognises(self, head: bytes) -> bool:
        return head[:12] == SIGNATURE or head[:2] == _BARE

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        check_page(page, 1, name)
        try:
            codestream, was_jpeg = _codestream(memoryview(data))
            header = JxlHeader.of(codestream)
            check_size(header.width, header.height, max_pixels=max_pixels, name=name)
            library = _library(name)
            exif, xmp = _metadata(memoryview(data))
        except ValueError as error:
            raise _damaged(name, error) from None
        if header.is_animation:
            warn(f"{name}: is an animation; its first frame is taken")
        if header.has_ink:
            raise PhotoError(f"{name}: is in CMYK, which is not read from JPEG XL; convert it to RGB")
        with _panics(name):
            try:
                found, samples = library.decode_to_numpy(codestream, dtype="uint8" if header.bits <= 8 else "uint16")
            except (RuntimeError, ValueError, OSError) as error:
                raise _damaged(name, error) from None
        return Decoded(
            _shaped(samples, header),
            Metadata(exif, xmp, icc=_profile(found.icc), density=exif_block.density(exif)),
            depth=min(header.bits, 16),
            orientation=1,
            encoding=JxlEncoding(lossless=not header.is_xyb and not was_jpeg),
        )

    def find_xmp(self, data: memoryview) -> bytes | None:
        return _metadata(data)[1]

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        (page,) = pages
        library = _library(name)
        photo, metadata = page.photo, page.metadata
        samples = photo.rgb()
        if photo.profile is not None:
            samples = profiles.rgb_to_srgb(samples, photo.profile)
        if photo.alpha is not None:
            samples = np.dstack([samples, photo.alpha])
        came = photo.encoding if isinstance(photo.encoding, JxlEncoding) else None
        lossless = bool(came and came.lossless and options.quality is None)
        with _panics(name):
            try:
                encoded: bytes = library.encode_from_numpy(
                    np.ascontiguousarray(samples),
                    lossless=lossless,
                    quality=_distance(options.quality or DEFAULT_QUALITY),
                    speed=library.EncoderSpeed.Falcon,
                )
            except (RuntimeError, ValueError, OSError) as error:
                raise PhotoError(f"{name}: could not be written as JPEG XL ({error}); write TIFF or PNG") from error
        codestream, _ = _codestream(memoryview(encoded))
        parts = [SIGNATURE, box(b"ftyp", b"jxl \0\0\0\0jxl ")]
        if metadata.exif:
            parts.append(box(b"Exif", bytes(4), metadata.exif))
        if metadata.xmp:
            parts.append(box(b"xml ", metadata.xmp))
        file.write(b"".join((*parts, box(b"jxlc", codestream))))


def _damaged(name: str, why: object) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete JPEG XL ({why}); fetch or copy it again")


def _library(name: str) -> Any:
    try:
        import pyjpegxl
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"{name}: is JPEG XL, which needs a library more: pip install 'photochrom[jxl]'"
        ) from None
    return pyjpegxl


class _panics:
    """What Rust calls a panic is no `Exception` in Python; here it is an error about one file."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None and kind.__name__ == "PanicException":
            raise _damaged(self._name, "its decoder gave up") from None


def _codestream(data: memoryview) -> tuple[bytes, bool]:
    """The codestream, and whether a JPEG was packed losslessly into it."""
    if bytes(data[:2]) == _BARE:
        return bytes(data), False
    parts, was_jpeg = [], False
    for each in boxes(data):
        if each.kind == b"jxlc":
            parts = [each.content]
            break
        if each.kind == b"jxlp":
            parts.append(each.content[4:])
        was_jpeg = was_jpeg or each.kind == b"jbrd"
    return b"".join(parts), was_jpeg


def _metadata(data: memoryview) -> tuple[bytes | None, bytes | None]:
    """EXIF and XMP; of compressed ones only what is asked of a library that is there.

    Raises:
        ValueError: the file ends in a box.
    """
    exif = xmp = None
    if bytes(data[:2]) == _BARE:
        return exif, xmp
    for each in boxes(data):
        kind, content = each.kind, each.content
        if kind == b"brob":
            kind = bytes(content[:4])
            unfolded = _unfolded(bytes(content[4:])) if kind in (b"Exif", b"xml ") else None
            if unfolded is None:
                continue
            content = memoryview(unfolded)
        if kind == b"Exif" and exif is None and len(content) > 4:
            has_offset = bytes(content[:4]) not in (b"II*\0", b"MM\0*")  # some writers leave it out
            start = 4 + int.from_bytes(content[:4], "big") if has_offset else 0
            exif = bytes(content[start:]).removeprefix(b"Exif\0\0") or None
        elif kind == b"xml " and xmp is None:
            xmp = bytes(content) or None
    return exif, xmp


def _profile(icc: bytes | None) -> bytes | None:
    """The profile, unless it is the one that the decoder makes for sRGB or grey under its curve."""
    try:
        if profiles.space(icc) == "GRAY" and icc:
            return None if np.array_equal(profiles.grey_table(icc), np.arange(65536)) else icc
        return None if not icc or profiles.is_srgb(icc) else icc
    except ValueError:
        return icc


def _unfolded(data: bytes) -> bytes | None:
    try:
        import brotli
    except ModuleNotFoundError:
        return None
    try:
        unfolding = brotli.Decompressor()
        result: bytes = unfolding.process(data, output_buffer_limit=_MOST_METADATA)
    except brotli.error:
        return None
    return result if unfolding.is_finished() else None


def _shaped(samples: NDArray[Any], header: JxlHeader) -> NDArray[Any]:
    if samples.ndim == 3 and samples.shape[2] == 1:
        return samples[..., 0]
    if header.has_premultiplied_alpha and samples.shape[2] in (2, 4):
        return unmultiplied(samples)
    return samples


def _distance(quality: int) -> float:
    """The distance of Butteraugli that libjxl's own tools take for a quality of 1 to 100."""
    if quality >= 30:
        return max(0.1 + (100 - quality) * 0.09, 0.1)
    return min(53 / 3000 * quality**2 - 23 / 20 * quality + 25, _FARTHEST)
