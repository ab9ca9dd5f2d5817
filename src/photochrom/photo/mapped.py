"""A large file that is read where it is needed: a scan of a gigabyte need not be in memory to be decoded.

Its content acts like bytes. What was looked at stays in memory until `release`.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path
from typing import Final

from photochrom.errors import PhotoError

LARGE: Final = 100_000_000
"""Bytes from which on a file is not read at once."""


class Mapped(mmap.mmap):
    """The content of a file that stays on the disk.

    Attributes:
        path: of the file.
    """

    path: Path
    _state: tuple[int, int]

    def release(self) -> None:
        """Give back the memory that what was read so far takes; it is read again if it is needed again."""
        if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows, which takes it back by itself
            self.madvise(mmap.MADV_DONTNEED)

    def check(self) -> None:
        """Make sure that the file is still the one that was opened.

        Raises:
            PhotoError: it was changed, so that what was read of it may not belong together.
        """
        try:
            state = _state(os.stat(self.path))
        except OSError:
            state = None
        if state != self._state:
            raise PhotoError(f"{self.path}: was changed while it was read; try again when it is complete")


Content = bytes | Mapped
"""What a file holds."""


def mapped(path: Path) -> Mapped | None:
    """The file, if it is a large one; None for a small one and for what is no readable file."""
    try:
        if os.stat(path).st_size < LARGE:  # before it is opened: a pipe gives what it holds only once
            return None
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            content = Mapped(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    content.path, content._state = path, _state(state)
    return content


def sha256(data: Content) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    if isinstance(data, Mapped):
        with data.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(data).hexdigest()


def _state(of: os.stat_result) -> tuple[int, int]:
    return of.st_size, of.st_mtime_ns
