"""Which pictures SOURCEs hold, in an order that depends on nothing but their names: folders, tars, patterns, manifests.

Nothing is decoded here. A tar is read in place, one picture at a time, whatever its size.
"""

from __future__ import annotations

import csv
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from glob import glob, has_magic
from pathlib import Path

from photochrom.errors import DataError, PhotoError
from photochrom.photo.files import read_path
from photochrom.training.clean.decoding import SUFFIXES


@dataclass(frozen=True)
class Item:
    """One picture file.

    Attributes:
        name: how people find it again: its path, or the tar's path and, after a colon, the member's.
        source: the set that it belongs to.
        path: the file, or the tar that holds it.
        offset, size: where its bytes are; offset is None for a file of its own.
    """

    name: str
    source: str
    path: Path
    offset: int | None
    size: int

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            PhotoError: they can't be read, or are fewer than there should be.
        """
        if self.offset is None:
            return read_path(self.path)
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise PhotoError(f"can't be read: {error}") from error
        if len(data) < self.size or not data:
            raise PhotoError("is empty" if not self.size else "is cut off by the end of its tar")
        return data


def pictures(sources: Sequence[str], name: str | None = None) -> list[Item]:
    """All picture files of the sources, each once, ordered by name.

    Args:
        sources: folders (with everything below), tars (not compressed), pictures, patterns such as "scans/**/*.jpg",
            and manifests (CSV with the columns shard, key and source; the tars lie beside it).
        name: the source set of all of them. Without it: a manifest's own column; the tar's name; the subfolder
            that a picture lies in directly under a folder that was given, or that folder's own name.

    Raises:
        DataError: a source is missing or holds no picture, or a tar is damaged.
    """
    found: dict[tuple[str, int | None], Item] = {}
    for source in sources:
        items = list(_expand(source))
        if not items:
            raise DataError(f"{source} holds no picture ({', '.join(SUFFIXES)}, or tars of them).")
        for item in items:
            found.setdefault((os.path.realpath(item.path), item.offset), item)
    chosen = found.values() if name is None else [replace(item, source=name) for item in found.values()]
    return sorted(chosen, key=lambda item: (item.name, item.offset or 0))


def _expand(source: str) -> Iterator[Item]:
    path = Path(source)
    if path.is_dir():
        yield from _folder(path)
    elif path.exists():
        yield from _file(path, path.absolute().parent.name)
    elif has_magic(source):
        for match in sorted(glob(source, recursive=True)):
            if _is_known(Path(match)):
                yield from _file(Path(match), Path(match).absolute().parent.name)
    else:
        raise DataError(f"{source}: there is no such file or folder.")


def _folder(folder: Path) -> Iterator[Item]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        below = Path(place).relative_to(folder)
        source = below.parts[0] if below.parts else folder.absolute().name
        for file in sorted(files):
            path = Path(place, file)
            if not file.startswith(".") and _is_known(path):
                yield from _file(path, source)


def _is_known(path: Path) -> bool:
    """Whether a file is taken where only its folder or a pattern was named; a manifest must be named itself."""
    return path.suffix.lower() in (*SUFFIXES, ".tar") and not path.is_dir()


def _file(path: Path, source: str) -> Iterator[Item]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        yield from _manifest(path)
    elif suffix == ".tar":
        yield from _members(path, path.stem)
    elif suffix in SUFFIXES:
        yield Item(path.as_posix(), source, path, None, path.stat().st_size if path.exists() else 0)
    else:
        kinds = ", ".join(SUFFIXES)
        raise DataError(
            f"{path} is neither a picture ({kinds}) nor a tar nor a manifest; unpack it, or name its folder."
        )


def _members(tar: Path, source: str) -> Iterator[Item]:
    try:
        with tarfile.open(tar, "r:") as file:
            for member in file:
                if member.isfile() and Path(member.name).suffix.lower() in SUFFIXES:
                    yield Item(f"{tar.as_posix()}:{member.name}", source, tar, member.offset_data, member.size)
    except (OSError, tarfile.TarError) as error:
        raise DataError(
            f"The tar {tar} can't be read: {error}. Unpack a compressed one; fetch a cut one again."
        ) from error


def _manifest(path: Path) -> Iterator[Item]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The manifest {path} can't be read: {error}") from error
    if rows and not {"shard", "key", "source"} <= set(rows[0]):
        raise DataError(f"{path} is no manifest: it lacks one of the columns shard, key, source.")
    shards: dict[str, dict[str, Item]] = {}
    for row in rows:
        if row["shard"] not in shards:
            shards[row["shard"]] = _by_stem(_members(path.parent / f"{row['shard']}.tar", ""))
        item = shards[row["shard"]].get(row["key"])
        if item is None:
            raise DataError(f"{row['shard']}.tar holds no photograph {row['key']}, which {path} lists.")
        yield replace(item, source=row["source"])


def _by_stem(items: Iterable[Item]) -> dict[str, Item]:
    return {Path(item.name.rpartition(":")[2]).stem: item for item in items}
