"""Where the files of batches lie. All names are ours; what a user calls a file is in the store only.

<id>/sent/        what comes in, while it comes in
<id>/originals/   1, 2, 3, … until each is coloured
<id>/lent/        reference, keep_grey
<id>/making/      results that are not whole yet
<id>/results/     1.jpg, 2.tif, … whole
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from photochrom.claims import flush_folder
from photochrom.service import disk

_FOLDERS: Final = ("sent", "originals", "lent", "making", "results")

LENT: Final = ("reference", "keep_grey")
"""Options that are files for all items of a batch."""


class Folders:
    """Those of all batches."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, batch: str) -> None:
        """Make the folder of a new batch.

        Raises:
            NoSpaceError: that is not possible.
        """
        with disk.explained():
            for name in _FOLDERS:
                (self._folder / batch / name).mkdir(mode=0o700, parents=True)

    def settle(self, batch: str) -> None:
        """What came in is in its places: see to it that it outlives a power cut.

        Raises:
            NoSpaceError: that is not possible.
        """
        with disk.explained():
            disk.remove(self.sent(batch))
            for folder in (*(self._folder / batch / name for name in _FOLDERS), self._folder / batch, self._folder):
                flush_folder(folder)

    def sent(self, batch: str) -> Path:
        return self._folder / batch / "sent"

    def originals(self, batch: str) -> Path:
        return self._folder / batch / "originals"

    def original(self, batch: str, number: int) -> Path:
        return self.originals(batch) / str(number)

    def making(self, batch: str) -> Path:
        return self._folder / batch / "making"

    def result(self, batch: str, number: int, extension: str) -> Path:
        return self._folder / batch / "results" / f"{number}{extension}"

    def lend(self, batch: str, option: str, path: Path) -> None:
        """Move in a file that is an option for all items.

        Args:
            option: one of `LENT`.

        Raises:
            NoSpaceError: that is not possible.
        """
        with disk.explained():
            disk.move(path, self._folder / batch / "lent" / option)

    def lent(self, batch: str, option: str) -> Path | None:
        """Where the file for an option lies; None where there is none."""
        path = self._folder / batch / "lent" / option
        return path if path.exists() else None

    def keep(self, made: Path, place: Path) -> None:
        """Move a result that is whole into its place.

        Raises:
            NoSpaceError: that is not possible.
        """
        with disk.explained():
            disk.move(made, place)
            flush_folder(place.parent)

    def spent(self, batch: str, number: int) -> None:
        """Remove an original that is of no use any more."""
        with suppress(OSError):
            self.original(batch, number).unlink()

    def end(self, batch: str) -> None:
        """Remove all but the results of a batch."""
        for name in ("sent", "originals", "lent", "making"):
            disk.remove(self._folder / batch / name)

    def delete(self, batch: str) -> None:
        """Remove all files of a batch."""
        disk.remove(self._folder / batch)

    def restart(self, known: Collection[str]) -> None:
        """Remove what an earlier server left: batches that it had not accepted or had deleted, unfinished results.

        Raises:
            NoSpaceError: the folder can't be written.
        """
        with disk.explained():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in self._folder.iterdir():
                if folder.name not in known:
                    disk.remove(folder)
                elif (making := folder / "making").is_dir():
                    disk.remove(making)
                    making.mkdir(mode=0o700)
