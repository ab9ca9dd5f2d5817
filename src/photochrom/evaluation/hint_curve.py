"""The hint curve: how much does a model make of the colours that somebody points out?

True colours are given at random places, more and more of them. A model that listens must gain with
each, and must gain more than two spreads of the same points that need no network at all: of the
colours themselves, and of their differences to the model's automatic result.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photochrom.color.lab import srgb_to_lab
from photochrom.evaluation.intervals import Estimate, Resamples, mean
from photochrom.evaluation.metrics import auc, auc_score, psnr
from photochrom.evaluation.subjects import Look, ModelSubject, joined, true_ab
from photochrom.evaluation.truths import Truth
from photochrom.hints.hintmap import HintMap

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]

COUNTS: Final = (0, 1, 2, 5, 10, 20, 50)
"""Points given, the same first ones each time."""

_PLACE: Final = 0.25
_LUMA: Final = 0.15
_NARROWER: Final = (0.2, 0.1)
_NONE: Final = 0.1
"""Found on `val`: what stands for "none of these points", so that far from all of them nothing changes."""


@dataclass(frozen=True)
class HintStep:
    """Results with so many points: PSNR in dB and raw AuC in percent, means over the photographs."""

    points: int
    psnr: Estimate
    auc: Estimate


@dataclass(frozen=True)
class HintCurve:
    """PSNR and AuC against the number of true points, for a model at vividness 0 and for the network-free spreads.

    To be plotted: PSNR (and AuC) of the three rows of steps against the number of points, intervals as
    bands, on an axis that shows 0 and is logarithmic beyond; `gained` as labels.

    Attributes:
        model: name of the subject.
        photographs: how many were measured.
        steps: of the model, its decoder given the points.
        colors: of the points' colours spread by position and luma; with none of them, the grey picture.
        differences: of the points' differences to the automatic result, spread likewise and added to it.
        gained: PSNR that the model gains by each step's points over none of them, in dB, paired; a curve that
            rises has all of them above 0, and growing.
        ahead: PSNR by which the model is ahead of `differences` at each step, in dB, paired.
    """

    model: str
    photographs: int
    steps: tuple[HintStep, ...]
    colors: tuple[HintStep, ...]
    differences: tuple[HintStep, ...]
    gained: tuple[Estimate, ...]
    ahead: tuple[Estimate, ...]


def measure_hint_curve(subject: ModelSubject, truths: Iterable[Truth]) -> HintCurve:
    """The curve of `subject`; a photograph takes one look, six more decodes and 0.4 s for 21 pictures and their scores.

    A point is the mean of the truth's ab in one cell of the read-out, at the cell's centre.
    """
    scores: list[Float] = []
    for truth in truths:
        look = subject.look(truth.luma)
        ab = true_ab(truth, look.luma01.shape)
        ways = _ways(subject, look, ab, places(truth.name, look.luma01.shape))
        lab = srgb_to_lab(truth.rgb)
        scores.append(np.array([[_score(look, each, truth.rgb, lab) for each in way] for way in ways], np.float32))
    if not scores:
        raise ValueError("the hint curve needs at least one photograph")
    table = np.stack(scores).transpose(1, 2, 3, 0)  # way, step, metric, photograph
    draws = Resamples(len(scores))

    def steps(way: Float) -> tuple[HintStep, ...]:
        rows = zip(COUNTS, way, strict=True)
        return tuple(HintStep(count, *(draws.estimate(mean(values)) for values in row)) for count, row in rows)

    model, _, differences = table[:, :, 0]
    return HintCurve(
        model=subject.name,
        photographs=len(scores),
        steps=steps(table[0]),
        colors=steps(table[1]),
        differences=steps(table[2]),
        gained=tuple(draws.difference(mean(step), mean(model[0])) for step in model),
        ahead=tuple(draws.difference(mean(one), mean(other)) for one, other in zip(model, differences, strict=True)),
    )


def places(name: str, size: tuple[int, ...]) -> NDArray[np.int64]:
    """Row and column of different cells, (max(COUNTS), 2), at random but always the same for a photograph's name.

    The first n of them are the places of n points. A picture of fewer cells than that gets each once.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    cells = rng.permutation(size[0] * size[1])[: COUNTS[-1]]
    return np.stack(np.divmod(cells, size[1]), axis=-1)


def spread(values: ArrayLike, at: NDArray[np.int64], luma01: Float) -> Float:
    """Spread values known at some cells over all of them, without a network: the nearer and the more alike, the more.

    A cell takes the weighted mean of the values. Weights are Gaussian in the distance (width 0.25 of the
    longer side) and in the difference of luma (width 0.15), both narrower the more points there are; a
    constant weight of 0.1 for the value 0 lets the effect end far away.

    Args:
        values: (P, C).
        at: (P, 2) row and column of each.
        luma01: (h, w) luma of the cells in [0, 1].

    Returns:
        (h, w, C) float32; 0 everywhere without points.
    """
    known = np.asarray(values, np.float32)
    rows, columns = (np.arange(side, dtype=np.float32) for side in luma01.shape)
    total = np.full(luma01.shape, _NONE, np.float32)
    result = np.zeros((*luma01.shape, known.shape[-1]), np.float32)
    place = _PLACE * len(known) ** -_NARROWER[0] * max(luma01.shape) if len(known) else 1
    shade = _LUMA * len(known) ** -_NARROWER[1] if len(known) else 1
    for value, (row, column) in zip(known, at, strict=True):
        near = ((rows - row) ** 2)[:, None] + ((columns - column) ** 2)[None]
        alike = (luma01 - luma01[row, column]) ** 2
        weight = np.exp(-0.5 * (near / place**2 + alike / shade**2))
        total += weight
        result += weight[..., None] * value
    result /= total[..., None]
    return result


def _ways(subject: ModelSubject, look: Look, ab: Float, at: NDArray[np.int64]) -> tuple[list[Float], ...]:
    """The colours (h, w, 2) with 0, 1, 2, … points: of the model, of spread colours, of spread differences."""
    height, width = look.luma01.shape
    automatic = subject.ab(look, vividness=0)
    model, colors, differences = [automatic], [np.zeros_like(ab)], [automatic]
    for count in COUNTS[1:]:
        some = at[:count]
        true = ab[some[:, 0], some[:, 1]]
        xy = ((some[:, ::-1] + 0.5) / (width, height)).astype(np.float32)
        model.append(subject.ab(look, hints=HintMap.from_points(xy, true), vividness=0))
        colors.append(spread(true, some, look.luma01))
        differences.append(automatic + spread(true - automatic[some[:, 0], some[:, 1]], some, look.luma01))
    return model, colors, differences


def _score(look: Look, ab: Float, truth: Rgb, lab: Float) -> tuple[float, float]:
    rgb = joined(look.luma, look.luma01, ab)
    return psnr(rgb, truth), auc(auc_score(srgb_to_lab(rgb)[..., 1:], lab[..., 1:]))
