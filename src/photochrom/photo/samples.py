"""What is done to samples of any format: a look at their colors, turning them upright, taking alpha out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.luma import luma, rgb_to_cbcr

Float = NDArray[np.float32]
WasColored = Literal["grey", "toned", "color"]

LOOK_SIDE: Final = 192
"""Longer side of the small copy that is looked at for colors."""


_GREY: Final = 2.5 / 255
"""Chroma below this is what rounding and JPEG leave."""

_LINE: Final = 6 / 255
"""How far the chroma of a toned picture strays from one line of the CbCr plane."""

_SPREAD: Final = 8 / 255
"""How far it strays from what is usual at its luma: stains and uneven yellowing."""

_EVEN: Final = 4 / 255
"""The same where the chroma lies on both sides of grey, as in split toning, which is even."""


@dataclass(frozen=True, eq=False)
class Tone:
    """The tint of a toned picture, in the numbers of its file.

    Attributes:
        luma: (n,) float32 in [0, 1], rising.
        chroma: (2, n) float32, the Cb and Cr that go with it.
    """

    luma: Float
    chroma: Float

    def at(self, luma: Float) -> Float:
        """The tint (2, h, w) of a luma (h, w) in [0, 1]."""
        return np.stack([np.interp(luma, self.luma, plane) for plane in self.chroma]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Look:
    """A small copy of a picture that may have colors.

    Attributes:
        luma: (h, w) float32 in [0, 1].
        chroma: (2, h, w) float32, Cb and Cr in [-0.5, 0.5].
    """

    luma: Float
    chroma: Float

    @classmethod
    def at(cls, rgb: NDArray[Any]) -> Look:
        """A look at RGB (H, W, 3), uint8 or uint16."""
        return cls.of(cv2.resize(rgb, cls.size(*rgb.shape[:2]), interpolation=cv2.INTER_AREA))

    @classmethod
    def of(cls, small: NDArray[Any]) -> Look:
        """A look at RGB (h, w, 3), uint8 or uint16, that has been made as small as `size` says."""
        return cls(luma(small).astype(np.float32) / np.float32(np.iinfo(small.dtype).max), rgb_to_cbcr(small))

    @staticmethod
    def size(height: int, width: int) -> tuple[int, int]:
        """(width, height) of the small copy of a picture."""
        shrink = min(1.0, LOOK_SIDE / max(height, width))
        return max(1, round(width * shrink)), max(1, round(height * shrink))

    def upright(self, orientation: int) -> Look:
        """Turned and mirrored as the EXIF orientation 1 to 8 asks."""
        return Look(upright(self.luma, orientation), np.stack([upright(plane, orientation) for plane in self.chroma]))

    def was_colored(self) -> WasColored:
        """What the colors are: "grey", none; "toned", those of sepia, a yellowed print or a duotone; else "color".

        In a toned picture all chroma lies along one line of the CbCr plane, and each luma has about
        one chroma, on one side of grey. A colour photograph in earth tones alone can pass for one.
        """
        chroma = self.chroma.reshape(2, -1)
        if np.percentile(np.abs(chroma).max(axis=0), 99) < _GREY:
            return "grey"
        _, axes = np.linalg.eigh(np.cov(chroma, bias=True))
        across, along = axes.T @ chroma
        if np.percentile(np.abs(across - np.median(across)), 97) > _LINE:
            return "color"
        stray = np.percentile(np.linalg.norm(chroma - self._usual(), axis=0), 95)
        one_sided = min(np.mean(along < -_GREY), np.mean(along > _GREY)) < 0.01
        return "toned" if stray < (_SPREAD if one_sided else _EVEN) else "color"

    def tone(self) -> Tone:
        """The chroma that is usual at each luma."""
        step, levels = self._levels()
        chroma, grey = self.chroma.reshape(2, -1), self.luma.ravel()
        usual = np.stack([np.median(chroma[:, step == level], axis=1) for level in levels], axis=1)
        return Tone(np.array([grey[step == level].mean() for level in levels], np.float32), usual.astype(np.float32))

    def _usual(self) -> Float:
        """(2, n): the median chroma of all places with about the same luma."""
        step, levels = self._levels()
        return self.tone().chroma[:, np.searchsorted(levels, step)]

    def _levels(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The step of luma, of 16, that each place is on; and those that are there, from dark to light."""
        step = np.minimum(self.luma.ravel() * 16, 15).astype(np.int64)
        return step, np.unique(step)


def upright(plane: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A plane (H, W) turned and mirrored as the EXIF orientation 1 to 8 asks, contiguous."""
    if orientation in (5, 6, 7, 8):
        plane = plane.T
    flip_rows, flip_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    plane = plane[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
    return np.ascontiguousarray(plane)


def unmultiplied(samples: NDArray[Any]) -> NDArray[Any]:
    """Colors (H, W, 1 or 3 and alpha), stored times alpha, as they are without it; 0 where nothing is seen of them."""
    return _by_alpha(samples, divide=True)


def multiplied(samples: NDArray[Any]) -> NDArray[Any]:
    """Colors (H, W, 1 or 3 and alpha) times alpha; after `unmultiplied` the same as before it."""
    return _by_alpha(samples, divide=False)


def _by_alpha(samples: NDArray[Any], *, divide: bool) -> NDArray[Any]:
    peak = np.uint32(np.iinfo(samples.dtype).max)
    result = samples.copy()
    for row in result:  # row by row: the products need twice the room
        alpha = row[:, -1:].astype(np.uint32)
        above, below = (peak, np.maximum(alpha, 1)) if divide else (alpha, peak)
        # Within 32 bit: 65535 * 65535 + 32767 is.
        level = (row[:, :-1] * above + below // 2) // below
        row[:, :-1] = np.where(alpha > 0, np.minimum(level, peak), 0)
    return result
