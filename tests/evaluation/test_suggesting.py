"""The study of suggestions tells good ones from fixed colours, and true probabilities from false ones."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.evaluation.subjects import ModelSubject
from photochrom.evaluation.suggesting import (
    COUNT,
    FIXED,
    POINTS,
    Suggesting,
    _Places,
    _together,
    best_fixed,
    measure_suggesting,
)
from photochrom.evaluation.truths import Truth
from photochrom.runtime.model import Model

SHARES = np.array([0.5, 0.2, 0.1, 0.1, 0.05])


def drawn(*, said: NDArray[np.float64] = SHARES, photographs: int = 200) -> Suggesting:
    """Places where the truth is one of five suggestions, far from each other, as often as SHARES say, or else none."""
    rng = np.random.default_rng(7)
    pictures = []
    for _ in range(photographs):
        angle = rng.uniform(0, 2 * np.pi, (POINTS, 1)) + np.arange(COUNT)
        suggested = (50 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)).astype(np.float32)
        which = rng.choice(COUNT + 1, POINTS, p=[*SHARES, 1 - SHARES.sum()])
        truth = np.concatenate([suggested, np.zeros((POINTS, 1, 2), np.float32)], axis=1)[np.arange(POINTS), which]
        sure = rng.uniform(0, 1, POINTS).astype(np.float32)
        error = np.where(rng.random(POINTS) < sure, 5, 30).astype(np.float32)
        pictures.append(_Places(truth, suggested, np.tile(said.astype(np.float32), (POINTS, 1)), sure, error))
    return _together("drawn", pictures)


def test_true_probabilities_and_true_confidence_have_next_to_no_error() -> None:
    found = drawn()
    assert (found.photographs, found.points) == (200, 200 * POINTS)
    assert found.near.value == pytest.approx(0.95, abs=0.03)
    assert found.ece.value < 0.02
    assert found.confidence_ece.value < 0.06
    assert found.rank_correlation < -0.5
    right = [each.right for each in found.tenths]
    assert right[-1] > right[0] + 0.6
    assert [each.confidence for each in found.tenths] == sorted(each.confidence for each in found.tenths)


def test_false_probabilities_have_an_error() -> None:
    found = drawn(said=SHARES[::-1].copy())
    assert found.ece.low > 0.1


def test_fixed_colours_stand_beside_and_what_is_ahead_is_paired() -> None:
    found = drawn()
    assert found.near_fixed.value < 0.1  # of places 50 away from grey, and of grey itself every twentieth
    assert found.ahead.value == pytest.approx(found.near.value - found.near_fixed.value)
    assert found.colorful.value == 1
    assert found.colorful_fixed.value == 0
    assert found.colorful_ahead.low > 0.99


def test_the_best_fixed_colours_are_where_colours_lie() -> None:
    heaps = np.array([(0, 4), (40, 30), (-30, 20), (10, -40), (-8, -50)], np.float32)
    rng = np.random.default_rng(1)
    colors = (heaps[rng.integers(0, 5, 600)] + rng.uniform(-5, 5, (600, 2))).astype(np.float32)
    found = np.array(best_fixed(colors))
    assert np.hypot(*(found[:, None] - colors).transpose(2, 0, 1)).min(axis=0).max() < 10
    assert len(FIXED) == COUNT
    apart = np.hypot(*(np.array(FIXED)[:, None] - np.array(FIXED)).transpose(2, 0, 1)) + 100 * np.eye(COUNT)
    assert apart.min() >= 10


def test_the_bundled_model_is_measured_at_places_that_stay_the_same() -> None:
    parts = (data.astronaut()[:256, 100:356], data.coffee()[100:356, 200:456], data.chelsea()[20:276, 100:356])
    truths = [Truth(str(i), np.ascontiguousarray(part)) for i, part in enumerate(parts)]
    subject = ModelSubject(Model.load("best", device="cpu", threads=1))
    found = measure_suggesting(subject, truths)
    assert found == measure_suggesting(subject, truths)
    assert (found.model, found.photographs, found.points) == ("best", 3, 3 * POINTS)
    assert 0.4 < found.near.value <= 1
    with pytest.raises(ValueError, match="at least one"):
        measure_suggesting(subject, [])
