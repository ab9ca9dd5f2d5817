"""Whether two pictures can be the same photograph at two sizes: a mask and its photograph, a project and a new scan."""

from __future__ import annotations

from typing import Final

_TOLERANCE: Final = 0.02
"""How far two aspect ratios may be apart: two scans are seldom cropped to the same row."""

_PIXELS: Final = 1.0
"""The same in pixels of a side, for small pictures."""


def same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two (width, height) differ in scale alone, or nearly so."""
    (width, height), (across, down) = one, other
    scale: float = (across * down / (width * height)) ** 0.5
    apart = max(abs(width * scale - across), abs(height * scale - down))
    return apart <= max(_PIXELS, _TOLERANCE / 2 * max(across, down))
