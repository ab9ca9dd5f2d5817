"""Which colours photographs have: the bins that occur, and how often.

The network predicts over the bins that a sample of the training photographs uses, and rare colours
are weighted up by their smoothed share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photochrom.color.bins import AbBins
from photochrom.errors import DataError
from photochrom.evaluation.photographs import Photographs
from photochrom.training.losses import NEIGHBOURS
from photochrom.training.samples import quarter_ab, whole

_RARE = 2e-6
"""Bins of a smaller share of the cells are left out."""


def measure_prior(
    photographs: Photographs, weights: NDArray[np.float64], *, count: int = 3000, seed: int = 0
) -> tuple[AbBins, NDArray[np.float64]]:
    """Bins that occur in `count` photographs drawn by `weights`, and the share of each, (K,), summing to 1.

    Shares are smoothed over neighbouring bins (Gaussian, sigma 5 Lab units), as in Zhang et al. 2016.

    Raises:
        DataError: the photographs are nearly without colour.
    """
    grid = AbBins.grid()
    rng = np.random.default_rng((seed, 3))
    seen = np.zeros(len(grid))
    smooth = np.zeros(len(grid))
    for index in rng.choice(len(photographs), size=count, p=weights):
        ab = quarter_ab(whole(photographs.read(int(index)), 96)).reshape(2, -1).T
        nearest, weight = grid.soft_encode(ab)
        seen += np.bincount(nearest[:, 0], minlength=len(grid))
        smooth += np.bincount(nearest.ravel(), weight.ravel(), minlength=len(grid))
    kept = seen / seen.sum() > _RARE
    if kept.sum() < NEIGHBOURS:
        raise DataError(f"The {count} photographs looked at show {kept.sum()} colours; there is nothing to learn here.")
    prior = smooth[kept] + 1e-9 * smooth.sum()
    return AbBins(grid.centers[kept]), prior / prior.sum()
