"""Photographs into shards: which split, which tar, which row of the manifest. The same input gives the same bytes.

Photographs are ordered by their key, a hash, so that every shard is a random sample of its split.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from photochrom.errors import UsageError
from photochrom.photo.files import finished_or_nothing
from photochrom.training.clean.examining import Examined

COLUMNS: Final = ("shard", "key", "source", "side_px", "colourfulness", "split", "file", "width", "height", "group")
"""Of manifest.csv; the first six are those that every manifest of photographs has."""
REJECTED: Final = ("file", "source", "reason", "detail", "width", "height")
"""Columns of rejected.csv."""
KEY_LENGTH: Final = 16
"""Hexadecimal digits of a file's SHA-256 that name it in the shards."""


class _Writer(Protocol):
    def writerow(self, row: Sequence[object], /) -> object: ...


@dataclass(frozen=True)
class Splits:
    """Shares of validation and test, 0 to 1; training gets the rest.

    Raises:
        UsageError: they make no sense.
    """

    val: float = 0.03
    test: float = 0.03

    def __post_init__(self) -> None:
        if self.val < 0 or self.test < 0 or self.val + self.test >= 1:
            raise UsageError(f"--val {self.val:g} and --test {self.test:g} must be at least 0 and less than 1 together")

    def of(self, group: str) -> str:
        """The split of a group of duplicates, by the hash of its name alone: "train", "val" or "test"."""
        place = int(hashlib.sha256(group.encode()).hexdigest()[:13], 16) / 16**13
        return "val" if place < self.val else "test" if place < self.val + self.test else "train"


@dataclass(frozen=True)
class Kept:
    """A photograph for the shards: its number among the examined, its group of duplicates, and what is known of it."""

    index: int
    group: str
    known: Examined

    @property
    def key(self) -> str:
        """Its name in the shards."""
        return self.known.sha256[:KEY_LENGTH]


def pack(
    out: Path,
    kept: Iterable[Kept],
    contents: Callable[[Sequence[int]], Iterator[bytes]],
    *,
    splits: Splits,
    shard_bytes: int,
) -> Mapping[str, int]:
    """Write the tars and manifest.csv into the folder `out`.

    Args:
        contents: gives the files of photographs by their numbers.
        shard_bytes: a shard is full when its files have so many bytes; it holds at least one.

    Returns:
        How many photographs each split has.
    """
    ordered = sorted(kept, key=lambda each: each.key)
    counts: dict[str, int] = {}
    with _table(out / "manifest.csv", COLUMNS) as manifest:
        for split in ("train", "val", "test"):
            members = [each for each in ordered if splits.of(each.group) == split]
            counts[split] = len(members)
            files = zip(members, contents([each.index for each in members]), strict=True)
            for number, batch in enumerate(_filled(files, shard_bytes)):
                shard = f"{split}-{number:05d}"
                _write_tar(out / f"{shard}.tar", batch)
                for each, _ in batch:
                    known = each.known
                    row = shard, each.key, known.source, known.side, f"{known.colorfulness:.1f}", split
                    manifest.writerow((*row, known.name, known.width, known.height, each.group))
    return counts


def write_rejected(out: Path, rejected: Iterable[Examined]) -> None:
    """Write rejected.csv into the folder `out`: a row for every picture that is left out, by name."""
    with _table(out / "rejected.csv", REJECTED) as table:
        for each in sorted(rejected, key=lambda each: each.name):
            table.writerow((each.name, each.source, each.reason, each.detail, each.width, each.height))


def _filled(files: Iterable[tuple[Kept, bytes]], most: int) -> Iterator[list[tuple[Kept, bytes]]]:
    """Files in the same order, in lists of at most `most` bytes."""
    batch: list[tuple[Kept, bytes]] = []
    size = 0
    for each, content in files:
        if batch and size + len(content) > most:
            yield batch
            batch, size = [], 0
        batch.append((each, content))
        size += len(content)
    if batch:
        yield batch


def _write_tar(path: Path, batch: Sequence[tuple[Kept, bytes]]) -> None:
    with finished_or_nothing(path, overwrite=True) as file, tarfile.open(fileobj=file, mode="w:") as tar:
        for each, content in batch:
            member = tarfile.TarInfo(f"{each.key}.webp")  # its time and owner are 0, whoever writes it
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@contextmanager
def _table(path: Path, columns: Sequence[str]) -> Iterator[_Writer]:
    with finished_or_nothing(path, overwrite=True) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        yield writer
        text.detach()
