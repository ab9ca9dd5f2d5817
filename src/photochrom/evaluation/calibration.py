"""Calibration: is the model's confidence true?

Confidence, suggestions and anchors are read from the calibrated distribution softmax(logits - log w).
If that says 30 %, three of ten such guesses must be right, and where it is sure, its colours must be
nearer to the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.color.bins import AbBins
from photochrom.color.readout import calibrated
from photochrom.evaluation.intervals import Draws, Estimate, Resamples, absolute_gaps, mean
from photochrom.evaluation.metrics import confidence_and_hits, nll
from photochrom.evaluation.subjects import ModelSubject, true_ab
from photochrom.evaluation.truths import Truth

Float = NDArray[np.float32]
Double = NDArray[np.float64]

STEPS: Final = 15
"""Equal intervals of the likeliest bin's probability, as in the expected calibration error."""

EDGES: Final = tuple(float(edge) for edge in np.geomspace(1e-3, 1, 13))
"""Limits of the intervals for any bin's probability: most are small, so a decade has four."""

QUANTILES: Final = 10


@dataclass(frozen=True)
class Step:
    """Predicted probabilities from `low` to `high`: how often what they were given to came true.

    Attributes:
        low, high: limits of the interval, in [0, 1].
        share: of all predictions that lie in it, in [0, 1].
        predicted: their mean.
        hits: share of them that came true; equal to `predicted` where the probability is true.
    """

    low: float
    high: float
    share: float
    predicted: float
    hits: float


@dataclass(frozen=True)
class Confidence:
    """One tenth of all cells, by the probability of the likeliest bin.

    Attributes:
        confidence: mean probability of the likeliest bin.
        error: mean distance in ab, Lab units, of the distribution's mean colour from the truth.
        expected: the same distance as the distribution itself expects it.
    """

    confidence: float
    error: float
    expected: float


@dataclass(frozen=True)
class Calibration:
    """How true a model's calibrated distribution is, cell by cell at a quarter of the working size.

    To be plotted: `likeliest` and `any` as reliability diagrams, `hits` against `predicted` beside the
    diagonal (`any` with logarithmic axes) and `share` as bars below; `by_confidence` as two lines,
    `error` and `expected` against `confidence`, of which the first should fall and both should agree.

    Attributes:
        model: name of the subject.
        photographs: how many were looked at.
        nll: negative log-likelihood of the truth's bin, in nats; lower is better.
        nll_of_shares: the same for somebody who knows only how often each bin occurs among these truths.
        ece: expected calibration error, in [0, 1]; 0 is best.
        likeliest: by the probability of the likeliest bin, steps without any prediction left out.
        any: by the probability of any bin, likewise; probabilities below the first step are left out.
        by_confidence: ten equal parts of all cells, the least confident one first.
        draws: "nll" and "ece" on all resamples, to be held against those of another model; not kept in JSON.
    """

    model: str
    photographs: int
    nll: Estimate
    nll_of_shares: float
    ece: Estimate
    likeliest: tuple[Step, ...]
    any: tuple[Step, ...]
    by_confidence: tuple[Confidence, ...]
    draws: Mapping[str, Draws] = field(default_factory=dict, repr=False, compare=False, metadata={"json": False})


def measure_calibration(subject: ModelSubject, truths: Iterable[Truth]) -> Calibration:
    """Compare what `subject` predicts for each photograph with its colours; 0.1 s each beside the model's own time."""
    bins = AbBins(np.asarray(subject.model.card.bins, np.float32))
    log_w = subject.model.card.log_w
    pictures = []
    for truth in truths:
        logits = subject.look(truth.luma).logits
        pictures.append(_compare(calibrated(logits, log_w), true_ab(truth, logits.shape[1:]), bins))
    if not pictures:
        raise ValueError("calibration needs at least one photograph")
    return _together(subject.name, pictures)


