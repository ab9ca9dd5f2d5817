"""sRGB and Lab against scikit-image and published values, and there and back again."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from skimage import color, data

from photochrom.color.lab import lab_to_srgb, lightness, srgb_to_lab

pixels = hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


def test_lab_of_a_photograph_is_that_of_scikit_image() -> None:
    photograph = data.astronaut()
    # scikit-image rounds matrix and white point to six digits
    np.testing.assert_allclose(srgb_to_lab(photograph), color.rgb2lab(photograph), atol=0.01)


def test_the_primaries_have_their_published_lab() -> None:
    primaries = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255], [255, 0, 255]], np.uint8)
    # the values of sRGB's primaries and secondaries (D65) that other implementations are tested with
    expected = [
        [53.2408, 80.0925, 67.2032],
        [87.7347, -86.1827, 83.1793],
        [32.2970, 79.1875, -107.8602],
        [97.1393, -21.5537, 94.4780],
        [91.1132, -48.0875, -14.1312],
        [60.3242, 98.2343, -60.8249],
    ]
    np.testing.assert_allclose(srgb_to_lab(primaries), expected, atol=0.01)


@given(pixels)
def test_8_bit_comes_back_exactly(rgb: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(lab_to_srgb(srgb_to_lab(rgb), np.uint8), rgb)


def test_16_bit_comes_back_within_one_level() -> None:
    rgb = np.random.default_rng(1).integers(0, 65536, (300, 300, 3), dtype=np.uint16)
    back = lab_to_srgb(srgb_to_lab(rgb), np.uint16)
    assert back.dtype == np.uint16
    assert np.abs(back.astype(int) - rgb).max() <= 1


def test_float_comes_back_even_outside_the_gamut() -> None:
    lab = np.stack(np.meshgrid([5.0, 50.0, 95.0], [-90.0, 0.0, 90.0], [-100.0, 0.0, 100.0]), axis=-1)
    rgb = lab_to_srgb(lab, np.float32, clip=False)
    assert rgb.min() < 0
    assert rgb.max() > 1
    np.testing.assert_allclose(srgb_to_lab(rgb), lab, atol=2e-3)


def test_clipped_float_stays_in_the_cube() -> None:
    rgb = lab_to_srgb([[50.0, 120.0, -120.0]], np.float32)
    assert rgb.dtype == np.float32
    assert rgb.min() >= 0
    assert rgb.max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_grey_level_is_exactly_neutral(dtype: type[np.unsignedinteger]) -> None:
    grey = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    lab = srgb_to_lab(np.stack([grey] * 3, axis=-1))
    assert np.abs(lab[:, 1:]).max() < 1e-3
    assert lab[0, 0] == 0
    assert lab[-1, 0] == pytest.approx(100, abs=1e-4)
    np.testing.assert_allclose(lightness(grey), lab[:, 0], atol=2e-4)


def test_the_same_color_has_the_same_lab_at_every_depth() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (50, 3), dtype=np.uint8)
    lab = srgb_to_lab(rgb)
    np.testing.assert_allclose(srgb_to_lab(rgb.astype(np.uint16) * 257), lab, atol=1e-3)
    np.testing.assert_allclose(srgb_to_lab(rgb / 255), lab, atol=1e-3)


def test_any_number_of_axes_is_kept() -> None:
    assert srgb_to_lab(np.zeros(3, np.uint8)).shape == (3,)
    assert srgb_to_lab(np.zeros((0, 3), np.uint8)).shape == (0, 3)
    assert lab_to_srgb(np.zeros((2, 4, 5, 3))).shape == (2, 4, 5, 3)


def test_a_large_picture_needs_little_more_memory_than_its_result() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
    tracemalloc.start()
    lab = srgb_to_lab(rgb)
    forward = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    back = lab_to_srgb(lab)
    backward = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert forward < lab.nbytes + 8e6
    assert backward < lab.nbytes + back.nbytes + 8e6


def test_what_is_not_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="three channels"):
        srgb_to_lab(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="three channels"):
        lab_to_srgb(np.zeros((4, 4, 2)))
    with pytest.raises(ValueError, match="int32"):
        srgb_to_lab(np.zeros((4, 4, 3), np.int32))
    with pytest.raises(ValueError, match="bool"):
        lab_to_srgb(np.zeros((4, 4, 3)), np.bool_)
