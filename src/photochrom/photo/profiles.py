"""ICC profiles: what a file's numbers mean, and how the ab picture goes into them.

A grey or CMYK profile can't stand on a colour file, so such a picture is brought to sRGB first.
An RGB profile stays: the network's colours are given in that profile's numbers. Chroma that the
profile can't hold is scaled toward grey at its lightness, not clipped.
Source: ICC.1:2022 for the header; littlecms, through libvips, for the rest.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lab_to_srgb, lightness
from photochrom.color.luma import rgb_to_cbcr
from photochrom.photo import vips

Float = NDArray[np.float32]

_RGB_TAGS: Final = frozenset({b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"})

_SRGB_TO_D50: Final = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Linear sRGB to XYZ under D50, the light of profiles (Bradford's adaptation)."""

_CLOSE: Final = 0.6
"""Lab distance within which two colors count as the same: a 16-bit round trip stays far below."""

_STEPS: Final = 7
"""Halvings of the chroma's scale when a color does not fit: 1/128 of it."""


def space(icc: bytes | None) -> str:
    """The colour space of a profile's device side: "RGB", "GRAY", "CMYK" or another; "" for none or a broken one."""
    if icc is None or not _tags(icc):
        return ""
    return icc[16:20].decode("latin-1").strip()


def is_matrix(icc: bytes) -> bool:
    """Whether a profile is made of three primaries and curves, and not of a table."""
    return _tags(icc).keys() >= _RGB_TAGS


def _tags(icc: bytes) -> dict[bytes, bytes]:
    """The contents of a profile by their signatures; empty for what is no whole profile.

    Checked here, because libvips takes sRGB instead of a profile that it can't read, without a word.
    """
    try:
        size, count = struct.unpack_from(">I", icc, 0)[0], struct.unpack_from(">I", icc, 128)[0]
        entries = [struct.unpack_from(">4sII", icc, 132 + 12 * index) for index in range(count)]
    except struct.error:
        return {}
    if icc[36:40] != b"acsp" or size > len(icc) or any(start + length > len(icc) for _, start, length in entries):
        return {}
    return {name: icc[start : start + length] for name, start, length in entries}


def srgb() -> bytes:
    """An sRGB profile."""
    data: bytes = vips.library().Image.profile_load("srgb")
    return data


@lru_cache(maxsize=32)
def is_srgb(icc: bytes) -> bool:
    """Whether an RGB profile means the same as sRGB, within what an eye could see.

    Raises:
        ValueError: the profile is damaged.
    """
    if not (_tags(icc).keys() >= _RGB_TAGS or b"A2B0" in _tags(icc)):
        raise ValueError("it is damaged")
    level = np.linspace(0, 65535, 6).astype(np.uint16)
    cube = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(6, 36, 3)
    return bool(np.abs(to_lab(cube, icc) - to_lab(cube, srgb())).max() < 1.0)


@lru_cache(maxsize=32)
def grey_table(icc: bytes) -> NDArray[np.uint16]:
    """The sRGB luma (65536,) of each 16-bit sample under a grey profile.

    Raises:
        ValueError: the profile is damaged, or describes grey by more than a curve.
    """
    light = np.clip(_curve(_tags(icc).get(b"kTRC", b""), np.linspace(0, 1, 65536)), 0, 1)
    signal = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (signal * 65535 + 0.5).astype(np.uint16)


