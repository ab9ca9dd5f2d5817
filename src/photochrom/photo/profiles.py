"""ICC profiles: what a file's numbers mean, and how the ab picture goes into them.

A grey or CMYK profile can't stand on a colour file, and in a scanner's table that only leads out of
it nothing can be written: such pictures are brought to sRGB first. Any other RGB profile stays: the
network's colours are given in that profile's numbers. Chroma that it can't hold is scaled toward
grey at its lightness, not clipped.
Source: ICC.1:2022 for the header; littlecms, through libvips, for the rest.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import decode_gamma, lab_to_srgb, lightness
from photochrom.color.luma import luma as luma_of
from photochrom.color.luma import recombine, rgb_to_cbcr
from photochrom.photo import vips
from photochrom.photo.notices import warn

Float = NDArray[np.float32]

_RGB_TAGS: Final = frozenset({b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"})

_TO_PCS: Final = frozenset({b"A2B0", b"A2B1"})
_FROM_PCS: Final = frozenset({b"B2A0", b"B2A1"})
"""Tables that lead out of and into the device's numbers; littlecms prefers them to matrix and curves."""

_SRGB_TO_D50: Final = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Linear sRGB to XYZ under D50, the light of profiles (Bradford's adaptation)."""

_CLOSE: Final = 0.6
"""Lab distance within which two colors count as the same: a 16-bit round trip stays far below."""

_PART: Final = 0.08
"""Share of its chroma by which a color may be missed as well."""

_ROUNDS: Final = 2
"""In which the lightness is found that goes with a luma: 99 % of colors then are within half a level of 8 bit."""

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
    if not (_tags(icc).keys() >= _RGB_TAGS or _tags(icc).keys() & _TO_PCS):
        raise ValueError("it is damaged")
    level = np.linspace(0, 65535, 6).astype(np.uint16)
    cube = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(6, 36, 3)
    return bool(np.abs(to_lab(cube, icc) - to_lab(cube, srgb())).max() < 1.0)


def stays(icc: bytes) -> bool:
    """Whether the result can carry the profile: not a grey one, nor a table that says only what numbers mean."""
    tags = _tags(icc).keys()
    return space(icc) == "RGB" and (bool(tags & _FROM_PCS) or not tags & _TO_PCS)


@lru_cache(maxsize=32)
def grey_table(icc: bytes) -> NDArray[np.uint16]:
    """The sRGB luma (65536,) of each 16-bit sample of a grey picture under a grey profile, or an RGB one.

    Raises:
        ValueError: the profile is damaged, or describes grey by something else than a curve.
    """
    code = np.linspace(0, 1, 65536)
    if space(icc) == "RGB":
        return (np.interp(code, *grey_axis(icc)) * 65535 + 0.5).astype(np.uint16)
    light = np.clip(_curve(_tags(icc).get(b"kTRC", b""), code), 0, 1)
    if icc[20:24] == b"Lab ":  # the curve gives lightness itself
        light = np.where(light > 0.08, ((light + 0.16) / 1.16) ** 3, light * (2700 / 24389))
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


def own_chroma(icc: bytes, luma01: Float, cbcr: Float) -> Float:
    """Chroma that shows, under an RGB profile that is not sRGB, what an sRGB version of the picture would show.

    a and b of each color are met exactly. Its lightness can be met only as far as the light of the numbers, their Y',
    is kept.

    Args:
        icc: the profile.
        luma01: (h, w) sRGB luma in [0, 1], as `Photo.working_luma` gives it.
        cbcr: (2, any size) Cb, Cr of the sRGB version.

    Returns:
        (2, h, w) float32 Cb, Cr in [-0.5, 0.5] of the profile's own numbers.
    """
    shown = _lab_under_d50(recombine(luma01, cbcr)).reshape(1, -1, 3)
    code, signal = grey_axis(icc)
    own = np.interp(luma01.reshape(1, -1), signal, code)
    rgb = _with_luma(shown, own, icc)
    wrong = np.flatnonzero(_is_beyond(shown, icc))
    if wrong.size:
        rgb[:, wrong] = _with_luma(_fitted(shown[:, wrong], icc), own[:, wrong], icc)
    return rgb_to_cbcr(rgb.reshape(*luma01.shape, 3))


def _with_luma(lab: Float, own: NDArray[np.float64], icc: bytes) -> NDArray[np.uint16]:
    """16-bit RGB (1, n, 3) of a and b, with a lightness for which the numbers have the luma (1, n) in [0, 1]."""
    lab = lab.copy()
    code, signal = grey_axis(icc)
    steps = lightness(signal)
    target = np.interp(own, code, steps)
    for _ in range(_ROUNDS):
        rgb = from_lab(lab, icc)
        lab[..., 0] += target - np.interp(luma_of(rgb) / 65535, code, steps)
        np.clip(lab[..., 0], 0, 100, out=lab[..., 0])
    return from_lab(lab, icc)


def _lab_under_d50(srgb: NDArray[Any]) -> Float:
    """Lab under D50, as profiles have it, of sRGB (h, w, 3) float."""
    light = np.asarray(decode_gamma(srgb), np.float64)
    xyz = light @ (_SRGB_TO_D50 / _SRGB_TO_D50.sum(axis=1, keepdims=True)).T
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def _is_beyond(lab: Float, icc: bytes) -> NDArray[np.bool_]:
    """(n,) whether the profile can't hold colors (1, n, 3), beyond how well it holds the grey of that lightness.

    Tables are coarse: theirs back and forth may be 2 units off everywhere.
    """
    grey = _scaled(lab, np.zeros(lab.shape[1], np.float32))
    off, usual = (_distance(to_lab(from_lab(trial, icc), icc), trial)[0] for trial in (lab, grey))
    result: NDArray[np.bool_] = off > _CLOSE + usual + _PART * np.hypot(*np.moveaxis(lab[0, :, 1:], -1, 0))
    return result


def _fitted(lab: Float, icc: bytes) -> Float:
    """(1, n, 3) Lab with the chroma scaled down as far as the profile asks, found by halving."""
    low = np.zeros(lab.shape[1], np.float32)
    high = np.ones_like(low)
    for _ in range(_STEPS):
        middle: Float = (low + high) / np.float32(2)
        beyond = _is_beyond(_scaled(lab, middle), icc)
        low = np.where(beyond, low, middle)
        high = np.where(beyond, middle, high)
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


def rgb_to_srgb(samples: NDArray[Any], icc: bytes) -> NDArray[Any]:
    """RGB, with or without alpha, brought to sRGB of the same type: for a profile that can't stay.

    Raises:
        ValueError: the profile is damaged.
    """
    wide = samples.dtype == np.uint16
    image = vips.image(samples[..., :3], "rgb16" if wide else "srgb", icc)
    options = {"embedded": True, "intent": "relative", "depth": 16 if wide else 8}
    rgb = _computed(lambda: image.icc_transform("srgb", **options))
    return np.concatenate([rgb, samples[..., 3:]], axis=2)


def cmyk_to_srgb(image: Any, icc: bytes | None = None, name: str = "picture") -> Any:
    """A libvips picture in CMYK brought to sRGB, by its own profile or, without one, by libvips' common one.

    Args:
        image: the picture, its profile with it.
        icc: that profile; where it is given and can't be used, a warning says so, which libvips does not.
        name: what a warning calls the picture.
    """
    if icc and space(icc) != "CMYK":
        why = f"it is meant for {space(icc)}" if space(icc) else "it is damaged"
        warn(f"{name}: its colour profile can't be used ({why}); its inks are taken as those of a common press")
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
