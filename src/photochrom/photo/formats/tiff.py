"""TIFF: libvips does the pixels page by page, tifftools the tags and the putting together of pages.

libvips refuses pages of unequal size and neither reads nor writes EXIF in TIFF. So each page is
encoded alone, and its directory is completed with the tags that the original had.
Sources: TIFF 6.0; TIFF Technical Notes; Exif 2.32 for the EXIF and GPS directories.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, BinaryIO, Final

import numpy as np
import tifftools
from numpy.typing import NDArray

from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import iptc as iptc_records
from photochrom.photo import profiles, vips
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.metadata import Density, Metadata
from photochrom.photo.notices import warn

_SIGNATURES: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _ORIENTATION, _SAMPLE_FORMAT = 256, 257, 258, 259, 274, 339
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_XMP, _IPTC, _PHOTOSHOP, _ICC = 700, 33723, 34377, 34675
_BYTE, _SHORT, _RATIONAL, _UNDEFINED = 1, 3, 5, 7

_OF_THE_PIXELS: Final = frozenset(
    {256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
    | {292, 293, 300, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 330, 332, 333, 334, 336, 338}
    | {339, 340, 341, 342, 343, 344, 347, 351, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532}
)
"""Tags that say how the samples are stored or what they mean: the new page brings its own."""

_ELSEWHERE: Final = frozenset({_XMP, _IPTC, _PHOTOSHOP, _ICC, 37724})
"""Tags that come from `Metadata`; and Photoshop's layers, which would show the grey picture."""

_COMPRESSIONS: Final = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate", 32773: "packbits", 50000: "zstd"}
_LEVEL: Final = 3
"""Of deflate, 1 to 9: takes half the time of libvips' usual 6, in 7 % more bytes (photographs, 8 bit)."""

_LARGEST_CLASSIC: Final = 3_900_000_000
"""Bytes, with room for tags, that offsets of 32 bits reach."""


@dataclass(frozen=True)
class TiffEncoding:
    """How a TIFF was written.

    Attributes:
        compression: in libvips' words.
        big: whether it was a BigTIFF.
        pages: how many the file has.
        photoshop: the Photoshop block of the page.
    """

    compression: str
    big: bool
    pages: int
    photoshop: bytes


class Tiff(Format):
    """Grey, RGB, palette and CMYK of 1 to 16 bit in, any number of pages; 8 and 16 bit RGB out, alpha kept."""

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    mime = "image/tiff"
    keeps = frozenset({"exif", "xmp", "iptc", "icc", "density", "alpha", "depth", "pages"})

    def recognises(self, head: bytes) -> bool:
        return head[:4] in _SIGNATURES

    def pages(self, data: bytes, *, name: str) -> int:
        return len(_directories(memoryview(data), name))

    def read(self, data: bytes, *, page: int, max_pixels: int, name: str) -> Decoded:
        view = memoryview(data)
        directories = _directories(view, name)
        check_page(page, len(directories), name)
        tags = _tags(view, directories[page], name, data)
        check_size(_first(tags, _WIDTH), _first(tags, _LENGTH), max_pixels=max_pixels, name=name)
        bits, kind = _first(tags, _BITS) or 1, _first(tags, _SAMPLE_FORMAT) or 1
        if bits > 16 or kind not in (1, 4):
            what = {2: "signed", 3: "floating-point"}.get(kind, "")
            raise PhotoError(f"{name}: has {what} samples of {bits} bit, which are not read; convert it to 16 bit")
        metadata, encoding = _metadata(tags, data, len(directories))
        image = vips.load("tiffload_buffer", data, name, "TIFF", page=page)
        if image.interpretation == "cmyk":
            image = profiles.cmyk_to_srgb(image)
            metadata = replace(metadata, icc=profiles.srgb())
        elif image.interpretation in ("lab", "labs", "xyz", "hsv"):
            image = image.colourspace("rgb16" if bits > 8 else "srgb")
        samples = _usual_bands(vips.pixels(image, name, "TIFF"), image.interpretation in ("b-w", "grey16"), name)
        orientation = _first(tags, _ORIENTATION)
        return Decoded(
            samples,
            metadata,
            depth=bits,
            orientation=orientation if 1 <= orientation <= 8 else None,
            encoding=encoding,
        )

    def find_xmp(self, data: memoryview) -> bytes | None:
        directories = _directories(data, "")
        return _raw(_tags(data, directories[0], ""), _XMP)

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        rest = iter(pages)
        first = next(rest)
        came = first.photo.encoding if isinstance(first.photo.encoding, TiffEncoding) else None
        samples = first.photo.luma.nbytes * (3 if first.photo.alpha is None else 4)
        big = came is not None and (came.big or samples * came.pages > _LARGEST_CLASSIC)
        directories = _Once(_directory(page, name) for page in _chain(first, rest))
        tifftools.write_tiff(directories, file, bigEndian=False, bigtiff=big or samples > _LARGEST_CLASSIC)


