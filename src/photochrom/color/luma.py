"""Luma and chroma: how a small colour guess joins a full-size luma without touching its light.

Luma is Y' of BT.601 over the full range, chroma is Cb, Cr of the same standard (JFIF), here in
[-0.5, 0.5]. RGB is linear in (Y', Cb, Cr), so a colour that leaves the RGB cube is drawn toward
grey at constant luma by a closed form; nothing is clipped. Full-size work runs in strips of a few
rows that stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from photochrom.color.lab import full_scale, lab_to_srgb, lightness, mix_channels

Float = NDArray[np.float32]
Subsampling = Literal["420", "444"]

LUMA_WEIGHTS: Final = (19595, 38470, 7471)
"""R, G and B in Y', in 65536ths: BT.601's 0.299, 0.587 and 0.114 as Pillow and libjpeg round them."""

_KR, _KG, _KB = (weight / 65536 for weight in LUMA_WEIGHTS)
_RED_PER_CR: Final = 2 * (1 - _KR)
_BLUE_PER_CB: Final = 2 * (1 - _KB)

_STRIP_PIXELS: Final = 1 << 15
_TINY: Final = np.float32(1e-6)


def luma(rgb: ArrayLike) -> NDArray[Any]:
    """Y' of sRGB (BT.601, full range), rounded as Pillow's ``convert("L")`` rounds it.

    Args:
        rgb: (..., 3) uint8, uint16, or float in [0, 1].

    Returns:
        (...) of the same integer type, float32 for floats.

    Raises:
        ValueError: the last axis is not 3 or the dtype is none of these.
    """
    source = np.asarray(rgb)
    if source.ndim == 0 or source.shape[-1] != 3:
        raise ValueError(f"RGB needs three channels on its last axis, not shape {source.shape}")
    full_scale(source.dtype)
    if source.dtype.kind == "f":
        return mix_channels(source.astype(np.float32, copy=False), np.array([[_KR, _KG, _KB]], np.float32))[..., 0]
    flat = source.reshape(-1, 3)
    grey = np.empty(len(flat), source.dtype)
    for start in range(0, len(flat), _STRIP_PIXELS):
        piece = flat[start : start + _STRIP_PIXELS]
        total = np.full(len(piece), 0x8000, np.uint32)  # the sum stays below 2**32 at 16 bit, too
        for channel, weight in enumerate(LUMA_WEIGHTS):
            total += piece[:, channel] * np.uint32(weight)
        grey[start : start + _STRIP_PIXELS] = total >> np.uint32(16)
    return grey.reshape(source.shape[:-1])


def ab_to_cbcr(luma01: ArrayLike, ab: ArrayLike) -> Float:
    """The chroma that a colour of the ab plane has at a given luma.

    The colour is Lab(L*, a, b) with the lightness of the grey pixel of that luma; its Cb, Cr are
    then fitted to the RGB cube at that luma.

    Args:
        luma01: (h, w) Y' in [0, 1].
        ab: (h, w, 2) Lab units.

    Returns:
        (2, h, w) float32 Cb, Cr in [-0.5, 0.5].

    Raises:
        ValueError: the shapes do not belong together.
    """
    grey = np.asarray(luma01, np.float32)
    color = np.asarray(ab, np.float32)
    if grey.ndim != 2 or color.shape != (*grey.shape, 2):
        raise ValueError(f"luma (h, w) and ab (h, w, 2) expected, not {grey.shape} and {color.shape}")
    lab = np.concatenate([lightness(grey)[..., None], color], axis=-1)
    return fit_gamut(grey, rgb_to_cbcr(lab_to_srgb(lab, np.float32, clip=False)))


def rgb_to_cbcr(rgb: ArrayLike) -> Float:
    """Cb, Cr (2, ...) float32 of sRGB (..., 3): uint8, uint16, or float, which may lie outside [0, 1]."""
    source = np.asarray(rgb)
    signal = source.astype(np.float32) / np.float32(full_scale(source.dtype))
    grey = luma(signal)
    return np.stack([(signal[..., 2] - grey) / _BLUE_PER_CB, (signal[..., 0] - grey) / _RED_PER_CR])


def fit_gamut(luma01: ArrayLike, cbcr: ArrayLike) -> Float:
    """Draw chroma toward grey, at constant luma and hue, just as far as the RGB cube asks.

    R', G', B' are Y' plus an offset each, linear in (Cb, Cr). Scaling the chroma by s scales the
    offsets by s, so the largest one fits where s (max offset) <= 1 - Y', the smallest where
    s (-min offset) <= Y'. The result is the chroma times the smaller of these and 1.

    Args:
        luma01: (...) Y' in [0, 1].
        cbcr: (2, ...) Cb, Cr.

    Returns:
        (2, ...) float32 Cb, Cr in [-0.5, 0.5], in gamut at that luma.
    """
    grey = np.asarray(luma01, np.float32)
    chroma = np.asarray(cbcr, np.float32)
    fitted: Float = chroma * _fit(grey, grey, _offsets(chroma, 1), 1)
    return fitted


def enlarge(cbcr: ArrayLike, size: tuple[int, int]) -> Float:
    """Bring chroma planes to another size: cubic where they grow, area-averaged along a side that shrinks.

    Args:
        cbcr: (2, h, w) Cb, Cr (any number of planes serves).
        size: (H, W) in pixels.

    Returns:
        (2, H, W) float32; cubic interpolation may pass the input's extremes a little.
    """
    planes = _Enlarged(np.asarray(cbcr, np.float32), size)
    return np.concatenate([planes.rows(strip) for strip in planes.strips()], axis=1)


def recombine(luma: NDArray[Any], cbcr: ArrayLike, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """RGB of a full-size luma and chroma planes of any size, fitted to the gamut pixel by pixel.

    Turned back to grey (:func:`luma`) the result equals the luma within one level of rounding.

    Args:
        luma: (H, W) uint8, uint16, or float in [0, 1].
        cbcr: (2, h, w) Cb, Cr in [-0.5, 0.5].
        dtype: uint8, uint16 or float; that of `luma` where left out.

    Returns:
        (H, W, 3) RGB of that type; float32 in [0, 1] for floats.

    Raises:
        ValueError: a type that is none of these.
    """
    return next(rgb_bands(luma, cbcr, dtype, rows=luma.shape[0]))


def rgb_bands(
    luma: NDArray[Any], cbcr: ArrayLike, dtype: DTypeLike | None = None, *, rows: int
) -> Iterator[NDArray[Any]]:
    """The same RGB, from top to bottom in bands of so many rows (the last one may be lower), each an array of its own.

    Args:
        luma, cbcr, dtype: see :func:`recombine`.
        rows: at least 1.

    Raises:
        ValueError: see :func:`recombine`.
    """
    kind = np.dtype(luma.dtype if dtype is None else dtype)
    peak = full_scale(kind)
    depth = {255: cv2.CV_8U, 65535: cv2.CV_16U, 1: cv2.CV_32F}[peak]
    step = np.float32(peak / full_scale(luma.dtype))
    planes = _Enlarged(np.asarray(cbcr, np.float32), luma.shape)
    height, width = luma.shape
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        rgb = np.empty((stop - start, width, 3), np.float32 if peak == 1 else kind)
        for strip in planes.strips(start, stop):
            grey = luma[strip].astype(np.float32)
            grey *= step
            offsets = _offsets(planes.rows(strip), peak)
            offsets *= _fit(grey, grey, offsets, peak)
            place = slice(strip.start - start, strip.stop - start)
            rgb[place] = cv2.merge([cv2.add(offset, grey, dtype=depth) for offset in offsets])
        if peak == 1:
            np.clip(rgb, 0.0, 1.0, out=rgb)  # the fit is exact up to the last bit of float32
        yield rgb


def neutral_luma(cbcr: ArrayLike, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A luma for chroma alone: middle grey, and as far from it as a strong color needs to fit into the RGB cube.

    Args:
        cbcr: (2, h, w) Cb, Cr in [-0.5, 0.5].
        size: (H, W) in pixels.

    Returns:
        (H, W) uint8.
    """
    planes = _Enlarged(np.asarray(cbcr, np.float32), size)
    grey = np.empty(size, np.uint8)
    for strip in planes.strips():
        offsets = _offsets(planes.rows(strip), 255)
        least, most = np.ceil(-offsets.min(axis=0)), np.floor(255 - offsets.max(axis=0))
        grey[strip] = np.clip(np.maximum(np.minimum(128, most), least), 0, 255)
    return grey


