"""Network units and their inverses, in this one place.

Training and run-time must scale luma and ab alike, or a model is silently wrong. Every function
is plain arithmetic, so NumPy arrays and PyTorch tensors pass through unchanged in kind and dtype.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

AB_SCALE: Final = 110.0
"""Lab units of a or b that count as 1 for the network: sRGB reaches from -107.9 to 98.3."""

Array = TypeVar("Array")


def normalize_luma(luma: Array) -> Array:
    """Luma Y' in [0, 1] (array or tensor of any shape) to the network's [-1, 1]."""
    value: Any = luma
    result: Array = value * 2.0 - 1.0
    return result


def unnormalize_luma(luma: Array) -> Array:
    """Inverse of :func:`normalize_luma`: [-1, 1] to [0, 1]."""
    value: Any = luma
    result: Array = (value + 1.0) * 0.5
    return result


def normalize_ab(ab: Array) -> Array:
    """Lab a or b (array or tensor of any shape, Lab units) to network units, ab / 110."""
    value: Any = ab
    result: Array = value / AB_SCALE
    return result


def unnormalize_ab(ab: Array) -> Array:
    """Inverse of :func:`normalize_ab`: network units to Lab units."""
    value: Any = ab
    result: Array = value * AB_SCALE
    return result
