"""True points help the bundled model, more than they do without a network."""

import numpy as np
import pytest
from skimage import data

from photochrom.evaluation.hint_curve import COUNTS, HintCurve, measure_hint_curve, places
from photochrom.evaluation.metrics import psnr
from photochrom.evaluation.subjects import Grey, ModelSubject
from photochrom.evaluation.truths import Truth
from photochrom.runtime.model import Model


def test_places_are_the_same_for_a_name_and_more_points_keep_the_first_ones() -> None:
    one = places("a", (48, 64))
    assert one.shape == (50, 2)
    assert (one >= 0).all()
    assert (one < (48, 64)).all()
    assert len({tuple(cell) for cell in one.tolist()}) == 50
    assert np.array_equal(places("a", (48, 64)), one)
    assert not np.array_equal(places("b", (48, 64)), one)
    assert len(places("a", (4, 8))) == 32


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    parts = (data.astronaut()[:256, 100:356], data.coffee()[100:356, 200:456], data.chelsea()[20:276, 100:356])
    return [Truth(str(i), np.ascontiguousarray(part)) for i, part in enumerate(parts)]


@pytest.fixture(scope="module")
def curve(truths: list[Truth]) -> HintCurve:
    return measure_hint_curve(ModelSubject(Model.load("best", device="cpu", threads=1)), truths)


def test_the_curve_of_the_bundled_model_rises(curve: HintCurve) -> None:
    assert [step.points for step in curve.steps] == list(COUNTS)
    decibels = [step.psnr.value for step in curve.steps]
    assert (np.diff(decibels) > 0).all()
    assert [gain.value for gain in curve.gained] == pytest.approx([each - decibels[0] for each in decibels], abs=1e-4)
    assert curve.gained[4].value > 3
    areas = [step.auc.value for step in curve.steps]
    assert areas[-1] > areas[4] > areas[0]


def test_the_spreads_begin_at_the_grey_picture_and_at_the_automatic_result(
    curve: HintCurve, truths: list[Truth]
) -> None:
    grey = np.mean([psnr(Grey().color(truth), truth.rgb) for truth in truths])
    assert curve.colors[0].psnr.value == pytest.approx(grey, abs=1e-3)
    assert curve.differences[0] == curve.steps[0]
    for row in (curve.colors, curve.differences):
        assert row[-1].psnr.value > row[4].psnr.value > row[0].psnr.value + 1
    assert curve.ahead[4].value == pytest.approx(curve.steps[4].psnr.value - curve.differences[4].psnr.value, abs=1e-4)
