"""From colored `Photo`s to a file: the mark is added, and what the format can't hold is named."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Final

from photochrom.claims import Claim
from photochrom.errors import PhotoError
from photochrom.photo import exif, mark
from photochrom.photo.files import Writable, explained, finished_or_nothing, is_device
from photochrom.photo.formats import check_ending, of_name, of_path
from photochrom.photo.formats.base import Format, Options, Page, Subsampling
from photochrom.photo.notices import warn
from photochrom.photo.photo import Photo

_NAMES: Final = {
    "exif": "EXIF",
    "xmp": "XMP, and with it the mark that the colours are a machine's guess",
    "iptc": "IPTC",
    "icc": "the colour profile",
    "density": "the density",
    "alpha": "transparency",
    "depth": "{} bits a channel ({} are kept)",
    "pages": "more than one page (the first is kept)",
}


def save_pages(
    pages: Iterable[Photo],
    target: str | PathLike[str] | Writable,
    *,
    format: str | None = None,
    quality: int | None = None,
    subsampling: Subsampling | None = None,
    overwrite: bool = False,
    claim: Claim | None = None,
    when_whole: Callable[[], object] | None = None,
) -> None:
    """Write colored photographs as the pages of one file.

    A file is written under a temporary name beside its place and moved there when it is whole. The
    same pages give the same bytes, always.

    Args:
        pages: one or more; taken one at a time, so that they may be made while the file is written.
        target: path or open binary stream.
        format: a name or suffix such as "png"; without it the path's ending decides, else the format of the first page.
        quality: 1 to 100, for formats that can lose any; without it as the file came.
        subsampling: of a JPEG's chroma, "420" or "444"; without it as the file came, "420" for a grey one.
        overwrite: whether a file that exists may be replaced.
        claim: that to the file, where the caller holds it already.
        when_whole: is called when the file is whole and about to be moved to its place.

    Raises:
        UsageError: the path's ending is that of another format than `format`.
        PhotoError: a page is not colored; the target can't be written; the format is unknown or can't hold the picture.

    Warns:
        PhotoWarning: once, naming what the format has no place for.
    """
    options = Options(quality=quality, subsampling=subsampling)
    rest = iter(pages)
    first = next(rest, None)
    if first is None:
        raise PhotoError("there is no page to save")
    path = None if isinstance(target, Writable) else Path(target)
    kind = of_name(format) if format else (of_path(path) if path else None) or of_name(first.format or "PNG")
    if path is not None:
        check_ending(path, kind)
    name = str(path) if path else str(getattr(target, "name", first.name))
    ready = _prepared(chain([first], rest), kind, name)
    if path is not None and not is_device(path):
        with finished_or_nothing(path, overwrite=overwrite, claim=claim, when_whole=when_whole) as file:
            kind.write(ready, options, file, name=name)
        return
    memory = io.BytesIO()  # a stream may be one that can't go back, as TIFF needs it
    kind.write(ready, options, memory, name=name)
    with explained(name), nullcontext(target) if isinstance(target, Writable) else open(target, "wb") as stream:
        stream.write(memory.getvalue())


def _prepared(pages: Iterator[Photo], kind: Format, name: str) -> Iterator[Page]:
    lost: dict[str, None] = {}
    bits, most = 0, kind.bits if "depth" in kind.keeps else 8
    for number, photo in enumerate(pages):
        if number and "pages" not in kind.keeps:
            lost["pages"] = None
            break
        if photo.chroma is None or photo.record is None:
            raise PhotoError(f"{photo.name}: has not been coloured yet; colour it before saving it")
        width, height = photo.size
        packet = mark.marked(
            photo.metadata.xmp, photo.record, original_sha256=photo.sha256, width=width, height=height, name=photo.name
        )
        metadata = replace(photo.metadata, xmp=packet)
        lost |= dict.fromkeys(_carried(photo, kind) - kind.keeps)
        if photo.bits > most:
            lost["depth"] = None
            bits = max(bits, photo.bits)
        yield Page(photo, metadata)
    if lost:
        what = ", ".join(_NAMES[key] for key in _NAMES if key in lost).format(bits, most)
        warn(f"{name}: {kind.name} has no place for {what}")


def _carried(photo: Photo, kind: Format) -> set[str]:
    """What the result would like to keep, in the words of `Format.keeps`."""
    metadata = photo.metadata
    in_exif = "exif" in kind.keeps and exif.density(metadata.exif) is not None
    there = {
        "exif": metadata.exif,
        "xmp": True,
        "iptc": metadata.iptc,
        "icc": photo.profile,
        "density": metadata.density and not in_exif,
        "alpha": photo.alpha is not None,
    }
    return {key for key, value in there.items() if value}