def chroma_planes(
    luma: NDArray[np.uint8], cbcr: ArrayLike, subsampling: Subsampling = "420"
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Cb and Cr planes for writers that take planes (JPEG, film), fitted to the gamut.

    Args:
        luma: (H, W) uint8.
        cbcr: (2, h, w) Cb, Cr in [-0.5, 0.5].
        subsampling: "444" keeps the size; "420" gives (ceil(H/2), ceil(W/2)), where the fit looks at
            the lowest and the highest luma of each 2x2 block.

    Returns:
        Cb, Cr as uint8 with grey at 128 (JFIF).

    Raises:
        ValueError: an unknown subsampling, or a luma that is not uint8.
    """
    return next(chroma_bands(luma, cbcr, subsampling, rows=luma.shape[0]))


def chroma_bands(
    luma: NDArray[np.uint8], cbcr: ArrayLike, subsampling: Subsampling = "420", *, rows: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """The same planes, from top to bottom in bands of so many rows of luma (the last one may be lower).

    Args:
        luma, cbcr, subsampling: see :func:`chroma_planes`.
        rows: at least 1, and even for "420" where there is more than one band.

    Raises:
        ValueError: see :func:`chroma_planes`.
    """
    if subsampling not in ("420", "444"):
        raise ValueError(f'subsampling is "420" or "444", not {subsampling!r}')
    if luma.dtype != np.uint8:
        raise ValueError(f"planes are made from a uint8 luma, not {luma.dtype}")
    step = 1 if subsampling == "444" else 2
    height, width = (-(-side // step) for side in luma.shape)
    if rows < 1 or (rows % step and rows < luma.shape[0]):
        raise ValueError(f"bands of {rows} rows don't fit subsampling {subsampling}")
    planes = _Enlarged(np.asarray(cbcr, np.float32), (height, width))
    for start in range(0, height, -(-rows // step)):
        stop = min(start + -(-rows // step), height)
        cb, cr = np.empty((stop - start, width), np.uint8), np.empty((stop - start, width), np.uint8)
        for strip in planes.strips(start, stop):
            low, high = _strip_range(luma, strip, subsampling)
            chroma = planes.rows(strip)
            chroma *= _fit(low, high, _offsets(chroma, 255), 255)
            place = slice(strip.start - start, strip.stop - start)
            cb[place], cr[place] = (cv2.convertScaleAbs(plane, alpha=255, beta=128) for plane in chroma)
        yield cb, cr


def _offsets(chroma: Float, peak: int) -> Float:
    """(3, ...): R, G and B less luma of (2, ...) Cb, Cr, times `peak`; weighted by LUMA_WEIGHTS they add up to 0."""
    offsets = np.empty((3, *chroma.shape[1:]), np.float32)
    red, green, blue = offsets[0, ...], offsets[1, ...], offsets[2, ...]
    np.multiply(chroma[1], np.float32(peak * _RED_PER_CR), out=red)
    np.multiply(chroma[0], np.float32(peak * _BLUE_PER_CB), out=blue)
    np.multiply(red, np.float32(-_KR / _KG), out=green)
    green += blue * np.float32(-_KB / _KG)
    return offsets


def _fit(low: Float, high: Float, offsets: Float, peak: int) -> Float:
    """The factor in [0, 1] that brings `offsets` (3, ...) into the cube [0, peak] for luma from `low` to `high`."""
    red, green, blue = offsets
    largest = np.maximum(np.maximum(red, green), blue)
    np.maximum(largest, _TINY, out=largest)
    smallest = np.minimum(np.minimum(red, green), blue)
    np.minimum(smallest, -_TINY, out=smallest)
    np.divide(np.float32(peak) - high, largest, out=largest)
    np.divide(-low, smallest, out=smallest)
    np.minimum(largest, smallest, out=largest)
    factor: Float = np.clip(largest, 0.0, 1.0, out=largest)
    return factor


def _strip_range(luma: NDArray[np.uint8], strip: slice, subsampling: Subsampling) -> tuple[Float, Float]:
    """Lowest and highest luma of the pixels that share a chroma sample, for these rows of the chroma plane."""
    if subsampling == "444":
        grey = luma[strip].astype(np.float32)
        return grey, grey
    block = luma[2 * strip.start : 2 * strip.stop]
    if len(block) % 2:
        block = np.concatenate([block, block[-1:]])
    low, high = np.minimum(block[0::2], block[1::2]), np.maximum(block[0::2], block[1::2])
    if low.shape[1] % 2:
        low, high = (np.concatenate([rows, rows[:, -1:]], axis=1) for rows in (low, high))
    low, high = low.view(np.uint16), high.view(np.uint16)  # two neighbours at once: several times as fast as [:, 0::2]
    mask, shift = np.uint16(255), np.uint16(8)
    return (
        np.minimum(low & mask, low >> shift).astype(np.float32),
        np.maximum(high & mask, high >> shift).astype(np.float32),
    )


class _Enlarged:
    """Planes at another size, made a strip of rows at a time.

    Columns are enlarged at once, while the planes are still low. Rows follow as one small matrix
    product a strip: each row is a weighted sum of four. (OpenCV's resize can't start at a row.)
    """

    def __init__(self, planes: Float, size: tuple[int, ...]) -> None:
        if planes.ndim != 3 or len(size) != 2 or min(*size, *planes.shape) < 1:
            raise ValueError(f"planes (n, h, w) of at least one pixel can't become {size}, from {planes.shape}")
        self.height, self.width = size
        rows, columns = planes.shape[1:]
        less = (min(columns, self.width), min(rows, self.height))
        wider = (self.width, less[1])
        self._planes = _resized(_resized(planes, less, cv2.INTER_AREA), wider, cv2.INTER_CUBIC)
        self._taps, self._weights = _cubic_rows(less[1], self.height)

    def strips(self, first: int = 0, last: int | None = None) -> Iterator[slice]:
        """Rows `first` to `last` (None: to the end), a few at a time."""
        # A strip also spans few rows of the small planes, so that BLAS takes its product on without starting threads.
        step = max(1, min(_STRIP_PIXELS // self.width, 4 * self.height // self._planes.shape[1]))
        end = self.height if last is None else last
        for start in range(first, end, step):
            yield slice(start, min(start + step, end))

    def rows(self, strip: slice) -> Float:
        """(n, rows, W), an array of its own."""
        if self._planes.shape[1] == self.height:
            return self._planes[:, strip].copy()
        taps = self._taps[strip]
        first, last = int(taps[0, 0]), int(taps[-1, -1])
        # At least two rows: BLAS rounds the product of a single one in another way.
        matrix = np.zeros((max(len(taps), 2), last - first + 1), np.float32)
        np.add.at(matrix, (np.arange(len(taps))[:, None], taps - first), self._weights[strip])
        enlarged: Float = np.matmul(matrix, self._planes[:, first : last + 1])[:, : len(taps)]
        return enlarged


def _resized(planes: Float, size: tuple[int, int], interpolation: int) -> Float:
    """Planes (n, h, w) at a size given as (width, height); the same array where that is theirs already."""
    if planes.shape[:0:-1] == size:
        return planes
    return np.stack([cv2.resize(plane, size, interpolation=interpolation) for plane in planes]).reshape(-1, *size[::-1])


def _cubic_rows(count: int, target: int) -> tuple[NDArray[np.int64], Float]:
    """Rows (target, 4) and weights (target, 4) that make `target` rows of `count`: Keys' cubic, a = -0.75.

    The same kernel, pixel centres and replicated border as OpenCV's INTER_CUBIC along the columns.
    """
    center = (np.arange(target) + 0.5) * (count / target) - 0.5
    base = np.floor(center).astype(np.int64)
    distance = np.abs(center[:, None] - (base[:, None] + np.arange(-1, 3)))
    a = -0.75
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    taps = np.clip(base[:, None] + np.arange(-1, 3), 0, count - 1)
    return taps, np.where(distance <= 1, near, far).astype(np.float32)
