"""TIFF: libvips does the pixels page by page, tifftools the tags and the putting together of pages.

libvips refuses pages of unequal size and neither reads nor writes EXIF in TIFF. So each page is
encoded alone, and its directory is completed with the tags that the original had.
Sources: TIFF 6.0; TIFF Technical Notes; Exif 2.32 for the EXIF and GPS directories.
"""

from __future__ import annotations

import io
import mmap
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, BinaryIO, Final

import numpy as np
import tifftools

from photochrom.errors import PhotoError
from photochrom.photo import exif as exif_block
from photochrom.photo import iptc as iptc_records
from photochrom.photo import profiles
from photochrom.photo.formats import streaming
from photochrom.photo.formats import tiff_tags as tag
from photochrom.photo.formats.base import Decoded, Format, Options, Page, check_page, check_size
from photochrom.photo.formats.jpeg_segments import quality_of
from photochrom.photo.formats.tiff_colors import PREMULTIPLIED, STRAIGHT
from photochrom.photo.formats.tiff_samples import decoded
from photochrom.photo.formats.tiff_tags import (
    Tags,
    chain,
    damaged,
    first,
    kind,
    name_links_plainly,
    pages_of,
    raw,
    tags_of,
)
from photochrom.photo.mapped import Content
from photochrom.photo.metadata import Density, Metadata
from photochrom.photo.notices import warn
from photochrom.photo.photo import Photo

_SIGNATURES: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_BYTE, _SHORT, _RATIONAL, _UNDEFINED = 1, 3, 5, 7

