"""A look answers what it has answered before without asking the network again, and nobody can spoil that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.color.luma import luma
from photochrom.hints.hintmap import HintMap
from photochrom.hints.known import Known
from photochrom.hints.painting import Painter
from photochrom.photo import open as open_photo
from photochrom.runtime.look import Look
from photochrom.runtime.model import Features, Model
from photochrom.runtime.working import WorkingSize

Float = NDArray[np.float32]


class Counting(Model):
    """A model that counts how often its decoder runs."""

    runs = 0

    def decode(self, features: Features, hints: HintMap | None = None) -> Float:
        self.runs += 1
        return super().decode(features, hints)


@pytest.fixture
def model(tiny: Path) -> Counting:
    return Counting.load(tiny, threads=1)  # type: ignore[return-value]


@pytest.fixture
def look(model: Counting) -> Look:
    picture = luma(data.coffee())
    size = WorkingSize.of(picture.shape[0], picture.shape[1], model.card.area)
    return Look(model, open_photo(picture).working_luma((size.height, size.width)), size)


def hints(a: float) -> HintMap:
    return HintMap.from_points(np.array([[0.5, 0.5]], np.float32), np.array([[a, 0]], np.float32))


def known(a: float, look: Look) -> Known:
    size = look.cells.shape
    return Known(np.array([[4, 6]]), np.array([[a, 5]], np.float32), np.zeros(1, np.int64), (size[0], size[1]))


def test_the_answers_to_none_and_to_the_last_two_hints_are_remembered(look: Look, model: Counting) -> None:
    for a in (10, 20, 10, 20):
        look.decode(hints(a))
        look.decode()
    assert model.runs == 3
    look.decode(hints(30))
    look.decode(hints(20))
    assert model.runs == 4
    look.decode(hints(10))
    assert model.runs == 5


def test_what_is_read_out_is_one_s_own(look: Look, model: Counting) -> None:
    setting = model.card.read_out(None)
    first = look.read(look.decode(), setting)
    kept = first.copy()
    first += 100
    assert np.array_equal(look.read(look.decode(), setting), kept)


def test_many_ways_to_read_one_answer_are_all_right(look: Look, model: Counting) -> None:
    ways = [model.card.read_out(bet / 20) for bet in range(21)]
    once = [look.read(look.decode(), way) for way in ways]
    assert all(np.array_equal(look.read(look.decode(), way), ab) for way, ab in zip(ways, once, strict=True))
    assert len(look.decode().read) <= 8


def test_changed_hints_are_decoded_once_also_beside_what_a_closer_look_was_told(look: Look, model: Counting) -> None:
    painter = Painter(look)
    soft = np.full((3, *look.cells.shape), 0.1, np.float32)
    painter.colors(known(5, look), soft=soft)
    before = model.runs
    for a in (10, 15, 20):
        painter.colors(known(a, look), soft=soft)
    assert model.runs == before + 3
