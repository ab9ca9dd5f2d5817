"""Every number that Photochrom reports about a picture, each defined once.

Papers of this field can't be compared with each other because crops, colourfulness formulas and
averages differ. Here each metric is one pure function that says what it is, where it comes from
and which values it can take. Pictures are (H, W, 3) uint8 sRGB, result first, truth second.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]
Double = NDArray[np.float64]

AUC_LIMIT: Final = 150
"""Largest threshold on the ab error, in Lab units."""

_SSIM_WINDOW: Final = 11
_SSIM_SIGMA: Final = 1.5


def psnr(result: Rgb, truth: Rgb) -> float:
    """Peak signal-to-noise ratio over all pixels and channels, 10 log10(255^2 / MSE), in dB; higher is better.

    Infinite for identical pictures: leave those out of a mean (:func:`mean_psnr` does).
    """
    _same_shape(result, truth)
    error = cv2.norm(result, truth, cv2.NORM_L2) ** 2 / result.size
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def mean_psnr(values: ArrayLike) -> float:
    """Mean of PSNR values in dB, identical pairs (infinite) left out; infinite where there is no other pair."""
    decibels = np.asarray(values, np.float64)
    finite = decibels[np.isfinite(decibels)]
    return float(finite.mean()) if finite.size else float("inf")


def ssim(result: Rgb, truth: Rgb) -> float:
    """Structural similarity (Wang et al. 2004), mean over pixels and R, G, B; at most 1, which is identical.

    11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, range 255, population covariance; only
    windows that lie inside the picture count, so both sides must have at least 11 pixels.
    """
    _same_shape(result, truth)
    if min(result.shape[:2]) < _SSIM_WINDOW:
        raise ValueError(f"SSIM needs sides of at least {_SSIM_WINDOW} pixels, not {result.shape[:2]}")
    x, y = result.astype(np.float32), truth.astype(np.float32)
    mean_x, mean_y = _window(x), _window(y)
    mean_xy, squares = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
    covariance = _window(x * y) - mean_xy
    variances = _window(x * x + y * y) - squares
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    index = (2 * mean_xy + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))
    return float(index.mean(dtype=np.float64))


def ciede2000(lab: ArrayLike, other: ArrayLike) -> Float:
    """Colour difference CIEDE2000 (CIE 142, Sharma et al. 2005), kL = kC = kH = 1; 0 is equal, 1 just visible.

    Args:
        lab, other: (..., 3) Lab (D65).

    Returns:
        (...) float32; its mean over the pixels of a picture is what we report.
    """
    l1, a1, b1 = np.moveaxis(np.asarray(lab, np.float32), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(other, np.float32), -1, 0)
    rotation = 0.5 * (1 - _saturation(0.5 * (np.hypot(a1, b1) + np.hypot(a2, b2))))
    a1, a2 = a1 * (1 + rotation), a2 * (1 + rotation)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.arctan2(b1, a1), np.arctan2(b2, a2)
    turn = np.float32(2 * np.pi)
    # Without chroma there is no hue: its difference is 0 and the mean hue is that of the other colour.
    grey = c1 * c2 == 0
    dh = np.where(grey, 0, (h2 - h1 + np.float32(np.pi)) % turn - np.float32(np.pi))
    hue = np.where(grey, np.where(c1 == 0, h2, h1), h1 + 0.5 * dh)
    lightness, chroma = 0.5 * (l1 + l2), 0.5 * (c1 + c2)
    degree = np.float32(np.pi / 180)
    t = (
        1
        - 0.17 * np.cos(hue - 30 * degree)
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + 6 * degree)
        - 0.20 * np.cos(4 * hue - 63 * degree)
    )
    middle = (lightness - 50) ** 2
    d_l = (l2 - l1) / (1 + 0.015 * middle / np.sqrt(20 + middle))
    d_c = (c2 - c1) / (1 + 0.045 * chroma)
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(0.5 * dh) / (1 + 0.015 * chroma * t)
    blue = np.exp(-((((hue % turn) - 275 * degree) / (25 * degree)) ** 2))
    r = -2 * _saturation(chroma) * np.sin(60 * degree * blue)
    square = d_l * d_l + d_c * d_c + d_h * d_h + r * d_c * d_h
    difference: Float = np.sqrt(np.maximum(square, 0)).astype(np.float32, copy=False)
    return difference


def colorfulness(rgb: Rgb) -> float:
    """Colourfulness CF, exact: M3 of Hasler and Suesstrunk 2003; 0 for grey, about 40 for COCO, no upper end in use.

    rg = R - G and yb = (R + G) / 2 - B on 0..255; the norm of their standard deviations plus 0.3
    times the norm of their means.
    """
    return _colorfulness(rgb, absolute=False)


def colorfulness_abs(rgb: Rgb) -> float:
    """Colourfulness CF in the form that colorization papers publish: of \\|rg\\| and \\|yb\\|.

    As :func:`colorfulness`, but signs are dropped before means and deviations are taken, as the
    evaluation code that those papers share does. Lower than the exact form for most photographs.
    """
    return _colorfulness(rgb, absolute=True)


def colorfulness_gap(results: ArrayLike, truths: ArrayLike) -> float:
    """dCF: how far the mean CF of the results (N,) lies from that of the truths (N,); 0 is best."""
    return float(abs(np.mean(np.asarray(results, np.float64)) - np.mean(np.asarray(truths, np.float64))))


def p10_colorfulness(results: ArrayLike, truths: ArrayLike) -> float:
    """p10-CF: the 10th percentile over pictures of CF / CF of the truth; 0 grey, about 1 as colourful as the truth.

    A mean hides half-grey beside half-garish results, a low percentile does not.

    Args:
        results, truths: (N,) CF of each picture, in the same form; truths above 0 (grey photographs are left out).
    """
    shown, true = np.asarray(results, np.float64), np.asarray(truths, np.float64)
    _same_shape(shown, true)
    if true.size == 0 or true.min() <= 0:
        raise ValueError("p10-CF needs photographs with colour: leave out those that are themselves grey")
    return float(np.percentile(shown / true, 10))


def auc_score(ab: ArrayLike, truth: ArrayLike) -> Float:
    """What each pixel adds to AuC: the share of the thresholds t = 0..150 above its ab error, in [0, 1].

    AuC (Zhang et al. 2016) is the area under the curve of the share of pixels whose error in ab is
    less than t. The mean of this score over the pixels is that area by the trapezoidal rule.

    Args:
        ab, truth: (..., 2) Lab units.

    Returns:
        (...) float32.
    """
    difference = np.asarray(ab, np.float32) - np.asarray(truth, np.float32)
    error = np.hypot(difference[..., 0], difference[..., 1])
    # f(t) = [error < t] is 0 up to t = floor(error) and 1 from the next integer on; f(0) = 0
    missed = np.floor(error)
    return np.where(missed < AUC_LIMIT, (AUC_LIMIT - missed - 0.5) / AUC_LIMIT, 0).astype(np.float32)


def auc(score: ArrayLike) -> float:
    """Raw AuC in percent: the mean of :func:`auc_score` over all pixels, times 100; 100 is best."""
    return float(100 * np.mean(np.asarray(score), dtype=np.float64))


def auc_by_class(score: ArrayLike, truth_bin: ArrayLike, classes: int) -> tuple[Double, NDArray[np.int64]]:
    """Scores added up by the class of the true colour, ready to be added over pictures.

    Args:
        score: (...) of :func:`auc_score`.
        truth_bin: (...) int, the colour class of each true colour.
        classes: K, how many classes there are.

    Returns:
        Total of the scores (K,) and number of pixels (K,).
    """
    bins = np.asarray(truth_bin).ravel()
    weights = np.asarray(score, np.float64).ravel()
    total = np.bincount(bins, weights=weights, minlength=classes).astype(np.float64)
    return total, np.bincount(bins, minlength=classes).astype(np.int64)


def auc_rebalanced(total: ArrayLike, count: ArrayLike) -> float:
    """Class-rebalanced AuC in percent: every colour class of the truth counts the same, however rare; 100 is best.

    Pixels are weighted by the inverse share of their class among these truths (Zhang et al. 2016,
    equation 4 with lambda = 0). The weighted mean of the score is the mean over the classes that occur
    of the score's mean in each. Grey has many pixels but is one class: a grey result scores low.

    Args:
        total, count: (K,) of :func:`auc_by_class`, added up over the pictures.
    """
    scores, pixels = np.asarray(total, np.float64), np.asarray(count)
    occurs = pixels > 0
    return float(100 * np.mean(scores[occurs] / pixels[occurs]))


def kid(features: ArrayLike, others: ArrayLike, *, paired: bool = False) -> float:
    """KID: unbiased squared MMD of two sets of features with kernel (x.y / d + 1)^3, times 1000 (Binkowski 2018).

    About 0 (it may be slightly negative) for two samples of one distribution; lower is better. With
    the 768-d features of the 2015 Inception network this is our KID-768.

    Args:
        features, others: (N, d) and (M, d), at least two of each.
        paired: row by row the same photographs, as results beside their truths. A result is more like its own truth
            than like others, so these pairs are left out; with them the distance comes out too small.
    """
    x, y = np.asarray(features, np.float64), np.asarray(others, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise ValueError(f"KID needs (N, d) and (M, d) with at least two of each, not {x.shape} and {y.shape}")
    within = sum(_off_diagonal_mean(kid_kernel(each, each)) for each in (x, y))
    across = kid_kernel(x, y)
    if paired:
        _same_shape(x, y)
    return float(1000 * (within - 2 * (_off_diagonal_mean(across) if paired else across.mean())))


def kid_kernel(features: ArrayLike, others: ArrayLike) -> Double:
    """The kernel of :func:`kid`, (x.y / d + 1)^3, of (N, d) features with (M, d) others: (N, M)."""
    x, y = np.asarray(features, np.float64), np.asarray(others, np.float64)
    result: Double = (x @ y.T / x.shape[1] + 1) ** 3
    return result


def nll(probabilities: ArrayLike, truth_bin: ArrayLike) -> float:
    """Mean negative log-likelihood of the true bins, in nats: 0 is best, log K that of knowing nothing.

    Args:
        probabilities: (K, ...) the calibrated distribution, bins first.
        truth_bin: (...) int, index of each true bin.
    """
    chosen = _at_bins(probabilities, truth_bin)
    return float(-np.log(np.maximum(chosen, np.finfo(np.float32).tiny)).mean(dtype=np.float64))


def confidence_and_hits(probabilities: ArrayLike, truth_bin: ArrayLike) -> tuple[Float, NDArray[np.bool_]]:
    """The probability (...) of the likeliest bin, and whether (...) it is the true one: what calibration compares.

    Args:
        probabilities: (K, ...) the calibrated distribution, bins first.
        truth_bin: (...) int, index of each true bin.
    """
    p = np.asarray(probabilities, np.float32)
    return p.max(axis=0), p.argmax(axis=0) == np.asarray(truth_bin)


def calibration_error(confidence: ArrayLike, hits: ArrayLike, *, steps: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017), in [0, 1]; 0 where confidence is true.

    Confidences are sorted into `steps` equal intervals of [0, 1]; the distance between mean
    confidence and share of hits is averaged, weighted by the number of values in each interval.

    Args:
        confidence: (N,) probability of the likeliest bin.
        hits: (N,) bool, whether that bin was the true one.
    """
    p, hit = np.asarray(confidence, np.float64).ravel(), np.asarray(hits, np.float64).ravel()
    _same_shape(p, hit)
    interval = np.clip(np.ceil(p * steps).astype(np.int64) - 1, 0, steps - 1)
    return float(np.abs(np.bincount(interval, weights=p - hit, minlength=steps)).sum() / len(p))


