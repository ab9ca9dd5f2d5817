"""The prior holds the colours that the photographs have, and their shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_files import Picture, write_shards

from photochrom.color.lab import lab_to_srgb
from photochrom.errors import DataError
from photochrom.evaluation.photographs import Photographs
from photochrom.training.prior import measure_prior

COLORS = {"red": (40, 20), "green": (-40, 30), "blue": (10, -40), "yellow": (0, 60), "pink": (40, -20), "grey": (0, 0)}
"""Colours (a, b) of bins, well inside the gamut."""


def _flat(name: str) -> Picture:
    rgb = lab_to_srgb(np.full((96, 96, 3), (60, *COLORS[name]), np.float32), np.uint8)
    return Picture(name, np.asarray(rgb, np.uint8), source=name, suffix="png")


def test_shares_are_those_of_the_colours_drawn_by_weight(tmp_path: Path) -> None:
    photographs = Photographs(write_shards(tmp_path, map(_flat, COLORS)), "train")
    bins, prior = measure_prior(photographs, photographs.weights({"red": 4.0, "grey": 0.0}), count=400)
    shares = {tuple(center): share for center, share in zip(bins.centers.tolist(), prior, strict=True)}
    assert sum(shares.values()) == pytest.approx(1)
    assert set(shares) == {color for name, color in COLORS.items() if name != "grey"}
    assert shares[COLORS["red"]] == pytest.approx(1 / 2, abs=0.08)
    assert shares[COLORS["green"]] == pytest.approx(1 / 8, abs=0.06)


def test_bins_are_a_part_of_the_grid_and_cover_what_is_seen(manifest: Path) -> None:
    photographs = Photographs(manifest, "train")
    bins, prior = measure_prior(photographs, photographs.weights({}), count=60, seed=1)
    again = measure_prior(photographs, photographs.weights({}), count=60, seed=1)
    assert not (bins.centers % 10).any()
    assert 20 < len(bins) < 260
    assert np.array_equal(again[0].centers, bins.centers)
    assert np.array_equal(again[1], prior)


def test_photographs_without_colour_are_refused(tmp_path: Path) -> None:
    manifest = write_shards(tmp_path, [_flat("grey")])
    photographs = Photographs(manifest, "train")
    with pytest.raises(DataError, match="colours"):
        measure_prior(photographs, photographs.weights({}), count=3)
