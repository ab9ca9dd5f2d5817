"""Samples that come some rows at a time, so that a large RGB picture is never whole in memory: it is luma at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

from photochrom.color.luma import luma
from photochrom.photo.samples import Look

BAND_PIXELS: Final = 1_000_000
"""Pixels of a band, about."""

Samples = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Bands:
    """A picture from top to bottom, to be gone through once.

    Attributes:
        shape: (H, W, channels) of the whole picture; 2 channels: grey and alpha, 3: RGB, 4: RGB and alpha.
        dtype: uint8 or uint16.
        parts: (rows, W, channels) each.
    """

    shape: tuple[int, int, int]
    dtype: DTypeLike
    parts: Iterator[Samples]

    @classmethod
    def of(cls, samples: Samples) -> Bands:
        """Samples (H, W, channels) that are there already."""
        height, width, channels = samples.shape
        parts = (samples[rows] for rows in bands(height, width))
        return cls((height, width, channels), samples.dtype, parts)

    def through(self, change: Callable[[Samples], Samples]) -> Bands:
        """Each part changed, its shape left alone."""
        return replace(self, parts=map(change, self.parts))

    def separated(self) -> tuple[Samples, Samples | None, Look | None]:
        """Luma (H, W), alpha (H, W) if there is any, and a look at the colors of what is not grey.

        The result does not depend on how many rows come at a time.
        """
        height, width, channels = self.shape
        grey = np.empty((height, width), self.dtype)
        alpha = np.empty((height, width), self.dtype) if channels in (2, 4) else None
        size = Look.size(height, width)
        narrow: list[Samples] = []
        start = 0
        for part in self.parts:
            rows = slice(start, start + len(part))
            start = rows.stop
            if alpha is not None:
                alpha[rows] = part[..., -1]
            if channels < 3:
                grey[rows] = part[..., 0]
                continue
            rgb = np.ascontiguousarray(part[..., :3])
            grey[rows] = luma(rgb)
            narrow.append(cv2.resize(rgb, (size[0], len(rgb)), interpolation=cv2.INTER_AREA))
        look = Look.of(cv2.resize(np.concatenate(narrow), size, interpolation=cv2.INTER_AREA)) if narrow else None
        return grey, alpha, look


def bands(height: int, width: int) -> Iterator[slice]:
    """The rows of each band."""
    step = max(BAND_PIXELS // width, 1)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))
