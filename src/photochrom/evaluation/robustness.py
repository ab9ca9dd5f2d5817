"""Robustness: does the same photograph get the same colours when it comes in another way?

Its size, how it is cropped or mirrored, a little more light, grain or JPEG artefacts say nothing of
its colours. A model whose answer hangs on them is guessing from the wrong things.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import srgb_to_lab
from photochrom.evaluation import degrade
from photochrom.evaluation.intervals import Estimate, Resamples, mean
from photochrom.evaluation.subjects import ModelSubject
from photochrom.evaluation.truths import Truth

Rgb = NDArray[np.uint8]
Luma = NDArray[np.uint8]
Float = NDArray[np.float32]

BORDER: Final = 0.1
"""What is cropped away at each border, as a part of the side."""


@dataclass(frozen=True)
class Change:
    """The same photograph given in another way.

    Attributes:
        give: luma (H, W) uint8 -> what is coloured instead of it.
        view: result (h, w, 3) of that -> the same, seen as the photograph was (mirrored back).
        part: (H, W, 3) -> the part of the plain photograph's result that it is compared with.
    """

    give: Callable[[Luma, np.random.Generator], Luma]
    view: Callable[[Rgb], Rgb] = lambda rgb: rgb
    part: Callable[[Rgb], Rgb] = lambda rgb: rgb


def _resized(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_CUBIC
    return cv2.resize(picture, (width, height), interpolation=way).astype(np.uint8, copy=False)


def _scaled(factor: float) -> Change:
    return Change(lambda luma, rng: _resized(luma, *(max(1, round(side * factor)) for side in luma.shape[::-1])))


def _inner(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    top, left = (round(side * BORDER) for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top : picture.shape[0] - top, left : picture.shape[1] - left])


def _mirrored(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(picture[:, ::-1])


def _degraded(way: Callable[[Float, np.random.Generator], Float]) -> Change:
    def give(luma: Luma, rng: np.random.Generator) -> Luma:
        changed = way(luma.astype(np.float32) / np.float32(255), rng)
        levels: Luma = np.round(np.clip(changed, 0, 1) * 255).astype(np.uint8)
        return levels

    return Change(give)


CHANGES: Final[Mapping[str, Change]] = {
    "half the size": _scaled(0.5),
    "double the size": _scaled(2),
    "cropped to 80 %": Change(lambda luma, rng: _inner(luma), part=_inner),
    "flipped": Change(lambda luma, rng: _mirrored(luma), view=_mirrored),
    "brighter": _degraded(lambda luma, rng: degrade.tone(luma, gamma=0.85, contrast=0)),
    "grain": _degraded(lambda luma, rng: degrade.grain(luma, 0.02, 0.5, rng)),
    "JPEG": _degraded(lambda luma, rng: degrade.jpeg(luma, 50)),
}


@dataclass(frozen=True)
class Moved:
    """How far colours move when a photograph is given in another way.

    Attributes:
        change: one of `CHANGES`.
        ab: mean distance in ab, Lab units, between the results, each averaged to a quarter of the photograph's size.
    """

    change: str
    ab: Estimate


@dataclass(frozen=True)
class Robustness:
    """Mean change of colour of one model by change of its input; half the size loses detail, the double none.

    To be plotted: `ab` of each row as a bar with its interval, `chroma` said beside them.

    Attributes:
        model: name of the subject.
        photographs: how many were measured.
        rows: one for each of `CHANGES`.
        chroma: mean chroma of the plain results in Lab units: a paler model moves less.
    """

    model: str
    photographs: int
    rows: tuple[Moved, ...]
    chroma: Estimate


def measure_robustness(subject: ModelSubject, truths: Iterable[Truth]) -> Robustness:
    """The figures of `subject`; a photograph takes eight looks and little more."""
    moved, chroma = [], []
    for truth in truths:
        plain = subject.paint(subject.look(truth.luma))
        moved.append([_moved(subject, truth, plain, name, change) for name, change in CHANGES.items()])
        chroma.append(float(np.hypot(*_ab(plain, _quarter(plain))).mean(dtype=np.float64)))
    if not moved:
        raise ValueError("robustness needs at least one photograph")
    draws = Resamples(len(moved))
    rows = (Moved(name, draws.estimate(mean(values))) for name, values in zip(CHANGES, np.array(moved).T, strict=True))
    return Robustness(subject.name, len(moved), tuple(rows), draws.estimate(mean(chroma)))


def _moved(subject: ModelSubject, truth: Truth, plain: Rgb, name: str, change: Change) -> float:
    rng = np.random.default_rng(zlib.crc32(f"{name} {truth.name}".encode()))
    result = change.view(subject.paint(subject.look(change.give(truth.luma, rng))))
    expected = change.part(plain)
    size = _quarter(expected)
    return float(np.hypot(*(_ab(result, size) - _ab(expected, size))).mean(dtype=np.float64))


def _quarter(rgb: Rgb) -> tuple[int, int]:
    """Width and height of a quarter of the sides of a picture."""
    return max(1, rgb.shape[1] // 4), max(1, rgb.shape[0] // 4)


def _ab(rgb: Rgb, size: tuple[int, int]) -> Float:
    """ab (2, h, w) of a picture averaged to (w, h)."""
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.moveaxis(srgb_to_lab(small)[..., 1:], -1, 0)
