"""Variants: different, each plausible, the same within objects, and made again by their seed or their record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom.canvas import Canvas
from photochrom.color.luma import luma
from photochrom.colorizer import Colorizer
from photochrom.errors import UsageError
from photochrom.evaluation.metrics import colorfulness
from photochrom.hints.color import Color
from photochrom.hints.hint import AnyHint, Hint, from_json
from photochrom.hints.known import Known
from photochrom.hints.options import checked
from photochrom.hints.painting import Painter
from photochrom.hints.variants import ANCHORS, anchors
from photochrom.photo import Photo
from photochrom.runtime.look import Look

SAMPLES = ("astronaut", "chelsea")


def hints_of(photo: Photo) -> list[AnyHint]:
    assert photo.record is not None
    return [from_json(hint) for hint in photo.record.hints]


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer("best", device="cpu", threads=1)


@pytest.fixture(scope="module", params=SAMPLES)
def canvas(request: pytest.FixtureRequest, colorizer: Colorizer) -> Canvas:
    return colorizer.open(luma(getattr(data, request.param)()))


@pytest.fixture(scope="module")
def variants(canvas: Canvas) -> list[Photo]:
    return canvas.variants(4)


@pytest.fixture(scope="module")
def tiny_canvas(tiny: Path) -> Canvas:
    return Colorizer(tiny, threads=1).open(luma(data.coffee()))


def painter_of(canvas: Canvas) -> Painter:
    """The same look once more, for what a canvas does not show."""
    size = canvas.size
    return Painter(Look(canvas._model, canvas.photo.working_luma((size.height, size.width)), size))


def colors(painter: Painter, photo: Photo) -> NDArray[np.float32]:
    return painter.colors(Known.of(hints_of(photo), size=painter.look.cells.shape, photo=photo.size))


def test_variants_are_different_from_each_other_and_as_colourful_as_photographs(
    canvas: Canvas, variants: list[Photo]
) -> None:
    painter = painter_of(canvas)
    fields = [colors(painter, each) for each in variants]
    for number, one in enumerate(fields):
        for other in fields[:number]:
            assert np.hypot(*(one - other).transpose(2, 0, 1)).mean() > 3
    usual = colorfulness(canvas.paint().rgb(np.uint8))
    for each in variants:
        assert 0.3 * usual < colorfulness(each.rgb(np.uint8)) < 2 * usual


def test_an_object_has_one_colour_the_chosen_one(canvas: Canvas, variants: list[Photo]) -> None:
    painter = painter_of(canvas)
    width, height = canvas.photo.size
    rows, columns = painter.look.cells.shape
    apart = []
    for each in variants:
        field = colors(painter, each)
        for hint in hints_of(each):
            ((x, y),) = hint.line
            cell = np.array([[int(y * rows / height), int(x * columns / width)]])
            own = field[painter.objects.reach([cell])[0] > 0.9]
            apart.append(np.hypot(*(own - np.array(hint.color.ab, np.float32)).T).mean())
    assert np.mean(apart) < 7
    assert max(apart) < 25


def test_the_light_is_kept(canvas: Canvas, variants: list[Photo]) -> None:
    for each in variants:
        assert np.abs(luma(each.rgb(np.uint8)).astype(int) - canvas.photo.luma).max() <= 1


def test_a_record_makes_its_variant_again(canvas: Canvas, variants: list[Photo]) -> None:
    for number, each in enumerate(variants, start=1):
        assert each.record is not None
        made = each.record.options["variant"]
        assert made == {"seed": 0, "number": number, "anchors": len(hints_of(each))}
        assert checked(each.record.options, "it") == each.record.options
        assert 1 <= made["anchors"] <= ANCHORS
        assert all(f"variant {number} of seed 0" in hint.note for hint in hints_of(each))
    assert np.array_equal(canvas.paint(hints=hints_of(variants[1])).rgb(), variants[1].rgb())


def test_the_first_variants_of_a_seed_are_the_same_and_another_seed_gives_others(tiny_canvas: Canvas) -> None:
    two, four = tiny_canvas.variants(2, seed=7), tiny_canvas.variants(4, seed=7)
    assert [np.array_equal(a.rgb(), b.rgb()) for a, b in zip(two, four, strict=False)] == [True, True]
    assert not np.array_equal(tiny_canvas.variants(1, seed=8)[0].rgb(), two[0].rgb())


def test_what_a_person_said_is_kept_in_every_variant(canvas: Canvas) -> None:
    hint = Hint(100, 200, "#7a1f2b", radius=10, note="she told me")
    for each in canvas.variants(3, hints=[hint], vividness=0.3):
        assert hints_of(each)[-1] == hint
        shown = Color(*each.rgb(np.uint8)[200, 100].tolist())
        there = Color.at(hint.color.ab, canvas.photo.luma[200, 100] / 255)
        assert np.hypot(*np.subtract(shown.ab, there.ab)) < 3
        assert each.record is not None
        assert each.record.options["vividness"] == 0.3


def test_anchors_stand_for_different_objects_and_not_for_what_is_known(canvas: Canvas) -> None:
    painter = painter_of(canvas)
    places = anchors(painter)
    reach = painter.objects.reach([np.array([each]) for each in places])
    for number, place in enumerate(places):
        assert (reach[:number, place.row, place.column] < 0.9).all()
    first = places[0]
    known = Known(np.array([first]), np.array([[40, 20]], np.float32), np.zeros(1, np.int64), painter.look.cells.shape)
    for place in anchors(painter, known):
        assert reach[0, place.row, place.column] < 0.9
    assert anchors(painter, most=1) == [first]


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (64, 64)])
def test_a_picture_of_any_shape_has_variants(tiny: Path, shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).integers(60, 200, shape, np.uint8)
    found = Colorizer(tiny, threads=1).open(grey).variants(2)
    assert [each.size for each in found] == [shape[::-1]] * 2


@pytest.mark.parametrize("options", [{"n": 0}, {"n": 33}, {"n": 1.5}, {"n": 1, "seed": -1}, {"n": 1, "seed": "a"}])
def test_numbers_that_make_no_sense_are_refused(tiny_canvas: Canvas, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        tiny_canvas.variants(**options)
