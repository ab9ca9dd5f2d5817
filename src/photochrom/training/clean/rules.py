"""What makes a photograph useless to a colorizer: one small measure a rule, and its limit.

All measures look at the picture as the shards would hold it (shorter side 256 by default), so that a
limit means the same for any file. The limits were set on photographs that were known to be clean and
on spoiled ones: docs/data.md has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import srgb_to_lab
from photochrom.evaluation.metrics import colorfulness
from photochrom.training.clean.reasons import Reason, Rejection

Rgb = NDArray[np.uint8]
Grey = NDArray[np.uint8]

MAX_ASPECT: Final = 3.0
"""Longer side over the shorter one."""
MIN_DETAIL: Final = 1.5
MIN_HIGHLIGHT: Final = 48.0
MAX_BURNT: Final = 0.55
MIN_CHROMA: Final = 4.0
MIN_STRAY: Final = 5.0
MIN_COLORFULNESS: Final = 8.0
MAX_ABRUPTNESS: Final = 1.2

_TONE_SIDE: Final = 64
_TONES: Final = 20
_BOTH_SIDES: Final = 2.0
_EVEN, _GENTLE, _ABRUPT = 9, 48, 64
_FLAT: Final = 0.55
_FLATS: Final = 0.05
_FLAT_PLACE: Final = 0.002


@dataclass(frozen=True)
class Rule:
    """One way to be useless.

    Attributes:
        reason: what it is called.
        measure: takes (h, w, 3) and gives one number; its docstring says what.
        limit: where it begins.
        above: whether a picture is rejected at the limit and above, or below it.
    """

    reason: Reason
    measure: Callable[[Rgb], float]
    limit: float
    above: bool = False

    def rejects(self, value: float) -> bool:
        """Whether a picture of this measure is useless."""
        return value >= self.limit if self.above else value < self.limit


def detail(rgb: Rgb) -> float:
    """How much there is to see: 95th percentile of the luma's difference to its blur of 2 pixels, in levels of 255."""
    grey = _grey(rgb).astype(np.float32)
    return float(np.percentile(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 2)), 95))


def highlight(rgb: Rgb) -> float:
    """The brightest hundredth begins here: 99th percentile of luma, 0 to 255."""
    return float(np.percentile(_grey(rgb), 99))


def burnt(rgb: Rgb) -> float:
    """Share of pixels with luma of 250 and more, 0 to 1."""
    return float(np.mean(_grey(rgb) >= 250))


def chroma(rgb: Rgb) -> float:
    """The strongest hundredth of colours begins here: 99th percentile of chroma, hypot(a, b) in Lab units."""
    ab = srgb_to_lab(rgb)[..., 1:]
    return float(np.percentile(np.hypot(ab[..., 0], ab[..., 1]), 99))


def stray(rgb: Rgb) -> float:
    """How far colours stray from what lightness alone says: 95th percentile of a distance in ab, in Lab units.

    In sepia, cyanotypes and tinted prints each lightness has one colour: all ab lie along one curve from
    black through the tone to white. The curve is the median of 20 classes of lightness. Measured at 64
    pixels, where grain and the coarse chroma of JPEG are averaged away. Where colours lie on both sides of
    grey, twice the distance is given, because even a photograph of sand and sky can follow one line.
    """
    height, width = rgb.shape[:2]
    factor = min(1.0, _TONE_SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    lab = srgb_to_lab(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)).reshape(-1, 3)
    lab = lab[np.argsort(lab[:, 0], kind="stable")]
    curve = np.array([np.median(part, axis=0) for part in np.array_split(lab, min(_TONES, len(lab)))])
    usual = np.stack([np.interp(lab[:, 0], curve[:, 0], curve[:, i]) for i in (1, 2)], axis=1)
    distance = float(np.percentile(np.linalg.norm(lab[:, 1:] - usual, axis=1), 95))
    mean = lab[:, 1:].mean(axis=0)
    along = lab[:, 1:] @ (mean / max(float(np.linalg.norm(mean)), 1e-6))
    return distance if np.percentile(along, 2) >= -_BOTH_SIDES else 2 * distance


def abruptness(rgb: Rgb) -> float:
    """How drawn it looks: abrupt steps for each gentle one, where much of the picture lies in several flat areas.

    A step is the range in 3 x 3 pixels. A drawing or a screenshot goes from flat (up to 9 levels in every
    channel) to an edge (above 64 in luma) at once; a photograph shades (10 to 48 in luma, where the coarse
    chroma of JPEG does not blur an edge). 0 where less than 55 % is flat, or less than 5 % lies in flat
    places beside the largest: a thing on plain paper, a bird in the sky.
    """
    flat = (_step(rgb).max(axis=2) <= _EVEN).astype(np.uint8)
    if flat.mean() < _FLAT:
        return 0.0
    _, _, places, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    areas = np.sort(places[1:, cv2.CC_STAT_AREA])[::-1] / flat.size
    if areas[1:][areas[1:] >= _FLAT_PLACE].sum() < _FLATS:
        return 0.0
    step = _step(_grey(rgb))
    gentle = float(np.mean((step > _EVEN) & (step <= _GENTLE)))
    return float(np.mean(step > _ABRUPT)) / max(gentle, 1e-3)


RULES: Final = (
    Rule(Reason.EMPTY, detail, MIN_DETAIL),
    Rule(Reason.DRAWING, abruptness, MAX_ABRUPTNESS, above=True),
    Rule(Reason.UNDEREXPOSED, highlight, MIN_HIGHLIGHT),
    Rule(Reason.OVEREXPOSED, burnt, MAX_BURNT, above=True),
    Rule(Reason.GREY, chroma, MIN_CHROMA),
    Rule(Reason.TONED, stray, MIN_STRAY),
    Rule(Reason.PALE, colorfulness, MIN_COLORFULNESS),
)
"""In this order: the first that rejects a picture names the reason."""


def measures(rgb: Rgb) -> dict[str, float]:
    """Every rule's measure of a picture, by the reason's name, to four digits."""
    return {rule.reason.value: float(f"{rule.measure(rgb):.4g}") for rule in RULES}


def judged(measured: Mapping[str, float]) -> Rejection | None:
    """The first rule that rejects a picture of these measures."""
    for rule in RULES:
        value = measured[rule.reason.value]
        if rule.rejects(value):
            sign = ">=" if rule.above else "<"
            return Rejection(rule.reason, f"{rule.measure.__name__} {value:.4g} {sign} {rule.limit:g}")
    return None


def misfit(width: int, height: int, min_side: int) -> Rejection | None:
    """Why a picture of this size in pixels can't be used: too small, or too long for its width."""
    shorter, longer = sorted((width, height))
    if shorter < min_side:
        return Rejection(Reason.TOO_SMALL, f"{width} x {height} pixels, shorter side < {min_side}")
    if longer > MAX_ASPECT * shorter:
        return Rejection(Reason.ASPECT, f"{width} x {height} pixels, aspect {longer / shorter:.3g} > {MAX_ASPECT:g}")
    return None


def _grey(rgb: Rgb) -> Grey:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def _step(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The range in the 3 x 3 pixels around each place, channel by channel."""
    kernel = np.ones((3, 3), np.uint8)
    return (cv2.dilate(levels, kernel) - cv2.erode(levels, kernel)).astype(np.uint8, copy=False)
