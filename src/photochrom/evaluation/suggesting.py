"""Suggesting: is the true colour among those that are suggested, and are probability and confidence true?

At random places five colours are suggested. That the truth is near one of them says little by
itself, since most places are greyish; so five fixed colours, the same everywhere, stand beside.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.evaluation.calibration import STEPS, Step
from photochrom.evaluation.intervals import Estimate, Resamples, Statistic, absolute_gaps, share
from photochrom.evaluation.subjects import ModelSubject, true_ab
from photochrom.evaluation.truths import Truth
from photochrom.hints.confidence import ABOUT, about_right
from photochrom.hints.suggestions import NEAR, likeliest, sharpened

Float = NDArray[np.float32]
Double = NDArray[np.float64]

COUNT: Final = 5
"""Colours that are suggested."""

POINTS: Final = 8
"""Random places of a photograph."""

COLORFUL: Final = 20.0
"""Chroma in Lab units above which a true colour is colourful."""

FIXED: Final = ((0.0, 4.0), (6.0, 22.0), (-2.0, -14.0), (-12.0, 18.0), (16.0, 12.0))
"""The five fixed colours near which most of the validation photographs' colours lie, 78.3 % of them: `best_fixed` of
eight random cells of each of the 1243."""

_TENTHS: Final = 10


@dataclass(frozen=True)
class Tenth:
    """One tenth of all places, by the confidence in the colour that they were given.

    Attributes:
        confidence: mean.
        right: share of the colours that are about right, within 15 Lab units.
        error: mean distance of the colour from the truth in ab, Lab units.
    """

    confidence: float
    right: float
    error: float


@dataclass(frozen=True)
class Suggesting:
    """What a model's suggestions and confidence are worth, at random places.

    To be plotted: `steps` as a reliability diagram; `tenths` likewise, `right` against `confidence`.

    Attributes:
        model: name of the subject.
        photographs, points: how many were looked at.
        near: share of places where one of five suggestions lies within 10 Lab units of the truth in ab.
        near_fixed: the same of five fixed colours.
        colorful, colorful_fixed: both where the truth's chroma is above 20.
        ahead, colorful_ahead: by how much the suggestions are better, paired.
        ece: expected calibration error of the suggestions' probabilities, in [0, 1]; 0 is best.
        steps: by the probability of a suggestion, steps without any left out.
        confidence_ece: the same of the confidence that the colour shown, at the default vividness, is about right.
        rank_correlation: of confidence and error (Spearman); below 0 where confidence is worth anything.
        tenths: ten equal parts of all places, the least confident one first.
    """

    model: str
    photographs: int
    points: int
    near: Estimate
    near_fixed: Estimate
    ahead: Estimate
    colorful: Estimate
    colorful_fixed: Estimate
    colorful_ahead: Estimate
    ece: Estimate
    steps: tuple[Step, ...]
    confidence_ece: Estimate
    rank_correlation: float
    tenths: tuple[Tenth, ...]


class _Places(NamedTuple):
    """What one photograph adds, at its places: (P, …) each."""

    truth: Float
    suggested: Float
    probability: Float
    confidence: Float
    error: Float


def measure_suggesting(subject: ModelSubject, truths: Iterable[Truth]) -> Suggesting:
    """Hold suggestions and confidence against the truth; 0.1 s a photograph beside the model's own time."""
    pictures = [_places(subject, truth) for truth in truths]
    if not pictures:
        raise ValueError("suggestions need at least one photograph")
    return _together(subject.name, pictures)