class _Once:
    """Directories made one at a time, while the file is written.

    tifftools starts over as BigTIFF where the file grows beyond 4 GB; the pages are gone then.
    """

    def __init__(self, directories: Iterator[dict[str, Any]]) -> None:
        self._directories: Iterator[dict[str, Any]] | None = directories

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self._directories is None:
            raise PhotoError("the pages together are larger than the 4 GB that TIFF holds; save them in several files")
        directories, self._directories = self._directories, None
        return directories


def _chain(first: Page, rest: Iterator[Page]) -> Iterator[Page]:
    yield first
    yield from rest


class _Bounded:
    """A stream over the file that ends with an error before long.

    tifftools follows links from directory to directory without looking whether it was there
    before: a file made for it would hold it for ever.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0
        self._reads = 100_000
        self._bytes = max(256_000_000, len(data))

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
            raise ValueError("its directories run in a circle")
        return piece


def _damaged(name: str, why: object) -> PhotoError:
    return PhotoError(f"{name}: is a damaged or incomplete TIFF ({why}); fetch or copy it again")


def _kind(data: memoryview) -> tuple[str, bool]:
    """The byte order, as `struct` writes it, and whether it is a BigTIFF."""
    head = bytes(data[:4])
    return "<" if head[:2] == b"II" else ">", b"+" in head


def _directories(data: memoryview, name: str) -> list[int]:
    """Where the directory of each page stands.

    Raises:
        PhotoError: there is none.
    """
    order, big = _kind(data)
    count_form, entry, link_form, place = ("Q", 20, "Q", 8) if big else ("H", 12, "I", 4)
    found: dict[int, None] = {}
    try:
        directory = struct.unpack_from(order + link_form, data, place)[0]
        while directory and directory not in found:
            count = struct.unpack_from(order + count_form, data, directory)[0]
            link = directory + struct.calcsize("<" + count_form) + entry * count
            following = struct.unpack_from(order + link_form, data, link)[0]
            found[directory] = None
            directory = following
    except struct.error:
        raise _damaged(name, "it ends before its last directory") from None
    if not found:
        raise _damaged(name, "it has no page")
    return list(found)


def _tags(data: memoryview, directory: int, name: str, file: bytes | None = None) -> dict[int, dict[str, Any]]:
    """The tags of one page, as tifftools gives them; with `file`, the whole of it, they can also be written."""
    order, big = _kind(data)
    info = {
        "path_or_fobj": False if file is None else io.BytesIO(file),
        "size": len(data),
        "bigEndian": order == ">",
        "endianPack": order,
        "bigtiff": big,
        "maxUnknown": 1000,
    }
    found: list[dict[str, Any]] = []
    try:
        tifftools.tifftools.read_ifd(_Bounded(data), info, directory, found)
    except (tifftools.TifftoolsError, struct.error, ValueError, KeyError, TypeError, MemoryError) as error:
        raise _damaged(name, error) from None
    if not found:
        raise _damaged(name, "a directory is unreadable")
    return _whole(found[0]["tags"])


def _whole(tags: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The tags whose value lies inside the file, also in the directories below them."""
    kept = {tag: entry for tag, entry in tags.items() if "data" in entry}
    for entry in kept.values():
        for directory in (each for chain in entry.get("ifds", ()) for each in chain):
            directory["tags"] = _whole(directory["tags"])
    return kept


def _first(tags: dict[int, dict[str, Any]], tag: int) -> int:
    """The first number of a tag; 0 where there is none."""
    value = tags.get(tag, {}).get("data")
    return int(value[0]) if isinstance(value, list) and value else 0


def _raw(tags: dict[int, dict[str, Any]], tag: int) -> bytes | None:
    """A tag's bytes, whatever whole numbers it is written in."""
    value = tags.get(tag, {}).get("data")
    if isinstance(value, bytes):
        return value or None
    if isinstance(value, str):
        return value.encode() or None
    if isinstance(value, list) and value and all(isinstance(number, int) for number in value):
        if tags[tag]["datatype"] in (1, 6, 7):
            return bytes(number & 255 for number in value)
        return struct.pack(f"<{len(value)}I", *(number & 0xFFFFFFFF for number in value))
    return None


