"""Mask: where a photograph stays grey, such as a frame, a caption, or everything but one person.

It is kept nearly as fine as the photograph, many times finer than the network's colours, so that
none of them is seen over its edge.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import photo as photos
from photochrom.color.lab import full_scale
from photochrom.errors import UsageError
from photochrom.hints.scaling import same_shape

Float = NDArray[np.float32]

MOST_PIXELS: Final = 4_000_000
"""Of a mask; of a larger photograph, it is as much coarser, by a factor of 2 at 16 megapixels."""


@dataclass(frozen=True, eq=False)
class Mask:
    """Where a photograph stays grey.

    Attributes:
        grey: (h, w) float32 in [0, 1]: 1 stays grey, 0 is coloured; at most `MOST_PIXELS`.
        sha256: of the file that it came from, or of the pixels, in hexadecimal.
        path: of that file; None where there was none.
    """

    grey: Float
    sha256: str
    path: Path | None = None

    @classmethod
    def of(cls, source: Any, photo: tuple[int, int]) -> Mask:
        """The mask for a photograph.

        Args:
            source: whatever `photochrom.photo.open` takes, the path of a picture or an array of bool or of floats in
                [0, 1] among it; white stays grey, black and what is transparent is coloured. A Photo or Mask as well.
            photo: (width, height) of the photograph in pixels; the mask may have another size of the same shape.

        Raises:
            UsageError: the mask has another shape than the photograph.
            PhotoError: it can't be read.
        """
        if isinstance(source, Mask):
            _check("mask", source.grey.shape[::-1], photo)
            return source
        opened = source if isinstance(source, photos.Photo) else photos.open(source)
        _check(opened.name, opened.size, photo)
        grey = _to_size(_unit(opened.luma), photo)
        if opened.alpha is not None:
            grey *= _to_size(_unit(opened.alpha), photo)
        digest = opened.sha256 or hashlib.sha256(opened.luma.tobytes()).hexdigest()
        path = Path(source) if isinstance(source, str | os.PathLike) else None
        return cls(_soft(grey), digest, path)

    def to_json(self) -> dict[str, Any]:
        """What the record of a result says of it."""
        return {"sha256": self.sha256}


def _check(name: str, size: tuple[int, ...], photo: tuple[int, int]) -> None:
    if not same_shape((size[0], size[1]), photo):
        raise UsageError(
            f"{name}: a mask of {size[0]} x {size[1]} pixels does not fit a photograph of "
            f"{photo[0]} x {photo[1]}: draw it over the photograph itself"
        )


def _unit(plane: NDArray[Any]) -> Float:
    """The plane in [0, 1]."""
    return plane.astype(np.float32) / np.float32(full_scale(plane.dtype))


def _to_size(plane: Float, photo: tuple[int, int]) -> Float:
    """At the photograph's size, or as near to it as `MOST_PIXELS` allows."""
    factor = min((MOST_PIXELS / (photo[0] * photo[1])) ** 0.5, 1.0)
    size = max(int(photo[0] * factor), 1), max(int(photo[1] * factor), 1)
    if size == plane.shape[::-1]:
        return plane
    less = min(size[0], plane.shape[1]), min(size[1], plane.shape[0])
    resized = cv2.resize(cv2.resize(plane, less, interpolation=cv2.INTER_AREA), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32).reshape(size[1], size[0])


def _soft(grey: Float) -> Float:
    """An edge that runs out over two pixels, outward, so that what stays grey does so up to its edge."""
    wider = cv2.GaussianBlur(cv2.dilate(grey, np.ones((3, 3), np.uint8)), (3, 3), 0)
    return np.maximum(grey, np.asarray(wider, np.float32).reshape(grey.shape))
