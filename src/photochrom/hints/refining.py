"""Refining: a part of a picture looked at again, closer, and laid into the colours of the whole.

At the network's working size a face in a group is a few cells: eyes are skin, a ribbon is coat. Seen
closer it gets colours of its own. The whole tells the closer look softly what it thought, so that
the same coat stays the same; it fades into the whole around the box, so that there is no seam. It may
tame strong colours, but never turns grey what the whole gave some colour. What a person's hints change
of the whole, they change of the closer look; those that lie in it, it settles with its own cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.luma import enlarge
from photochrom.color.normalize import normalize_ab
from photochrom.errors import UsageError
from photochrom.hints.hint import AnyHint
from photochrom.hints.known import Known
from photochrom.hints.painting import Painter
from photochrom.hints.reference import Lent
from photochrom.photo import Photo
from photochrom.runtime.look import Look
from photochrom.runtime.working import WorkingSize
from photochrom.values import number

Float = NDArray[np.float32]
Box = tuple[int, int, int, int]

LEAST_SIDE: Final = 8
"""Pixels of a side below which a box is too small to be anything."""

_MARGIN: Final = 0.5
"""What is looked at around a box, as a part of its size: a face wants its hair and collar."""

_FADED: Final = 0.6
"""Part of the margin within which the closer look fades into the whole."""

_MOST_ENLARGED: Final = 2.0
"""The closer look takes in more than the margin where it would be enlarged more than this: the network knows pictures,
not pixels."""

_SOFT: Final = 0.25
"""Confidence in what the whole thought. On faces of colour photographs the error is least from 0.1 to 0.4: with none,
each box gets colours of its own; with full confidence, those that it had."""

_KEPT: Final = 20.0
"""Chroma in Lab units up to which the closer look keeps the whole's colours: close by, an old photograph shows grain
and blur, and skin turns grey or blue. On faces of colour photographs, clean and aged, with boxes of 0.4 to 2 times the
face, one in 30 lost the colour of skin in a tenth of it or more: with this, none. The skin's error is 10.1 units (10.2
without, 11.8 as the whole saw it), the box's 12.2 (12.1, 14.0); with 24, where it can tame less, 12.4."""

_COARSE: Final = 0.2
"""What is finer than this part of a box's side has the closer look's colours alone: eyes and collars are no skin. With
0.1, the box's error is 0.1 units larger; with 0.4, the skin's is 0.3."""

_MOST_CELLS: Final = 1_000_000
"""Cells of the finer colours of a whole picture: more would take longer than the network does."""


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a photograph that the network has looked at closer.

    Attributes:
        box: left, top, right, bottom in pixels of the photograph: what was asked for, cut to the photograph.
        around: the same of what was looked at.
        painter: what the network saw there.
        soft: (3, h, w) what the whole thought of these cells, as dense hints.
    """

    box: Box
    around: Box
    painter: Painter
    soft: Float

    @classmethod
    def of(cls, photo: Photo, box: Sequence[float], whole: Painter, regions: Sequence[Region] = ()) -> Region:
        """Look closer at a box of the photograph.

        Args:
            box: left, top, right, bottom in pixels of the upright photograph; cut where it reaches beyond.
            whole: what the network saw in the photograph.
            regions: what it has looked at closer before, and thinks of by now.

        Raises:
            UsageError: it is no box, is empty, outside, or below 8 pixels in a side.
        """
        cut, model = checked(box, photo.size), whole.look.model
        around = _around(cut, photo.size, model.card.area)
        size = WorkingSize.of(around[3] - around[1], around[2] - around[0], model.card.area)
        painter = Painter(Look(model, photo.working_luma((size.height, size.width), part=around), size))
        thought = refined(whole, regions, (), photo=photo.size, vividness=0)
        cells = painter.look.cells.shape
        soft = np.full((3, *cells), _SOFT, np.float32)
        scaled = _scaled(around, photo.size, thought.shape)
        soft[:2] = normalize_ab(_sampled(thought, scaled, cells)).transpose(2, 0, 1)
        return cls(cut, around, painter, soft)

    def told(self, hints: Sequence[AnyHint], photo: tuple[int, int]) -> tuple[Known | None, list[AnyHint]]:
        """What is known of the region's cells, and the hints that cover none of them."""

        def known(hints: Sequence[AnyHint]) -> Known | None:
            return Known.of(hints, size=self.painter.look.cells.shape, photo=photo, part=self.around)

        return known(hints), [hint for hint in hints if known([hint]) is None]

    def thought(self, lent: Lent | None, photo: tuple[int, int]) -> Float:
        """What is thought of the region's cells, as dense hints: what the whole thought, or what was lent where that
        is surer."""
        if lent is None:
            return self.soft
        dense = self.part_of(lent.dense.transpose(1, 2, 0), photo).transpose(2, 0, 1)
        dense[2] = np.clip(dense[2], 0, 1)
        return np.where(dense[2] > self.soft[2], dense, self.soft)

    def part_of(self, whole: Float, photo: tuple[int, int]) -> Float:
        """What lies in the region of (h, w, n) of the whole picture, at the size of the region's cells."""
        return _sampled(whole, _scaled(self.around, photo, whole.shape), self.painter.look.cells.shape)

    def kept(self, own: Float, whole: Float) -> Float:
        """What the closer look lacks of the whole's colours, (h, w, 2) Lab units to be added to its own.

        Args:
            own, whole: (h, w, 2) what was guessed of the region's cells, from close by and with the whole picture.
        """
        sigma = max(_COARSE * sqrt(_area(self.box)) * self.fineness, 0.5)
        chroma = np.linalg.norm(whole, axis=-1, keepdims=True) + np.float32(1e-6)
        coarse = _blurred(whole * np.minimum(_KEPT / chroma, 1), sigma)
        length = np.linalg.norm(coarse, axis=-1, keepdims=True) + np.float32(1e-6)
        along = (_blurred(own, sigma) * coarse).sum(axis=-1, keepdims=True) / length
        lacking: Float = coarse * (np.maximum(length - along, 0) / length)
        return lacking

    @property
    def fineness(self) -> float:
        """Cells for each pixel of the photograph, along a side."""
        height, width = self.painter.look.cells.shape
        return sqrt(height * width / _area(self.around))


