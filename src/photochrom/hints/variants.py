"""Variants: other colourings of a photograph, each plausible, as if the same things had been of other colours.

A few places stand for the objects whose colour is ambiguous; one after the other takes one of its
likely colours, given those that were taken before, and tells it to its object (anchors: Xia et al.
2022). So a variant is one possible picture, where the automatic colours are a mean of many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.hints.color import Color
from photochrom.hints.hint import AnyHint, Hint
from photochrom.hints.known import Known
from photochrom.hints.painting import Painter
from photochrom.hints.reference import Lent, Reference
from photochrom.hints.suggestions import likeliest, sharpened
from photochrom.values import integer

Float = NDArray[np.float32]

MOST: Final = 32
"""Variants that can be asked for."""

ANCHORS: Final = 8

_SURE: Final = 12.0
"""Standard deviation in Lab units, the blur of training included, up to which a cell's colour is not ambiguous."""

_BLOCK: Final = 4
"""Cells of a side within which one candidate is looked for."""

_CANDIDATES: Final = 48

_LEAST: Final = 0.02
"""Part of the picture's ambiguity that an anchor must stand for."""

_CHOICES: Final = 5
"""Suggestions that one is chosen from."""
_FLATTENED: Final = 0.5
"""Power of their probabilities by which they are chosen."""
_PALE: Final = (10.0, 0.4)
"""Chroma below which a suggestion stands for many greyish colours, and how much less it is chosen: without this,
variants are paler than photographs."""
_UNLIKELY: Final = 0.05
"""Probability below which none is chosen."""
_OTHER: Final = 25.0
"""Lab units to what earlier variants have chosen at the same place, within which a colour is seldom chosen again."""


class Anchor(NamedTuple):
    """A cell that stands for an object whose colour is ambiguous."""

    row: int
    column: int


def anchors(
    painter: Painter, known: Known | None = None, *, lent: Lent | None = None, most: int = ANCHORS
) -> list[Anchor]:
    """Places that stand for what is ambiguous in a picture, the one that stands for most first; one at least.

    Args:
        known: what is known: what follows from it is not ambiguous.
        lent: what a reference tells of the cells.
        most: how many at most.
    """
    weight = np.maximum(_deviation(_likely(painter, known, lent), painter.look.model.card.bins) - _SURE, 0)
    if known is not None:
        weight *= 1 - painter.follows(known)
    candidates = _candidates(weight)
    reach = painter.objects.reach([np.array([each]) for each in candidates])
    left, whole, chosen = weight, float(weight.sum()), list[Anchor]()
    while len(chosen) < most:
        gain = np.einsum("nhw,hw->n", reach, left)
        best = int(gain.argmax())
        if chosen and gain[best] <= _LEAST * whole:
            break
        chosen.append(candidates[best])
        left = left * (1 - reach[best])
    return chosen


def sampled(
    painter: Painter,
    hints: Sequence[AnyHint],
    *,
    photo: tuple[int, int],
    n: int,
    seed: int,
    reference: Reference | None = None,
) -> list[list[Hint]]:
    """For each of `n` variants, the hints that make it, beside those that a person gave; see `Canvas.variants`.

    Args:
        hints: of the person; they are kept.
        photo: (width, height) of the photograph in pixels.
        reference: what lends its colours to what is alike: they are kept as well.
        seed: of the choices; the first variants of a seed are the same however many there are.

    Raises:
        UsageError: `n` or `seed` is out of range, or a hint does not fit the photograph.
    """
    n, seed = integer(n, "n, how many variants to make,", 1, MOST), integer(seed, "seed", 0)
    size = painter.look.cells.shape
    lent = None if reference is None else reference.lend(painter.look)
    places = anchors(painter, Known.of(hints, size=size, photo=photo), lent=lent)
    taken: list[list[Float]] = [[] for _ in places]
    variants = []
    for number in range(n):
        rng = np.random.default_rng((seed, number))
        made: list[Hint] = []
        for place, before in zip(places, taken, strict=True):
            known = Known.of([*made, *hints], size=size, photo=photo)
            ab = _chosen(_likely(painter, known, lent)[place], painter.look.model.card.bins, before, rng)
            before.append(ab)
            x, y = (
                (cell + 0.5) * side / count for cell, side, count in zip(place[::-1], photo, size[::-1], strict=True)
            )
            luma = float(painter.look.cells[place])
            made.append(Hint(x, y, _color(ab, luma), note=f"chosen by chance: variant {number + 1} of seed {seed}"))
        variants.append(made)
    return variants


def _deviation(probabilities: Float, bins: Sequence[tuple[float, float]]) -> Float:
    """How far the colours that a cell may have lie apart: standard deviation (h, w) in Lab units."""
    centers = np.asarray(bins, np.float32)
    mean = np.einsum("hwk,kc->hwc", probabilities, centers)
    square = np.einsum("hwk,k->hw", probabilities, (centers**2).sum(axis=1))
    deviation: Float = np.sqrt(np.maximum(square - (mean**2).sum(axis=2), 0))
    return deviation


def _candidates(weight: Float) -> list[Anchor]:
    """The cells of most weight in blocks of the picture, those of most weight first."""
    height, width = weight.shape
    found = []
    for top in range(0, height, _BLOCK):
        for left in range(0, width, _BLOCK):
            block = weight[top : top + _BLOCK, left : left + _BLOCK]
            row, column = np.unravel_index(int(block.argmax()), block.shape)
            found.append((-float(block[row, column]), Anchor(top + int(row), left + int(column))))
    return [anchor for _, anchor in sorted(found)[:_CANDIDATES]]


def _likely(painter: Painter, known: Known | None, lent: Lent | None) -> Float:
    """How likely each colour is in each cell: (h, w, K)."""
    told = painter.told_of(lent, known)
    return painter.look.distribution(painter.logits(known, soft=None if told is None else told.dense))


def _chosen(
    probabilities: Float, bins: Sequence[tuple[float, float]], before: Sequence[Float], rng: np.random.Generator
) -> Float:
    """One of the likely colours (2,) of a place, rather one that no earlier variant has chosen there."""
    colors, shares = likeliest(sharpened(probabilities[None], bins), bins, _CHOICES)
    weight = np.where(shares[0] >= _UNLIKELY, shares[0], 0).astype(np.float64) ** _FLATTENED
    weight *= np.where(np.hypot(*colors[0].T) < _PALE[0], _PALE[1], 1)
    for other in before:
        weight *= 1.001 - np.exp(-((colors[0] - other) ** 2).sum(axis=1) / _OTHER**2)
    if not weight.any():
        weight[0] = 1
    chosen: Float = colors[0, rng.choice(_CHOICES, p=weight / weight.sum())]
    return chosen


def _color(ab: Float, luma: float) -> Color:
    """A colour of this ab, as nearly as sRGB has one, in the light of the place if that goes."""
    lights = sorted(np.linspace(0.1, 0.9, 33), key=lambda light: abs(light - luma))
    colors = [Color.at(ab, light) for light in lights]
    misses = [float(np.hypot(*np.subtract(color.ab, ab))) for color in colors]
    return next((color for color, miss in zip(colors, misses, strict=True) if miss < 2), colors[int(np.argmin(misses))])
