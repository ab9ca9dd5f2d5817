"""Painting again with other hints gives what painting with these alone would give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.color.luma import luma
from photochrom.colorizer import Colorizer
from photochrom.hints.hint import Hint
from photochrom.hints.known import Known
from photochrom.hints.objects import Objects
from photochrom.hints.painting import Painter, _dimmed

HINTS = (Hint(150, 100, "#8a6d5b", radius=20), Hint(300, 200, "#304a70"), Hint(450, 300, "#c02020"))


@pytest.fixture
def painter(tiny: Path) -> Painter:
    return Colorizer(tiny, threads=1).open(luma(data.coffee()))._painter


def test_what_was_painted_before_changes_no_bit(painter: Painter) -> None:
    size = painter.look.cells.shape
    for numbers in ((0,), (0, 1), (0, 1, 2), (2, 1), (1,)):
        hints = [HINTS[number] for number in numbers]
        again = painter.colors(Known.of(hints, size=size, photo=(600, 400)), vividness=0.3)
        fresh = Painter(painter.look).colors(Known.of(hints, size=size, photo=(600, 400)), vividness=0.3)
        assert np.array_equal(again, fresh)


def test_only_the_objects_of_new_hints_are_looked_for(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    size, asked, reach = painter.look.cells.shape, list[int](), Objects.reach

    def counted(objects: Objects, places: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        asked.append(len(places))
        return reach(objects, places)

    monkeypatch.setattr(Objects, "reach", counted)
    for count in (1, 2, 3, 2):
        painter.colors(Known.of(HINTS[:count], size=size, photo=(600, 400)))
    assert asked == [1, 1, 1, 0]


def test_what_is_painted_is_one_s_own(painter: Painter) -> None:
    first = painter.colors()
    kept = first.copy()
    first += 50
    assert np.array_equal(painter.colors(), kept)


def test_a_colour_is_weaker_in_the_shade_of_what_it_was_stated_on() -> None:
    light = np.array([[100.0, 116.0], [58.0, 116.0]], np.float32)
    left = _dimmed(light, np.array([[0, 1], [1, 1]]))
    assert np.allclose(left, [[100 / 116, 1], [0.5, 1]])
    brighter = _dimmed(light, np.array([[1, 0]]))
    assert np.allclose(brighter, 1)  # more light makes nothing stronger than it was stated