def checked(box: Sequence[float], photo: tuple[int, int]) -> Box:
    """A box in whole pixels, cut to the photograph of (width, height).

    Raises:
        UsageError: it is no box, is empty, outside, or below 8 pixels in a side.
    """
    try:
        left, top, right, bottom = (number(value, "a side") for value in box)
    except (TypeError, ValueError, UsageError):
        raise UsageError(f"a box is (left, top, right, bottom) in pixels of the photograph, not {box!r}") from None
    named = f"the box {left:g}, {top:g}, {right:g}, {bottom:g}"
    if left >= right or top >= bottom:
        raise UsageError(f"{named} is empty: give (left, top, right, bottom) in pixels of the photograph")
    width, height = photo
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        raise UsageError(f"{named} lies outside of the photograph, which has {width} x {height} pixels")
    cut = max(round(left), 0), max(round(top), 0), min(round(right), width), min(round(bottom), height)
    if min(cut[2] - cut[0], cut[3] - cut[1]) < LEAST_SIDE:
        raise UsageError(
            f"{named} covers {cut[2] - cut[0]} x {cut[3] - cut[1]} pixels of the photograph: "
            f"at least {LEAST_SIDE} x {LEAST_SIDE} are needed to see anything in it"
        )
    return cut


def refined(
    whole: Painter,
    regions: Sequence[Region],
    hints: Iterable[AnyHint],
    *,
    photo: tuple[int, int],
    vividness: float | None = None,
    warmth: float = 0.0,
    lent: Lent | None = None,
) -> Float:
    """The colours of a picture with those of its regions laid in; where two meet, the later one counts.

    Args:
        whole: what the network saw in the whole picture.
        regions: what it looked at closer.
        hints: of the photograph.
        photo: (width, height) of the photograph in pixels.
        vividness, warmth, lent: see `Painter.colors`.

    Returns:
        (h, w, 2) Lab units: of the whole's cells where there are no regions, else in cells as fine as the finest
        region's, or as a million of them allow.

    Raises:
        UsageError: a hint lies outside of the photograph, or there are too many.
    """
    listed = list(hints)
    cells = whole.look.cells.shape

    def colors(known: Known | None) -> Float:
        return whole.colors(known, vividness=vividness, warmth=warmth, lent=lent)

    everything = Known.of(listed, size=cells, photo=photo)
    coarse = colors(everything)
    if not regions:
        return coarse
    guessed = whole.colors(vividness=vividness, warmth=warmth)
    parts = []
    for region in regions:
        inside, outside = region.told(listed, photo)
        changed = coarse if inside is None else colors(Known.of(outside, size=cells, photo=photo))
        own = region.painter.colors(vividness=vividness, warmth=warmth, soft=region.soft)
        change = region.part_of(changed - guessed, photo) + region.kept(own, region.part_of(guessed, photo))
        parts.append(
            own + change
            if inside is None
            else region.painter.colors(inside, vividness=vividness, warmth=warmth, soft=region.soft, change=change)
        )
    return laid_in(coarse, regions, parts, photo=photo)


