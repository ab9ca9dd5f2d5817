"""Files on the disk of the service: written so that they outlive a power cut, and what to say where they can't be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from photochrom.errors import PhotochromError


class NoSpaceError(PhotochromError):
    """The work folder can't be written: the disk is full, or its permissions have changed."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn an operating system's error while writing into a `NoSpaceError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise no_space(error) from error


def no_space(error: Exception) -> NoSpaceError:
    """The sentence for an error of the operating system or the database."""
    why = getattr(error, "strerror", None) or str(error)
    return NoSpaceError(
        f"the service could not write to its work folder ({why}); nothing was kept: free some space there, or have its "
        "permissions checked, and try again"
    )


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """A new file, on the disk when this returns; its name lasts once its folder is flushed."""
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def move(path: Path, place: Path) -> None:
    """Put a file into its place in one step, its content on the disk before that; nothing may be there yet or it is
    replaced. Its name lasts once its folder is flushed."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    path.replace(place)


def remove(folder: Path) -> None:
    """A folder and all in it, as far as that is possible: what remains is removed at the next start."""
    shutil.rmtree(folder, ignore_errors=True)
