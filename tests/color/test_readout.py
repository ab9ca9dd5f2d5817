"""The read-out against a softmax in double precision and against what each knob must do."""

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.color.readout import calibrated, read_out, read_outs

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 4, (30, 5, 7)).astype(np.float32)
LOG_W = RNG.normal(0, 1, 30).astype(np.float32)
CENTERS = RNG.uniform(-90, 90, (30, 2)).astype(np.float32)


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the bins, by the definition."""
    result: NDArray[np.float64] = np.exp(scores) / np.exp(scores).sum(axis=0)
    return result


def test_the_calibrated_distribution_takes_the_weights_off() -> None:
    expected = softmax(LOGITS.astype(np.float64) - LOG_W[:, None, None])
    np.testing.assert_allclose(calibrated(LOGITS, LOG_W), expected, atol=1e-6)


def test_weighted_training_undone_gives_the_true_distribution() -> None:
    p = np.array([0.7, 0.2, 0.1])
    w = np.array([0.5, 1.0, 4.0])
    q = p * w / (p * w).sum()
    np.testing.assert_allclose(calibrated(np.log(q), np.log(w)), p, atol=1e-6)


@pytest.mark.parametrize(("t", "temperature", "gain"), [(0.0, 1.0, 1.0), (0.5, 0.38, 1.2), (1.0, 2.0, 1.0)])
def test_the_read_out_is_the_mean_of_the_tempered_distribution(t: float, temperature: float, gain: float) -> None:
    p = softmax((LOGITS.astype(np.float64) - (1 - t) * LOG_W[:, None, None]) / temperature)
    expected = gain * np.einsum("khw,kc->hwc", p, CENTERS)
    ab = read_out(LOGITS, LOG_W, CENTERS, t=t, T=temperature, gain=gain)
    assert ab.dtype == np.float32
    np.testing.assert_allclose(ab, expected, atol=1e-3)


def test_a_low_temperature_chooses_the_likeliest_bin() -> None:
    ab = read_out(LOGITS, LOG_W, CENTERS, t=1.0, T=0.001, gain=1.0)
    np.testing.assert_allclose(ab, CENTERS[LOGITS.argmax(axis=0)], atol=0.1)


def test_huge_logits_do_not_overflow_and_the_input_is_left_alone() -> None:
    logits = LOGITS * np.float32(1e4)
    before = logits.copy()
    assert np.isfinite(read_out(logits, LOG_W, CENTERS, t=0.0, T=0.1, gain=1.0)).all()
    assert np.isfinite(calibrated(logits, np.zeros(30))).all()
    np.testing.assert_array_equal(logits, before)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature"):
        read_out(LOGITS, LOG_W, CENTERS, t=0.0, T=0.0, gain=1.0)
    with pytest.raises(ValueError, match="each of the 30 bins"):
        calibrated(LOGITS, LOG_W[:-1])


WAYS = [(0.5, 0.7, 1.4), (0.0, 0.7, 1.0), (1.0, 1.0, 1.0), (0.3, 0.05, 2.0)]


def test_several_ways_at_once_are_each_the_read_out() -> None:
    together = read_outs(LOGITS, LOG_W, CENTERS, WAYS)
    for (t, temperature, gain), ab in zip(WAYS, together, strict=True):
        expected = read_out(LOGITS, LOG_W, CENTERS, t=t, T=temperature, gain=gain)
        np.testing.assert_allclose(ab, expected, atol=1e-3)


def test_what_else_is_asked_for_changes_no_bit() -> None:
    together = read_outs(LOGITS, LOG_W, CENTERS, WAYS)
    for way, ab in zip(WAYS, together, strict=True):
        np.testing.assert_array_equal(read_outs(LOGITS, LOG_W, CENTERS, [way])[0], ab)


@pytest.mark.parametrize("t", [0.0, 0.5, 1.0])
def test_weights_far_apart_and_a_low_temperature_do_not_vanish(t: float) -> None:
    (ab,) = read_outs(LOGITS * 3, LOG_W * 10, CENTERS, [(t, 0.05, 1.0)])
    np.testing.assert_allclose(ab, read_out(LOGITS * 3, LOG_W * 10, CENTERS, t=t, T=0.05, gain=1.0), atol=1e-3)