def laid_in(whole: Float, regions: Sequence[Region], parts: Sequence[Float], *, photo: tuple[int, int]) -> Float:
    """What is said of the whole picture's cells, (h, w, n), with what is said of those of its regions laid in.

    Args:
        parts: (h, w, n) of each region's cells.
        photo: (width, height) of the photograph in pixels.

    Returns:
        (H, W, n): the whole's cells where there are no regions, else as fine as the finest region's.
    """
    if not regions:
        return whole
    result = _enlarged(whole, _grid(whole.shape, regions, photo))
    for region, part in zip(regions, parts, strict=True):
        _blend(result, part, region, photo)
    return result


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _blurred(planes: Float, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(planes, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)


def _around(box: Box, photo: tuple[int, int], area: int) -> Box:
    """What is looked at for a box: with its margin, and as much as the network needs to see anything."""
    least = sqrt(area) / _MOST_ENLARGED
    margin = _MARGIN * sqrt(_area(box))
    sides = []
    for start, end, whole in ((box[0], box[2], photo[0]), (box[1], box[3], photo[1])):
        more = max(margin, (least - (end - start)) / 2)
        first, last = round(start - more), round(end + more)
        # At the photograph's border, what lacks on one side is taken from the other.
        first, last = max(first - max(last - whole, 0), 0), min(last + max(-first, 0), whole)
        sides.append((first, last))
    (left, right), (top, bottom) = sides
    return left, top, right, bottom


def _grid(cells: tuple[int, ...], regions: Sequence[Region], photo: tuple[int, int]) -> tuple[int, int]:
    """How many cells (down, across) are fine enough for all regions."""
    width, height = photo
    finest = min(max(region.fineness for region in regions), 1.0, sqrt(_MOST_CELLS / (width * height)))
    return max(round(height * finest), cells[0]), max(round(width * finest), cells[1])


def _enlarged(planes: Float, size: tuple[int, int]) -> Float:
    """(h, w, n) at another size, (H, W, n)."""
    return np.ascontiguousarray(enlarge(planes.transpose(2, 0, 1), size).transpose(1, 2, 0))


def _scaled(box: Box, photo: tuple[int, int], size: tuple[int, ...]) -> tuple[float, float, float, float]:
    """A box in pixels of the photograph, in cells of a grid (down, across)."""
    across, down = size[1] / photo[0], size[0] / photo[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _sampled(planes: Float, box: tuple[float, float, float, float], size: tuple[int, ...]) -> Float:
    """What lies in a box of (h, w, n), in pixels of it, at another size: (H, W, n)."""
    left, top, right, bottom = box
    columns = left + (np.arange(size[1]) + 0.5) * ((right - left) / size[1]) - 0.5
    rows = top + (np.arange(size[0]) + 0.5) * ((bottom - top) / size[0]) - 0.5
    x, y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    sampled = cv2.remap(planes, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32).reshape(*size, -1)


def _blend(whole: Float, part: Float, region: Region, photo: tuple[int, int]) -> None:
    """Lay the colours of a region's cells into the grid of the whole, in place."""
    (left, top, right, bottom), size = region.around, whole.shape[:2]
    columns, across = _faded((left, right), (region.box[0], region.box[2]), photo[0], size[1])
    rows, down = _faded((top, bottom), (region.box[1], region.box[3]), photo[1], size[0])
    # The grid's cells do not begin where the region does: their own edges, in cells of the region.
    height, width = part.shape[:2]
    x = [(edge * photo[0] / size[1] - left) * width / (right - left) for edge in (columns.start, columns.stop)]
    y = [(edge * photo[1] / size[0] - top) * height / (bottom - top) for edge in (rows.start, rows.stop)]
    closer = _sampled(part, (x[0], y[0], x[1], y[1]), (len(down), len(across)))
    place = whole[rows, columns]
    place += (closer - place) * (down[:, None] * across)[..., None]


def _faded(around: tuple[int, int], box: tuple[int, int], whole: int, cells: int) -> tuple[slice, Float]:
    """Along one axis: the cells of a grid that lie in what was looked at, and how much it counts in each, in [0, 1]."""
    scale = cells / whole
    first = max(int(np.ceil(around[0] * scale - 0.5)), 0)
    last = min(int(np.floor(around[1] * scale - 0.5)) + 1, cells)
    center = (np.arange(first, last, dtype=np.float32) + np.float32(0.5)) / np.float32(scale)
    weight = np.ones(last - first, np.float32)
    for edge, end, beyond in ((around[0], box[0], box[0] - center), (around[1], box[1], center - box[1])):
        if edge not in (0, whole):  # nothing lies beside the photograph's border, so there is nothing to fade into
            width = max(_FADED * abs(end - edge), 1e-6)
            weight *= 0.5 + 0.5 * np.cos(np.pi * np.clip(beyond / np.float32(width), 0, 1), dtype=np.float32)
    return slice(first, last), weight
