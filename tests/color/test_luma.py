"""The luma promise, the gamut fit and the enlargement, against Pillow, OpenCV and plain formulas."""

import tracemalloc
from typing import Literal

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import ab_to_cbcr, chroma_planes, enlarge, fit_gamut, luma, recombine, rgb_bands, rgb_to_cbcr

WEIGHTS = np.array([19595, 38470, 7471]) / 65536


def ycc_to_rgb(grey: NDArray[np.floating], cbcr: NDArray[np.floating]) -> NDArray[np.float64]:
    """BT.601 by the textbook, in double precision."""
    kr, kg, kb = WEIGHTS
    red = grey + 2 * (1 - kr) * cbcr[1].astype(np.float64)
    blue = grey + 2 * (1 - kb) * cbcr[0].astype(np.float64)
    return np.stack([red, (grey - kr * red - kb * blue) / kg, blue], axis=-1)


def pillow_grey(rgb: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.asarray(Image.fromarray(rgb).convert("L")).astype(np.int64)


# --- luma ---------------------------------------------------------------------------------------


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))))
def test_8_bit_luma_is_pillows(rgb: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(luma(rgb), pillow_grey(rgb))


def test_8_bit_luma_of_a_photograph_is_pillows() -> None:
    np.testing.assert_array_equal(luma(data.coffee()), pillow_grey(data.coffee()))


@given(hnp.arrays(np.uint16, st.tuples(st.integers(1, 20), st.just(3))))
def test_16_bit_luma_follows_the_same_formula(rgb: NDArray[np.uint16]) -> None:
    expected = [(r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16 for r, g, b in rgb.tolist()]
    assert luma(rgb).tolist() == expected


def test_white_stays_white_at_every_depth() -> None:
    assert luma(np.full((1, 1, 3), 255, np.uint8)) == 255
    assert luma(np.full((1, 1, 3), 65535, np.uint16)) == 65535
    assert luma(np.ones((1, 1, 3))) == pytest.approx(1, abs=1e-6)


def test_float_luma_is_the_weighted_sum() -> None:
    rgb = np.random.default_rng(0).random((30, 3))
    np.testing.assert_allclose(luma(rgb), rgb @ WEIGHTS, atol=1e-6)


# --- gamut fit ----------------------------------------------------------------------------------

levels = st.floats(0, 1, width=32)
chroma_values = st.floats(-1, 1, width=32)


@given(hnp.arrays(np.float32, (6, 6), elements=levels), hnp.arrays(np.float32, (2, 6, 6), elements=chroma_values))
def test_the_fit_brings_every_color_into_the_cube_at_its_luma_and_hue(
    grey: NDArray[np.float32], cbcr: NDArray[np.float32]
) -> None:
    fitted = fit_gamut(grey, cbcr)
    rgb = ycc_to_rgb(grey, fitted)
    assert rgb.min() >= -1e-5
    assert rgb.max() <= 1 + 1e-5
    np.testing.assert_allclose(rgb @ WEIGHTS, grey, atol=1e-6)
    np.testing.assert_allclose(fitted[0] * cbcr[1], fitted[1] * cbcr[0], atol=1e-5)  # same direction
    assert (np.abs(fitted) <= np.abs(cbcr) + 1e-7).all()
    assert np.abs(fitted).max() <= 0.5 + 1e-6


def test_the_fit_takes_no_more_than_it_must() -> None:
    rng = np.random.default_rng(1)
    grey, cbcr = rng.random((50, 50)).astype(np.float32), rng.uniform(-0.7, 0.7, (2, 50, 50)).astype(np.float32)
    rgb, fitted = ycc_to_rgb(grey, cbcr), ycc_to_rgb(grey, fit_gamut(grey, cbcr))
    inside = ((rgb >= 0) & (rgb <= 1)).all(axis=-1)
    assert 0.1 < inside.mean() < 0.9
    np.testing.assert_allclose(fitted[inside], rgb[inside], atol=1e-6)
    at_the_wall = np.minimum(fitted, 1 - fitted).min(axis=-1)
    np.testing.assert_allclose(at_the_wall[~inside], 0, atol=1e-5)


def test_black_and_white_lose_all_color() -> None:
    assert not fit_gamut(np.array([0.0, 1.0]), np.full((2, 2), 0.3)).any()


# --- ab -> Cb, Cr -------------------------------------------------------------------------------


def test_no_ab_is_no_chroma() -> None:
    grey = np.linspace(0, 1, 64).reshape(8, 8)
    np.testing.assert_allclose(ab_to_cbcr(grey, np.zeros((8, 8, 2))), 0, atol=1e-5)


def test_the_color_has_the_ab_asked_for_where_the_cube_has_room() -> None:
    grey = np.full((3, 3), 0.5, np.float32)
    ab = np.stack(np.meshgrid([-15.0, 0.0, 15.0], [-15.0, 0.0, 15.0]), axis=-1)
    lab = srgb_to_lab(recombine(grey, ab_to_cbcr(grey, ab)))
    np.testing.assert_allclose(lab[..., 1:], ab, atol=1.5)  # the lightness is that of grey, not of the colour


def test_true_ab_of_a_photograph_gives_nearly_its_true_chroma() -> None:
    photograph = data.coffee()
    grey = luma(photograph) / 255
    made = recombine(luma(photograph), ab_to_cbcr(grey, srgb_to_lab(photograph)[..., 1:]))
    error = np.mean((made.astype(float) - photograph) ** 2)
    assert 10 * np.log10(255**2 / error) > 38


def test_an_impossible_ab_is_fitted_not_wrapped() -> None:
    grey = np.linspace(0, 1, 9).reshape(3, 3)
    for a, b in [(120, 120), (-120, 120), (120, -120), (-120, -120)]:
        cbcr = ab_to_cbcr(grey, np.tile([float(a), float(b)], (3, 3, 1)))
        rgb = ycc_to_rgb(grey.astype(np.float32), cbcr)
        assert rgb.min() >= -1e-5
        assert rgb.max() <= 1 + 1e-5


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(h, w, 2\)"):
        ab_to_cbcr(np.zeros((4, 4)), np.zeros((2, 4, 4)))


def test_chroma_of_rgb_is_the_textbooks_and_comes_back() -> None:
    photograph = data.astronaut()[::4, ::4]
    cbcr = rgb_to_cbcr(photograph)
    ycc = np.asarray(Image.fromarray(photograph).convert("YCbCr")).astype(np.float64)
    np.testing.assert_allclose(cbcr[0] * 255 + 128, ycc[..., 1], atol=1.01)
    np.testing.assert_allclose(cbcr[1] * 255 + 128, ycc[..., 2], atol=1.01)
    back = ycc_to_rgb(luma(photograph / 255), cbcr)
    np.testing.assert_allclose(back, photograph / 255, atol=1e-5)


# --- enlarging ----------------------------------------------------------------------------------

sides = st.integers(1, 12)
targets = st.integers(12, 150)


@given(sides, sides, targets, targets)
def test_enlarging_is_opencvs_cubic(h: int, w: int, height: int, width: int) -> None:
    planes = np.random.default_rng(h * w).uniform(-0.5, 0.5, (2, h, w)).astype(np.float32)
    expected = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC) for plane in planes]
    np.testing.assert_allclose(enlarge(planes, (height, width)), expected, atol=1e-5)


