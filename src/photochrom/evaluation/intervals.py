"""Intervals: how sure a figure is, and whether one model is really better than another.

Bootstrap over the photographs: each resample gives every photograph a weight, how often it was drawn.
A metric is a function of these weights, so that a mean, a percentile and KID are all treated alike.
All subjects see the same resamples, and so differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Double = NDArray[np.float64]

Statistic = Callable[[Double], Double]
"""A metric: takes weights (B, N) of N photographs in B resamples, gives its value (B,) in each."""

RESAMPLES: Final = 2000
LEVEL: Final = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether all of the interval is on one side of zero: of a difference, whether it is one."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class Draws:
    """A statistic on the photographs as they are, and its values (B,) on the resamples."""

    value: float
    values: Double

    def __sub__(self, other: Draws) -> Draws:
        return Draws(self.value - other.value, self.values - other.values)

    def estimate(self) -> Estimate:
        """The value, with the middle 95 % of those on the resamples; on itself where they are no numbers."""
        finite = self.values[np.isfinite(self.values)]
        if not len(finite):
            return Estimate(self.value, self.value, self.value)
        low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(self.value, float(low), float(high))


class Resamples:
    """`RESAMPLES` draws, with replacement, of n among n photographs; the same ones in every run."""

    def __init__(self, n: int, *, seed: int = 0) -> None:
        if n < 1:
            raise ValueError("there is nothing to draw from")
        rng = np.random.default_rng(seed)
        self._weights = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)

    def draws(self, statistic: Statistic) -> Draws:
        """The statistic on all resamples; the difference of two of these is paired."""
        value = float(statistic(np.ones((1, self._weights.shape[1])))[0])
        return Draws(value, statistic(self._weights))

    def estimate(self, statistic: Statistic) -> Estimate:
        """The statistic with its interval."""
        return self.draws(statistic).estimate()

    def difference(self, one: Statistic, other: Statistic) -> Estimate:
        """How much larger the first statistic is than the second, photograph by photograph the same draws."""
        return (self.draws(one) - self.draws(other)).estimate()


def mean(values: ArrayLike) -> Statistic:
    """Mean of (N,) values; those that are not finite (PSNR of identical pictures) are left out."""
    each = np.asarray(values, np.float64)
    finite = np.isfinite(each)
    kept, present = np.where(finite, each, 0), finite.astype(np.float64)

    def statistic(weights: Double) -> Double:
        with np.errstate(invalid="ignore", divide="ignore"):
            result: Double = weights @ kept / (weights @ present)
        return result

    return statistic


def share(parts: ArrayLike, counts: ArrayLike) -> Statistic:
    """Share of all that is counted: sum of (N,) parts over the sum of (N,) counts, which differ by photograph."""
    one, all_of_them = np.asarray(parts, np.float64), np.asarray(counts, np.float64)

    def statistic(weights: Double) -> Double:
        with np.errstate(invalid="ignore", divide="ignore"):
            result: Double = weights @ one / (weights @ all_of_them)
        return result

    return statistic


def gap(values: ArrayLike, others: ArrayLike) -> Statistic:
    """Distance of the means of (N,) values and (N,) others, as of dCF."""
    one, other = mean(values), mean(others)
    return lambda weights: np.abs(one(weights) - other(weights))


def percentile(values: ArrayLike, percent: float) -> Statistic:
    """Percentile of (N,) values, linear between neighbours, as of p10-CF."""
    each = np.asarray(values, np.float64)
    order = np.argsort(each)
    ranked = each[order]

    def statistic(weights: Double) -> Double:
        drawn = weights[:, order].cumsum(axis=1)
        place = (drawn[:, -1] - 1) * percent / 100
        below = np.floor(place)
        part = place - below
        low, high = (
            ranked[(drawn > np.minimum(at, drawn[:, -1] - 1)[:, None]).argmax(axis=1)] for at in (below, below + 1)
        )
        result: Double = low + part * (high - low)
        return result

    return statistic


def class_mean(totals: ArrayLike, counts: ArrayLike) -> Statistic:
    """Mean over the classes that occur of the mean in each, as of class-rebalanced AuC, times 100.

    A class that a resample lacks, because few photographs have it, keeps its mean of all of them: without
    the rare classes, which score low, the figure would rise.

    Args:
        totals, counts: (N, K) sum of the scores and number of pixels, by photograph and class.
    """
    total, count = np.asarray(totals, np.float64), np.asarray(counts, np.float64)
    occurs = count.sum(axis=0) > 0
    total, count = total[:, occurs], count[:, occurs]
    usual = total.sum(axis=0) / count.sum(axis=0)

    def statistic(weights: Double) -> Double:
        pixels = weights @ count
        scores = np.divide(weights @ total, pixels, out=np.tile(usual, (len(pixels), 1)), where=pixels > 0)
        result: Double = 100 * scores.mean(axis=1)
        return result

    return statistic


def absolute_gaps(gaps: ArrayLike, counts: ArrayLike) -> Statistic:
    """Expected calibration error: sum over the steps of the absolute gap, divided by the number of cells.

    Args:
        gaps: (N, S) sum over a photograph's cells of confidence less hit, by step of confidence.
        counts: (N,) cells of a photograph.
    """
    each, cells = np.asarray(gaps, np.float64), np.asarray(counts, np.float64)
    return lambda weights: np.abs(weights @ each).sum(axis=1) / (weights @ cells)


def kernel_distance(within: ArrayLike, across: ArrayLike, others: ArrayLike) -> Statistic:
    """KID of results beside their truths: the unbiased squared MMD, times 1000, from kernel values.

    A photograph is compared with different ones only, be it in two copies of a resample or with its own result.

    Args:
        within, across, others: (N, N) kernel of results with results, of results with truths, of truths with truths.
    """
    xx, xy, yy = (np.asarray(kernel, np.float64) for kernel in (within, across, others))
    sum_of_all = xx + yy - xy - xy.T
    np.fill_diagonal(sum_of_all, 0)

    def statistic(weights: Double) -> Double:
        pairs = weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1)
        with np.errstate(invalid="ignore"):  # of few photographs a resample may hold one alone
            result: Double = 1000 * np.einsum("bn,bn->b", weights @ sum_of_all, weights) / pairs
        return result

    return statistic
