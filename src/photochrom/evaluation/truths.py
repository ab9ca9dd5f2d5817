"""Truths: the colour photographs that results are held against, from a folder, a tar or a manifest.

What is measured depends on which photographs and which part of them, so both are decided here, once:
256x256 centre crops, in a fixed order, photographs without colour left out and named.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lab_to_srgb, srgb_to_lab
from photochrom.color.luma import luma
from photochrom.errors import DataError
from photochrom.evaluation.photographs import SUFFIXES, Entry, Photographs, members_of
from photochrom.evaluation.progress import progress
from photochrom.photo.samples import Look

Rgb = NDArray[np.uint8]

CROP: Final = 256
"""Side in pixels of the centre crop that is measured on; a smaller side stays whole."""

LEAST: Final = 32
"""Least side in pixels of a photograph: LPIPS sees nothing in smaller ones."""

WIDEST: Final = 3
"""Greatest aspect ratio of a crop: a model looks at longer ones in several pieces."""


@dataclass(frozen=True, eq=False)
class Truth:
    """One colour photograph that results are held against.

    Attributes:
        name: stem of its file, or its key.
        rgb: (H, W, 3) uint8 sRGB: the 256x256 centre crop, or the whole where a side is smaller.
        source: source set, from the manifest; "" without one.
        labels: its row of the label CSV (scene, has_people, …); empty without one.
        given: (H, W) uint8, the grey picture that is given to models; None: the luma of `rgb`.
    """

    name: str
    rgb: Rgb
    source: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    given: NDArray[np.uint8] | None = None

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """The grey picture (H, W) uint8 that is given to models."""
        grey: NDArray[np.uint8] = luma(self.rgb) if self.given is None else self.given
        return grey

    def seen_as(self, given: NDArray[np.uint8]) -> Truth:
        """The same truth with another grey picture, (H, W) uint8, to be coloured: aged, brighter, ..."""
        if given.shape != self.rgb.shape[:2] or given.dtype != np.uint8:
            raise ValueError(f"the grey picture must be {self.rgb.shape[:2]} uint8, not {given.shape} {given.dtype}")
        return replace(self, given=given)

    def as_papers_give_it(self) -> Truth:
        """The same truth, given as colorization papers give it: L* of Lab with a = b = 0 in place of the luma."""
        lab = srgb_to_lab(self.rgb)
        lab[..., 1:] = 0
        return self.seen_as(lab_to_srgb(lab)[..., 0])


class Truths:
    """Photographs in a fixed order, read when they are asked for. Made by :meth:`open`.

    Attributes:
        data: where they come from.
        split: split of the manifest; None without one.
        left_out: names left out because the labels flag them grey or their pixels have no colour.
        passed_over: of a folder, what lies in it and is none of the pictures that can be read.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        labels: Mapping[str, Mapping[str, str]],
        *,
        data: Path,
        split: str | None = None,
        limit: int | None = None,
    ) -> None:
        self.data = data
        self.split = split
        self._labels = labels
        self._entries = {entry.key: entry for entry in entries}
        flagged = [entry.key for entry in entries if labels.get(entry.key, {}).get("grey") == "1"]
        names = [name for name in self._entries if name not in set(flagged)]
        if limit is not None:
            names = _spread(names, limit)
        grey = set()
        with progress("opening", len(names)) as advance:
            for name in names:
                if Look.at(self.read(name).rgb).was_colored() == "grey":
                    grey.add(name)
                advance()
        self.left_out = [*flagged, *sorted(grey)]
        self.names = [name for name in names if name not in grey]
        self.passed_over = _passed_over(data) if data.is_dir() else []

    @classmethod
    def open(
        cls, data: Path, *, split: str | None = None, labels: Path | None = None, limit: int | None = None
    ) -> Truths:
        """Find the photographs of `data` and look which of them have colours.

        Args:
            data: folder of pictures, tar of pictures, or manifest CSV (shard, key, source, split) beside its tars.
            split: split of a manifest, which needs one.
            labels: CSV with a column `name`; one named `grey` flags with 1 what is to be left out.
            limit: at most so many photographs, evenly spread over those that are not flagged.

        Raises:
            DataError: something is missing, damaged, of one name twice, too small or too long, or unlabelled.
        """
        if (data.suffix.lower() == ".csv") != (split is not None):
            wrong = "a manifest needs a split" if split is None else "only a manifest has splits"
            raise DataError(f"{data}: {wrong} (--split NAME goes with --data MANIFEST.csv)")
        entries = _entries(data, split)
        if not entries:
            raise DataError(f"{data} holds no pictures ({', '.join(sorted(SUFFIXES))}): give another folder or tar")
        _refuse_twice(entries, data)
        return cls(entries, _labels(labels, entries), data=data, split=split, limit=limit)

    @property
    def all_names(self) -> list[str]:
        """Every name in the data: chosen, left out, or passed over by the limit."""
        return list(self._entries)

    def read(self, name: str) -> Truth:
        """The photograph of this name, also one that was left out.

        Raises:
            DataError: it can't be read, is below 32 pixels or longer than 3:1.
        """
        entry = self._entries[name]
        return Truth(name, crop(entry.read(), name), entry.source, self._labels.get(name, {}))

    def some(self, count: int) -> Iterator[Truth]:
        """At most so many of them, evenly spread."""
        return (self.read(name) for name in _spread(self.names, count))

    def entry(self, name: str) -> Entry:
        """Where the whole photograph of this name is."""
        return self._entries[name]

    def full_size(self, name: str) -> tuple[int, int]:
        """(height, width) of the whole photograph, before it is cropped."""
        height, width = self.entry(name).read().shape[:2]
        return height, width

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Truth]:
        return (self.read(name) for name in self.names)

    def __getitem__(self, index: int) -> Truth:
        return self.read(self.names[index])


