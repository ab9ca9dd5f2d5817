"""Warmth: the light of a picture, along the black-body locus."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.color.lab import lightness
from photochrom.color.warmth import warmed

LUMA = np.linspace(0.1, 0.9, 9, dtype=np.float32).reshape(3, 3)
GREY = np.zeros((3, 3, 2), np.float32)


def test_no_warmth_changes_nothing() -> None:
    ab = np.random.default_rng(0).normal(0, 30, (3, 3, 2)).astype(np.float32)
    assert warmed(ab, LUMA, 0) is ab


def test_warm_is_amber_and_cool_is_blue() -> None:
    warm, cool = warmed(GREY, LUMA, 1), warmed(GREY, LUMA, -1)
    assert (warm[..., 1] > 3).all()
    assert (warm[..., 0] > 0).all()  # toward red, not green
    assert (cool[..., 1] < -3).all()


@pytest.mark.parametrize("warmth", [-1, -0.5, 0.25, 1])
def test_white_light_becomes_that_of_the_black_body(warmth: float) -> None:
    """Its chromaticity stands beside Planck's law, summed over the CIE 1931 observer (Wyman et al. 2013)."""
    nm = np.arange(380, 781, 1.0)

    def lobe(height: float, centre: float, below: float, above: float) -> np.ndarray:
        return height * np.exp(-0.5 * ((nm - centre) / np.where(nm < centre, below, above)) ** 2)

    observer = np.stack(
        [
            lobe(1.056, 599.8, 37.9, 31.0) + lobe(0.362, 442.0, 16.0, 26.7) + lobe(-0.065, 501.1, 20.4, 26.2),
            lobe(0.821, 568.8, 46.9, 40.5) + lobe(0.286, 530.9, 16.3, 31.1),
            lobe(1.217, 437.0, 11.8, 36.0) + lobe(0.681, 459.0, 26.0, 13.8),
        ]
    )

    def light(kelvin: float) -> np.ndarray:
        spectrum = nm**-5 / np.expm1(1.438777e7 / (nm * kelvin))
        xyz = observer @ spectrum
        return np.asarray(xyz / xyz[1])

    expected = np.cbrt(light(1e6 / (1e6 / 6504 + 50 * warmth)) / light(6504))
    bright = (lightness(LUMA) + 16) / 116
    a, b = np.moveaxis(warmed(GREY, LUMA, warmth), -1, 0)
    assert np.allclose(1 + a / 500 / bright, expected[0], atol=0.002)
    assert np.allclose(1 - b / 200 / bright, expected[2], atol=0.01)