def _same_shape(result: NDArray[Any], truth: NDArray[Any]) -> None:
    if result.shape != truth.shape:
        raise ValueError(f"result and truth differ in size: {result.shape} and {truth.shape}")


def _window(plane: Float) -> Float:
    """Gaussian mean of the windows that lie inside (H, W, C)."""
    blurred = cv2.GaussianBlur(plane, (_SSIM_WINDOW, _SSIM_WINDOW), _SSIM_SIGMA)
    edge = _SSIM_WINDOW // 2
    inside: Float = np.asarray(blurred, np.float32)[edge:-edge, edge:-edge]
    return inside


def _saturation(chroma: Float) -> Float:
    """sqrt(C^7 / (C^7 + 25^7)) of CIEDE2000, in a form that does not overflow."""
    seventh = (chroma / np.float32(25)) ** 7
    result: Float = np.sqrt(seventh / (seventh + 1))
    return result


def _colorfulness(rgb: Rgb, *, absolute: bool) -> float:
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"a picture is (H, W, 3), not {rgb.shape}")
    red, green, blue = (rgb[..., channel].astype(np.float32) for channel in range(3))
    rg, yb = red - green, 0.5 * (red + green) - blue
    if absolute:
        np.abs(rg, out=rg)
        np.abs(yb, out=yb)
    deviation = np.hypot(rg.std(dtype=np.float64), yb.std(dtype=np.float64))
    mean = np.hypot(rg.mean(dtype=np.float64), yb.mean(dtype=np.float64))
    return float(deviation + 0.3 * mean)


def _off_diagonal_mean(kernel: Double) -> float:
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


def _at_bins(probabilities: ArrayLike, truth_bin: ArrayLike) -> Float:
    p, index = np.asarray(probabilities, np.float32), np.asarray(truth_bin)
    if p.shape[1:] != index.shape:
        raise ValueError(f"probabilities {p.shape} do not fit true bins {index.shape}")
    chosen: Float = np.take_along_axis(p, index[None], axis=0)[0]
    return chosen
