"""What was sent becomes the items of a batch: files as they are, zips as the files in them.

A file is copied under its number; the name it was sent with is kept as a label only. A file that
can't be taken becomes an item that failed, with the reason, and the others go on. Whether a file
is a photograph shows when it is coloured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from photochrom.errors import PhotochromError
from photochrom.service.batches import disk
from photochrom.service.batches.naming import is_junk, label
from photochrom.service.batches.store import Item, State
from photochrom.service.batches.unzipping import ZipError, is_zip, members

_CHUNK: Final = 1 << 18


class TooLargeError(PhotochromError):
    """A batch has more files or more bytes than it may."""


class NothingError(PhotochromError):
    """There is no file at all in what was sent."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a batch may hold.

    Attributes:
        files: at most.
        bytes: at most, unpacked.
        each: bytes of one file, unpacked.
    """

    files: int
    bytes: int
    each: int


def take_in(uploads: Iterable[tuple[str, BinaryIO]], folder: Path, limits: Limits) -> list[Item]:
    """Copy what was sent into a folder, each file under its number, flushed to the disk.

    Args:
        uploads: names, and what was sent under each, which can be read from any place.
        folder: empty.

    Returns:
        An item for each file, numbered from 1.

    Raises:
        TooLargeError, BombError: the batch is more than `limits` allow.
        NothingError: no file was sent.
        NoSpaceError: the disk is full, or the folder can't be written.
    """
    intake = _Intake(folder, limits)
    for name, file in uploads:
        start = file.read(4)
        file.seek(0)
        if is_zip(start):
            intake.unpack(name, file)
        elif not is_junk(name):
            intake.add(name, iter(lambda file=file: file.read(_CHUNK), b""))  # type: ignore[misc]
    if not intake.items:
        raise NothingError("there is no picture in what was sent: send photographs, or a zip of them")
    with disk.explained():
        disk.flush(folder)
    return intake.items


class _TooLargeFileError(PhotochromError):
    """One file is larger than it may be."""


class _Intake:
    """The items so far.

    Attributes:
        items: in the order in which they came.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.items: list[Item] = []
        self._folder = folder
        self._limits = limits
        self._bytes = 0

    def unpack(self, name: str, file: BinaryIO) -> None:
        """The files of a zip; or, where it is damaged as a whole, one item that says so."""
        try:
            for member in members(file, most=self._limits.files - len(self.items)):
                if member.problem is None:
                    self.add(member.name, member.chunks())
                else:
                    self._fail(member.name, member.problem)
        except ZipError as error:
            self._fail(name, str(error))

    def add(self, name: str, chunks: Iterator[bytes]) -> None:
        """One file."""
        path = self._folder / str(len(self.items) + 1)
        try:
            self._write(path, self._counted(chunks))
        except (ZipError, _TooLargeFileError) as error:
            path.unlink(missing_ok=True)
            self._fail(name, str(error))
        else:
            self._append(Item(len(self.items) + 1, label(name)))

    def _fail(self, name: str, why: str) -> None:
        self._append(Item(len(self.items) + 1, label(name), State.FAILED, why))

    def _append(self, item: Item) -> None:
        if len(self.items) >= self._limits.files:
            raise TooLargeError(f"a batch may have {self._limits.files} files: send them in parts")
        self.items.append(item)

    def _write(self, path: Path, chunks: Iterable[bytes]) -> None:
        with disk.explained():
            disk.write(path, chunks)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            self._bytes += len(chunk)
            if self._bytes > self._limits.bytes:
                raise TooLargeError(f"a batch may have {self._limits.bytes >> 20} MB, unpacked: send it in parts")
            if size > self._limits.each:
                raise _TooLargeFileError(f"is larger than {self._limits.each >> 20} MB, which one file may have")
            yield chunk
