"""Calibration tells a true distribution from one that is too sure, and sorts errors by confidence."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.color.bins import AbBins
from photochrom.color.readout import calibrated
from photochrom.evaluation.calibration import Calibration, _compare, _together, measure_calibration
from photochrom.evaluation.metrics import calibration_error, confidence_and_hits, nll
from photochrom.evaluation.subjects import ModelSubject, true_ab
from photochrom.evaluation.truths import Truth
from photochrom.runtime.model import Model

BINS = AbBins.grid()


def _drawn(*, sharper: float = 1.0) -> Calibration:
    """Cells whose true bin is drawn from a distribution; what is predicted is that distribution to some power."""
    rng = np.random.default_rng(5)
    pictures = []
    for _ in range(4):
        middle = rng.uniform(-40, 40, (1200, 2))
        width = rng.uniform(4, 30, (1200, 1))
        distance = ((middle[:, None] - BINS.centers) ** 2).sum(-1)
        p = np.exp(-distance / (2 * width**2))
        p /= p.sum(1, keepdims=True)
        drawn = (p.cumsum(1) > rng.random((1200, 1))).argmax(1)
        said = p**sharper / (p**sharper).sum(1, keepdims=True)
        pictures.append(_compare(_cells(said), BINS.centers[drawn].reshape(30, 40, 2), BINS))
    return _together("drawn", pictures)


def _cells(p: NDArray[np.float64]) -> NDArray[np.float32]:
    return p.T.reshape(len(BINS), 30, 40).astype(np.float32)


def test_a_true_distribution_lies_on_the_diagonal_and_expects_its_errors() -> None:
    found = _drawn()
    assert found.ece.value < 0.02
    for step in (*found.likeliest, *found.any):
        count = step.share * (4800 if step in found.likeliest else 2e5)
        assert abs(step.hits - step.predicted) < 4 * np.sqrt(step.predicted / count) + 0.002
    assert [each.error for each in found.by_confidence] == pytest.approx(
        [each.expected for each in found.by_confidence], rel=0.08
    )


def test_one_that_is_too_sure_hits_less_than_it_says() -> None:
    true, sure = _drawn(), _drawn(sharper=3)
    assert sure.ece.low > true.ece.high
    assert sure.nll.low > true.nll.high
    assert all(step.hits < step.predicted for step in sure.likeliest if step.share > 0.02)
    assert all(each.error > each.expected for each in sure.by_confidence)


def test_cells_are_sorted_into_ten_parts_by_confidence_and_errors_fall_with_it() -> None:
    found = _drawn()
    assert len(found.by_confidence) == 10
    assert (np.diff([each.confidence for each in found.by_confidence]) > 0).all()
    assert found.by_confidence[0].error > 2 * found.by_confidence[-1].error


def test_who_knows_only_the_shares_of_the_bins_has_their_entropy() -> None:
    middle = _cells(np.full((1200, len(BINS)), 1 / len(BINS)))
    truth = np.zeros((30, 40, 2), np.float32)
    truth[:15, :, 0] = 50
    found = _together("nobody", [_compare(middle, truth, BINS)] * 2)
    assert found.nll_of_shares == pytest.approx(np.log(2))
    assert found.nll.value == pytest.approx(np.log(len(BINS)))


def test_figures_are_those_of_the_metrics_on_what_the_model_says(tiny: Path) -> None:
    subject = ModelSubject(Model.load(tiny, device="cpu"))
    truth = Truth("cup", np.ascontiguousarray(data.coffee()[:128, :128]))
    found = measure_calibration(subject, [truth])
    p = calibrated(subject.look(truth.luma).logits, subject.model.card.log_w)
    bins = AbBins(np.array(subject.model.card.bins, np.float32)).nearest(true_ab(truth, p.shape[1:]))
    assert (found.model, found.photographs) == ("tiny", 1)
    assert found.nll.value == pytest.approx(nll(p, bins), rel=1e-5)
    assert found.ece.value == pytest.approx(calibration_error(*confidence_and_hits(p, bins)), rel=1e-4)
    assert sum(step.share for step in found.likeliest) == pytest.approx(1)
    with pytest.raises(ValueError, match="at least one"):
        measure_calibration(subject, [])