def best_fixed(colors: Float, count: int = COUNT) -> list[tuple[float, float]]:
    """The `count` colours, at least 10 apart, near which most of (N, 2) colours lie, as found one after the other and
    then exchanged one by one as long as that helps."""
    axis = np.arange(-60, 61, 2, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    near: NDArray[np.bool_] = np.hypot(*(grid[:, None] - colors).transpose(2, 0, 1)) < NEAR
    apart = np.hypot(*(grid[:, None] - grid).transpose(2, 0, 1)) >= NEAR

    def best(others: Sequence[int]) -> int:
        new = near & ~near[list(others)].any(axis=0)
        return int(np.where(apart[list(others)].all(axis=0), new.sum(axis=1), -1).argmax())

    chosen: list[int] = []
    for _ in range(count):
        chosen.append(best(chosen))
    share_of_all, before = near[chosen].any(axis=0).mean(), -1.0
    while share_of_all > before:
        before = share_of_all
        for each in list(chosen):
            others = [one for one in chosen if one != each]
            chosen = [*others, best(others)]
        share_of_all = near[chosen].any(axis=0).mean()
    return [(float(a), float(b)) for a, b in grid[chosen]]


def _places(subject: ModelSubject, truth: Truth) -> _Places:
    seen = subject.look(truth.luma)
    look, bins = seen.painter.look, subject.model.card.bins
    ab = true_ab(truth, seen.luma01.shape)
    rng = np.random.default_rng(zlib.crc32(truth.name.encode()))
    places = np.divmod(rng.permutation(ab.shape[0] * ab.shape[1])[:POINTS], ab.shape[1])
    probabilities = look.distribution(look.decode())[places]
    suggested, probability = likeliest(sharpened(probabilities, bins), bins, COUNT)
    shown = seen.painter.colors()[places]
    confidence = about_right(probabilities[None], shown[None], bins)[0]
    return _Places(ab[places], suggested, probability, confidence, np.hypot(*(shown - ab[places]).T))


def _together(model: str, pictures: Sequence[_Places]) -> Suggesting:
    resamples = Resamples(len(pictures))
    fixed = np.array(FIXED, np.float32)
    hits = [_first_hits(each.suggested, each.truth) for each in pictures]
    fixed_hits = [_first_hits(fixed[None], each.truth) for each in pictures]
    colorful = [np.linalg.norm(each.truth, axis=1) > COLORFUL for each in pictures]

    def near(found: Sequence[NDArray[np.bool_]], where: Sequence[NDArray[np.bool_]]) -> tuple[list[int], list[int]]:
        return [int((f.any(axis=1) & w).sum()) for f, w in zip(found, where, strict=True)], [
            int(w.sum()) for w in where
        ]

    everywhere = [np.ones(len(each.truth), bool) for each in pictures]
    all_of, all_fixed = share(*near(hits, everywhere)), share(*near(fixed_hits, everywhere))
    strong, strong_fixed = share(*near(hits, colorful)), share(*near(fixed_hits, colorful))
    suggestions = np.stack(
        [_steps(each.probability.ravel(), hit.ravel()) for each, hit in zip(pictures, hits, strict=True)]
    )
    right = np.stack([_steps(each.confidence, each.error < ABOUT) for each in pictures])
    confidence = np.concatenate([each.confidence for each in pictures])
    error = np.concatenate([each.error for each in pictures])
    return Suggesting(
        model=model,
        photographs=len(pictures),
        points=len(error),
        near=resamples.estimate(all_of),
        near_fixed=resamples.estimate(all_fixed),
        ahead=resamples.difference(all_of, all_fixed),
        colorful=resamples.estimate(strong),
        colorful_fixed=resamples.estimate(strong_fixed),
        colorful_ahead=resamples.difference(strong, strong_fixed),
        ece=resamples.estimate(_gaps(suggestions)),
        steps=_reliability(suggestions.sum(axis=0)),
        confidence_ece=resamples.estimate(_gaps(right)),
        rank_correlation=float(np.corrcoef(_ranks(confidence), _ranks(error))[0, 1]),
        tenths=tuple(
            Tenth(float(confidence[part].mean()), float((error[part] < ABOUT).mean()), float(error[part].mean()))
            for part in np.array_split(np.argsort(confidence, kind="stable"), _TENTHS)
            if len(part)
        ),
    )


def _first_hits(suggested: Float, truth: Float) -> NDArray[np.bool_]:
    """Which suggestion (P, n) of each place is the first one near the truth: a probability counts nothing twice."""
    near = np.hypot(*(suggested - truth[:, None]).transpose(2, 0, 1)) < NEAR
    first: NDArray[np.bool_] = near & (near.cumsum(axis=1) == 1)
    return first


def _steps(predicted: Float, hits: NDArray[np.bool_]) -> Double:
    """Count, sum of the probabilities and hits, by step of the probability: (3, STEPS)."""
    step = np.clip((predicted * STEPS).astype(np.int64), 0, STEPS - 1)
    return np.stack([np.bincount(step, weights, STEPS) for weights in (np.ones(len(step)), predicted, hits)])


def _gaps(steps: Double) -> Statistic:
    """The expected calibration error of (N, 3, STEPS), N photographs."""
    return absolute_gaps(steps[:, 1] - steps[:, 2], steps[:, 0].sum(axis=1))


def _reliability(steps: Double) -> tuple[Step, ...]:
    return tuple(
        Step(i / STEPS, (i + 1) / STEPS, float(count / steps[0].sum()), float(predicted / count), float(hits / count))
        for i, (count, predicted, hits) in enumerate(steps.T)
        if count
    )


def _ranks(values: Float) -> Double:
    """The rank (N,) of each value; equal ones share theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    ranks: Double = (last - (counts - 1) / 2)[which]
    return ranks
