"""Borders: bars, frames and paper go; skies, nights and things on white stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from clean_files import photograph, photographs
from numpy.typing import NDArray
from spoiled_files import decoded, encoded

from photochrom.training.clean.borders import cut_borders

Rgb = NDArray[np.uint8]


def framed(rgb: Rgb, top: int, bottom: int, left: int, right: int, level: int = 0) -> Rgb:
    return cv2.copyMakeBorder(rgb, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(level,) * 3).astype(np.uint8)


@pytest.mark.parametrize("number", range(8))
def test_a_photograph_without_borders_is_the_same_array(number: int) -> None:
    rgb = photographs()[number]
    assert cut_borders(rgb) is rgb


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("around", [(20, 20, 0, 0), (0, 0, 30, 30), (20, 25, 30, 15), (0, 18, 0, 0)])
def test_bars_and_frames_are_cut_to_the_pixel(around: tuple[int, int, int, int], level: int) -> None:
    rgb = photograph(5)
    np.testing.assert_array_equal(cut_borders(framed(rgb, *around, level=level)), rgb)


def test_borders_are_cut_after_jpeg_and_resizing_too_with_no_trace_of_them() -> None:
    rgb = photograph(5)
    large = framed(rgb, 24, 24, 40, 40)
    small = cv2.resize(decoded(encoded(large, ".jpg", 70)), None, fx=0.73, fy=0.73, interpolation=cv2.INTER_AREA)
    inner = cut_borders(small.astype(np.uint8))
    height, width = (round(0.73 * side) for side in rgb.shape[:2])
    assert height - 5 <= inner.shape[0] <= height
    assert width - 5 <= inner.shape[1] <= width
    assert min(inner[0].mean(), inner[-1].mean(), inner[:, 0].mean(), inner[:, -1].mean()) > 60


def test_a_black_frame_on_white_paper_is_cut_with_it() -> None:
    rgb = photograph(5)
    both = framed(framed(rgb, 12, 12, 12, 12, 0), 30, 30, 30, 30, 255)
    np.testing.assert_array_equal(cut_borders(both), rgb)


def test_a_night_sky_that_grows_lighter_slowly_stays() -> None:
    night = photograph(5).astype(np.float32)
    night *= np.clip(np.linspace(-0.3, 1.5, len(night)), 0, 1)[:, None, None]
    rgb = night.astype(np.uint8)
    assert cut_borders(rgb) is rgb


def test_a_thing_on_white_paper_stays_whole() -> None:
    paper = np.full((300, 300, 3), 255, np.uint8)
    cv2.circle(paper, (150, 150), 90, (120, 40, 30), -1)
    assert cut_borders(paper) is paper


def test_an_even_picture_is_not_cut_away() -> None:
    for level in (0, 255):
        plain = np.full((64, 64, 3), level, np.uint8)
        assert cut_borders(plain) is plain