def _curve(tag: bytes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A tone curve of type `curv` or `para` (ICC.1:2022, sections 10.6 and 10.18) at x."""
    try:
        if tag[:4] == b"curv":
            count = struct.unpack_from(">I", tag, 8)[0]
            points = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
            if count == 0:
                return x
            return x ** (points[0] / 256) if count == 1 else np.interp(x, np.linspace(0, 1, count), points / 65535)
        if tag[:4] == b"para":
            kind = struct.unpack_from(">H", tag, 8)[0]
            numbers = [value / 65536 for value in struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)]
            return _parametric(kind, numbers, x)
    except (struct.error, IndexError, ValueError):
        pass
    raise ValueError("its curve can't be read")


def _parametric(kind: int, numbers: list[float], x: NDArray[np.float64]) -> NDArray[np.float64]:
    g, a, b, c, d, e, f = (*numbers, *(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)[len(numbers) - 1 :])
    if kind in (1, 2):  # the same curve as the later kinds, starting where the power does
        d, c, e, f = -b / a, 0.0, c, c
    power: NDArray[np.float64] = np.maximum(a * x + b, 0) ** g + e
    return np.where(x >= d, power, c * x + f) if kind else x**g


@lru_cache(maxsize=32)
def grey_axis(icc: bytes) -> tuple[Float, Float]:
    """(code, luma), each (1024,) in [0, 1]: the sRGB luma that is as light as R = G = B = code under an RGB profile.

    Raises:
        ValueError: the profile is damaged.
    """
    code = np.linspace(0, 1, 1024, dtype=np.float32)
    ramp = np.repeat((code * 65535 + 0.5).astype(np.uint16)[None, :, None], 3, axis=2)
    lab = to_lab(ramp, icc)[0]
    lab[:, 1:] = 0
    return code, np.asarray(lab_to_srgb(lab, np.float32), np.float32)[:, 0]


def ab_to_cbcr(icc: bytes, luma01: Float, ab: Float) -> Float:
    """What `color.ab_to_cbcr` does, for a picture under an RGB profile that is not sRGB.

    Args:
        icc: the profile.
        luma01: (h, w) sRGB luma in [0, 1], as `Photo.working_luma` gives it.
        ab: (h, w, 2) Lab units.

    Returns:
        (2, h, w) float32 Cb, Cr in [-0.5, 0.5] of the profile's own numbers.
    """
    lab = np.concatenate([lightness(luma01)[..., None], ab], axis=-1).astype(np.float32)
    flat = _under_d50(lab.reshape(1, -1, 3))
    rgb = from_lab(flat, icc)
    wrong = np.flatnonzero(_distance(to_lab(rgb, icc), flat) > _CLOSE)
    if wrong.size:
        rgb[:, wrong] = from_lab(_fitted(flat[:, wrong], icc), icc)
    return rgb_to_cbcr(rgb.reshape(lab.shape))


def _under_d50(lab: Float) -> Float:
    """Lab under D65, as the network and `color` have it, brought to that under D50, as profiles have it."""
    signal = np.asarray(lab_to_srgb(lab, np.float32, clip=False), np.float64)
    light = np.where(signal <= 0.04045, signal / 12.92, ((np.maximum(signal, 0) + 0.055) / 1.055) ** 2.4)
    xyz = light @ (_SRGB_TO_D50 / _SRGB_TO_D50.sum(axis=1, keepdims=True)).T
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def _fitted(lab: Float, icc: bytes) -> Float:
    """(1, n, 3) Lab with the chroma scaled down as far as the profile asks, found by halving."""
    low = np.zeros(lab.shape[1], np.float32)
    high = np.ones_like(low)
    for _ in range(_STEPS):
        middle: Float = (low + high) / np.float32(2)
        trial = _scaled(lab, middle)
        fits = _distance(to_lab(from_lab(trial, icc), icc), trial)[0] <= _CLOSE
        low = np.where(fits, middle, low)
        high = np.where(fits, high, middle)
    return _scaled(lab, low)


def _scaled(lab: Float, scale: Float) -> Float:
    result = lab.copy()
    result[..., 1:] *= scale[..., None]
    return result


def _distance(one: Float, other: Float) -> Float:
    result: Float = np.sqrt(((one - other) ** 2).sum(axis=-1))
    return result


def to_lab(samples: NDArray[np.uint16], icc: bytes) -> Float:
    """Lab (h, w, 3), relative colorimetric, of samples (h, w, bands) under a profile.

    Raises:
        ValueError: the profile is damaged or of another colour space.
    """
    image = vips.image(samples, {1: "grey16", 3: "rgb16"}[samples.shape[-1]], icc)
    return _computed(image.icc_import, embedded=True, intent="relative", pcs="lab").astype(np.float32)


def from_lab(lab: Float, icc: bytes) -> NDArray[np.uint16]:
    """16-bit RGB (h, w, 3) under a profile, relative colorimetric, of Lab (h, w, 3); clipped by the profile.

    Raises:
        ValueError: the profile is damaged or of another colour space.
    """
    image = vips.image(lab.astype(np.float32), "lab", icc)
    rgb: NDArray[np.uint16] = _computed(image.icc_export, intent="relative", pcs="lab", depth=16)
    return rgb


def cmyk_to_srgb(image: Any) -> Any:
    """A libvips picture in CMYK brought to sRGB, by its own profile or, without one, by libvips' common one."""
    return image.icc_transform(
        "srgb",
        embedded=True,
        input_profile="cmyk",
        intent="relative",
        black_point_compensation=True,
        depth=16 if image.format == "ushort" else 8,
    )


def _computed(operation: Any, **options: Any) -> NDArray[Any]:
    try:
        result: NDArray[Any] = operation(**options).numpy()
    except vips.library().Error as error:
        raise ValueError(f"its colour profile can't be used ({' '.join(str(error).split())})") from None
    return result