def test_many_strips_join_without_a_seam() -> None:
    planes = np.random.default_rng(2).uniform(-0.5, 0.5, (2, 9, 11)).astype(np.float32)
    expected = [cv2.resize(plane, (3000, 500), interpolation=cv2.INTER_CUBIC) for plane in planes]
    np.testing.assert_allclose(enlarge(planes, (500, 3000)), expected, atol=1e-5)


def test_shrinking_averages_areas() -> None:
    planes = np.random.default_rng(3).random((2, 6, 8)).astype(np.float32)
    expected = planes.reshape(2, 2, 3, 4, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(enlarge(planes, (2, 4)), expected, atol=1e-6)


def test_one_side_may_shrink_while_the_other_grows() -> None:
    planes = np.tile(np.arange(8, dtype=np.float32)[:, None], (2, 1, 8))
    result = enlarge(planes, (200, 1))
    assert result.shape == (2, 200, 1)
    assert (np.diff(result[0, 20:-20, 0]) > 0).all()


def test_the_same_size_is_left_alone() -> None:
    planes = np.random.default_rng(4).random((2, 5, 7)).astype(np.float32)
    np.testing.assert_array_equal(enlarge(planes, (5, 7)), planes)


# --- recombine ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.one_of(st.integers(1, 40), st.integers(1000, 3000)), st.integers(1, 40)),
    st.tuples(st.integers(1, 64), st.integers(1, 64)),
    st.booleans(),
    st.sampled_from([np.uint8, np.uint16]),
    st.integers(0, 2**32 - 1),
)
def test_the_luma_comes_back_within_one_level(
    size: tuple[int, int], small: tuple[int, int], turned: bool, dtype: type[np.unsignedinteger], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, np.iinfo(dtype).max + 1, size[::-1] if turned else size, dtype=dtype)
    rgb = recombine(grey, rng.uniform(-0.8, 0.8, (2, *small)))
    assert rgb.shape == (*grey.shape, 3)
    assert rgb.dtype == dtype
    assert np.abs(luma(rgb).astype(np.int64) - grey).max() <= 1


