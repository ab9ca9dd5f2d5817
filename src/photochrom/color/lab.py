"""sRGB to CIE Lab and back, for 8 bit, 16 bit and float pictures of any size.

sRGB follows IEC 61966-2-1, Lab follows CIE 15 with D65. The reference white is the matrix's own
(R = G = B = 1), so that a grey pixel has a = b = 0 exactly. Work is done in pieces of a fixed
number of pixels: a large picture needs no more memory than its input and its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Float = NDArray[np.float32]

RGB_TO_XYZ: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to XYZ, D65 (IEC 61966-2-1, unrounded primaries)."""

_TO_RELATIVE_XYZ: Final = (RGB_TO_XYZ / RGB_TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_FROM_RELATIVE_XYZ: Final = np.linalg.inv(RGB_TO_XYZ / RGB_TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_EPSILON: Final = 216 / 24389
_KAPPA: Final = 24389 / 27
_PIECE: Final = 1 << 16


def srgb_to_lab(rgb: ArrayLike) -> Float:
    """Convert sRGB to CIE Lab (D65).

    Args:
        rgb: (..., 3) uint8 or uint16 over the full range of the type, or float in [0, 1].

    Returns:
        (..., 3) float32: L in [0, 100], a and b in Lab units (sRGB: a from -86.2 to 98.3, b from -107.9 to 94.5).

    Raises:
        ValueError: the last axis is not 3 or the dtype is none of these.
    """
    source = _three_channels(rgb)
    flat = source.reshape(-1, 3)
    lab = np.empty(flat.shape, np.float32)
    for piece in _pieces(len(flat)):
        xyz = mix_channels(decode_gamma(flat[piece]), _TO_RELATIVE_XYZ)
        f = np.cbrt(xyz)
        dark = xyz <= _EPSILON
        if dark.any():
            f[dark] = (_KAPPA * xyz[dark] + 16.0) / 116.0
        out = lab[piece]
        np.subtract(f[:, 1] * 116.0, 16.0, out=out[:, 0])
        np.multiply(f[:, 0] - f[:, 1], 500.0, out=out[:, 1])
        np.multiply(f[:, 1] - f[:, 2], 200.0, out=out[:, 2])
    return lab.reshape(source.shape)


def lab_to_srgb(lab: ArrayLike, dtype: DTypeLike = np.uint8, *, clip: bool = True) -> NDArray[Any]:
    """Convert CIE Lab (D65) to sRGB.

    Args:
        lab: (..., 3) L in [0, 100], a and b in Lab units.
        dtype: uint8, uint16 (rounded, full range) or a float type (float32 result in [0, 1]).
        clip: False leaves float values of colours outside sRGB as they are, below 0 or above 1.
            Integer results are always clipped.

    Returns:
        (..., 3) sRGB of the type asked for.

    Raises:
        ValueError: the last axis is not 3 or the dtype is none of these.
    """
    source = np.asarray(lab, np.float32)
    if source.ndim == 0 or source.shape[-1] != 3:
        raise ValueError(f"Lab needs three channels on its last axis, not shape {source.shape}")
    kind = np.dtype(dtype)
    peak = full_scale(kind)
    result_type = kind if kind.kind == "u" else np.dtype(np.float32)
    flat = source.reshape(-1, 3)
    rgb = np.empty(flat.shape, result_type)
    for piece in _pieces(len(flat)):
        value = encode_gamma(mix_channels(_lab_to_relative_xyz(flat[piece]), _FROM_RELATIVE_XYZ))
        if clip or kind.kind == "u":
            np.clip(value, 0.0, 1.0, out=value)
        rgb[piece] = np.rint(value * peak) if kind.kind == "u" else value
    return rgb.reshape(source.shape)


def lightness(luma: ArrayLike) -> Float:
    """CIE lightness L* in [0, 100] of the grey pixel R' = G' = B' = luma.

    Args:
        luma: Y' of any shape: uint8, uint16, or float in [0, 1].
    """
    linear = decode_gamma(np.asarray(luma))
    return np.where(linear > _EPSILON, np.cbrt(linear) * 116.0 - 16.0, linear * np.float32(_KAPPA)).astype(np.float32)


def decode_gamma(value: NDArray[Any]) -> Float:
    """sRGB signal (uint8, uint16 or float in [0, 1], any shape) to linear light in [0, 1], float32."""
    if value.dtype == np.uint8 or value.dtype == np.uint16:
        linear: Float = _linear_table(value.dtype)[value]
        return linear
    full_scale(value.dtype)
    return _decode(value.astype(np.float32))


def encode_gamma(linear: Float) -> Float:
    """Linear light (float32, any shape) to the sRGB signal; below 0 the curve is mirrored (extended sRGB)."""
    size = np.abs(linear)
    curve = np.maximum(size, np.float32(0.0031308))
    np.power(curve, np.float32(1 / 2.4), out=curve)
    curve *= np.float32(1.055)
    curve -= np.float32(0.055)
    return np.where(size > 0.0031308, np.copysign(curve, linear), linear * np.float32(12.92))


def mix_channels(colors: Float, matrix: Float) -> Float:
    """Colours (..., 3) times the transpose of `matrix` (C, 3): (..., C) float32.

    Not NumPy's product: BLAS starts threads for it, which on a busy machine wait for each other
    ten times as long as the product takes.
    """
    if colors.size == 0:
        return np.zeros((*colors.shape[:-1], len(matrix)), np.float32)
    mixed = cv2.transform(np.ascontiguousarray(colors).reshape(-1, 1, 3), matrix)
    return np.asarray(mixed, np.float32).reshape(*colors.shape[:-1], len(matrix))


def full_scale(dtype: np.dtype[Any]) -> int:
    """The value of white in a picture of this type: 255, 65535, or 1 for floats; ValueError for other types."""
    if dtype == np.uint8 or dtype == np.uint16:
        return int(np.iinfo(dtype).max)
    if dtype.kind == "f":
        return 1
    raise ValueError(f"pictures are uint8, uint16 or float, not {dtype}")


def _three_channels(rgb: ArrayLike) -> NDArray[Any]:
    source = np.asarray(rgb)
    if source.ndim == 0 or source.shape[-1] != 3:
        raise ValueError(f"RGB needs three channels on its last axis, not shape {source.shape}")
    return source


def _pieces(count: int) -> Iterator[slice]:
    for start in range(0, count, _PIECE):
        yield slice(start, min(start + _PIECE, count))


def _lab_to_relative_xyz(lab: Float) -> Float:
    f = np.empty(lab.shape, np.float32)
    f[:, 1] = (lab[:, 0] + 16.0) / 116.0
    f[:, 0] = f[:, 1] + lab[:, 1] / 500.0
    f[:, 2] = f[:, 1] - lab[:, 2] / 200.0
    return np.where(f > 6 / 29, f * f * f, (f * 116.0 - 16.0) * np.float32(1 / _KAPPA))


def _decode(value: Float) -> Float:
    size = np.abs(value)
    curve = np.maximum(size, np.float32(0.04045))
    curve += np.float32(0.055)
    curve *= np.float32(1 / 1.055)
    np.power(curve, np.float32(2.4), out=curve)
    return np.where(size > 0.04045, np.copysign(curve, value), value * np.float32(1 / 12.92))


@cache
def _linear_table(dtype: np.dtype[Any]) -> Float:
    peak = full_scale(dtype)
    signal = np.arange(peak + 1, dtype=np.float64) / peak
    linear = np.where(signal > 0.04045, ((signal + 0.055) / 1.055) ** 2.4, signal / 12.92)
    return linear.astype(np.float32)
