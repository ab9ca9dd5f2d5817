"""Color: one colour as people write it and as the network knows it.

A photograph keeps its own light, so only a colour's a and b ever reach it; its lightness says
nothing. `Color.at` shows what becomes of it at the lightness of a place. What computes is loaded when
it is used: a program that only reads hints, such as the service's own process, needs no OpenCV.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import UsageError


@dataclass(frozen=True, order=True)
class Color:
    """An sRGB colour.

    Attributes:
        red, green, blue: 0 to 255.

    Raises:
        UsageError: from the constructor, where one is out of range.
    """

    red: int
    green: int
    blue: int

    def __post_init__(self) -> None:
        for value in (self.red, self.green, self.blue):
            if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= value <= 255:
                raise UsageError(f"a colour's red, green and blue are whole numbers from 0 to 255, not {value!r}")

    def __str__(self) -> str:
        return self.hex

    @classmethod
    def of(cls, value: ColorLike) -> Color:
        """A colour from "#7a1f2b", "#722", a CSS name such as "navy", (122, 31, 43), or a Color.

        Raises:
            UsageError: none of these.
        """
        if isinstance(value, Color):
            return value
        if isinstance(value, str):
            return cls._of_text(value.strip())
        if isinstance(value, Sequence | np.ndarray) and len(value) == 3:
            return cls(*(each.item() if isinstance(each, np.generic) else each for each in value))  # type: ignore[arg-type]
        raise UsageError(f"{value!r} is no colour: give #RRGGBB, a name such as navy, or (red, green, blue)")

    @classmethod
    def _of_text(cls, text: str) -> Color:
        digits = text.removeprefix("#")
        if text.startswith("#") and re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", digits):
            pairs = [digits[i] * 2 for i in range(3)] if len(digits) == 3 else [digits[i : i + 2] for i in (0, 2, 4)]
            return cls(*(int(pair, 16) for pair in pairs))
        import webcolors  # only where somebody writes a name

        try:
            return cls(*webcolors.name_to_rgb(text))
        except ValueError:
            raise UsageError(f"{text!r} is no colour: give #RRGGBB, or a name of CSS such as navy") from None

    @classmethod
    def at(cls, ab: Sequence[float] | NDArray[Any], luma: float) -> Color:
        """The colour that (a, b) becomes in a photograph, at a place of this luma in [0, 1]; its chroma is fitted."""
        from photochrom.color.luma import ab_to_cbcr, recombine

        grey = np.full((1, 1), luma, np.float32)
        chroma = ab_to_cbcr(grey, np.asarray(ab, np.float32).reshape(1, 1, 2))
        level = np.array([[round(luma * 255)]], np.uint8)
        red, green, blue = (int(value) for value in recombine(level, chroma, np.uint8)[0, 0])
        return cls(red, green, blue)

    @property
    def hex(self) -> str:
        """As "#7a1f2b"."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def ab(self) -> tuple[float, float]:
        """a and b in Lab units."""
        from photochrom.color.lab import srgb_to_lab

        lab = srgb_to_lab(np.array([[self.red, self.green, self.blue]], np.uint8))[0]
        return float(lab[1]), float(lab[2])


ColorLike = Color | str | Sequence[int] | NDArray[np.integer[Any]]
"""What `Color.of` takes."""
