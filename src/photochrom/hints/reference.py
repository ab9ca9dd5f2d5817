"""Reference: a colour picture that lends its colours to what is alike in another one, by meaning.

What the encoder saw in small places of both is compared, not where they lie nor how bright they
are. Only places that are clearly alike, and unlike whatever has another colour in the reference,
are matched; there its colours become dense hints. Where nothing matches, nothing is told.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import photo as photos
from photochrom.color.normalize import normalize_ab, unnormalize_ab
from photochrom.errors import UsageError
from photochrom.photo import Photo
from photochrom.photo.own_colors import own_colors
from photochrom.runtime.look import Look
from photochrom.runtime.model import Model
from photochrom.runtime.working import CELL, WorkingSize

Float = NDArray[np.float32]

_STRIDES: Final = (8, 16)
"""Of the features that are compared; with those at 4 or 32 more places are matched wrongly."""

_PLACE: Final = 2
"""Cells along a side of one place that is compared."""

_DEAD: Final = np.float32(1e-3)
"""Part of the features' mean deviation below which a channel that hardly varies is not made loud."""

_ALIKE: Final = (0.5, 0.65)
"""Cosine of two places' features from which they are alike, and from which that is as sure as it gets. Of the best
matches between a picture and itself, mirrored, cropped and brighter, the mean is 0.7, between unrelated ones 0.4."""

_CLEAR: Final = 0.2
"""By how much the most alike place must be ahead of all that have another colour, to count fully."""

_OTHER: Final = 12.0
"""Lab units from which a colour is another one."""

_ONE_SIDED: Final = 0.3
"""How much a match counts whose place in the reference is more alike to another place of the picture."""

_BORDER: Final = 1
"""Places along the sides of both pictures that match nothing: there the network sees a picture's border, which looks
like that of any other."""

_RELATED: Final = (0.02, 0.07)
"""Mean confidence up to which the few matches of two pictures are chance, and from which they count fully: unrelated
ones have 0.002 in the median and 0.045 at most of 100, pictures of the same kind of thing 0.05 to 0.27, a picture and
itself 0.3 and more."""

_AROUND: Final = 5
"""Places along a side of those around a match, which must match as well: one that stands alone is chance."""
_TOGETHER: Final = 0.15
"""Mean confidence of these from which a match counts fully."""

_WIDTH: Final = 2.0
"""Cells over which the colours of matched places are settled in the result."""

_NONE: Final = 0.1
"""Weight of "not matched" there: a match that stands alone counts for little."""

_FORCE: Final = 0.7
"""How far the result goes from what the decoder makes of the colours to the colours themselves."""

_AT_ONCE: Final = 512
"""Places that are compared at once: this bounds the memory."""


@dataclass(frozen=True, eq=False)
class Lent:
    """What a reference tells of the cells of a picture.

    Attributes:
        dense: (3, h, w) a/110, b/110 and confidence in [0, 1], 0 where nothing matches.
    """

    dense: Float

    def less(self, other: Float) -> Lent:
        """The same, told less surely where something else (h, w) in [0, 1] knows better."""
        dense = self.dense.copy()
        dense[2] *= 1 - other
        return replace(self, dense=dense)

    def settled(self, vivid: Float, accurate: Float) -> Float:
        """The decoder's colours, made to agree with those that were lent.

        Vividness is a bet on colours that nobody knows; near matches the most accurate ones are taken.

        Args:
            vivid, accurate: (h, w, 2) Lab units, read out as vivid as was asked for, and with the least error.
        """
        confidence = self.dense[2]
        near = _blurred(confidence) + np.float32(_NONE)
        result = vivid + (accurate - vivid) * (1 - np.float32(_NONE) / near)[..., None]
        left = (unnormalize_ab(self.dense[:2].transpose(1, 2, 0)) - result) * confidence[..., None]
        settled: Float = result + np.float32(_FORCE) * _blurred(left) / near[..., None]
        return settled


