"""What was sent becomes the items of a batch: files as they are, zips as the files in them.

A file is moved under its number; the name it was sent with is kept as a label only. A file that
can't be taken becomes an item that failed, with the reason, and the others go on. Whether a file
is a photograph shows when it is coloured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from photochrom.claims import flush_folder
from photochrom.errors import PhotochromError, TooLargeError
from photochrom.service import disk
from photochrom.service.batches.store import Item, State
from photochrom.service.batches.unzipping import Member, ZipError, is_zip, members
from photochrom.service.naming import is_junk, label


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


def take_in(uploads: Iterable[tuple[str, Path]], folder: Path, limits: Limits) -> list[Item]:
    """Move what was sent into a folder, each file under its number, flushed to the disk.

    Args:
        uploads: names, and where that which was sent under each lies, on the same disk; nothing is left there.
        folder: empty.

    Returns:
        An item for each file, numbered from 1.

    Raises:
        TooLargeError: the batch is more than `limits` allow; a `BombError` where a zip means harm.
        NothingError: no file was sent.
        NoSpaceError: the disk is full, or the folder can't be written.
    """
    intake = _Intake(folder, limits)
    with disk.explained():
        for name, path in uploads:
            with path.open("rb") as file:
                if is_zip(file.read(4)):
                    intake.unpack(name, file)
                elif not is_junk(name) and (name or path.stat().st_size):  # a form field for files, left empty
                    intake.add(name, path)
            path.unlink(missing_ok=True)
        if not intake.items:
            raise NothingError("there is no picture in what was sent: send photographs, or a zip of them")
        flush_folder(folder)
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

    def add(self, name: str, path: Path) -> None:
        """One file, which is moved."""
        try:
            self._check(path.stat().st_size)
            self._bytes += path.stat().st_size
            self._check_all()
        except _TooLargeFileError as error:
            path.unlink()
            self._fail(name, str(error))
        else:
            disk.move(path, self._place)
            self._append(name)

    def unpack(self, name: str, file: BinaryIO) -> None:
        """The files of a zip; or, where it is damaged as a whole, one item that says so."""
        try:
            for member in members(file, most=self._limits.files - len(self.items)):
                if member.problem is None:
                    self._unpack_one(member)
                else:
                    self._fail(member.name, member.problem)
        except ZipError as error:
            self._fail(name, str(error))

    def _unpack_one(self, member: Member) -> None:
        try:
            disk.write(self._place, self._counted(member.chunks()))
        except (ZipError, _TooLargeFileError) as error:
            self._place.unlink(missing_ok=True)
            self._fail(member.name, str(error))
        else:
            self._append(member.name)

    @property
    def _place(self) -> Path:
        """Of the next item."""
        return self._folder / str(len(self.items) + 1)

    def _fail(self, name: str, why: str) -> None:
        self._append(name, State.FAILED, why)

    def _append(self, name: str, state: State = State.WAITING, why: str | None = None) -> None:
        if len(self.items) >= self._limits.files:
            raise TooLargeError(f"a batch may have {self._limits.files} files: send them in parts")
        shown = label(name)
        self.items.append(Item(len(self.items) + 1, shown, state, why and f"{shown}: {why}"))

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            self._bytes += len(chunk)  # also of one that is too large: unpacking it took its time
            self._check(size)
            self._check_all()
            yield chunk

    def _check_all(self) -> None:
        if self._bytes > self._limits.bytes:
            raise TooLargeError(f"a batch may have {self._limits.bytes / 1e6:,.0f} MB, unpacked: send it in parts")

    def _check(self, size: int) -> None:
        if size > self._limits.each:
            raise _TooLargeFileError(f"is larger than the {self._limits.each / 1e6:,.0f} MB that one file may have")
