"""ICC profiles for tests, put together by hand after ICC.1:2001-04 (version 2) and ICC.1:2022 (version 4).

Matrix and curve for RGB, a curve for grey, tables (lut16Type of version 2, lutAToBType of version
4) for a scanner; each a few kilobytes at most. The colour science in them is scikit-image's.
"""

import struct
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from skimage import color as skcolor

_D50 = (0.9642, 1.0, 0.8249)

# Red, green and blue to XYZ under D50, a column each as `rXYZ`, `gXYZ` and `bXYZ` have them.
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03135, 0.00008, 0.82490))


def rgb(columns: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """A display's profile: matrix and gamma."""
    tags = {b"wtpt": _xyz(_D50)}
    for letter, column in zip(b"rgb", columns, strict=True):
        tags[bytes([letter]) + b"XYZ"] = _xyz(column)
        tags[bytes([letter]) + b"TRC"] = _curve([round(gamma * 256)])
    return _profile(tags, "RGB ", "XYZ ", "mntr")


def display_p3() -> bytes:
    """Display P3, with sRGB's curve as a parametric one (type 3 of `para`)."""
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    curve = b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *(round(number * 65536) for number in numbers))
    tags = {b"wtpt": _xyz(_D50)}
    for letter, column in zip(b"rgb", DISPLAY_P3, strict=True):
        tags[bytes([letter]) + b"XYZ"] = _xyz(column)
        tags[bytes([letter]) + b"TRC"] = curve
    return _profile(tags, "RGB ", "XYZ ", "mntr", version=4)


def grey_gamma(gamma: float = 2.2) -> bytes:
    """A grey profile with a gamma, as Photoshop's Gray Gamma 2.2."""
    return _profile({b"wtpt": _xyz(_D50), b"kTRC": _curve([round(gamma * 256)])}, "GRAY", "XYZ ", "mntr")


def dot_gain(gain: float = 0.2, points: int = 256) -> bytes:
    """A grey profile for a press, as Photoshop's Dot Gain 20 %: a dot of 50 % grows by `gain` (Yule and Nielsen).

    The curve gives the light of paper and ink (Murray and Davies), 1 for paper and 0 for full ink.
    """
    ink = 1 - np.linspace(0, 1, points)
    grown = ink + 4 * gain * ink * (1 - ink)
    light = np.clip(1 - grown, 0, 1)
    return _profile({b"wtpt": _xyz(_D50), b"kTRC": _curve(np.rint(light * 65535))}, "GRAY", "XYZ ", "prtr")


def grey_lightness() -> bytes:
    """A grey profile whose curve gives lightness, since its connection space is Lab: the numbers are L*."""
    return _profile({b"wtpt": _xyz(_D50), b"kTRC": _curve([])}, "GRAY", "Lab ", "mntr")


def scanner(*, gamma: float = 1.8, kind: Literal["mft2", "mAB "] = "mft2", back: bool = False, grid: int = 17) -> bytes:
    """A scanner's table: device RGB with some crosstalk and another gamma to Lab.

    Args:
        gamma: of the device.
        kind: lut16Type of version 2, or lutAToBType of version 4.
        back: whether a table back into the device's numbers stands in it too, as in a profile for editing.
        grid: points along each side of the table.
    """
    device = _grid(grid)
    light = device**gamma @ _CROSSTALK
    tags = {b"wtpt": _xyz(_D50), b"A2B0": _table(_lab_of(light), grid, kind, to_lab=True)}
    if back:
        full = (100 * 65535 / 65280, 65535 / 256, 65535 / 256) if kind == "mft2" else (100, 255, 255)
        lab = _grid(grid) * full - (0, 128, 128)
        inverse = np.clip(_light_of(lab) @ np.linalg.inv(_CROSSTALK), 0, 1) ** (1 / gamma)
        tags[b"B2A0"] = _table(inverse, grid, kind, to_lab=False)
    return _profile(tags, "RGB ", "Lab ", "scnr" if not back else "spac", version=2 if kind == "mft2" else 4)


