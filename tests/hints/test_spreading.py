"""What is spread without a network goes where it is near and alike, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom.hints.spreading import nearest, nearness, spread

FLAT = np.full((40, 60), 0.5, np.float32)


def _at(*cells: tuple[int, int]) -> NDArray[np.int64]:
    return np.array(cells, np.int64).reshape(-1, 2)


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


def test_nearness_is_greatest_at_a_point_and_none_without_points() -> None:
    shade = FLAT.copy()
    shade[:20] = 0.9
    near = nearness(_at((22, 30)), shade, place=0.35, luma=0.25, trust=np.ones(1, np.float32))
    assert near.argmax() == 22 * 60 + 30
    assert 0.9 < near.max() < 1
    assert near[18, 30] < near[26, 30]
    assert not nearness(_at(), shade, place=0.35, luma=0.25, trust=np.ones(0, np.float32)).any()


def test_the_nearest_of_many_points_speaks_for_what_is_around_it() -> None:
    values, cells = np.array([(10.0, 0.0), (0.0, 20.0)], np.float32), _at((20, 10), (20, 50))
    around = nearest(values, cells, FLAT)
    assert around[20, 12] == pytest.approx((10, 0), abs=0.1)
    assert around[22, 49] == pytest.approx((0, 20), abs=0.1)
    assert around[20, 30] == pytest.approx((5, 10), abs=0.1)


def test_far_from_all_points_their_mean_counts() -> None:
    values, cells = np.array([(10.0, 0.0), (0.0, 20.0)], np.float32), _at((0, 0), (0, 1))
    assert nearest(values, cells, FLAT)[39, 59] == pytest.approx((5, 10), abs=0.1)


def test_of_two_points_as_near_the_one_as_light_counts() -> None:
    shade = FLAT.copy()
    shade[:, 30:] = 0.9
    around = nearest(np.array([(10.0,), (20.0,)], np.float32), _at((20, 28), (20, 32)), shade)
    assert around[20, 29, 0] < 11 < 19 < around[20, 30, 0]


def test_one_point_speaks_for_everything() -> None:
    assert (nearest(np.array([(3.0, 4.0)], np.float32), _at((5, 5)), FLAT) == (3, 4)).all()
