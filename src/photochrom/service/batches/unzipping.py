"""Zip files that come in: their members one after the other, as streams, with a guard against bombs.

Nothing is unpacked to a place that a name in the zip says, and nothing that a zip says of itself
is believed: bytes are counted as they are unpacked. Only what zips nearly always hold is read,
stored and deflated members; the other methods could take any amount of memory.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

from photochrom.errors import PhotochromError, TooLargeError
from photochrom.service.naming import is_junk

_DIRECTORY: Final = 4 << 20
"""Bytes of a zip's table of contents: enough for tens of thousands of members."""

_RATIO: Final = 250
"""How many times smaller a member may be in the zip than it is: the barest scan, uncompressed, is about 100 times."""

_ANY_RATIO: Final = 8 << 20
"""Bytes below which a member may be compressed as far as it likes."""

_CHUNK: Final = 1 << 18

_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` raises where a zip is not as it should be."""


class ZipError(PhotochromError):
    """A zip is damaged."""


class BombError(TooLargeError):
    """A zip holds, or unpacks to, far more than a batch may have; nothing of it is to be kept."""


@dataclass(frozen=True)
class Member:
    """A file in a zip.

    Attributes:
        name: as the zip has it.
        problem: why it can't be read, or None.
        chunks: gives its bytes, once; raises `ZipError` where it is damaged, and `BombError`.
    """

    name: str
    problem: str | None
    chunks: Callable[[], Iterator[bytes]]


def is_zip(start: bytes) -> bool:
    """Whether a file that starts with these bytes (4 or more) is a zip, empty ones included."""
    return start[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def members(file: BinaryIO, *, most: int) -> Iterator[Member]:
    """The files in a zip, without folders and without what operating systems leave there.

    Args:
        file: can be read from any place.
        most: how many files there may be.

    Raises:
        ZipError: it is no whole zip.
        BombError: it has more files than `most`, or a table of contents that is made to do harm.
    """
    try:
        archive = zipfile.ZipFile(_Careful(file))
    except _DAMAGE:
        raise ZipError("is damaged, or no whole zip file; make it again") from None
    with closing(archive):
        files = [info for info in archive.infolist() if not _is_folder(info) and not is_junk(info.filename)]
        if len(files) > most:
            raise BombError(f"a zip holds {len(files)} files, and a batch may have {most}: send it in parts")
        for info in files:
            yield Member(_name(info), _problem(info), lambda info=info: _chunks(archive, info))  # type: ignore[misc]


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith("/")  # `ZipInfo.is_dir` fails at an empty name


def _name(info: zipfile.ZipInfo) -> str:
    """Its name; many programs write UTF-8 without saying so."""
    with suppress(UnicodeError):
        if not info.flag_bits & 0x800:
            return info.orig_filename.encode("cp437").decode()
    return info.orig_filename


def _problem(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _ENCRYPTED:
        return "is protected by a password; make the zip without one"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link to a file, not a file; put the file itself into the zip"
    if info.compress_type not in _METHODS:
        return "is compressed in an unusual way; make the zip with the normal method (deflate)"
    return None


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    size = 0
    try:
        with archive.open(info) as member:
            while chunk := member.read(_CHUNK):
                size += len(chunk)
                if size > _ANY_RATIO and size > _RATIO * info.compress_size:
                    raise BombError("a file in a zip unpacks to far more than any picture would; nothing was kept")
                yield chunk
    except _DAMAGE:
        raise ZipError("is damaged in the zip; make the zip again") from None


class _Careful(io.BufferedIOBase):
    """A file of which never more is read at once than an honest zip needs: `zipfile` reads as much as the zip says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1) -> bytes:
        data = self._file.read(_DIRECTORY + 1 if size is None or size < 0 else min(size, _DIRECTORY + 1))
        if len(data) > _DIRECTORY:
            raise BombError("a zip has a table of contents far longer than a batch can be: send it in parts")
        return data