def scanned(srgb: NDArray[np.uint8], gamma: float = 1.8) -> NDArray[np.uint8]:
    """What `scanner` gives for a picture in sRGB (H, W, 3)."""
    signal = srgb / 255.0
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    device = np.clip(light @ np.linalg.inv(_CROSSTALK), 0, 1) ** (1 / gamma)
    return np.asarray(np.rint(device * 255), np.uint8)


_CROSSTALK = np.array([[0.9, 0.06, 0.04], [0.05, 0.9, 0.05], [0.03, 0.07, 0.9]])
"""Rows add up to 1, so that grey stays grey."""


def _lab_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lab under D50 of linear sRGB."""
    xyz = light @ (np.array(SRGB) / np.array(SRGB).sum(axis=0) * _D50)
    return np.asarray(skcolor.xyz2lab(xyz[None], illuminant="D50")[0], np.float64)


def _light_of(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear sRGB of Lab under D50."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # corners of the table that are no colors at all
        xyz = np.asarray(skcolor.lab2xyz(lab[None], illuminant="D50"), np.float64)[0]
    return np.asarray(xyz @ np.linalg.inv(np.array(SRGB) / np.array(SRGB).sum(axis=0) * _D50), np.float64)


def _grid(count: int) -> NDArray[np.float64]:
    """(count ** 3, 3) points of a cube, the last channel changing fastest."""
    axis = np.linspace(0, 1, count)
    return np.asarray(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3), np.float64)


def _table(values: NDArray[np.float64], grid: int, kind: str, *, to_lab: bool) -> bytes:
    """A table of three channels in and out, with straight curves around it."""
    old = kind == "mft2"
    share = (values + np.array([0, 128, 128])) / (100, 255, 255) if to_lab else values
    # Version 2 has Lab as 0xFF00 for an L of 100 and an a of 127; version 4 as 0xFFFF.
    samples = np.rint(np.clip(share, 0, 1) * (65280 if old and to_lab else 65535)).astype(">u2").tobytes()
    if old:
        matrix = struct.pack(">9i", *(65536 * number for number in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
        straight = struct.pack(">2H", 0, 65535) * 3
        head = b"mft2" + bytes(4) + bytes([3, 3, grid, 0]) + matrix + struct.pack(">2H", 2, 2)
        return head + straight + samples + straight
    straight = (b"curv" + bytes(8)) * 3
    clut = bytes([grid] * 3 + [0] * 13) + bytes([2, 0, 0, 0]) + samples
    clut += bytes(-len(clut) % 4)
    first, second = 32, 32 + len(straight)
    places = (first, 0, 0, second, second + len(clut))
    name = b"mAB " if to_lab else b"mBA "
    return name + bytes(4) + bytes([3, 3, 0, 0]) + struct.pack(">5I", *places) + straight + clut + straight


def _curve(values: Sequence[float] | NDArray[np.float64]) -> bytes:
    numbers = [int(value) for value in values]
    return b"curv" + bytes(4) + struct.pack(f">I{len(numbers)}H", len(numbers), *numbers)


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _profile(tags: dict[bytes, bytes], space: str, pcs: str, device: str, version: int = 2) -> bytes:
    text = b"test\0"
    if version == 2:
        tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
        tags[b"cprt"] = b"text" + bytes(4) + b"public domain\0"
    else:
        wide = "test".encode("utf-16-be")
        names = b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(wide), 28) + wide
        tags[b"desc"] = tags[b"cprt"] = names
    place = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content
    size, number = place + len(body), 0x02400000 if version == 2 else 0x04300000
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), number, device.encode(), space.encode(), pcs.encode())
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += b"".join(struct.pack(">i", round(value * 65536)) for value in _D50)
    return head + bytes(128 - len(head)) + table + body
