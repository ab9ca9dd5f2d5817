"""From hints in pixels to cells and to what the decoder is told."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from photochrom.errors import UsageError
from photochrom.hints.hint import Hint, Stroke
from photochrom.hints.known import MOST_POINTS, Known

SIZE, PHOTO = (40, 60), (600, 400)


def known(*hints: Any) -> Known:
    result = Known.of(hints, size=SIZE, photo=PHOTO)
    assert result is not None
    return result


def hint(x: float, y: float, color: Any = "red", radius: float = 0) -> Hint:
    return Hint(x, y, color, radius)


def test_a_hint_is_the_cell_that_it_lies_in() -> None:
    assert known(hint(0, 0)).at.tolist() == [[0, 0]]
    assert known(hint(599.9, 399.9)).at.tolist() == [[39, 59]]
    assert known(hint(305, 220)).at.tolist() == [[22, 30]]


def test_no_hint_is_nothing_known() -> None:
    assert Known.of([], size=SIZE, photo=PHOTO) is None


def test_the_decoder_is_told_places_and_normalized_colours() -> None:
    row = known(hint(305, 220, "#ff0000")).map(np.ones(1, np.float32)).points[0]
    assert row == pytest.approx([30.5 / 60, 22.5 / 40, 80.1 / 110, 67.2 / 110, 1], abs=2e-3)


def test_a_radius_covers_a_disc() -> None:
    cells = known(hint(300, 200, radius=50)).at
    distance = np.hypot(cells[:, 0] + 0.5 - 20, cells[:, 1] + 0.5 - 30)
    assert distance.max() <= 5
    assert len(cells) == pytest.approx(np.pi * 25, rel=0.1)


def test_a_stroke_covers_its_line_without_gaps() -> None:
    cells = known(Stroke([(5, 5), (595, 5), (595, 395)], "navy")).at.tolist()
    assert [0, 0] in cells
    assert {tuple(cell) for cell in cells} >= {(0, column) for column in range(60)} | {(row, 59) for row in range(40)}


def test_of_two_hints_on_one_spot_the_later_one_counts() -> None:
    one = known(hint(300, 200, "red"), hint(301, 201, "blue"))
    assert len(one.at) == 1
    assert np.array_equal(one.ab, known(hint(300, 200, "blue")).ab)


@pytest.mark.parametrize(("x", "y"), [(-1, 5), (600, 5), (5, 400), (5, -0.1)])
def test_a_hint_outside_of_the_photograph_is_refused(x: float, y: float) -> None:
    with pytest.raises(UsageError, match=r"hint 2 .* outside of the photograph, which has 600 x 400"):
        known(hint(1, 1), hint(x, y))


@pytest.mark.parametrize("other", ["red", {"x": 1, "y": 1, "color": "red"}, None])
def test_what_is_no_hint_is_refused(other: Any) -> None:
    with pytest.raises(UsageError, match="hint 2 is neither a Hint nor a Stroke"):
        known(hint(1, 1), other)


def test_a_disc_beside_a_part_covers_none_of_it() -> None:
    assert Known.of([hint(10, 200, radius=40)], size=SIZE, photo=PHOTO, part=(300, 100, 500, 300)) is None


def test_a_broad_stroke_of_thousands_of_corners_covers_what_its_line_does_and_takes_no_minutes() -> None:
    line = [(100, 200), (500, 200)]
    start = time.perf_counter()
    many = known(Stroke(line * 2000, "navy", radius=50))
    assert time.perf_counter() - start < 10
    assert {*map(tuple, many.at)} == {*map(tuple, known(Stroke(line, "navy", radius=50)).at)}


def test_more_hints_than_a_picture_takes_are_refused() -> None:
    with pytest.raises(UsageError, match="at most 10000"):
        known(*[hint(1, 1)] * 10_001)


def test_a_broad_hint_is_told_as_one_cell_so_that_it_does_not_outvote_the_others() -> None:
    many = known(hint(300, 200, "red", 190), hint(10, 10, "blue"), hint(590, 390, "lime"))
    assert len(many.at) > 1000
    points = many.map(np.ones(len(many.at), np.float32)).points
    assert len(points) == 3
    assert len({tuple(row) for row in points[:, 2:4].round(3).tolist()}) == 3


def test_more_hints_than_points_are_told_densely_too() -> None:
    many = known(*[hint(x, y) for x in range(5, 600, 20) for y in range(5, 400, 20)])
    told = many.map(np.ones(len(many.at), np.float32))
    assert len(told.points) == MOST_POINTS < len(many.at)
    assert told.dense is not None
    assert told.dense[2].sum() == len(many.at)
