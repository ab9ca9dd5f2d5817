"""Features of a frozen encoder, computed once and kept on the disk while only the decoder learns.

A step of the decoder alone costs a fraction of one with the encoder before it. What is kept are some fixed views
(crop, mirror, ageing) of each photograph that the stage is going to see, one byte a value with a scale for each
channel of each view, in one memory-mapped file in the run's folder. Hints are drawn anew for every sample.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from photochrom.errors import DataError, UsageError

Bytes = NDArray[np.int8]
Float = NDArray[np.float32]
Shape = tuple[int, int, int]

NOTHING: tuple[Bytes, Float] = np.empty(0, np.int8), np.empty(0, np.float32)
"""Values and scales of a view that is not kept."""

_VALUES, _SLOTS, _INDEX = "values.bin", "slots.npy", "index.json"
VIEWS = 32
"""Views that are computed at a time."""

_LEAST = 1e-12
"""The smallest scale: a view whose scales are 0 has not been computed."""


class Features:
    """Stored features, by photograph and view.

    Args:
        folder: where they are.
        slots: sorted numbers of the views that have a place, one number for each pair of photograph and view.
        views: of each photograph.
        shapes: (channels, height, width) of each of the encoder's maps.
    """

    def __init__(self, folder: Path, slots: NDArray[np.int64], *, views: int, shapes: Sequence[Shape]) -> None:
        self._folder, self._slots, self._views = folder, slots, views
        self._shapes = [tuple(shape) for shape in shapes]
        self._memory: np.memmap[Any, Any] | None = None

    @property
    def record(self) -> np.dtype[Any]:
        """What the file holds of one view."""
        values = sum(c * h * w for c, h, w in self._shapes)
        return np.dtype([("values", "i1", (values,)), ("scales", "f4", (sum(shape[0] for shape in self._shapes),))])

    @property
    def gigabytes(self) -> float:
        """Size of the file."""
        return len(self) * self.record.itemsize / 1e9

    def __len__(self) -> int:
        return len(self._slots)

    def __getstate__(self) -> dict[str, Any]:
        """Every process of samples opens the file for itself."""
        return {**self.__dict__, "_memory": None}

    @property
    def memory(self) -> np.memmap[Any, Any]:
        """The file's records."""
        if self._memory is None:
            self._memory = np.memmap(self._folder / _VALUES, self.record, "r+", shape=(len(self),))
        return self._memory

    def read(self, photograph: int, view: int) -> tuple[Bytes, Float]:
        """Values and scales of one view, see `restore`."""
        row = self.memory[np.searchsorted(self._slots, photograph * self._views + view)]
        return np.array(row["values"]), np.array(row["scales"])

    def write(self, first: int, maps: Sequence[Tensor]) -> None:
        """Store the encoder's maps (N, C, H, W) of the views in the places from `first` on."""
        values, scales = quantize(maps)
        rows = self.memory[first : first + len(values)]
        rows["values"] = values.cpu().numpy()
        rows["scales"] = scales.cpu().numpy()  # last: a view that has them is complete

    def restore(self, values: Tensor, scales: Tensor) -> tuple[Tensor, ...]:
        """The maps (N, C, H, W), float32, of stored values (N, V) and scales (N, C), on their device."""
        maps, value, channel = [], 0, 0
        for c, h, w in self._shapes:
            stored = values[:, value : value + c * h * w].view(-1, c, h, w).float()
            scaled = stored * scales[:, channel : channel + c, None, None]
            maps.append(scaled.contiguous(memory_format=torch.channels_last))
            value, channel = value + c * h * w, channel + c
        return tuple(maps)

    def missing(self, *, rank: int, ranks: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """What this process of several has yet to compute: the first place, and up to `VIEWS` views from there on.

        Where these parts begin does not depend on the number of processes, which may be another after an interruption.
        """
        scales = self.memory["scales"]
        for first in range(rank * VIEWS, len(self), ranks * VIEWS):
            slots = self._slots[first : first + VIEWS]
            if scales[first + len(slots) - 1, 0] == 0:  # the last of them is written last
                yield first, [(int(slot) // self._views, int(slot) % self._views) for slot in slots]


def quantize(maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Values (N, V) in -127..127 and scales (N, C) of maps (N, C, H, W), the largest value of a channel being 127."""
    values, scales = [], []
    for features in maps:
        exact = features.float()
        scale = (exact.abs().amax((2, 3)) / 127).clamp_min(_LEAST)
        values.append((exact / scale[:, :, None, None]).round().to(torch.int8).flatten(1))
        scales.append(scale)
    return torch.cat(values, 1), torch.cat(scales, 1)


def open_features(
    folder: Path,
    needed: NDArray[np.int64],
    *,
    views: int,
    shapes: Sequence[Shape],
    made_from: dict[str, Any],
    limit: float,
) -> Features:
    """The features in `folder` where they hold all that is needed and were made from the same; else room for new ones.

    Args:
        folder: where they are kept; what does not serve is removed.
        needed: numbers of views, see `Features`.
        views: of each photograph.
        shapes: of the encoder's maps.
        made_from: all that decides what the features are.
        limit: the most gigabytes that they may take.

    Raises:
        UsageError: they would take more.
        DataError: there is no room for them on the disk.
    """
    index = json.dumps({"views": views, "shapes": [list(shape) for shape in shapes], **made_from})
    try:
        if (folder / _INDEX).read_text(encoding="utf-8") == index:
            found = Features(folder, np.load(folder / _SLOTS), views=views, shapes=shapes)
            whole = (folder / _VALUES).stat().st_size == len(found) * found.record.itemsize
            if whole and np.isin(needed, found._slots).all():
                return found
    except (OSError, ValueError):
        pass
    features = Features(folder, np.unique(needed), views=views, shapes=shapes)
    if features.gigabytes > limit:
        raise UsageError(
            f"The features of {len(features)} views would take {features.gigabytes:.3g} GB and cache_gb is {limit:g}: "
            "allow more, lower cache_views, or let the stage end earlier."
        )
    remove_features(folder)
    with _room(folder, features.gigabytes):
        folder.mkdir(parents=True)
        with (folder / _VALUES).open("wb") as file:
            _allocate(file.fileno(), len(features) * features.record.itemsize)
        np.save(folder / _SLOTS, features._slots)
        (folder / _INDEX).write_text(index, encoding="utf-8")
    return features


def remove_features(folder: Path) -> None:
    """Remove features that no stage needs any longer."""
    if folder.exists():
        shutil.rmtree(folder)


def digest(module: nn.Module) -> str:
    """SHA-256 of a network's weights."""
    found = hashlib.sha256()
    for name, value in module.state_dict().items():
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def map_shapes(encode: Callable[[Tensor], Sequence[Tensor]], luma: Tensor) -> list[Shape]:
    """(C, H, W) of the maps of pictures like `luma` (N, 1, S, S)."""
    with torch.no_grad():
        return [(int(m.shape[1]), int(m.shape[2]), int(m.shape[3])) for m in encode(luma)]


def _allocate(file: int, size: int) -> None:
    """Take the room on the disk now: a mapped file that finds none later ends the process without a word."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    block = bytes(1 << 24)
    for begin in range(0, size, len(block)):
        os.write(file, block[: size - begin])


@contextmanager
def _room(folder: Path, gigabytes: float) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remove_features(folder)
        raise DataError(
            f"There is no room for {gigabytes:.3g} GB of features in {folder}: {error}. "
            "Make room, lower cache_views, or let the stage end earlier."
        ) from error
