"""Photographs to train and to measure on: webdataset tars, read in any order.

A tar is indexed once by the offsets of its members, so that any photograph is one seek away
and a run can go on in the data exactly where it was. Which photograph comes n-th is a pure
function of the seed and n; nothing else has to be remembered.
"""

from __future__ import annotations

import csv
import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError

SUFFIXES = (".webp", ".jpg", ".jpeg", ".png")
"""Endings, in lower case, of the pictures that data sets hold."""


@dataclass(frozen=True)
class Entry:
    """One photograph of a data set: where its bytes are, in a tar or in a file of its own, and what is known of it."""

    shard: Path
    offset: int
    size: int
    key: str
    source: str

    @classmethod
    def of_file(cls, path: Path) -> Entry:
        """A picture file of its own; its key is the file's stem.

        Raises:
            DataError: there is no such file.
        """
        try:
            return cls(path, 0, path.stat().st_size, path.stem, "")
        except OSError as error:
            raise DataError(f"{path} can't be read: {error.strerror or error}") from error

    def read(self) -> NDArray[np.uint8]:
        """The photograph as (H, W, 3) RGB uint8.

        Raises:
            DataError: it is damaged, cut off or can't be read; the message names shard and key.
        """
        try:
            with self.shard.open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise DataError(f"{self.shard}: photograph {self.key} can't be read: {error}") from error
        complete = 0 < len(data) == self.size
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if complete else None
        if picture is None:
            raise DataError(f"{self.shard}: photograph {self.key} is damaged or cut off.")
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


class Photographs:
    """A list of photographs of one split, each read on demand.

    Args:
        manifest: CSV with at least the columns shard, key, source, split; the tars `<shard>.tar`
            lie beside it and hold `<key>.webp` (or JPEG, PNG).
        split: which rows.

    Attributes:
        entries: the photographs in the manifest's order.
        manifest_sha256: of the manifest's bytes: which data this is.

    Raises:
        DataError: the manifest or a shard is missing, damaged or names photographs that are not there.
    """

    def __init__(self, manifest: Path, split: str) -> None:
        rows = _rows(manifest, split)
        members = {shard: members_of(manifest.parent / f"{shard}.tar") for shard in sorted({r["shard"] for r in rows})}
        self.entries: list[Entry] = []
        for row in rows:
            place = members[row["shard"]].get(row["key"])
            if place is None:
                raise DataError(f"{row['shard']}.tar holds no photograph {row['key']}, which {manifest} lists.")
            self.entries.append(Entry(manifest.parent / f"{row['shard']}.tar", *place, row["key"], row["source"]))
        self.manifest_sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Photograph number `index` as (H, W, 3) RGB uint8.

        Raises:
            DataError: it is damaged, cut off or can't be read; the message names shard and key.
        """
        return self.entries[index].read()

    def weights(self, by_source: Mapping[str, float]) -> NDArray[np.float64]:
        """Sampling probability of each photograph, (len(self),), summing to 1.

        Raises:
            DataError: a source is weighted that the data does not have.
        """
        unknown = sorted(set(by_source) - {e.source for e in self.entries})
        if unknown:
            raise DataError(f"No photograph comes from the weighted sources {', '.join(unknown)}.")
        weights = np.array([by_source.get(e.source, 1.0) for e in self.entries], np.float64)
        if len(weights) == 0 or weights.sum() <= 0:
            raise DataError("There is no photograph to train on.")
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares


def splits(manifest: Path) -> set[str]:
    """The names of the splits that a manifest has; DataError where it can't be read."""
    return {row["split"] for row in _table(manifest)}


def _rows(manifest: Path, split: str) -> list[dict[str, str]]:
    rows = _table(manifest)
    chosen = [row for row in rows if row["split"] == split]
    if not chosen:
        known = ", ".join(sorted({row["split"] for row in rows}))
        raise DataError(f"The manifest {manifest} has no photographs in split {split!r}; it has {known}.")
    return chosen


def _table(manifest: Path) -> list[dict[str, str]]:
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = {"shard", "key", "source", "split"} - set(reader.fieldnames or ())
            if missing:
                raise DataError(f"The manifest {manifest} lacks the columns {', '.join(sorted(missing))}.")
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The manifest {manifest} can't be read: {error}") from error


def members_of(tar: Path) -> dict[str, tuple[int, int]]:
    """Offset and size of every picture in an uncompressed tar, by key.

    Raises:
        DataError: it can't be read, or holds two pictures of one key.
    """
    places: dict[str, tuple[int, int]] = {}
    try:
        with tarfile.open(tar, "r:") as file:
            for member in file:
                name = Path(member.name)
                if member.isfile() and name.suffix.lower() in SUFFIXES:
                    if name.stem in places:
                        raise DataError(f"The shard {tar} holds two photographs of the name {name.stem}.")
                    places[name.stem] = (member.offset_data, member.size)
    except (OSError, tarfile.TarError) as error:
        where = f" after {len(places)} photographs, the last of them {list(places)[-1]}" if places else ""
        raise DataError(f"The shard {tar} can't be read{where}: {error}") from error
    return places
