"""From the network's logits to a distribution and from that to one colour a pixel.

A network trained with class weights w learns q ~ w p, so log w is taken off again to get the
calibrated distribution (logit adjustment, Menon et al. 2021). The read-out takes off a part of it
and sharpens by a temperature (annealed mean, Zhang et al. 2016); (t, T, gain) is one point of the
frontier between lowest error and full colour that a model file carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float32]

_SHARED: Final = 20.0
"""Greatest span of (1 - t) log w / T over the bins up to which one exponential serves for any t."""


def calibrated(logits: ArrayLike, log_w: ArrayLike) -> Float:
    """The calibrated distribution over bins, softmax(logits - log w).

    Args:
        logits: (K, ...) of the network, bins first.
        log_w: (K,) log of the weights that the loss gave to the bins.

    Returns:
        (K, ...) float32 probabilities whose sum over the bins is 1.
    """
    scores = np.asarray(logits, np.float32)
    probability = _exponential(scores - _along_bins(log_w, scores))
    probability /= probability.sum(axis=0)
    return probability


def read_out(logits: ArrayLike, log_w: ArrayLike, centers: ArrayLike, *, t: float, T: float, gain: float) -> Float:
    """One colour a pixel: gain times the mean of softmax((logits - (1 - t) log w) / T) over the bin centres.

    Args:
        logits: (K, h, w) of the network.
        log_w: (K,) log of the weights that the loss gave to the bins.
        centers: (K, 2) Lab units.
        t: 0 takes the weights off altogether (the calibrated distribution), 1 leaves them on.
        T: temperature, above 0; 1 gives the mean, towards 0 the mode.
        gain: factor on chroma.

    Returns:
        (h, w, 2) float32 ab in Lab units; a gain above 1 may leave the gamut.

    Raises:
        ValueError: T is not above 0.
    """
    if not T > 0:
        raise ValueError(f"the temperature must be above 0, not {T}")
    scores = np.asarray(logits, np.float32)
    shifted = scores - _along_bins(log_w, scores) * np.float32(1 - t)
    if T != 1:
        shifted /= np.float32(T)
    weight = _exponential(shifted)
    total = weight.sum(axis=0)
    ab = np.empty((*scores.shape[1:], 2), np.float32)
    for channel, values in enumerate(np.asarray(centers, np.float32).T * np.float32(gain)):
        # Not a matrix product: BLAS would start threads for it (photochrom.color.lab.mix_channels).
        ab[..., channel] = np.einsum("k...,k->...", weight, values) / total
    return ab


def read_outs(
    logits: ArrayLike, log_w: ArrayLike, centers: ArrayLike, ways: Sequence[tuple[float, float, float]]
) -> list[Float]:
    """What `read_out` gives for each of the ways (t, T, gain), to the last digits but one.

    Each further one of a temperature takes a third of the time. A result does not depend on what else is asked for.
    """
    scores, weights, points = (np.asarray(each, np.float32) for each in (logits, log_w, centers))
    found: dict[float, Float] = {}
    result = []
    for t, T, gain in ways:
        less = weights * np.float32((1 - t) / T)
        if np.ptp(less) > _SHARED:
            result.append(read_out(scores, weights, points, t=t, T=T, gain=gain))
            continue
        if T not in found:
            found[T] = _exponential(scores * np.float32(1 / T))
        factor = np.exp(less.min() - less)
        total = np.einsum("k...,k->...", found[T], factor)
        ab = np.empty((*scores.shape[1:], 2), np.float32)
        for channel, values in enumerate(points.T * np.float32(gain)):
            ab[..., channel] = np.einsum("k...,k->...", found[T], values * factor) / total
        result.append(ab)
    return result


def _along_bins(values: ArrayLike, scores: Float) -> Float:
    """One value a bin (K,), shaped to go with (K, ...)."""
    column = np.asarray(values, np.float32)
    if column.shape != scores.shape[:1]:
        raise ValueError(f"one value for each of the {len(scores)} bins expected, not {column.shape}")
    return column.reshape(-1, *[1] * (scores.ndim - 1))


def _exponential(scores: Float) -> Float:
    """The numerators of a softmax over the first axis, the largest one 1; overwrites its argument."""
    scores -= scores.max(axis=0)
    return np.exp(scores, out=scores)
