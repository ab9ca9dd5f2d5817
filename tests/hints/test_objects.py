"""How far a colour runs: as far as the cheapest way goes, and no farther than an edge."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.canvas import Canvas
from photochrom.color.luma import luma
from photochrom.colorizer import Colorizer
from photochrom.hints.objects import Objects

Costs = dict[tuple[int, int], NDArray[np.float32]]


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    return Colorizer("fast", device="cpu", threads=1).open(luma(data.coffee()))


@pytest.fixture(scope="module")
def objects(canvas: Canvas) -> Objects:
    return canvas._painter.objects


def _cheapest(objects: Objects, start: tuple[int, int]) -> NDArray[np.float64]:
    """The cost of the cheapest way from a cell to each other one, by Dijkstra's algorithm."""
    height, width = objects._size
    cost = np.full((height, width), np.inf)
    cost[start] = 0
    queue = [(0.0, start)]
    while queue:
        so_far, (y, x) = heapq.heappop(queue)
        if so_far > cost[y, x]:
            continue
        steps = [(y, x - 1, objects._along[y, x] - objects._along[y, x - 1])] if x else []
        if x + 1 < width:
            steps.append((y, x + 1, objects._along[y, x + 1] - objects._along[y, x]))
        for shift in (-1, 0, 1):
            if 0 <= x + shift < width:
                if y + 1 < height:
                    steps.append((y + 1, x + shift, objects._from_above[y, 1 - shift, 0, x + shift]))
                if y:
                    steps.append((y - 1, x + shift, objects._from_below[y - 1, 1 - shift, 0, x + shift]))
        for down, across, step in steps:
            if so_far + step < cost[down, across]:
                cost[down, across] = so_far + step
                heapq.heappush(queue, (float(cost[down, across]), (down, across)))
    return cost


def test_what_is_reached_is_what_the_cheapest_way_reaches(objects: Objects) -> None:
    rng = np.random.default_rng(0)
    for start in zip(rng.integers(0, objects._size[0], 4), rng.integers(0, objects._size[1], 4), strict=True):
        (found,) = objects._distance([np.array([start])])
        cheapest = _cheapest(objects, (int(start[0]), int(start[1])))
        assert (found > cheapest - 1e-4).all()
        near = cheapest < 0.3
        assert np.abs(found - cheapest)[near].mean() < 0.01


def test_a_place_reaches_itself_and_all_of_its_cells_are_one_place(objects: Objects) -> None:
    one, other = np.array([[5, 6]]), np.array([[30, 40]])
    apart = objects.reach([one, other])
    together = objects.reach([np.concatenate([one, other])])
    assert apart[0, 5, 6] == apart[1, 30, 40] == 1
    assert together[0] == pytest.approx(apart.max(axis=0), abs=1e-4)


def test_places_do_not_disturb_each_other_however_many_are_asked_for(objects: Objects) -> None:
    cells = [np.array([[row, 2 * row]]) for row in range(2, 22)]
    many = objects.reach(cells)
    for number in (0, 17, 19):
        assert np.array_equal(many[number], objects.reach([cells[number]])[0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1)])
def test_a_line_of_cells_is_reached_along_it(canvas: Canvas, shape: tuple[int, int]) -> None:
    narrow = Colorizer("fast", device="cpu", threads=1).open(np.full(shape, 128, np.uint8))._painter
    height, width = narrow.look.cells.shape
    reach = narrow.objects.reach([np.array([[height // 2, width // 2]])])
    assert reach.shape == (1, height, width)
    assert np.isfinite(reach).all()
    assert reach[0, height // 2, width // 2] == 1
