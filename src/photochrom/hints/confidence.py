"""Confidence: which colours of a picture somebody stated, which follow from that, and which are a guess, how sure.

What is looked at is the colour that is shown: the probability, by the calibrated distribution, that
the true one is about the same. An object on which a hint lies is as sure as hints turned out to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.hints.finish import Finish
from photochrom.hints.hint import AnyHint
from photochrom.hints.known import Known
from photochrom.hints.painting import Painter
from photochrom.hints.refining import Region, laid_in, refined

Float = NDArray[np.float32]

ABOUT: Final = 15.0
"""Lab units up to which a colour is about right."""

_EDGE: Final = 2.5
"""Within so many Lab units of that, a bin counts in part: it stands for colours around its centre."""

_MOVED: Final = (5.0, 20.0)
"""Lab units by which hints move a colour: up to the first it does not follow from them, from the second it does."""


@dataclass(frozen=True, eq=False)
class Certainty:
    """Where the colours of a picture come from.

    Attributes:
        planes: (4, h, w) float32 in [0, 1], whose sum is 1 in each cell: how far its colour was stated by somebody,
            follows from what was stated, is inferred, and is uncertain.
    """

    planes: Float

    @property
    def confidence(self) -> Float:
        """(h, w) in [0, 1]: the probability that the colour is about right, within 15 Lab units in ab."""
        confidence: Float = 1 - self.planes[3]
        return confidence

    def layers(self) -> NDArray[np.uint8]:
        """The planes as (4, h, w) uint8, 255 for 1: stated, follows, inferred, uncertain."""
        return np.rint(self.planes * 255).astype(np.uint8)

    def sized(self, size: tuple[int, int]) -> Certainty:
        """The same at another size, (H, W); what was stated keeps its edges where it is enlarged."""
        if size[0] < self.planes.shape[1]:
            return Certainty(_resized(self.planes, size, cv2.INTER_AREA))
        planes = _resized(self.planes, size, cv2.INTER_LINEAR)
        (stated,) = _resized(self.planes[:1], size, cv2.INTER_NEAREST)
        planes[:, stated >= 0.5] = np.array([1, 0, 0, 0], np.float32)[:, None]
        return Certainty(planes)


def certainty(
    whole: Painter,
    regions: Sequence[Region],
    hints: Iterable[AnyHint],
    *,
    photo: tuple[int, int],
    finish: Finish | None = None,
) -> Certainty:
    """Where the colours of a picture come from, cell by cell.

    Looked at are the colours that are shown: where strength or a mask makes another colour of one that somebody
    stated, it is no longer the stated one. What a reference lends counts as inferred.

    Args:
        whole: what the network saw in the whole picture.
        regions: what it looked at closer.
        hints: of the photograph.
        photo: (width, height) of the photograph in pixels.
        finish: how the colours are finished; its tone, which is laid over all colours alike, does not count.

    Raises:
        UsageError: a hint lies outside of the photograph, or there are too many.
    """
    listed, finish = list(hints), finish or Finish()
    lent = None if finish.reference is None else finish.reference.lend(whole.look)

    def found(hints: Sequence[AnyHint]) -> Float:
        vividness, warmth = finish.vividness, finish.warmth
        return refined(whole, regions, hints, photo=photo, vividness=vividness, warmth=warmth, lent=lent)

    colors = found(listed)
    moved = _length(colors - found(())) if listed else np.zeros(colors.shape[:2], np.float32)
    shown = finish.shown(colors)
    seen = np.dstack([shown, moved, _about(_length(shown - colors))])
    cells = whole.look.cells.shape
    known = Known.of(listed, size=cells, photo=photo)
    small = np.asarray(cv2.resize(seen, cells[::-1], interpolation=cv2.INTER_AREA), np.float32) if regions else seen
    parts = [
        _planes(region.painter, region.told(listed, photo)[0], region.thought(lent, photo), region.part_of(seen, photo))
        for region in regions
    ]
    lent = whole.told_of(lent, known)
    joined = laid_in(_planes(whole, known, None if lent is None else lent.dense, small), regions, parts, photo=photo)
    planes = np.clip(joined, 0, 1)  # between cells, cubic interpolation goes beyond
    planes /= planes.sum(axis=2, keepdims=True)
    if known is not None and regions:  # a cell of the whole is blurred in the finer ones
        stated = Known.of(listed, size=planes.shape[:2], photo=photo)
        assert stated is not None
        rows, columns = stated.at.T
        planes[rows, columns] *= 1 - seen[rows, columns, 3:]
        planes[rows, columns, 0] += seen[rows, columns, 3]
    return Certainty(np.ascontiguousarray(planes.transpose(2, 0, 1)))


def about_right(probabilities: Float, ab: Float, bins: Sequence[tuple[float, float]]) -> Float:
    """The probability that the true colour lies within 15 Lab units of another.

    Args:
        probabilities: (h, w, K), calibrated.
        ab: (h, w, 2) the other colour.

    Returns:
        (h, w) in [0, 1].
    """
    result = np.zeros(ab.shape[:2], np.float32)
    for share, (a, b) in zip(np.moveaxis(probabilities, -1, 0), bins, strict=True):
        result += share * _about(np.hypot(ab[..., 0] - np.float32(a), ab[..., 1] - np.float32(b)))
    return np.minimum(result, 1)


def _about(distance: Float) -> Float:
    """How far colours at this distance are about the same: from 1 to 0 around 15 Lab units."""
    about: Float = np.clip((ABOUT + _EDGE - distance) / np.float32(2 * _EDGE), 0, 1)
    return about


def _length(difference: Float) -> Float:
    length: Float = np.hypot(difference[..., 0], difference[..., 1])
    return length


def _resized(planes: Float, size: tuple[int, int], way: int) -> Float:
    return np.stack([np.asarray(cv2.resize(plane, size[::-1], interpolation=way), np.float32) for plane in planes])


def _planes(painter: Painter, known: Known | None, soft: Float | None, seen: Float) -> Float:
    """The four planes of a painter's cells, (h, w, 4).

    Args:
        seen: (h, w, 4) of the same cells: the colours that are shown, how far hints moved those that were found, in
            Lab units, and how far both are about the same, in [0, 1].
    """
    look = painter.look
    shown, moved, same = seen[..., :2], seen[..., 2], np.clip(seen[..., 3], 0, 1)
    sure = about_right(look.distribution(painter.logits(known, soft=soft)), shown, look.model.card.bins)
    least, most = _MOVED
    follows = np.clip((moved - least) / (most - least), 0, 1)
    stated = np.zeros(sure.shape, np.float32)
    if known is not None:
        alike = painter.follows(known) * same
        sure = 1 - (1 - sure) * (1 - alike)
        follows = np.maximum(follows, alike)
        rows, columns = known.at.T
        stated[rows, columns] = same[rows, columns]
    guessed = (1 - stated) * sure
    return np.dstack([stated, guessed * follows, guessed * (1 - follows), (1 - stated) * (1 - sure)])
