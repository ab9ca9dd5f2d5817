"""Colour bins: the grid, the nearest bins and their weights, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from skimage import color, data

from photochrom.color.bins import GRID_STEP, AbBins
from photochrom.color.lab import srgb_to_lab

GRID = AbBins.grid()


def gap(places: NDArray[np.float32], colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of each place to the nearest of the colours."""
    distances = [np.hypot(*(colors - place).T).min() for place in places]
    return np.array(distances, np.float32)


def test_the_grid_holds_the_centers_that_some_srgb_color_comes_close_to() -> None:
    levels = np.linspace(0, 1, 40)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    colors = color.rgb2lab(cube)[:, 1:]
    assert gap(GRID.centers, colors).max() < 4.0, "a centre that no colour of the cube comes near"
    outside = np.stack(np.meshgrid(np.arange(-120, 121, 10), np.arange(-120, 121, 10)), -1).reshape(-1, 2)
    outside = np.array([place for place in outside if place.tolist() not in GRID.centers.tolist()], np.float32)
    assert gap(outside.astype(np.float32), colors).min() > 0.1, "a centre left out although the cube holds its colour"


def test_the_grid_has_step_10_and_contains_grey() -> None:
    assert GRID_STEP == 10
    assert len(GRID) == 228
    assert not (GRID.centers % 10).any()
    assert [0.0, 0.0] in GRID.centers.tolist()
    assert len(np.unique(GRID.centers, axis=0)) == len(GRID)


def brute_force(ab: NDArray[np.float32], centers: NDArray[np.float32], n: int, sigma: float) -> NDArray[np.float64]:
    """Weights (N, K) by sorting the distances to every bin."""
    square = ((ab[:, None].astype(np.float64) - centers) ** 2).sum(axis=-1)
    kept = square <= np.sort(square, axis=1)[:, n - 1 : n] + 1e-3
    weight: NDArray[np.float64] = np.where(kept, np.exp(-square / (2 * sigma**2)), 0)
    weight /= weight.sum(axis=1, keepdims=True)
    return weight


@given(hnp.arrays(np.float32, (20, 2), elements=st.floats(-128, 128, width=32)), st.integers(1, 7))
def test_soft_encoding_is_that_of_brute_force(ab: NDArray[np.float32], n: int) -> None:
    index, weight = GRID.soft_encode(ab, neighbours=n, sigma=5.0)
    assert index.shape == weight.shape == (20, n)
    distance = np.hypot(*(ab[:, None] - GRID.centers[index]).transpose(2, 0, 1))
    expected = np.sort(np.hypot(*(ab[:, None] - GRID.centers).transpose(2, 0, 1)), axis=1)[:, :n]
    np.testing.assert_allclose(distance, expected, atol=1e-3)
    np.testing.assert_allclose(weight.sum(axis=1), 1, atol=1e-5)


def test_weights_are_gaussian_in_the_distance() -> None:
    ab = np.array([[2.0, 1.5], [63.3, -40.9], [-7.7, 33.1]], np.float32)
    index, weight = GRID.soft_encode(ab)
    dense = np.zeros((len(ab), len(GRID)))
    np.put_along_axis(dense, index, weight, axis=1)
    np.testing.assert_allclose(dense, brute_force(ab, GRID.centers, 5, 5.0), atol=1e-5)


def test_by_hand_two_bins_share_a_color_by_their_distance() -> None:
    index, weight = AbBins(np.array([[0, 0], [10, 0]], np.float32)).soft_encode([2.0, 0.0], neighbours=2)
    near, far = np.exp(-4 / 50), np.exp(-64 / 50)
    assert index.tolist() == [0, 1]
    np.testing.assert_allclose(weight, [near / (near + far), far / (near + far)], rtol=1e-5)


def test_a_center_is_its_own_nearest_bin() -> None:
    np.testing.assert_array_equal(GRID.nearest(GRID.centers), np.arange(len(GRID)))


def test_a_photographs_colors_come_back_from_their_soft_encoding() -> None:
    ab = srgb_to_lab(data.coffee()[::8, ::8])[..., 1:]
    index, weight = GRID.soft_encode(ab)
    assert index.shape == (*ab.shape[:2], 5)
    back = (GRID.centers[index] * weight[..., None]).sum(axis=-2)
    error = np.linalg.norm(back - ab, axis=-1)
    assert error.mean() < 3, "a weighted mean of neighbours lies nearer than half a grid step"


def test_colors_beyond_every_bin_still_find_the_nearest() -> None:
    assert GRID.centers[GRID.nearest([500.0, 0.0])][0] == GRID.centers[GRID.centers[:, 1] == 0][:, 0].max()


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(K, 2\)"):
        AbBins(np.zeros((0, 2), np.float32))
    with pytest.raises(ValueError, match="finite"):
        AbBins(np.full((1, 2), np.nan, np.float32))
    with pytest.raises(ValueError, match="neighbours"):
        AbBins(np.zeros((2, 2), np.float32)).soft_encode(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="two channels"):
        GRID.soft_encode(np.zeros((2, 3)))
