"""What a picture file carries beside its pixels, in one form for all formats.

Each format reads its own containers into this and writes them from it, so that a picture keeps
its metadata also where it changes its format.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

Unit = Literal["inch", "cm", "metre", "aspect"]

_PER_METRE: Final = {"inch": 1 / 0.0254, "cm": 100.0, "metre": 1.0}


@dataclass(frozen=True)
class Density:
    """Pixels per unit of length, across and down; unit `aspect` says only how wide a pixel is against its height."""

    x: float
    y: float
    unit: Unit

    def turned(self) -> Density:
        """For the picture turned by a quarter."""
        return replace(self, x=self.y, y=self.x)

    def per_metre(self) -> tuple[float, float] | None:
        """Pixels per metre; None where only the aspect is known."""
        if self.unit == "aspect":
            return None
        factor = _PER_METRE[self.unit]
        return self.x * factor, self.y * factor

    def per_inch(self) -> tuple[float, float] | None:
        """Pixels per inch; None where only the aspect is known."""
        if self.unit == "inch":
            return self.x, self.y
        metre = self.per_metre()
        return None if metre is None else (metre[0] * 0.0254, metre[1] * 0.0254)


@dataclass(frozen=True)
class Metadata:
    """Metadata of an upright picture.

    Attributes:
        exif: a TIFF structure ("II*" or "MM*" first), without the "Exif" mark that JPEG puts before it.
        xmp: an XMP packet.
        iptc: IPTC-IIM records (1C 02 ...), without Photoshop's wrapping.
        icc: the profile that the result carries; None means sRGB.
        density: how large the picture is meant to be.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    density: Density | None = None