_OF_THE_PIXELS: Final = frozenset(
    {256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
    | {292, 293, 300, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 330, 332, 333, 334, 336, 338}
    | {339, 340, 341, 342, 343, 344, 347, 351, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532}
)
"""Tags that say how the samples are stored or what they mean: the new page brings its own."""

_ELSEWHERE: Final = frozenset({tag.XMP, tag.IPTC, tag.PHOTOSHOP, tag.ICC, 37724})
"""Tags that come from `Metadata`; and Photoshop's layers, which would show the grey picture."""

_COMPRESSIONS: Final = {1: "none", 5: "lzw", 7: "jpeg", 8: "deflate", 32946: "deflate", 32773: "packbits"}
_LEVEL: Final = 3
"""Of deflate, 1 to 9: takes half the time of libvips' usual 6, in 7 % more bytes (photographs, 8 bit)."""

_LARGE: Final = 100_000_000
"""Bytes of samples from which on an encoded page is kept on the disk until it stands in its file."""

_LARGEST_CLASSIC: Final = 3_900_000_000
"""Bytes, with room for tags, that offsets of 32 bits reach."""


@dataclass(frozen=True)
class TiffEncoding:
    """How a TIFF was written.

    Attributes:
        compression: in libvips' words.
        quality: of the compression "jpeg", 1 to 100.
        tile: (width, height) of a tile; None for strips.
        alpha: what the tag ExtraSamples says of it: 0 nothing, 1 premultiplied, 2 straight.
        big: whether it was a BigTIFF.
        pages: how many the file has.
        photoshop: the Photoshop block of the page.
    """

    compression: str
    quality: int
    tile: tuple[int, int] | None
    alpha: int
    big: bool
    pages: int
    photoshop: bytes


class Tiff(Format):
    """Grey, RGB, palette, YCbCr, Lab and CMYK of 1 to 16 bit in, any number of pages; 8 and 16 bit RGB out.

    A page keeps its compression where color can have it (JPEG included; CCITT and what libtiff can't write become
    deflate), its tiles and its kind of alpha. Planes and the order of bytes become the usual ones. Smaller copies of
    a page (a pyramid's steps, thumbnails, also in subdirectories) would show it grey and are left out.
    """

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    mime = "image/tiff"
    reads_mapped = True
    keeps = frozenset({"exif", "xmp", "iptc", "icc", "density", "alpha", "depth", "pages"})

    def recognises(self, head: bytes) -> bool:
        return head[:4] in _SIGNATURES

    def pages(self, data: Content, *, name: str) -> int:
        return len(pages_of(memoryview(data), name))

    def read(self, data: Content, *, page: int, max_pixels: int, name: str) -> Decoded:
        view = memoryview(data)
        pages = pages_of(view, name)
        check_page(page, len(pages), name)
        tags = tags_of(view, pages[page][1], name, data)
        check_size(first(tags, tag.WIDTH), first(tags, tag.LENGTH), max_pixels=max_pixels, name=name)
        if len(pages) < len(chain(view, name)) or tag.SUB_DIRECTORIES in tags:
            warn(f"{name}: holds smaller copies or masks of its pages, which would show them grey; they are left out")
        try:
            samples, in_srgb = decoded(data, pages[page], tags, name)
        except struct.error as error:  # places that can't be
            raise damaged(name, error) from None
        metadata, encoding = _metadata(tags, data, len(pages))
        orientation = first(tags, tag.ORIENTATION)
        return Decoded(
            samples,
            replace(metadata, icc=profiles.srgb()) if in_srgb else metadata,
            depth=first(tags, tag.BITS) or 1,
            orientation=orientation if 1 <= orientation <= 8 else None,
            encoding=encoding,
        )

    def find_xmp(self, data: memoryview) -> bytes | None:
        return raw(tags_of(data, pages_of(data, "")[0][1], ""), tag.XMP)

    def write(self, pages: Iterable[Page], options: Options, file: BinaryIO, *, name: str) -> None:
        rest = iter(pages)
        one = next(rest)
        came = one.photo.encoding if isinstance(one.photo.encoding, TiffEncoding) else None
        samples = _bytes(one.photo)
        big = came is not None and (came.big or samples * came.pages > _LARGEST_CLASSIC)
        place = getattr(file, "name", None)
        folder = os.path.dirname(place) if isinstance(place, str) else None
        directories = _Once(_directory(page, options, folder, name) for page in _chained(one, rest))
        tifftools.write_tiff(directories, file, bigEndian=False, bigtiff=big or samples > _LARGEST_CLASSIC)
        name_links_plainly(file)


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


def _chained(one: Page, rest: Iterator[Page]) -> Iterator[Page]:
    yield one
    yield from rest


def _metadata(tags: Tags, data: Content, pages: int) -> tuple[Metadata, TiffEncoding]:
    photoshop = raw(tags, tag.PHOTOSHOP) or b""
    exif = _exif(tags, big_endian=data[:2] == b"MM")
    metadata = Metadata(
        exif=exif,
        xmp=raw(tags, tag.XMP),
        iptc=raw(tags, tag.IPTC) or iptc_records.from_resources(photoshop),
        icc=raw(tags, tag.ICC),
        density=exif_block.density(exif),
    )
    encoding = TiffEncoding(
        compression=_COMPRESSIONS.get(first(tags, tag.COMPRESSION), "deflate"),
        quality=_jpeg_quality(tags, data),
        tile=_tile(tags),
        alpha=first(tags, tag.EXTRA) if tag.EXTRA in tags else STRAIGHT,
        big=kind(memoryview(data))[1],
        pages=pages,
        photoshop=photoshop,
    )
    return metadata, encoding


def _tile(tags: Tags) -> tuple[int, int] | None:
    size = first(tags, tag.TILE_WIDTH), first(tags, tag.TILE_LENGTH)
    return size if tag.TILES in tags and all(side and side % 16 == 0 for side in size) else None


def _jpeg_quality(tags: Tags, data: Content) -> int:
    """The quality of a page compressed as JPEG, by the tables that all its strips share, else those of the first."""
    shared = raw(tags, tag.JPEG_TABLES)
    if shared is None:
        start = first(tags, tag.TILES) or first(tags, tag.STRIPS)
        shared = data[start : start + 4096]
    return quality_of(shared)


def _exif(tags: Tags, *, big_endian: bool) -> bytes | None:
    """The tags that describe the picture, with the EXIF and GPS directories, as an EXIF block of their own."""
    kept = {number: entry for number, entry in tags.items() if number not in _OF_THE_PIXELS | _ELSEWHERE}
    if not kept:
        return None
    stream = io.BytesIO()
    tifftools.write_tiff([{"tags": kept, "size": 0}], stream, bigEndian=big_endian, bigtiff=False)
    name_links_plainly(stream)
    return stream.getvalue()


def _directory(page: Page, options: Options, folder: str | None, name: str) -> dict[str, Any]:
    """One page, encoded, with its directory as tifftools wants it; a large one in a nameless file in `folder`."""
    metadata, alpha = page.metadata, page.photo.alpha
    came = page.photo.encoding if isinstance(page.photo.encoding, TiffEncoding) else None
    kind_of_alpha = came.alpha if came else STRAIGHT
    compression = came.compression if came else "deflate"
    if compression == "jpeg" and (alpha is not None or page.photo.luma.dtype != np.uint8):
        compression = "deflate"
    how: dict[str, Any] = {"compression": compression, "predictor": "horizontal", "level": _LEVEL}
    if compression == "jpeg" and came:
        how["Q"] = options.quality or came.quality
    if came and came.tile:
        how |= {"tile": True, "tile_width": came.tile[0], "tile_height": came.tile[1]}
    premultiplied = alpha is not None and kind_of_alpha == PREMULTIPLIED
    samples = _bytes(page.photo)
    how["bigtiff"] = samples > _LARGEST_CLASSIC
    body: Any = io.BytesIO() if samples < _LARGE else tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    streaming.write("tiffsave", page.photo, body, name, premultiplied=premultiplied, **how)
    size = body.seek(0, os.SEEK_END)
    view = body.getbuffer() if samples < _LARGE else memoryview(mmap.mmap(body.fileno(), 0, access=mmap.ACCESS_READ))
    tags = tags_of(view, chain(view, name)[0], name)
    for number in (tag.X_RESOLUTION, tag.Y_RESOLUTION, tag.UNIT):
        tags.pop(number, None)
    if alpha is not None:
        tags[tag.EXTRA] = {"datatype": _SHORT, "data": [kind_of_alpha], "count": 1}
    tags |= _carried_tags(metadata)
    photoshop = iptc_records.to_resources(None, came.photoshop if came else b"")
    blocks = {tag.XMP: (_BYTE, metadata.xmp), tag.IPTC: (_UNDEFINED, metadata.iptc), tag.PHOTOSHOP: (_BYTE, photoshop)}
    blocks[tag.ICC] = (_UNDEFINED, metadata.icc)
    for number, (form, block) in blocks.items():
        if block:
            tags[number] = {"datatype": form, "data": list(block) if form == _BYTE else block, "count": len(block)}
    return {"tags": tags, "path_or_fobj": body, "size": size}


def _bytes(photo: Photo) -> int:
    """What the samples of the colored picture take."""
    return photo.luma.nbytes * (3 if photo.alpha is None else 4)


def _carried_tags(metadata: Metadata) -> Tags:
    """The tags of the EXIF block, and the density."""
    tags: Tags = {}
    if metadata.exif:
        view = memoryview(metadata.exif)
        try:
            tags = tags_of(view, chain(view, "EXIF")[0], "EXIF", metadata.exif)
        except PhotoError as error:
            warn(f"the EXIF is damaged and is left out ({error})")
        tags = {number: entry for number, entry in tags.items() if number not in _OF_THE_PIXELS | _ELSEWHERE}
    if metadata.density and not _alike(metadata.density, exif_block.density(metadata.exif)):
        tags |= _density_tags(metadata.density)
    return tags


def _alike(one: Density, other: Density | None) -> bool:
    """Whether two densities are the same but for rounding, perhaps in different units."""
    if other is None or one.unit == other.unit == "aspect":
        return one == other
    here, there = one.per_inch(), other.per_inch()
    return bool(here and there and np.allclose(here, there, rtol=0.002))


def _density_tags(density: Density) -> Tags:
    x, y, code = density.x, density.y, {"inch": 2, "cm": 3, "metre": 3, "aspect": 1}[density.unit]
    if density.unit == "metre":
        x, y = x / 100, y / 100
    tags: Tags = {tag.UNIT: {"datatype": _SHORT, "data": [code], "count": 1}}
    for number, value in ((tag.X_RESOLUTION, x), (tag.Y_RESOLUTION, y)):
        ratio = Fraction(value).limit_denominator(10_000)
        tags[number] = {"datatype": _RATIONAL, "data": [ratio.numerator, ratio.denominator], "count": 1}
    return tags