def test_every_grey_level_survives_every_chroma_in_pillows_own_arithmetic() -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 512, axis=1)
    chroma = np.random.default_rng(5).uniform(-1, 1, (2, *grey.shape))
    assert np.abs(pillow_grey(recombine(grey, chroma)) - grey).max() <= 1


def test_recombined_rgb_is_the_fitted_textbook_conversion() -> None:
    rng = np.random.default_rng(6)
    grey = rng.integers(0, 256, (70, 90), dtype=np.uint8)
    chroma = rng.uniform(-0.5, 0.5, (2, 10, 10)).astype(np.float32)
    full = np.stack([cv2.resize(plane, (90, 70), interpolation=cv2.INTER_CUBIC) for plane in chroma])
    signal = grey.astype(np.float32) / 255
    expected = ycc_to_rgb(signal, fit_gamut(signal, full)) * 255
    assert np.abs(recombine(grey, chroma) - expected).max() <= 0.51
    np.testing.assert_allclose(recombine(grey, chroma, np.uint16), expected * 257, atol=1)
    np.testing.assert_allclose(recombine(grey, chroma, np.float32), expected / 255, atol=1e-5)


def test_no_chroma_gives_exactly_the_grey_picture() -> None:
    grey = data.camera()
    np.testing.assert_array_equal(recombine(grey, np.zeros((2, 4, 4))), np.stack([grey] * 3, axis=-1))


def test_true_chroma_gives_back_the_photograph() -> None:
    photograph = data.astronaut()
    error = np.abs(recombine(luma(photograph), rgb_to_cbcr(photograph)).astype(int) - photograph)
    assert error.mean() < 0.3
    assert error.max() <= 3  # a rounded luma leaves a saturated colour a little less room


def test_float_results_stay_in_the_cube_to_the_last_bit() -> None:
    rng = np.random.default_rng(7)
    rgb = recombine(rng.random((200, 200)), rng.uniform(-1, 1, (2, 200, 200)))
    assert rgb.dtype == np.float32
    assert rgb.min() >= 0
    assert rgb.max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("rows", [1, 2, 7, 64, 90])
def test_rgb_in_bands_is_the_same_rgb_to_the_last_bit(dtype: type, rows: int) -> None:
    rng = np.random.default_rng(10)
    grey = rng.integers(0, 65536, (181, 1500), dtype=np.uint16)
    chroma = rng.uniform(-0.5, 0.5, (2, 40, 60)).astype(np.float32)
    bands = list(rgb_bands(grey, chroma, dtype, rows=rows))
    assert {len(band) for band in bands[:-1]} <= {rows}
    np.testing.assert_array_equal(np.concatenate(bands), recombine(grey, chroma, dtype))


