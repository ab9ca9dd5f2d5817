"""HintMap: what somebody or something knows about the colours of a picture.

Every source of colour knowledge (a person's points, a reference picture, the previous film
frame, a coarser pass) ends in one of these, and the decoder takes nothing else. Defined once,
here; training makes the same maps from true colours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from photochrom.color.normalize import normalize_ab

Float = NDArray[np.float32]


def _no_points() -> Float:
    return np.zeros((0, 5), np.float32)


@dataclass(frozen=True)
class HintMap:
    """Known colours of one picture, in the units of the decoder.

    Attributes:
        points: (P, 5) float32, one row a point: x and y as fractions of width and height
            (0 is the left or top edge, 1 the right or bottom one), a/110, b/110, confidence in [0, 1].
        dense: (3, h, w) float32 at a quarter of the working size: a/110, b/110, confidence;
            None where there is no dense knowledge.
    """

    points: Float = field(default_factory=_no_points)
    dense: Float | None = None

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != 5:
            raise ValueError(f"points must be (P, 5), not {self.points.shape}")
        if self.dense is not None and (self.dense.ndim != 3 or self.dense.shape[0] != 3):
            raise ValueError(f"dense hints must be (3, h, w), not {self.dense.shape}")

    @property
    def key(self) -> bytes:
        """The same for equal maps, and different for different ones."""
        return self.points.tobytes() + (b"" if self.dense is None else b"dense" + self.dense.tobytes())

    @classmethod
    def from_points(cls, xy: Float, ab: Float, confidence: Float | float = 1.0) -> HintMap:
        """A map of P points: `xy` (P, 2) as fractions of the sides, `ab` (P, 2) in Lab units."""
        rows = np.empty((len(xy), 5), np.float32)
        rows[:, 0:2] = xy
        rows[:, 2:4] = normalize_ab(np.asarray(ab, np.float32))
        rows[:, 4] = confidence
        return cls(points=rows)
