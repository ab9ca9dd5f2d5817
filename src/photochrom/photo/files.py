"""Bytes in, bytes out: reading whatever holds a picture, and writing so that no half file is ever seen.

A file is written under a temporary name in its own folder (`photochrom.claims`), flushed to the
disk and moved into place in one step. Whatever goes wrong, a full disk or Ctrl-C, the old state stays.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, Final, Protocol, runtime_checkable

from photochrom.claims import Claim, claimed, flush_folder
from photochrom.errors import PhotoError

STANDARD_INPUT: Final = "standard input"
"""What messages call it."""


@runtime_checkable
class Readable(Protocol):
    """An open binary stream to read from."""

    def read(self) -> bytes: ...


@runtime_checkable
class Writable(Protocol):
    """An open binary stream to write to."""

    def write(self, data: bytes, /) -> object: ...


def read_path(path: Path) -> bytes:
    """The whole file.

    Raises:
        PhotoError: there is no such file, it is a folder, it can't be read, or it is empty.
    """
    try:
        if path.is_dir():
            raise PhotoError(f"{path}: is a folder, not a picture; give the pictures in it, or the folder to a command")
        data = path.read_bytes()
    except FileNotFoundError:
        raise PhotoError(f"{path}: there is no such file") from None
    except PermissionError:
        raise PhotoError(f"{path}: may not be read; check its permissions") from None
    except (OSError, ValueError) as error:
        raise PhotoError(f"{path}: could not be read ({reason(error)})") from error
    return not_empty(data, str(path))


def not_empty(data: bytes, name: str) -> bytes:
    """The data.

    Raises:
        PhotoError: there is none.
    """
    if not data:
        raise PhotoError(f"{name}: is empty (0 bytes); fetch or copy the picture again")
    return data


def reason(error: BaseException) -> str:
    """What an operating system's error says, without the path, which the message around it names."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()


@contextmanager
def finished_or_nothing(
    path: Path,
    *,
    overwrite: bool = False,
    claim: Claim | None = None,
    when_whole: Callable[[], object] | None = None,
) -> Iterator[BinaryIO]:
    """A file under a temporary name beside `path`: moved onto it at the end of the block, removed on any failure.

    Args:
        claim: that to `path` with all links followed, for a caller who holds it already.
        when_whole: is called when the file is whole and about to be moved, such as to move others that go with it.

    Raises:
        BusyError: somebody else is writing it at this moment.
        PhotoError: `path` exists and `overwrite` is false, its folder is missing, the disk is full, and the like.
    """
    with explained(path):
        if path.is_dir():
            raise PhotoError(f"{path}: is a folder; give the name of a file to write")
        place = path.resolve()  # a link stays a link
        _refuse_existing(path, overwrite)
        with claimed(place) if claim is None else nullcontext(claim) as held:
            with held.open() as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if place.exists():
                held.temporary.chmod(stat.S_IMODE(place.stat().st_mode))
            _refuse_existing(path, overwrite)
            if when_whole is not None:
                when_whole()
            held.move(place)
            flush_folder(place.parent)


def is_device(path: Path) -> bool:
    """Whether the path is something like /dev/stdout, which is written to and not replaced."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


@contextmanager
def explained(target: Path | str) -> Iterator[None]:
    """Turn an operating system's error while writing to `target` into a `PhotoError` that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise PhotoError(f"{target}: its folder does not exist; make it first") from None
    except NotADirectoryError:
        raise PhotoError(f"{target}: a part of this path is a file, not a folder") from None
    except PermissionError:
        raise PhotoError(f"{target}: may not be written; check the permissions of its folder") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise PhotoError(
                f"{target}: its name is too long for this file system; give -o FOLDER, where results keep their names, "
                "or another name"
            ) from None
        raise PhotoError(
            f"{target}: could not be written ({reason(error)}); nothing was left behind: free some space or choose "
            "another place"
        ) from error


def _refuse_existing(path: Path, overwrite: bool) -> None:
    if not overwrite and path.exists():
        raise PhotoError(f"{path}: exists already; choose another name or allow overwriting")
