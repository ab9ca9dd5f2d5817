"""ICC profiles: what a file's numbers mean, and how the ab picture goes into them.

A grey or CMYK profile can't stand on a colour file, so such a picture is brought to sRGB first.
An RGB profile stays: the network's colours are given in that profile's numbers. Chroma that the
profile can't hold is scaled toward grey at its lightness, not clipped.
Source: ICC.1:2022 for the header; littlecms, through libvips, for the rest.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lab_to_srgb, lightness
from photochrom.color.luma import luma, rgb_to_cbcr
from photochrom.photo import vips

Float = NDArray[np.float32]

_CLOSE: Final = 0.6
"""Lab distance within which two colors count as the same: a 16-bit round trip stays far below."""

_STEPS: Final = 7
"""Halvings of the chroma's scale when a color does not fit: 1/128 of it."""


def space(icc: bytes | None) -> str:
    """The colour space of a profile's device side: "RGB", "GRAY", "CMYK" or another; "" for none or a broken one."""
    if icc is None or len(icc) < 128 or icc[36:40] != b"acsp":
        return ""
    return icc[16:20].decode("latin-1").strip()


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
    level = np.linspace(0, 65535, 6).astype(np.uint16)
    cube = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(6, 36, 3)
    return bool(np.abs(to_lab(cube, icc) - to_lab(cube, srgb())).max() < 1.0)


@lru_cache(maxsize=32)
def grey_table(icc: bytes) -> NDArray[np.uint16]:
    """The sRGB luma (65536,) of each 16-bit sample under a grey profile.

    Raises:
        ValueError: the profile is damaged.
    """
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    rgb = from_lab(to_lab(ramp, icc), srgb())
    table: NDArray[np.uint16] = luma(rgb).reshape(-1)
    return table


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
    flat = lab.reshape(1, -1, 3)
    rgb = from_lab(flat, icc)
    wrong = np.flatnonzero(_distance(to_lab(rgb, icc), flat) > _CLOSE)
    if wrong.size:
        rgb[:, wrong] = from_lab(_fitted(flat[:, wrong], icc), icc)
    return rgb_to_cbcr(rgb.reshape(lab.shape))


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
        "srgb", embedded=True, input_profile="cmyk", intent="relative", black_point_compensation=True
    )


def _computed(operation: Any, **options: Any) -> NDArray[Any]:
    try:
        result: NDArray[Any] = operation(**options).numpy()
    except vips.library().Error as error:
        raise ValueError(f"its colour profile can't be used ({' '.join(str(error).split())})") from None
    return result