@dataclass(frozen=True, eq=False)
class Reference:
    """A colour picture that a model has looked at, ready to lend its colours to any number of others.

    Made by `Colorizer.reference`.

    Attributes:
        name: what messages call it.
        sha256: of its file, or of its pixels, in hexadecimal.
        path: of its file; None where there was none.
        model: the weights that looked at it.
        places: (n, C) features of its places and of those of its mirror image, of length 1.
        ab: (n, 2) their colours in Lab units.
    """

    name: str
    sha256: str
    path: Path | None
    model: str
    places: Float
    ab: Float
    _lent: WeakKeyDictionary[Look, Lent] = field(default_factory=WeakKeyDictionary, init=False, repr=False)

    @classmethod
    def of(cls, source: Any, model: Model, *, page: int = 0, max_pixels: int = photos.MAX_PIXELS) -> Reference:
        """Look at a picture and its mirror image.

        Args:
            source: whatever `photochrom.photo.open` takes; a Photo with colours of its own or given to it here; or a
                Reference, which is taken as it is.

        Raises:
            UsageError: it is grey, or toned as sepia is.
            PhotoError: it can't be read.
        """
        if isinstance(source, Reference):
            return source
        path = Path(source) if isinstance(source, str | os.PathLike) and os.fspath(source) != "-" else None
        photo = source if isinstance(source, Photo) else photos.open(source, page=page, max_pixels=max_pixels)
        width, height = photo.size
        size = WorkingSize.of(height, width, model.card.area)
        luma = photo.working_luma((size.height, size.width))
        colors = own_colors(photo, _grid(size.height // CELL, size.width // CELL))
        if colors is None:
            what = "is toned" if photo.was_colored == "toned" else "is grey"
            raise UsageError(
                f"{photo.name}: {what}, so it has no colours to lend: give a picture in colour as reference"
            )
        inner = _inner(colors.shape)
        sides = [_places(Look(model, side, size))[inner] for side in (luma, np.ascontiguousarray(luma[:, ::-1]))]
        places = np.concatenate([side.reshape(-1, side.shape[-1]) for side in sides])
        ab = np.concatenate([side[inner].reshape(-1, 2) for side in (colors, colors[:, ::-1])])
        sha256 = photo.sha256 or hashlib.sha256(photo.luma.tobytes() + colors.tobytes()).hexdigest()
        return cls(photo.name, sha256, path, model.identity, places, ab)

    def lend(self, look: Look) -> Lent:
        """What it tells of the cells of a picture; remembered as long as somebody holds that look at it.

        Raises:
            UsageError: another model has looked at the picture.
        """
        if look.model.identity != self.model:
            raise UsageError(
                f"{self.name}: was looked at by {self.model}, but the photograph by {look.model.identity}: "
                "use one model for both"
            )
        lent = self._lent.get(look)
        if lent is None:
            lent = self._lent[look] = self._told(look)
        return lent

    def to_json(self) -> dict[str, Any]:
        """What the record of a result says of it."""
        return {"sha256": self.sha256}

    def _told(self, look: Look) -> Lent:
        places = _places(look)
        ab, confidence = self._matched(places.reshape(-1, places.shape[-1]))
        planes = np.column_stack([normalize_ab(ab), np.zeros_like(confidence)]).reshape(*places.shape[:2], 3)
        inner = _inner(planes.shape)
        planes[inner][..., 2] = confidence.reshape(places.shape[:2])[inner]
        together = np.minimum(_around(planes[..., 2]) / np.float32(_TOGETHER), 1)
        least, sure = _RELATED
        planes[..., 2] *= together * np.clip((planes[..., 2].mean() - least) / (sure - least), 0, 1)
        height, width = look.cells.shape
        cells = planes.repeat(_PLACE, axis=0).repeat(_PLACE, axis=1)[:height, :width]
        return Lent(np.ascontiguousarray(cells.transpose(2, 0, 1), np.float32))

    def _matched(self, places: Float) -> tuple[Float, Float]:
        """The colour (n, 2) that each place (n, C) of a picture matches, and how surely, (n,) in [0, 1]."""
        count = len(places)
        best, alike, clear = np.empty(count, np.int64), np.empty(count, np.float32), np.empty(count, np.float32)
        most, whose = np.full(len(self.places), -2, np.float32), np.zeros(len(self.places), np.int64)
        for rows, likeness in self._likeness(places):
            found = likeness.argmax(axis=1)
            best[rows], alike[rows] = found, likeness[np.arange(len(found)), found]
            column = likeness.argmax(axis=0)
            highest = likeness[column, np.arange(len(self.places))]
            whose = np.where(highest > most, column + rows.start, whose)
            most = np.maximum(most, highest)
            other = np.hypot(*(self.ab[:, None] - self.ab[found]).transpose(2, 1, 0)) > _OTHER
            clear[rows] = alike[rows] - np.where(other, likeness, -1).max(axis=1)
        mutual = whose[best] == np.arange(count)
        least, sure = _ALIKE
        confidence = np.clip((alike - least) / (sure - least), 0, 1) * np.clip(clear / _CLEAR, 0, 1)
        return self.ab[best], (confidence * np.where(mutual, 1, _ONE_SIDED)).astype(np.float32)

    def _likeness(self, places: Float) -> Iterator[tuple[slice, Float]]:
        """Some rows of places, and the cosines of their features with those of the reference, (rows, n)."""
        for start in range(0, len(places), _AT_ONCE):
            rows = slice(start, min(start + _AT_ONCE, len(places)))
            yield rows, places[rows] @ self.places.T


def _grid(height: int, width: int) -> tuple[int, int]:
    """Places down and across of so many cells."""
    return -(-height // _PLACE), -(-width // _PLACE)


def _inner(shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The places away from the border, of so many down and across; all of them along a side that has too few."""
    down, across = (slice(_BORDER, -_BORDER) if side > 4 * _BORDER else slice(None) for side in shape[:2])
    return down, across


def _around(confidence: Float) -> Float:
    """The mean of the confidences (h, w) around each place, without its own."""
    count = _AROUND**2
    total = cv2.blur(confidence, (_AROUND, _AROUND), borderType=cv2.BORDER_REFLECT) * np.float32(count)
    around: Float = (np.asarray(total, np.float32).reshape(confidence.shape) - confidence) / np.float32(count - 1)
    return np.maximum(around, 0)


def _places(look: Look) -> Float:
    """What the encoder saw in each place, away from the picture's mean and every channel alike: (h, w, C) of length 1.

    Without the latter a few loud channels of InceptionResNetV2 find unrelated pictures alike.
    """
    parts = []
    for stride in _STRIDES:
        features = look.features(stride)
        odd = [(0, -side % _PLACE) for side in features.shape[:2]]
        padded = np.pad(features, [*odd, (0, 0)], mode="edge")
        height, width, channels = padded.shape
        place = padded.reshape(height // _PLACE, _PLACE, width // _PLACE, _PLACE, channels).mean(axis=(1, 3))
        away = place - place.mean(axis=(0, 1))
        parts.append(_directions(away / (away.std(axis=(0, 1)) + _DEAD * away.std())))
    return _directions(np.concatenate(parts, axis=-1))


def _directions(values: Float) -> Float:
    directions: Float = values / (np.linalg.norm(values, axis=-1, keepdims=True) + np.float32(1e-6))
    return directions


def _blurred(planes: Float) -> Float:
    return np.asarray(cv2.GaussianBlur(planes, (0, 0), _WIDTH), np.float32)
