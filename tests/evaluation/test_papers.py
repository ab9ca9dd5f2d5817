"""The papers' variant gives lightness in place of luma, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_files import photographs

from photochrom.color.lab import lab_to_srgb, srgb_to_lab
from photochrom.evaluation.metrics import psnr
from photochrom.evaluation.papers import measure_as_papers
from photochrom.evaluation.subjects import Ceiling, Grey
from photochrom.evaluation.truths import Truth


def test_grey_is_the_truth_without_ab() -> None:
    truths = [Truth(name, rgb) for name, rgb in photographs(64).items()]
    found = measure_as_papers([Grey(), Ceiling()], truths)
    by_hand = []
    for truth in truths:
        lab = srgb_to_lab(truth.rgb)
        lab[..., 1:] = 0
        by_hand.append(psnr(np.asarray(lab_to_srgb(lab), np.uint8), truth.rgb))
    assert found["grey"]["psnr"].value == pytest.approx(np.mean(by_hand), abs=0.01)
    assert found["grey"]["psnr"].value < found["ceiling"]["psnr"].value
    assert found["ceiling"]["auc"].value > found["grey"]["auc"].value
