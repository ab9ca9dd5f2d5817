"""Each statistic gives the metric's own value on the photographs as they are, and on any resample of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from photochrom.evaluation import intervals, metrics
from photochrom.evaluation.intervals import Resamples, Statistic

N = 14
RNG = np.random.default_rng(2)
VALUES, OTHERS = RNG.normal(20, 3, N), RNG.normal(22, 3, N)
COUNTS = RNG.integers(1, 30, (N, 4)).astype(float)
TOTALS = COUNTS * RNG.random((N, 4))
GAPS = RNG.normal(0, 5, (N, 15))
X, Y = RNG.normal(0, 1, (N, 8)), RNG.normal(0.4, 1, (N, 8))

CASES: dict[str, tuple[Statistic, Callable[[Any], float]]] = {
    "mean": (intervals.mean(VALUES), lambda i: VALUES[i].mean()),
    "share": (
        intervals.share(TOTALS.sum(axis=1), COUNTS.sum(axis=1)),
        lambda i: TOTALS[i].sum() / COUNTS[i].sum(),
    ),
    "gap": (intervals.gap(VALUES, OTHERS), lambda i: abs(VALUES[i].mean() - OTHERS[i].mean())),
    "percentile": (intervals.percentile(VALUES, 10), lambda i: np.percentile(VALUES[i], 10)),
    "class_mean": (
        intervals.class_mean(TOTALS, COUNTS),
        lambda i: metrics.auc_rebalanced(TOTALS[i].sum(axis=0), COUNTS[i].sum(axis=0)),
    ),
    "absolute_gaps": (
        intervals.absolute_gaps(GAPS, COUNTS.sum(axis=1)),
        lambda i: np.abs(GAPS[i].sum(axis=0)).sum() / COUNTS[i].sum(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_resample_is_measured_as_if_its_photographs_were_there_so_often(name: str) -> None:
    statistic, directly = CASES[name]
    drawn = RNG.integers(0, N, (5, N))
    weights = np.stack([np.bincount(each, minlength=N) for each in [np.arange(N), *drawn]]).astype(float)
    expected = [directly(np.repeat(np.arange(N), row.astype(int))) for row in weights]
    np.testing.assert_allclose(statistic(weights), expected, rtol=1e-12)


def test_a_class_that_a_resample_lacks_keeps_its_mean() -> None:
    totals, counts = np.array([[1.0, 0.0], [2.0, 0.5]]), np.array([[2.0, 0.0], [2.0, 5.0]])
    statistic = intervals.class_mean(totals, counts)
    np.testing.assert_allclose(statistic(np.array([[1.0, 1.0], [2.0, 0.0]])), [50 * (0.75 + 0.1), 50 * (0.5 + 0.1)])


def test_identical_pictures_are_left_out_of_a_mean() -> None:
    statistic = intervals.mean([20.0, np.inf, 30.0])
    np.testing.assert_allclose(statistic(np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 1.0]])), [25, 30])
    assert np.isnan(Resamples(2).estimate(intervals.mean([np.inf, np.inf])).value)


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    found = Resamples(400).estimate(intervals.mean(values))
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_resamples_are_the_same_in_every_run() -> None:
    assert Resamples(N).estimate(intervals.mean(VALUES)) == Resamples(N).estimate(intervals.mean(VALUES))
    with pytest.raises(ValueError, match="nothing to draw from"):
        Resamples(0)


def test_a_small_difference_in_every_photograph_is_found_because_it_is_paired() -> None:
    difficulty = np.random.default_rng(1).normal(23, 4, 60)
    better, worse = (intervals.mean(difficulty + extra) for extra in (0.1, 0.0))
    resamples = Resamples(60)
    assert resamples.estimate(better).low < resamples.estimate(worse).high, "their intervals overlap"
    difference = resamples.difference(better, worse)
    assert difference.value == pytest.approx(0.1)
    assert difference.excludes_zero
    assert not resamples.difference(worse, worse).excludes_zero


def kernel_distance(x: Any, y: Any) -> Statistic:
    kernel = metrics.kid_kernel
    return intervals.kernel_distance(kernel(x, x), kernel(x, y), kernel(y, y))


def test_the_kernel_distance_is_kid_of_pairs() -> None:
    assert Resamples(N).estimate(kernel_distance(X, Y)).value == pytest.approx(metrics.kid(X, Y, paired=True))


def test_kid_of_a_photograph_drawn_twice_does_not_compare_it_with_itself() -> None:
    weights = np.array([[2.0, 1.0, *[0.0] * (N - 2)], [1.0, 1.0, *[0.0] * (N - 2)]])
    twice, once = kernel_distance(X, Y)(weights)
    assert twice == pytest.approx(once)


def test_the_interval_of_kid_lies_round_its_value() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(0, 1, (80, 16))
    found = Resamples(80).estimate(kernel_distance(x + rng.normal(0.3, 0.2, x.shape), x))
    assert found.low < found.value < found.high
