"""Who is making a file at this moment: no two do, and what a killed one left behind is known as such.

A file is made under a temporary name beside its place, which follows from its own name alone.
Whoever makes it holds a lock on the temporary file, and the system lets go of that when the
process ends, however it ends. A temporary file that nobody holds is a leftover, for anyone to remove.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from photochrom.errors import PhotoError

_START: Final = ".photochrom-"
_END: Final = ".part"

_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_THERE: Final = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class BusyError(PhotoError):
    """Somebody else is making this very file."""


class Claim:
    """The right to make one file. Made by :func:`claimed`.

    Attributes:
        temporary: the file to write meanwhile, in the folder of the finished one.
    """

    def __init__(self, temporary: Path, handle: int) -> None:
        self.temporary = temporary
        self._handle: int | None = handle

    def open(self) -> BinaryIO:
        """The temporary file, empty, for reading and writing."""
        return self.temporary.open("w+b")

    def move(self, place: Path) -> None:
        """Put what was written in its place, in one step, over whatever is there."""
        if sys.platform == "win32":  # where a file that is open can't be moved
            self.release()
        self.temporary.replace(place)

    def give_up(self) -> None:
        """Remove the temporary file, while it is still held: later it may be somebody else's."""
        if self._handle is None or not _is_at(self._handle, self.temporary):
            return
        if sys.platform == "win32":  # where a file that is open can't be removed
            self.release()
        with suppress(OSError):
            self.temporary.unlink()

    def release(self) -> None:
        """Let go of it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextmanager
def claimed(place: Path) -> Iterator[Claim]:
    """Within the block, nobody else who asks makes the file `place`; what is not moved there by its end is removed.

    Raises:
        BusyError: somebody else is making it.
        OSError: nothing can be written beside `place`.
    """
    temporary = temporary_of(place)
    claim = Claim(temporary, _created(temporary, place))
    try:
        yield claim
    finally:
        claim.give_up()
        claim.release()


def temporary_of(place: Path) -> Path:
    """Where the file `place` is written before it is whole: a short name, since that of `place` may be at the limit."""
    return place.parent / f"{_START}{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16]}{_END}"


def leftovers(folder: Path) -> list[Path]:
    """The temporary files in a folder, whether somebody holds them or not; none where it can't be read."""
    with suppress(OSError):
        return [folder / name for name in os.listdir(folder) if name.startswith(_START) and name.endswith(_END)]
    return []


def flush_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, where the system can do that for folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_leftover(temporary: Path) -> bool:
    """Remove a temporary file unless somebody holds it. Returns whether it is gone."""
    try:
        handle = os.open(temporary, _THERE)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    claim = Claim(temporary, handle)
    try:
        if not _lock(handle):
            return False
        claim.give_up()
        return not os.path.lexists(temporary)
    finally:
        claim.release()


def _created(temporary: Path, place: Path) -> int:
    """A new temporary file, held; a leftover is removed first."""
    while True:
        try:
            # Not `tempfile`, so that the file gets the permissions that any new file gets.
            handle = os.open(temporary, _NEW, 0o666)
        except FileExistsError:
            if not remove_leftover(temporary):
                raise BusyError(f"{place}: is being made by another run") from None
            continue
        if _lock(handle) and _is_at(handle, temporary):
            return handle
        os.close(handle)  # somebody took it for a leftover before it was held: once more


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path, follow_symlinks=False))
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        os.lseek(handle, 1 << 40, os.SEEK_SET)  # far behind the content: what is locked there can't be written
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks, where everybody is taken to be alone
        return True
