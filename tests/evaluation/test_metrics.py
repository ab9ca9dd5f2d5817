"""Each metric against a second implementation, published values or arithmetic done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage import color, data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from photochrom.color.bins import AbBins
from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import luma
from photochrom.evaluation import metrics

PHOTOGRAPH = data.astronaut()[::2, ::2]
GREY = np.repeat(luma(PHOTOGRAPH)[..., None], 3, axis=-1)
NOISY = np.clip(PHOTOGRAPH + np.random.default_rng(0).normal(0, 12, PHOTOGRAPH.shape), 0, 255).astype(np.uint8)


def filled(*rgb: int) -> NDArray[np.uint8]:
    return np.tile(np.array(rgb, np.uint8), (4, 4, 1))


# --- PSNR, SSIM ---------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [GREY, NOISY])
def test_psnr_and_ssim_are_those_of_scikit_image(result: NDArray[np.uint8]) -> None:
    assert metrics.psnr(result, PHOTOGRAPH) == pytest.approx(peak_signal_noise_ratio(PHOTOGRAPH, result), abs=1e-6)
    reference = structural_similarity(
        PHOTOGRAPH, result, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert metrics.ssim(result, PHOTOGRAPH) == pytest.approx(reference, abs=1e-4)


def test_psnr_by_hand_does_not_overflow_8_bit() -> None:
    assert metrics.psnr(filled(0, 0, 0), filled(255, 255, 255)) == 0
    assert metrics.psnr(filled(10, 0, 0), filled(0, 0, 0)) == pytest.approx(10 * np.log10(255**2 / (100 / 3)))


def test_identical_pictures_are_infinite_in_psnr_left_out_of_its_mean_and_1_in_ssim() -> None:
    assert metrics.psnr(PHOTOGRAPH, PHOTOGRAPH) == float("inf")
    assert metrics.mean_psnr([20.0, float("inf"), 30.0]) == 25
    assert metrics.mean_psnr([float("inf")]) == float("inf")
    assert metrics.ssim(PHOTOGRAPH, PHOTOGRAPH) == pytest.approx(1)


def test_different_sizes_are_refused() -> None:
    for metric in (metrics.psnr, metrics.ssim):
        with pytest.raises(ValueError, match="differ in size"):
            metric(PHOTOGRAPH, PHOTOGRAPH[1:])
    with pytest.raises(ValueError, match="at least 11"):
        metrics.ssim(PHOTOGRAPH[:10], PHOTOGRAPH[:10])


# --- CIEDE2000 ----------------------------------------------------------------------------------


def test_ciede2000_is_that_of_scikit_image() -> None:
    rng = np.random.default_rng(1)
    lab, other = (rng.uniform([0, -90, -100], [100, 95, 95], (5000, 3)) for _ in range(2))
    np.testing.assert_allclose(metrics.ciede2000(lab, other), color.deltaE_ciede2000(lab, other), atol=2e-3)
    near = lab + rng.normal(0, 1, lab.shape)
    np.testing.assert_allclose(metrics.ciede2000(lab, near), color.deltaE_ciede2000(lab, near), atol=2e-3)


@pytest.mark.parametrize(
    ("lab", "other", "expected"),
    [  # Sharma, Wu and Dalal 2005, table 1
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 3.1571, -77.2803), (50.0, 0.0, -82.7485), 2.8615),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_has_its_published_values(lab: tuple[float, ...], other: tuple[float, ...], expected: float) -> None:
    assert float(metrics.ciede2000(lab, other)) == pytest.approx(expected, abs=2e-4)
    assert float(metrics.ciede2000(other, lab)) == pytest.approx(expected, abs=2e-4)


# --- colourfulness ------------------------------------------------------------------------------


def test_colorfulness_of_a_photograph_is_the_papers_formula() -> None:
    red, green, blue = np.moveaxis(PHOTOGRAPH.astype(float), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    exact = np.sqrt(rg.var() + yb.var()) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    rg, yb = abs(rg), abs(yb)
    absolute = np.sqrt(rg.var() + yb.var()) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert metrics.colorfulness(PHOTOGRAPH) == pytest.approx(exact, rel=1e-5)
    assert metrics.colorfulness_abs(PHOTOGRAPH) == pytest.approx(absolute, rel=1e-5)
    assert exact != pytest.approx(absolute, rel=0.01)


def test_colorfulness_by_hand() -> None:
    assert metrics.colorfulness(GREY) == metrics.colorfulness_abs(GREY) == 0
    assert metrics.colorfulness(filled(255, 0, 0)) == pytest.approx(0.3 * np.hypot(255, 127.5))
    half = np.concatenate([filled(100, 0, 0), filled(0, 100, 0)])  # rg is +-100, yb 50
    assert metrics.colorfulness(half) == pytest.approx(100 + 0.3 * 50)
    assert metrics.colorfulness_abs(half) == pytest.approx(0.3 * np.hypot(100, 50))


def test_the_gap_and_the_low_percentile_of_colorfulness() -> None:
    assert metrics.colorfulness_gap([10, 20], [30, 40]) == 20
    truths = np.full(11, 40.0)
    assert metrics.p10_colorfulness(truths, truths) == 1
    assert metrics.p10_colorfulness(np.arange(11) * 4.0, truths) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="themselves grey"):
        metrics.p10_colorfulness([1.0], [0.0])


# --- AuC ----------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 200, width=32), min_size=1, max_size=30))
def test_auc_is_the_area_under_the_share_of_pixels_below_each_threshold(errors: list[float]) -> None:
    error = np.array(errors, np.float32)
    share = [np.mean(error < t) for t in range(151)]
    expected = 100 * np.trapezoid(share) / 150
    ab = np.stack([error, np.zeros_like(error)], axis=-1)
    score = metrics.auc_score(ab, np.zeros_like(ab))
    assert metrics.auc(score) == pytest.approx(expected, abs=1e-3)


def test_auc_looks_at_the_distance_in_the_ab_plane() -> None:
    score = metrics.auc_score([[30.0, 40.0], [500.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(score, [(150 - 50.5) / 150, 0])


def test_rebalanced_auc_is_that_of_pixels_weighted_by_their_rarity() -> None:
    rng = np.random.default_rng(2)
    truth_bin = rng.choice(6, 2000, p=[0.7, 0.2, 0.05, 0.03, 0.02, 0.0])
    score = rng.random(2000)
    share = np.bincount(truth_bin, minlength=6) / 2000
    expected = 100 * np.average(score, weights=1 / share[truth_bin])
    first, second = (metrics.auc_by_class(score[part], truth_bin[part], 6) for part in (slice(500), slice(500, None)))
    assert metrics.auc_rebalanced(first[0] + second[0], first[1] + second[1]) == pytest.approx(expected)


def test_grey_loses_more_by_rebalancing_than_the_truth() -> None:
    ab = srgb_to_lab(PHOTOGRAPH)[..., 1:]
    bins = AbBins.grid().nearest(ab)
    grey, right = metrics.auc_score(np.zeros_like(ab), ab), metrics.auc_score(ab, ab)
    balanced_grey, balanced_right = (metrics.auc_rebalanced(*metrics.auc_by_class(s, bins, 228)) for s in (grey, right))
    assert balanced_grey < metrics.auc(grey) - 10
    assert balanced_right == pytest.approx(metrics.auc(right)) == pytest.approx(99.667, abs=1e-2)


# --- KID ----------------------------------------------------------------------------------------


def test_kid_is_the_direct_sum_over_pairs() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(0, 1, (7, 5)), rng.normal(0.5, 1, (9, 5))

    def kernel(u: NDArray[np.float64], v: NDArray[np.float64]) -> float:
        return float((u @ v / 5 + 1) ** 3)

    xx = np.mean([kernel(x[i], x[j]) for i in range(7) for j in range(7) if i != j])
    yy = np.mean([kernel(y[i], y[j]) for i in range(9) for j in range(9) if i != j])
    xy = np.mean([kernel(u, v) for u in x for v in y])
    assert metrics.kid(x, y) == pytest.approx(1000 * (xx + yy - 2 * xy))


def test_kid_is_near_zero_for_halves_of_one_set_and_large_for_two_sets() -> None:
    features = np.random.default_rng(4).normal(0, 1, (1000, 64))
    same = metrics.kid(features[:500], features[500:])
    other = metrics.kid(features[:500], features[500:] + 0.3)
    assert abs(same) < 10
    assert other > 20 * abs(same)
    with pytest.raises(ValueError, match="at least two"):
        metrics.kid(features[:1], features)


def test_kid_of_results_beside_their_own_truths_is_that_of_unrelated_ones() -> None:
    rng = np.random.default_rng(5)
    truths = rng.normal(0, 1, (400, 16))
    results = truths + rng.normal(0.2, 0.3, truths.shape)
    unrelated = np.mean([metrics.kid(results[i::2], truths[1 - i :: 2]) for i in range(2)])
    paired = metrics.kid(results, truths, paired=True)
    assert paired == pytest.approx(unrelated, abs=20)
    assert metrics.kid(results, truths) < paired - 5, "with the own truths among the pairs it comes out too small"
    with pytest.raises(ValueError, match="differ in size"):
        metrics.kid(results[1:], truths, paired=True)


# --- calibration --------------------------------------------------------------------------------


def test_nll_by_hand() -> None:
    p = np.array([[0.5, 0.1], [0.25, 0.1], [0.25, 0.8]])
    assert metrics.nll(p, [0, 2]) == pytest.approx(-(np.log(0.5) + np.log(0.8)) / 2)
    assert metrics.nll(np.full((8, 3, 3), 1 / 8), np.zeros((3, 3), int)) == pytest.approx(np.log(8))
    assert np.isfinite(metrics.nll([[1.0], [0.0]], [1]))
    with pytest.raises(ValueError, match="do not fit"):
        metrics.nll(p, [0, 1, 2])


def test_the_likeliest_bin_is_a_hit_where_it_is_the_true_one() -> None:
    confidence, hits = metrics.confidence_and_hits([[0.5, 0.1], [0.25, 0.1], [0.25, 0.8]], [0, 1])
    np.testing.assert_allclose(confidence, [0.5, 0.8])
    assert hits.tolist() == [True, False]


def test_calibration_error_by_hand() -> None:
    # two values at 0.9, one hit; two at 0.2, none: |0.9 - 0.5| / 2 + |0.2 - 0| / 2
    assert metrics.calibration_error([0.9, 0.9, 0.2, 0.2], [True, False, False, False]) == pytest.approx(0.3)
    assert metrics.calibration_error([0.0, 1.0], [False, True]) == 0


def test_a_true_confidence_has_almost_no_calibration_error() -> None:
    rng = np.random.default_rng(5)
    p = rng.random(200_000)
    hits = rng.random(200_000) < p
    assert metrics.calibration_error(p, hits) < 0.01
    assert metrics.calibration_error(p**2, hits) > 0.1
