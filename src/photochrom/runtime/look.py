"""Look: what the network saw in one picture, ready to be asked about it any number of times.

A picture longer than 3:1 is seen in several tiles. Here they are cut, hints are handed to the
tiles that they lie in, and the answers are joined again: nobody else knows of tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.readout import calibrated, read_outs
from photochrom.hints.hintmap import HintMap
from photochrom.runtime.card import ReadOut
from photochrom.runtime.model import MULTIPLE, Features, Model
from photochrom.runtime.working import CELL, WorkingSize

Float = NDArray[np.float32]

_REMEMBERED: Final = 2
"""Answers to hints: with a reference or a closer look, one without a person's hints goes with each that has them."""


_READ: Final = 8
"""Ways to read one answer out that are remembered."""


class Logits(tuple[Float, ...]):
    """What the network answers: (K, h, w) of each tile.

    Attributes:
        read: what was read out of them before, (h, w, 2) of the whole picture.
    """

    read: dict[ReadOut, Float]

    def __new__(cls, tiles: Iterable[Float]) -> Logits:
        logits = super().__new__(cls, tiles)
        logits.read = {}
        return logits


class Look:
    """One picture as the network saw it. Safe to use from several threads at once.

    Args:
        model: what looks.
        luma: (H, W) float32 in [0, 1], the whole working luma.
        size: the working size that `luma` has.

    Attributes:
        model: as given.
        size: as given.
        cells: (h, w) float32 in [0, 1]: luma of the cells, a quarter of the working size, that every answer has.
    """

    def __init__(self, model: Model, luma: Float, size: WorkingSize) -> None:
        self.model = model
        self.size = size
        height, width = size.height // CELL, size.width // CELL
        self.cells: Float = luma.reshape(height, CELL, width, CELL).mean(axis=(1, 3), dtype=np.float32)
        self._tiles: list[Features] = [model.encode(tile) for tile in self._cut(luma)]
        self._automatic: Logits | None = None
        self._last: tuple[tuple[bytes, Logits], ...] = ()

    @property
    def nbytes(self) -> int:
        """Memory of what the encoder saw, and of the answers that are remembered sooner or later."""
        seen = sum(tile.luma.nbytes + sum(each.nbytes for each in tile.maps.values()) for tile in self._tiles)
        answer: int = len(self._tiles) * self._tiles[0].maps["stride4"][0, 0].nbytes * len(self.model.card.bins)
        return seen + (1 + _REMEMBERED) * answer

    def decode(self, hints: HintMap | None = None) -> Logits:
        """Logits over the model's colour bins, for each tile.

        The answers without hints and with the last two are remembered: to those, nothing is computed.

        Args:
            hints: of the whole picture, with its dense planes (3, h, w) of the size of `cells`.
        """
        if hints is None:
            if self._automatic is None:
                self._automatic = Logits(self.model.decode(features) for features in self._tiles)
            return self._automatic
        last, key = self._last, hints.key  # read once: another thread may replace it
        answer = next((logits for known, logits in last if known == key), None)
        if answer is None:
            tiles = zip(self._tiles, self.size.starts, strict=True)
            answer = Logits(self.model.decode(features, self._hints_of(hints, start)) for features, start in tiles)
        others = [each for each in last if each[0] != key]
        self._last = ((key, answer), *others[: _REMEMBERED - 1])
        return answer

    def read(self, logits: Logits, setting: ReadOut) -> Float:
        """One colour a cell: (h, w, 2) Lab units."""
        return self.read_all(logits, [setting])[0]

    def read_all(self, logits: Logits, settings: Sequence[ReadOut]) -> list[Float]:
        """What `read` gives for each of the settings, in less time than one after the other."""
        found = dict(logits.read)  # read once: another thread may change it
        wanted = [setting for setting in dict.fromkeys(settings) if setting not in found]
        if wanted:
            card = self.model.card
            ways = [(setting.t, setting.T, setting.gain) for setting in wanted]
            tiles = [read_outs(tile, card.log_w, card.bins, ways) for tile in logits]
            new = {setting: self._join(parts) for setting, *parts in zip(wanted, *tiles, strict=True)}
            if len(found) + len(new) > _READ:
                logits.read.clear()
            logits.read.update(new)
            found |= new
        return [found[setting].copy() for setting in settings]

    def distribution(self, logits: Logits) -> Float:
        """The calibrated distribution over the model's bins: (h, w, K) probabilities whose sum is 1."""
        return self._join([np.moveaxis(calibrated(tile, self.model.card.log_w), 0, -1) for tile in logits])

    def features(self, stride: int) -> Float:
        """What the encoder saw at one of its strides, brought to the size of `cells`: (h, w, C)."""
        return self._join([_enlarged(tile.maps[f"stride{stride}"][0], stride // CELL) for tile in self._tiles])

    def _cut(self, luma: Float) -> Iterator[Float]:
        """The tiles of the whole working luma, each with sides that are multiples of 32."""
        missing = [max(MULTIPLE - side, 0) for side in luma.shape]
        padded = np.pad(luma, [(0, missing[0]), (0, missing[1])], mode="symmetric") if any(missing) else luma
        for start in self.size.starts:
            yield _part(padded, self.size.axis, start, self.size.tile)

    def _hints_of(self, hints: HintMap, start: int) -> HintMap:
        """The hints that lie in the tile that begins at `start`, in its own coordinates."""
        length = self.size.tile
        points = hints.points.copy()
        whole = (self.size.width, self.size.height)
        along = 1 - self.size.axis  # x is along a wide picture
        for axis, side in enumerate(whole):
            first, span = (start, length) if axis == along else (0, max(side, MULTIPLE))
            points[:, axis] = (points[:, axis] * side - first) / span
        inside = ((points[:, :2] >= 0) & (points[:, :2] <= 1)).all(axis=1)
        dense = hints.dense
        if dense is not None:
            missing = [max(MULTIPLE // CELL - side, 0) for side in dense.shape[1:]]
            dense = np.pad(dense, [(0, 0), (0, missing[0]), (0, missing[1])])
            dense = _part(dense, self.size.axis + 1, start // CELL, length // CELL)
        return HintMap(points[inside], dense)

    def _join(self, tiles: Sequence[Float]) -> Float:
        """One (h, w, n) of the whole picture out of those of the tiles, blended where they overlap."""
        height, width = self.cells.shape
        if len(tiles) == 1:
            return tiles[0][:height, :width]
        axis, length = self.size.axis, self.size.tile // CELL
        # Near its ends a tile knows least about what comes next: there the other one counts, by a Hann window.
        window = np.sin(np.pi * (np.arange(length) + 0.5) / length).astype(np.float32) ** 2
        along = window[:, None, None] if axis == 0 else window[None, :, None]
        total = np.zeros((height, width, tiles[0].shape[2]), np.float32)
        weight = np.zeros((height, 1, 1) if axis == 0 else (1, width, 1), np.float32)
        for start, tile in zip(self.size.starts, tiles, strict=True):
            part = slice(start // CELL, start // CELL + length)
            place = (part,) if axis == 0 else (slice(None), part)
            total[place] += tile[:height, :width] * along
            weight[place] += along
        return total / weight


def _part(array: Float, axis: int, start: int, length: int) -> Float:
    part: Float = array[(slice(None),) * axis + (slice(start, start + length),)]
    return part


def _enlarged(plane: Float, factor: int) -> Float:
    """(C, h, w) between whose values is interpolated: (h * factor, w * factor, C)."""
    if factor == 1:
        return np.moveaxis(plane, 0, -1)
    size = plane.shape[2] * factor, plane.shape[1] * factor
    return np.stack([cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in plane], axis=-1)
