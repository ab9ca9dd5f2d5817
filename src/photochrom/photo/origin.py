"""Where a colored file says that it comes from: its mark, read without decoding the picture."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import PhotoError
from photochrom.photo import mark, opening
from photochrom.photo.formats import recognised


@dataclass(frozen=True)
class Origin:
    """What a mark says.

    Attributes:
        record: how the picture was colored.
        sha256: of the file that it was made from, in hexadecimal; None where that was no file.
    """

    record: mark.Record
    sha256: str | None


def read_origin(path: Path) -> Origin | None:
    """The origin of a file; None where it carries no mark of ours, is damaged, or can't be read."""
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        format = recognised(bytes(data[:64]))
        packet = None if format is None else format.find_xmp(data)
        if mark.is_ours(packet) and mark.read_original(packet) is None:
            packet = opening.open(path).metadata.xmp  # in a large packet it may stand in a part that is found later
        record = mark.read_record(packet)
    except (OSError, ValueError, PhotoError):
        return None
    return None if record is None else Origin(record, mark.read_original(packet))