def test_a_large_photograph_needs_little_more_memory_than_its_result() -> None:
    grey = np.random.default_rng(8).integers(0, 256, (1500, 2000), dtype=np.uint8)
    chroma = np.random.default_rng(9).uniform(-0.4, 0.4, (2, 64, 85)).astype(np.float32)
    tracemalloc.start()
    rgb = recombine(grey, chroma)
    assert tracemalloc.get_traced_memory()[1] < rgb.nbytes + 6e6
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    planes = chroma_planes(grey, chroma)
    assert tracemalloc.get_traced_memory()[1] - before < sum(plane.nbytes for plane in planes) + 6e6
    tracemalloc.stop()


# --- planes -------------------------------------------------------------------------------------


@given(st.integers(1, 33), st.integers(1, 33), st.integers(0, 2**32 - 1))
def test_420_planes_have_rounded_up_halves_and_fit_all_four_pixels(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (height, width), dtype=np.uint8)
    chroma = rng.uniform(-0.6, 0.6, (2, 5, 5)).astype(np.float32)
    planes = chroma_planes(grey, chroma, "420")
    size = ((height + 1) // 2, (width + 1) // 2)
    assert [plane.shape for plane in planes] == [size, size]
    small = enlarge(chroma, size)
    for row, column in np.ndindex(size):
        block = grey[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].astype(np.float32) / 255
        darkest, lightest = block.min(keepdims=True)[0], block.max(keepdims=True)[0]
        here = small[:, row, column].reshape(2, 1)
        fitted = min(fit_gamut(darkest, here), fit_gamut(lightest, here), key=lambda cbcr: float(np.abs(cbcr).sum()))
        for plane, value in zip(planes, fitted, strict=True):
            assert plane[row, column] == pytest.approx(128 + 255 * float(value[0]), abs=0.51)


@pytest.mark.parametrize("subsampling", ["420", "444"])
def test_pillow_reads_the_planes_as_the_colors_of_recombine(subsampling: Literal["420", "444"]) -> None:
    photograph = data.astronaut()
    grey = luma(photograph)
    chroma = cv2.resize(rgb_to_cbcr(photograph).transpose(1, 2, 0), (128, 128), interpolation=cv2.INTER_AREA)
    chroma = chroma.transpose(2, 0, 1)
    planes = [
        cv2.resize(p, (512, 512), interpolation=cv2.INTER_LINEAR) for p in chroma_planes(grey, chroma, subsampling)
    ]
    decoded = np.asarray(Image.fromarray(np.stack([grey, *planes], axis=-1), "YCbCr").convert("RGB"))
    assert np.abs(decoded.astype(int) - recombine(grey, chroma)).mean() < (0.7 if subsampling == "444" else 1.2)


def test_444_planes_are_fitted_pixel_by_pixel() -> None:
    rng = np.random.default_rng(10)
    grey = rng.integers(0, 256, (31, 17), dtype=np.uint8)
    chroma = rng.uniform(-0.6, 0.6, (2, 31, 17)).astype(np.float32)
    cb, cr = chroma_planes(grey, chroma, "444")
    expected = 128 + 255 * fit_gamut(grey.astype(np.float32) / 255, chroma)
    assert np.abs(np.stack([cb, cr]) - expected).max() <= 0.51


def test_fully_saturated_chroma_does_not_wrap_around() -> None:
    blue = np.array([[[0, 0, 255], [255, 0, 0]]], np.uint8)
    cb, cr = chroma_planes(luma(blue), rgb_to_cbcr(blue), "444")
    assert cb[0, 0] >= 254
    assert cr[0, 1] >= 254


def test_unknown_planes_are_refused() -> None:
    with pytest.raises(ValueError, match="subsampling"):
        chroma_planes(np.zeros((2, 2), np.uint8), np.zeros((2, 1, 1)), "411")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="uint8"):
        chroma_planes(np.zeros((2, 2), np.uint16), np.zeros((2, 1, 1)))
    with pytest.raises(ValueError, match="at least one pixel"):
        enlarge(np.zeros((2, 0, 4)), (4, 4))