def _metadata(tags: dict[int, dict[str, Any]], data: bytes, pages: int) -> tuple[Metadata, TiffEncoding]:
    photoshop = _raw(tags, _PHOTOSHOP) or b""
    exif = _exif(tags, big_endian=data[:2] == b"MM")
    metadata = Metadata(
        exif=exif,
        xmp=_raw(tags, _XMP),
        iptc=_raw(tags, _IPTC) or iptc_records.from_resources(photoshop),
        icc=_raw(tags, _ICC),
        density=exif_block.density(exif),
    )
    encoding = TiffEncoding(
        compression=_COMPRESSIONS.get(_first(tags, _COMPRESSION), "deflate"),
        big=_kind(memoryview(data))[1],
        pages=pages,
        photoshop=photoshop,
    )
    return metadata, encoding


def _exif(tags: dict[int, dict[str, Any]], *, big_endian: bool) -> bytes | None:
    """The tags that describe the picture, with the EXIF and GPS directories, as an EXIF block of their own."""
    kept = {tag: entry for tag, entry in tags.items() if tag not in _OF_THE_PIXELS | _ELSEWHERE}
    if not kept:
        return None
    stream = io.BytesIO()
    tifftools.write_tiff([{"tags": kept, "size": 0}], stream, bigEndian=big_endian, bigtiff=False)
    return stream.getvalue()


def _usual_bands(samples: NDArray[Any], grey: bool, name: str) -> NDArray[Any]:
    """Without bands beyond the first extra one, which is taken as alpha."""
    if samples.ndim == 2:
        return samples
    usual = 2 if grey else 4
    if samples.shape[2] > usual:
        warn(f"{name}: has {samples.shape[2]} channels; those after the first {usual} are left out")
    return np.ascontiguousarray(samples[..., :usual])


def _directory(page: Page, name: str) -> dict[str, Any]:
    """One page, encoded, with its directory as tifftools wants it."""
    metadata = page.metadata
    came = page.photo.encoding if isinstance(page.photo.encoding, TiffEncoding) else None
    compression = came.compression if came else "deflate"
    body = vips.save("tiffsave_buffer", page.photo, name, compression=compression, predictor="horizontal", level=_LEVEL)
    view = memoryview(body)
    tags = _tags(view, _directories(view, name)[0], name)
    for tag in (_X_RESOLUTION, _Y_RESOLUTION, _UNIT):
        tags.pop(tag, None)
    tags |= _carried_tags(metadata)
    photoshop = iptc_records.to_resources(None, came.photoshop if came else b"")
    blocks = {_XMP: (_BYTE, metadata.xmp), _IPTC: (_UNDEFINED, metadata.iptc), _PHOTOSHOP: (_BYTE, photoshop)}
    blocks[_ICC] = (_UNDEFINED, metadata.icc)
    for tag, (kind, block) in blocks.items():
        if block:
            tags[tag] = {"datatype": kind, "data": list(block) if kind == _BYTE else block, "count": len(block)}
    return {"tags": tags, "path_or_fobj": io.BytesIO(body), "size": len(body)}


def _carried_tags(metadata: Metadata) -> dict[int, dict[str, Any]]:
    """The tags of the EXIF block, and the density."""
    tags: dict[int, dict[str, Any]] = {}
    if metadata.exif:
        view = memoryview(metadata.exif)
        try:
            tags = _tags(view, _directories(view, "EXIF")[0], "EXIF", metadata.exif)
        except PhotoError as error:
            warn(f"the EXIF is damaged and is left out ({error})")
        tags = {tag: entry for tag, entry in tags.items() if tag not in _OF_THE_PIXELS | _ELSEWHERE}
    if metadata.density:
        tags |= _density_tags(metadata.density)
    return tags


def _density_tags(density: Density) -> dict[int, dict[str, Any]]:
    x, y, code = density.x, density.y, {"inch": 2, "cm": 3, "metre": 3, "aspect": 1}[density.unit]
    if density.unit == "metre":
        x, y = x / 100, y / 100
    tags: dict[int, dict[str, Any]] = {_UNIT: {"datatype": _SHORT, "data": [code], "count": 1}}
    for tag, value in ((_X_RESOLUTION, x), (_Y_RESOLUTION, y)):
        ratio = Fraction(value).limit_denominator(10_000)
        tags[tag] = {"datatype": _RATIONAL, "data": [ratio.numerator, ratio.denominator], "count": 1}
    return tags
