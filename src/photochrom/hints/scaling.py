"""One photograph at two sizes: a mask and its photograph, a project and a better scan."""

from __future__ import annotations

from math import nextafter
from typing import Final

from photochrom.hints.hint import AnyHint, Hint, Stroke

_TOLERANCE: Final = 0.02
"""How far two aspect ratios may be apart: two scans are seldom cropped to the same row."""

_PIXELS: Final = 1.0
"""The same in pixels of a side, for small pictures."""


def same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two (width, height) differ in scale alone, or nearly so: whether both can be of the same photograph."""
    (width, height), (across, down) = one, other
    scale: float = (across * down / (width * height)) ** 0.5
    apart = max(abs(width * scale - across), abs(height * scale - down))
    return apart <= max(_PIXELS, _TOLERANCE / 2 * max(across, down))


def scaled(hint: AnyHint, of: tuple[int, int], to: tuple[int, int]) -> AnyHint:
    """A hint for one size (width, height) of a photograph, for another."""
    across, down = to[0] / of[0], to[1] / of[1]
    radius = hint.radius * (across * down) ** 0.5
    line = [(_inside(x * across, to[0]), _inside(y * down, to[1])) for x, y in hint.line]
    if isinstance(hint, Stroke):
        return Stroke(line, hint.color, radius, hint.note)
    ((x, y),) = line
    return Hint(x, y, hint.color, radius, hint.note)


def _inside(value: float, side: int) -> float:
    """A coordinate that rounding may have put on the far edge, which is outside."""
    return min(value, nextafter(side, 0))
