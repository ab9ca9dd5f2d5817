"""The formats that are read and written: this list is the one place where a format is added.

A file's format is known by its content, never by its name; the name decides only how a result is
written.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from photochrom.errors import PhotoError, UsageError
from photochrom.photo.formats import camera_raw
from photochrom.photo.formats.base import Format
from photochrom.photo.formats.bmp import Bmp
from photochrom.photo.formats.heif import Avif, Heic
from photochrom.photo.formats.jpeg import Jpeg
from photochrom.photo.formats.jpeg2000 import J2k, Jp2
from photochrom.photo.formats.jxl import Jxl
from photochrom.photo.formats.png import Png
from photochrom.photo.formats.tiff import Tiff
from photochrom.photo.formats.webp import Webp
from photochrom.photo.mapped import Content

FORMATS: Final[tuple[Format, ...]] = (Jpeg(), Png(), Tiff(), Webp(), Bmp(), Avif(), Heic(), Jp2(), J2k(), Jxl())


def of_data(data: Content, name: str) -> Format:
    """The format of a file's content.

    Raises:
        PhotoError: none of ours, or camera raw.
    """
    camera_raw.refuse(data, name)
    head = bytes(data[:64])
    found = recognised(head)
    if found is None:
        what = "it is text" if _is_text(head) else f"it begins with {head[:8].hex(' ')}"
        raise PhotoError(f"{name}: is no picture that can be read ({_names()}): {what}, whatever its name says")
    return found


def recognised(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes; None where it is none of ours."""
    return next((each for each in FORMATS if each.recognises(head)), None)


def of_name(name: str) -> Format:
    """The format with this name or suffix: "JPEG", "jpg", ".jpg".

    Raises:
        PhotoError: unknown.
    """
    wanted = name.lower().lstrip(".")
    for each in FORMATS:
        if wanted == each.name.lower() or f".{wanted}" in each.suffixes:
            return each
    raise PhotoError(f"{name}: is no format that can be written; choose one of {_names()}")


def of_path(path: PurePath) -> Format | None:
    """The format that a file's name asks for; None where it has no ending.

    Raises:
        PhotoError: the ending is unknown.
    """
    return of_name(path.suffix) if path.suffix else None


def check_ending(path: PurePath, format: Format) -> None:
    """Refuse a name whose ending promises another format than the one that is asked for.

    Raises:
        UsageError: they contradict each other.
    """
    ending = path.suffix.lower()
    other = next((each for each in FORMATS if ending in each.suffixes), format)
    if other is not format:
        raise UsageError(
            f"{path}: its ending says {other.name}, but the format asked for is {format.name}: "
            f"leave out the format, or let the name end in {format.suffixes[0]}"
        )


def _names() -> str:
    return ", ".join(each.name for each in FORMATS)


def _is_text(head: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\r\n" for byte in head)