def crop(picture: Rgb, name: str) -> Rgb:
    """The 256x256 centre crop of (H, W, 3), or what there is of it.

    Raises:
        DataError: below 32 pixels or longer than 3:1; `name` says which picture.
    """
    height, width = picture.shape[:2]
    top, left = (max(0, (side - CROP) // 2) for side in (height, width))
    part = np.ascontiguousarray(picture[top : top + CROP, left : left + CROP])
    short, long = sorted(part.shape[:2])
    if short < LEAST or long > WIDEST * short:
        raise DataError(
            f"{name} is {width}x{height}: what is measured on has sides of {LEAST} pixels or more and is no longer "
            f"than {WIDEST}:1; leave it out of the data"
        )
    return part


def _spread(names: list[str], count: int) -> list[str]:
    if count >= len(names):
        return names
    return [names[i] for i in np.linspace(0, len(names) - 1, count).round().astype(int)]


def _entries(data: Path, split: str | None) -> list[Entry]:
    if split is not None:
        return Photographs(data, split).entries
    if data.is_dir():
        files = sorted(path for path in data.iterdir() if path.suffix.lower() in SUFFIXES)
        return [Entry.of_file(path) for path in files]
    if not data.exists():
        raise DataError(f"there is no {data}: give a folder of photographs, a tar of them or a manifest CSV")
    return [Entry(data, *place, key, "") for key, place in sorted(members_of(data).items())]


def _passed_over(folder: Path) -> list[str]:
    return sorted(
        path.name for path in folder.iterdir() if path.suffix.lower() not in SUFFIXES and not path.name.startswith(".")
    )


def _refuse_twice(entries: Sequence[Entry], data: Path) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.key in seen:
            raise DataError(f"{data} holds two photographs of the name {entry.key}: results could not be told apart")
        seen.add(entry.key)


def _labels(path: Path | None, entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    if path is None:
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if "name" not in (reader.fieldnames or ()):
                raise DataError(f"the labels {path} have no column `name`")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the labels {path} can't be read: {error}") from error
    labels = {row.pop("name"): row for row in rows}
    if len(labels) < len(rows):
        raise DataError(f"the labels {path} have two rows for one photograph: leave one of them")
    missing = [entry.key for entry in entries if entry.key not in labels]
    if missing:
        raise DataError(
            f"the labels {path} have no row for {len(missing)} of {len(entries)} photographs, such as {missing[0]}: "
            "give the labels that go with this data"
        )
    wrong = [name for name, row in labels.items() if row.get("grey", "0") not in ("0", "1")]
    if wrong:
        raise DataError(f"the labels {path}: `grey` of {wrong[0]} is neither 0 nor 1")
    return labels
