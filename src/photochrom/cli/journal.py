"""The journal of a folder of results: what `--resume` has begun and done there, a line of JSON each.

What is true is the finished file; the journal tells what no mark in it can: of formats that have
no place for one, which files are ours, and of all, that a picture need not be read again. A line
is appended in one piece; a torn last one, as a killed run may leave it, is passed over. Names are
those in the folder, so that it may be moved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

NAME: Final = ".photochrom-journal.jsonl"
"""Name of the journal in a folder of results."""

Work = Mapping[str, Any]
"""Model and options: what, beside the original, decides what a result looks like."""


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """By what an original is known again without reading it: its size in bytes, and when it was written."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Raises OSError where there is no such file."""
        found = path.stat()
        return cls(size=found.st_size, mtime_ns=found.st_mtime_ns)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the journal.

    Attributes:
        file: name of the result.
        state: "begun" before it is written, "done" when it is in its place.
        fresh: whether nothing had its name when it was begun.
        original: of the file that it is made from.
        work: how.
    """

    file: str
    state: Literal["begun", "done"]
    fresh: bool
    original: Stamp
    work: Work


class Journal:
    """The journal of one folder; a file only once something is written into it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._read = 0
        self._last: dict[str, Entry] = {}

    def last(self, file: str) -> Entry | None:
        """The newest line about a result; also one that another process wrote meanwhile."""
        with suppress(OSError), self.path.open("rb") as stream:
            stream.seek(self._read)
            lines, _, _ = stream.read().rpartition(b"\n")  # what comes after the last end of a line is not whole yet
            self._read += len(lines) + bool(lines)
            self._last |= {entry.file: entry for entry in map(_parsed, lines.split(b"\n")) if entry}
        return self._last.get(file)

    def write(self, entry: Entry) -> None:
        """Append a line.

        Raises:
            OSError: it can't be written.
        """
        line = json.dumps(asdict(entry), separators=(",", ":")).encode() + b"\n"  # ASCII, whatever the name
        with self.path.open("ab+", buffering=0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)


def _parsed(line: bytes) -> Entry | None:
    """The entry of a line; None where it is torn or something else."""
    try:
        values = json.loads(line)
        return Entry(
            file=str(values["file"]),
            state="done" if values["state"] == "done" else "begun",
            fresh=values["fresh"] is True,
            original=Stamp(**values["original"]),
            work=dict(values["work"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
