"""How large the network sees a picture, and in which pieces.

The size depends on the picture's shape and the model's working area alone, never on its number of
pixels, so that the same photograph gets the same colours from any scan of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

from photochrom.runtime.model import MULTIPLE, STRIDES

CELL: Final = STRIDES[0]
"""Working pixels along a side of one cell of the read-out."""

WIDEST: Final = 3.0
"""Aspect ratio up to which a picture is looked at in one piece."""

MOST_TILES: Final = 16
"""A strip is looked at in at most so many tiles; beyond (longer than 26:1), it is looked at smaller."""


@dataclass(frozen=True)
class WorkingSize:
    """How large the network sees a picture, and in which pieces.

    The whole picture is brought to `height` x `width`. Where one of them is below 32, the picture
    is continued by its mirror image up to 32. The network then looks at tiles of `tile` working
    pixels along the long side, one after the other; they overlap, and a single one covers all of a
    picture up to 3:1.

    Attributes:
        height, width: of the whole picture, in working pixels; multiples of 32, or of 4 below that.
        tile: length of a tile along the long side; a multiple of 32.
        starts: where the tiles begin along the long side; multiples of 4, the first one 0.
    """

    height: int
    width: int
    tile: int
    starts: tuple[int, ...]

    @property
    def axis(self) -> int:
        """The long side's axis: 0 for a tall picture, 1 for a wide one."""
        return 0 if self.height > self.width else 1

    @classmethod
    def of(cls, height: int, width: int, area: int) -> WorkingSize:
        """The working size of a picture of (height, width) pixels, for a model of this working area.

        It depends on the shape of the picture alone and not on its number of pixels.
        """
        long, short = max(height, width), min(height, width)
        aspect = long / short
        if aspect <= WIDEST:
            side_long, side_short = _to_multiple(sqrt(area * aspect)), _to_multiple(sqrt(area / aspect))
            tile = side_long
            starts: tuple[int, ...] = (0,)
        else:
            across = _to_multiple(sqrt(area / WIDEST))
            tile = max(_to_multiple(area / across), 2 * across)
            step = tile - across
            longest = tile + (MOST_TILES - 1) * step
            side_long = min(_to_multiple(across * aspect), longest)
            side_short = across if side_long < longest else _short_side(longest / aspect)
            tile = min(tile, side_long)
            count = 1 + ceil((side_long - tile) / step)
            starts = tuple(CELL * round(i * (side_long - tile) / max(count - 1, 1) / CELL) for i in range(count))
        size = (side_short, side_long) if width >= height else (side_long, side_short)
        return cls(*size, tile, starts)


def _to_multiple(side: float) -> int:
    return max(MULTIPLE, MULTIPLE * round(side / MULTIPLE))


def _short_side(side: float) -> int:
    return _to_multiple(side) if side >= MULTIPLE else max(CELL, CELL * round(side / CELL))
