"""Suggestions: as many as asked for, different, ranked, and true to the distribution they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.canvas import Canvas
from photochrom.color.bins import AbBins
from photochrom.color.luma import luma
from photochrom.colorizer import Colorizer
from photochrom.errors import UsageError
from photochrom.hints.color import Color
from photochrom.hints.hint import Hint
from photochrom.hints.suggestions import MOST, NEAR, likeliest, sharpened

BINS = tuple((float(a), float(b)) for a, b in AbBins.grid().centers)


def blurred(*colors: tuple[float, float], shares: tuple[float, ...] = (1.0,)) -> NDArray[np.float32]:
    """What a network answers that was taught these colours, in these shares: (1, K)."""
    index, weight = AbBins(np.array(BINS)).soft_encode(np.array(colors))
    answer = np.zeros((1, len(BINS)), np.float32)
    for each, some, share in zip(index, weight, shares, strict=True):
        answer[0, each] += share * some
    return answer


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    return Colorizer("best", device="cpu", threads=1).open(luma(data.astronaut()))


@pytest.mark.parametrize("color", [(0, 0), (31, -22), (47, 44), (-44, 43)])
def test_the_blur_of_training_is_taken_off(color: tuple[float, float]) -> None:
    colors, shares = likeliest(sharpened(blurred(color), BINS), BINS, 3)
    assert np.hypot(*(colors[0, 0] - color)) < 5
    assert shares[0, 0] > 0.9


def test_of_several_likely_colours_each_is_suggested_by_its_share() -> None:
    known = ((50.0, 40.0), (0.0, -40.0), (-30.0, 30.0))
    colors, shares = likeliest(sharpened(blurred(*known, shares=(0.6, 0.3, 0.1)), BINS), BINS, 3)
    assert np.hypot(*(colors[0] - known).T) == pytest.approx(0, abs=5.1)
    assert shares[0] == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


def test_suggestions_are_apart_ranked_and_no_probability_counts_twice() -> None:
    rng = np.random.default_rng(3)
    answers = rng.dirichlet(np.full(len(BINS), 0.05), 40).astype(np.float32)
    colors, shares = likeliest(sharpened(answers, BINS), BINS, MOST)
    assert colors.shape == (40, MOST, 2)
    for each in colors:
        apart = np.hypot(*(each[:, None] - each).transpose(2, 0, 1)) + 1e3 * np.eye(MOST)
        assert apart.min() >= NEAR
    assert (np.diff(shares) <= 1e-6).all()
    assert (shares >= 0).all()
    assert (shares.sum(axis=1) <= 1.0001).all()


@pytest.mark.parametrize("n", [1, 5, MOST])
def test_there_are_always_as_many_as_asked_for_in_the_light_of_the_place(canvas: Canvas, tiny: Path, n: int) -> None:
    for each in (canvas, Colorizer(tiny, threads=1).open(luma(data.coffee()))):
        for x, y in ((0, 0), (260, 130), (383.5, 399.9)):
            found = each.suggest(x, y, n)
            assert len(found) == n
            light = each.photo.luma[int(y), int(x)]
            for color, probability in found:
                assert luma(np.array([[color.red, color.green, color.blue]], np.uint8))[0] == pytest.approx(light, 1)
                assert 0 <= probability <= 1


def test_where_no_colour_can_be_seen_there_are_still_as_many(tiny: Path) -> None:
    found = Colorizer(tiny, threads=1).open(np.zeros((64, 64), np.uint8)).suggest(5, 5, 5)
    assert [color for color, _ in found] == [Color(0, 0, 0)] * 5


def test_where_a_colour_is_stated_it_comes_first_and_next_to_it_it_is_likelier_than_before(canvas: Canvas) -> None:
    suit, blue = Hint(105, 430, "#2040c0"), Color.of("#2040c0").ab
    first, probability = canvas.suggest(suit.x, suit.y, hints=[suit])[0]
    shown = Color.at(blue, canvas.photo.luma[430, 105] / 255).ab
    assert np.hypot(*np.subtract(first.ab, shown)) < NEAR
    assert probability > 0.9

    def near_blue(**options: Any) -> float:
        at = canvas.photo.luma[445, 100] / 255
        target = Color.at(blue, at).ab
        found = canvas.suggest(100, 445, 20, **options)
        return sum(share for color, share in found if np.hypot(*np.subtract(color.ab, target)) < 15)

    assert near_blue(hints=[suit]) > near_blue() + 0.2


def test_what_a_reference_lends_is_suggested(canvas: Canvas) -> None:
    place, suit = (75, 440), Color(*data.astronaut()[440, 75])  # the orange suit
    share = {}
    for name, seen in {"whole": canvas, "closer": canvas.refine((40, 390, 140, 490))}.items():
        for reference in (None, data.astronaut()):
            found = seen.suggest(*place, reference=reference)
            near = [chance for color, chance in found if np.hypot(*np.subtract(color.ab, suit.ab)) < 15]
            share[name, reference is None] = sum(near)
    assert share["whole", False] > share["whole", True] + 0.1
    assert share["closer", False] > share["closer", True] + 0.1


def test_inside_a_refined_box_the_closer_look_is_asked(canvas: Canvas) -> None:
    closer = canvas.refine((180, 60, 260, 160))
    assert closer.suggest(220, 110) != canvas.suggest(220, 110)
    assert closer.suggest(400, 400) == canvas.suggest(400, 400)


@pytest.mark.parametrize(("x", "y", "n"), [(-1, 5, 5), (512, 5, 5), (5, 512, 5)])
def test_a_place_outside_of_the_photograph_is_refused(canvas: Canvas, x: float, y: float, n: int) -> None:
    with pytest.raises(UsageError, match="outside of the photograph, which has 512 x 512"):
        canvas.suggest(x, y, n)


@pytest.mark.parametrize("n", [0, 21, 2.5, True])
def test_a_number_of_suggestions_that_makes_no_sense_is_refused(canvas: Canvas, n: Any) -> None:
    with pytest.raises(UsageError, match="from 1 to 20"):
        canvas.suggest(5, 5, n)
