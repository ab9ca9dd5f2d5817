"""The numbers that KID is measured on: published ones where the weights are there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from evaluation_files import photographs

from photochrom.evaluation.inception_features import InceptionFeatures
from photochrom.networks.inception_v3 import InceptionV3


@pytest.fixture(scope="module")
def features() -> InceptionFeatures:
    torch.manual_seed(0)
    return InceptionFeatures(InceptionV3())


def test_pictures_of_any_size_are_described_together_as_alone(features: InceptionFeatures) -> None:
    first, second = photographs(96)["coffee-0"], photographs(64)["chelsea-0"][:48]
    together = features.describe([first, second])
    assert together.shape == (2, 768)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together[1:], features.describe([second]), rtol=1e-3, atol=1e-5)


def test_levels_are_centered_on_128_and_resized_bilinearly() -> None:
    seen: list[torch.Tensor] = []

    class Net(InceptionV3):
        def forward(self, x: torch.Tensor, *, upto: object = None) -> torch.Tensor:
            seen.append(x)
            return x.repeat(1, 256, 1, 1)

    picture = np.zeros((2, 2, 3), np.uint8)
    picture[:, 1] = (255, 128, 0)
    described = InceptionFeatures(Net()).describe([picture])
    assert seen[0].shape == (1, 3, 299, 299)
    np.testing.assert_allclose(seen[0][0, :, 0, 0].numpy(), -1)
    np.testing.assert_allclose(seen[0][0, :, 0, -1].numpy(), [127 / 128, 0, -1], atol=1e-6)
    # half way between the two columns' centres lies half way between their levels
    np.testing.assert_allclose(seen[0][0, :, 0, 149].numpy(), [-0.0039, -0.5, -1], atol=0.001)
    np.testing.assert_allclose(described[0, :3], [-0.0039, -0.5, -1], atol=0.001)


@pytest.mark.skipif("PHOTOCHROM_METRIC_WEIGHTS" not in os.environ, reason="PHOTOCHROM_METRIC_WEIGHTS is not set")
def test_other_colors_move_the_published_features() -> None:
    found = InceptionFeatures.load(Path(os.environ["PHOTOCHROM_METRIC_WEIGHTS"]))
    rgb = photographs(128)["coffee-0"]
    true, swapped = found.describe([rgb, np.ascontiguousarray(rgb[..., ::-1])])
    assert np.abs(true - swapped).mean() > 0.05 * np.abs(true).mean()
