"""True points help the bundled model, and the spreads that it is held against do what they say."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.evaluation.hint_curve import COUNTS, HintCurve, measure_hint_curve, places, spread
from photochrom.evaluation.metrics import psnr
from photochrom.evaluation.subjects import Grey, ModelSubject
from photochrom.evaluation.truths import Truth
from photochrom.runtime.model import Model

FLAT = np.full((40, 60), 0.5, np.float32)


def _at(*cells: tuple[int, int]) -> NDArray[np.int64]:
    return np.array(cells, np.int64).reshape(-1, 2)


def test_places_are_the_same_for_a_name_and_more_points_keep_the_first_ones() -> None:
    one = places("a", (48, 64))
    assert one.shape == (50, 2)
    assert (one >= 0).all()
    assert (one < (48, 64)).all()
    assert len({tuple(cell) for cell in one.tolist()}) == 50
    assert np.array_equal(places("a", (48, 64)), one)
    assert not np.array_equal(places("b", (48, 64)), one)
    assert len(places("a", (4, 8))) == 32


def test_without_points_nothing_is_spread() -> None:
    assert not spread(np.zeros((0, 2)), _at(), FLAT).any()


def test_a_point_colours_its_place_most_and_leaves_what_is_far_alone() -> None:
    ab = spread([(30, -20)], _at((20, 5)), FLAT)
    assert ab.shape == (40, 60, 2)
    assert ab[20, 5] == pytest.approx((30 / 1.1, -20 / 1.1))
    along = ab[20, 5:, 0]
    assert (np.diff(along) < 0).all()
    assert ab[20, 59, 0] < 1.5
    assert ab[..., 1] == pytest.approx(ab[..., 0] * -2 / 3, rel=1e-4)


def test_cells_as_light_as_the_point_take_more_of_its_colour() -> None:
    shade = FLAT.copy()
    shade[:20] = 0.9
    ab = spread([(30, 0)], _at((22, 30)), shade)
    assert ab[22, 30, 0] > ab[24, 30, 0] > 2 * ab[18, 30, 0] > 0


def test_between_two_points_their_weighted_mean_lies_and_their_order_does_not_matter() -> None:
    values, cells = np.array([(40.0, 0.0), (0.0, 40.0)]), _at((20, 20), (20, 40))
    ab = spread(values, cells, FLAT)
    assert ab[20, 30, 0] == pytest.approx(ab[20, 30, 1], rel=1e-5)
    assert ab[20, 22, 0] > ab[20, 22, 1]
    assert ab == pytest.approx(spread(values[::-1], cells[::-1], FLAT), rel=1e-5)


def test_many_points_reach_less_far_each() -> None:
    one = spread([(30, 0)], _at((20, 5)), FLAT)
    many = spread([(30, 0)] * 9, np.repeat(_at((20, 5)), 9, axis=0), FLAT)
    assert many[20, 5, 0] > one[20, 5, 0]
    weight = many[20, :, 0] / (30 - many[20, :, 0]) / 9  # of one point, less that of none
    assert weight[40] < one[20, 40, 0] / (30 - one[20, 40, 0])


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
    assert (np.diff(decibels)[1:] > 0).all()
    assert [gain.value for gain in curve.gained] == pytest.approx([each - decibels[0] for each in decibels], abs=1e-4)
    assert curve.gained[4].value > 2
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
