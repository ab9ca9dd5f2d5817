"""Warmth: colours as they would be in a warmer or cooler light.

The light moves along the black-body locus, in equal steps of reciprocal temperature, which look
equal. Lightness stays, so that the photograph keeps its own light.
Sources: CIE 15 (Lab); Kim et al. 2002 for the locus (US patent 7024034), within 0.0005 of it in x and y.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lightness

Float = NDArray[np.float32]

_NEUTRAL: Final = 1e6 / 6504
"""Reciprocal megakelvins of the light that changes nothing: that of D65."""

_REACH: Final = 50.0
"""The same between no warmth and the most: warmth 1 is the light of 4900 K, -1 that of 9600 K."""


def warmed(ab: Float, luma01: Float, warmth: float) -> Float:
    """Colours as a light of another temperature shows them.

    X and Z of every colour are scaled as those of the light are, Y is left alone.

    Args:
        ab: (h, w, 2) Lab units.
        luma01: (h, w) Y' in [0, 1] of the same places.
        warmth: in [-1, 1], from cool (blue) to warm (amber); 0 changes nothing.

    Returns:
        (h, w, 2) float32 Lab units.
    """
    if warmth == 0:
        return ab
    of_x, of_z = (np.float32(value) for value in _cube_roots(warmth))
    bright = (lightness(luma01) + np.float32(16)) / np.float32(116)
    # Lab's a = 500 (fx - fy) and b = 200 (fy - fz), where fx and fz are cube roots of X and Z.
    a = of_x * ab[..., 0] + np.float32(500) * (of_x - 1) * bright
    b = of_z * ab[..., 1] + np.float32(200) * (1 - of_z) * bright
    return np.stack([a, b], axis=-1).astype(np.float32)


def _cube_roots(warmth: float) -> tuple[float, float]:
    """Cube roots of the factors by which X and Z of the light change, at the same Y."""
    x, y = _black_body(1e6 / (_NEUTRAL + _REACH * warmth))
    x0, y0 = _black_body(1e6 / _NEUTRAL)
    return ((x / y) / (x0 / y0)) ** (1 / 3), (((1 - x - y) / y) / ((1 - x0 - y0) / y0)) ** (1 / 3)


def _black_body(kelvin: float) -> tuple[float, float]:
    """x and y of CIE 1931 of a black body between 4000 and 25,000 K."""
    u = 1e3 / kelvin
    x = -3.0258469 * u**3 + 2.1070379 * u**2 + 0.2226347 * u + 0.240390
    return x, 3.0817580 * x**3 - 5.8733867 * x**2 + 3.75112997 * x - 0.37001483