class _Picture(NamedTuple):
    """What one photograph adds.

    likeliest (3, STEPS) and any (3, len(EDGES) - 1): count, sum of probabilities, hits, by interval.
    occurs (K,): cells of each true bin. cells (3, n): confidence, error, expected error.
    """

    nll: float
    likeliest: Double
    any: Double
    occurs: NDArray[np.int64]
    cells: Float


def _compare(probabilities: Float, truth: Float, bins: AbBins) -> _Picture:
    """`probabilities` (K, h, w) against the true ab (h, w, 2)."""
    true_bin = bins.nearest(truth)
    confidence, hits = confidence_and_hits(probabilities, true_bin)
    p = probabilities.reshape(len(bins), -1)
    came_true = np.zeros(p.shape, bool)
    came_true[true_bin.ravel(), np.arange(p.shape[1])] = True
    seen = p >= EDGES[0]
    middle = np.einsum("kn,kc->nc", p, bins.centers)
    expected = np.zeros(p.shape[1], np.float32)
    for share, (a, b) in zip(p, bins.centers, strict=True):
        expected += share * np.hypot(middle[:, 0] - a, middle[:, 1] - b)
    error = np.hypot(*(middle - truth.reshape(-1, 2)).T)
    return _Picture(
        nll=nll(probabilities, true_bin),
        likeliest=_sums(confidence.ravel(), hits.ravel(), np.linspace(0, 1, STEPS + 1)),
        any=_sums(p[seen], came_true[seen], np.asarray(EDGES)),
        occurs=np.bincount(true_bin.ravel(), minlength=len(bins)),
        cells=np.stack([confidence.ravel(), error, expected]).astype(np.float32),
    )


def _together(model: str, pictures: Sequence[_Picture]) -> Calibration:
    resamples = Resamples(len(pictures))
    likeliest = np.stack([picture.likeliest for picture in pictures])
    gaps = likeliest[:, 1] - likeliest[:, 2]
    occurs = np.sum([picture.occurs for picture in pictures], axis=0)
    shares = occurs[occurs > 0] / occurs.sum()
    draws = {
        "nll": resamples.draws(mean([picture.nll for picture in pictures])),
        "ece": resamples.draws(absolute_gaps(gaps, likeliest[:, 0].sum(axis=1))),
    }
    return Calibration(
        model=model,
        photographs=len(pictures),
        nll=draws["nll"].estimate(),
        nll_of_shares=float(-(shares * np.log(shares)).sum()),
        ece=draws["ece"].estimate(),
        likeliest=_steps(likeliest.sum(axis=0), np.linspace(0, 1, STEPS + 1)),
        any=_steps(np.sum([picture.any for picture in pictures], axis=0), np.asarray(EDGES)),
        by_confidence=_by_confidence(np.concatenate([picture.cells for picture in pictures], axis=1)),
        draws=draws,
    )


def _sums(probability: Float, hits: NDArray[np.bool_], edges: Double) -> Double:
    """Count, sum of the probabilities and hits in each interval ]edge, next edge], (3, len(edges) - 1)."""
    step = np.clip(np.searchsorted(edges, probability) - 1, 0, len(edges) - 2)
    return np.stack(
        [
            np.bincount(step, minlength=len(edges) - 1),
            np.bincount(step, weights=probability, minlength=len(edges) - 1),
            np.bincount(step, weights=hits, minlength=len(edges) - 1),
        ]
    )


def _steps(sums: Double, edges: Double) -> tuple[Step, ...]:
    total = sums[0].sum()
    return tuple(
        Step(float(low), float(high), float(count / total), float(predicted / count), float(hits / count))
        for low, high, (count, predicted, hits) in zip(edges[:-1], edges[1:], sums.T, strict=True)
        if count
    )


def _by_confidence(cells: Float) -> tuple[Confidence, ...]:
    order = np.argsort(cells[0], kind="stable")
    return tuple(
        Confidence(*(float(value) for value in cells[:, part].mean(axis=1, dtype=np.float64)))
        for part in np.array_split(order, QUANTILES)
        if len(part)
    )
