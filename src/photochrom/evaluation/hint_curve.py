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
from numpy.typing import NDArray

from photochrom.color.lab import srgb_to_lab
from photochrom.evaluation.intervals import Estimate, Resamples, mean
from photochrom.evaluation.metrics import auc, auc_score, psnr
from photochrom.evaluation.subjects import ModelSubject, Seen, joined, true_ab
from photochrom.evaluation.truths import Truth
from photochrom.hints.known import Known
from photochrom.hints.spreading import spread

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]

COUNTS: Final = (0, 1, 2, 5, 10, 20, 50)
"""Points given, the same first ones each time."""


@dataclass(frozen=True)
class HintStep:
    """Results with so many points: PSNR in dB and raw AuC in percent, means over the photographs."""

    points: int
    psnr: Estimate
    auc: Estimate


@dataclass(frozen=True)
class HintCurve:
    """PSNR and AuC against the number of true points, for a model at its vividness and for the network-free spreads.

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
        seen = subject.look(truth.luma)
        ab = true_ab(truth, seen.luma01.shape)
        ways = _ways(subject, seen, ab, places(truth.name, seen.luma01.shape))
        lab = srgb_to_lab(truth.rgb)
        scores.append(np.array([[_score(seen, each, truth.rgb, lab) for each in way] for way in ways], np.float32))
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


def _ways(subject: ModelSubject, seen: Seen, ab: Float, at: NDArray[np.int64]) -> tuple[list[Float], ...]:
    """The colours (h, w, 2) with 0, 1, 2, … points: of the model, of spread colours, of spread differences."""
    automatic = subject.ab(seen)
    model, colors, differences = [automatic], [np.zeros_like(ab)], [automatic]
    for count in COUNTS[1:]:
        some = at[:count]
        true = ab[some[:, 0], some[:, 1]]
        known = Known(some, true, np.arange(len(some)), (seen.luma01.shape[0], seen.luma01.shape[1]))
        model.append(subject.ab(seen, known=known))
        colors.append(spread(true, some, seen.luma01))
        differences.append(automatic + spread(true - automatic[some[:, 0], some[:, 1]], some, seen.luma01))
    return model, colors, differences


def _score(seen: Seen, ab: Float, truth: Rgb, lab: Float) -> tuple[float, float]:
    rgb = joined(seen.luma, seen.luma01, ab)
    return psnr(rgb, truth), auc(auc_score(srgb_to_lab(rgb)[..., 1:], lab[..., 1:]))
