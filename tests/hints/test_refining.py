"""A part looked at closer: which boxes are taken, how it is laid into the whole, and what it does to small things."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage
from numpy.typing import NDArray

from photochrom import photo as photos
from photochrom.canvas import Canvas
from photochrom.color.lab import srgb_to_lab
from photochrom.colorizer import Colorizer
from photochrom.errors import UsageError
from photochrom.hints.hint import Hint
from photochrom.hints.known import Known
from photochrom.hints.refining import Region, checked, laid_in, refined
from photochrom.runtime.model import Features, Model

Rgb = NDArray[np.uint8]

SIZE = (600, 400)


@pytest.fixture(scope="module")
def painter(tiny: Path) -> Colorizer:
    return Colorizer(tiny, threads=1)


@pytest.fixture(scope="module")
def canvas(painter: Colorizer) -> Canvas:
    return painter.open(picture())


def picture(width: int = SIZE[0], height: int = SIZE[1]) -> Rgb:
    grey = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def region(painter: Colorizer, box: Sequence[float], size: tuple[int, int] = SIZE) -> Region:
    opened = photos.open(picture(*size))
    return Region.of(opened, box, Canvas(painter.model, opened, 1.0)._painter)


def ab(photo: Any) -> NDArray[np.float32]:
    return srgb_to_lab(np.asarray(photo))[..., 1:]


# Boxes


@pytest.mark.parametrize(
    ("box", "why"),
    [
        ((600, 0, 700, 100), "outside"),
        ((-90, 10, -5, 90), "outside"),
        ((100, 100, 100, 200), "empty"),
        ((200, 100, 100, 200), "empty"),
        ((10, 10, 17, 100), "at least 8 x 8"),
        ((595, 10, 900, 100), "covers 5 x 90"),
        ((0, 0, float("nan"), 10), "is \\(left, top, right, bottom\\)"),
        ((1, 2, 3), "is \\(left, top, right, bottom\\)"),
        ("face", "is \\(left, top, right, bottom\\)"),
        (None, "is \\(left, top, right, bottom\\)"),
    ],
)
def test_a_bad_box_is_refused_with_the_reason(canvas: Canvas, box: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        canvas.refine(box)


def test_a_box_that_reaches_beyond_the_photograph_is_cut_to_it(canvas: Canvas) -> None:
    assert canvas.refine((-50, 300.4, 100, 9999)).refined == ((0, 300, 100, 400),)
    assert checked((-1e9, -1e9, 1e9, 1e9), SIZE) == (0, 0, *SIZE)


def test_what_is_looked_at_holds_the_box_and_more_and_lies_in_the_photograph(painter: Colorizer) -> None:
    for box in ((0, 0, 40, 40), (560, 360, 600, 400), (280, 150, 330, 220), (0, 180, 600, 200), (0, 0, *SIZE)):
        around = region(painter, box).around
        assert 0 <= around[0] <= box[0] < box[2] <= around[2] <= SIZE[0]
        assert 0 <= around[1] <= box[1] < box[3] <= around[3] <= SIZE[1]
        if box[2] - box[0] < 100:
            assert around[2] - around[0] >= 64  # half the tiny model's working side: enlarged twice at most


@pytest.mark.parametrize("size", [(20, 20), (1500, 100), (90, 900)])
def test_small_and_long_photographs_can_be_refined(painter: Colorizer, size: tuple[int, int]) -> None:
    result = painter.open(picture(*size)).refine((2, 2, 16, 18)).paint()
    assert np.asarray(result).shape[:2] == size[::-1]


# Into the whole


def test_the_closer_look_holds_in_the_box_and_fades_to_nothing_around_it(painter: Colorizer) -> None:
    part = region(painter, (240, 160, 340, 240))
    cells = part.painter.look.cells.shape
    laid = laid_in(np.zeros((27, 40, 1), np.float32), [part], [np.ones((*cells, 1), np.float32)], photo=SIZE)[..., 0]
    scale = laid.shape[1] / SIZE[0]
    inside = laid[int(165 * scale) : int(235 * scale), int(245 * scale) : int(335 * scale)]
    assert inside.min() > 0.98
    left, top, right, bottom = (round(edge * scale) for edge in part.around)
    outside = np.ones(laid.shape, bool)
    outside[top:bottom, left:right] = False
    assert np.abs(laid[outside]).max() < 0.01
    steps = max(float(np.abs(np.diff(laid, axis=axis)).max()) for axis in (0, 1))
    assert steps < 0.35  # over a cell of 6 pixels; a hard edge is 1


def test_at_the_photographs_border_there_is_nothing_to_fade_into(painter: Colorizer) -> None:
    part = region(painter, (0, 0, 100, 80))
    cells = part.painter.look.cells.shape
    laid = laid_in(np.zeros((27, 40, 1), np.float32), [part], [np.ones((*cells, 1), np.float32)], photo=SIZE)[..., 0]
    assert laid[0, 0] > 0.98
    assert abs(laid[-1, -1]) < 0.01


def test_where_two_regions_meet_the_later_one_counts(painter: Colorizer) -> None:
    boxes = (200, 100, 320, 200), (260, 140, 400, 260)
    parts = [region(painter, box) for box in boxes]
    values = [
        np.full((*part.painter.look.cells.shape, 1), value, np.float32)
        for part, value in zip(parts, (1, 2), strict=True)
    ]
    laid = laid_in(np.zeros((27, 40, 1), np.float32), parts, values, photo=SIZE)[..., 0]
    scale = laid.shape[1] / SIZE[0]
    assert laid[int(170 * scale), int(290 * scale)] == pytest.approx(2, abs=0.02)
    assert laid[int(110 * scale), int(210 * scale)] == pytest.approx(1, abs=0.02)


def test_the_finer_colours_of_a_large_photograph_are_bounded(painter: Colorizer) -> None:
    size = (5000, 3500)
    ab = laid_in(np.zeros((27, 40, 2), np.float32), *one(region(painter, (2000, 2000, 2060, 2060), size)), photo=size)
    assert 500_000 < ab.shape[0] * ab.shape[1] <= 1_010_000


def one(part: Region) -> tuple[list[Region], list[NDArray[np.float32]]]:
    return [part], [np.zeros((*part.painter.look.cells.shape, 2), np.float32)]


# The canvas


def test_refine_gives_a_new_canvas_and_leaves_the_old_one_as_it_was(canvas: Canvas) -> None:
    before = canvas.paint().rgb()
    closer = canvas.refine((240, 60, 340, 180))
    assert np.array_equal(canvas.paint().rgb(), before)
    assert canvas.refined == ()
    assert closer.refined == ((240, 60, 340, 180),)
    assert not np.array_equal(closer.paint().rgb(), before)


def test_far_from_the_box_the_colours_stay_as_they_are(canvas: Canvas) -> None:
    closer = canvas.refine((240, 60, 340, 180))
    before = canvas.paint(vividness=0, strength=0.3)
    after = closer.paint(vividness=0, strength=0.3)  # paler, so that few of the tiny model's colours leave the gamut
    moved = np.linalg.norm(ab(after) - ab(before), axis=-1)
    left, top, right, bottom = closer._regions[0].around
    far = np.ones(moved.shape, bool)
    far[top:bottom, left:right] = False
    assert moved[80:160, 260:320].mean() > 8 * moved[far].mean()
    assert moved[far].mean() < 0.5


def test_the_network_looks_once_for_each_box_and_never_when_painting(
    painter: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Any] = []
    encode = Model.encode

    def counted(model: Model, luma: NDArray[np.float32]) -> Features:
        looks.append(luma.shape)
        return encode(model, luma)

    monkeypatch.setattr(Model, "encode", counted)
    closer = painter.open(picture()).refine((240, 60, 340, 180)).refine((100, 100, 200, 200))
    assert len(looks) == 3
    closer.paint()
    closer.paint(hints=[Hint(280, 100, "navy")], vividness=1, warmth=0.5)
    assert len(looks) == 3


def test_the_record_says_the_boxes_so_that_it_can_be_replayed(painter: Colorizer, canvas: Canvas) -> None:
    photo = canvas.refine((240, 60, 340, 180)).refine((-5, 0, 50, 50)).paint()
    assert photo.record is not None
    boxes = photo.record.options["refine"]
    assert boxes == [[240, 60, 340, 180], [0, 0, 50, 50]]
    again = canvas
    for box in boxes:
        again = again.refine(box)
    assert np.array_equal(again.paint().rgb(), photo.rgb())
    plain = canvas.paint().record
    assert plain is not None
    assert "refine" not in plain.options


@pytest.mark.parametrize("options", [{"warmth": 0.6}, {"strength": 0.5}, {"vividness": 0.0}])
def test_options_reach_the_refined_part(canvas: Canvas, options: dict[str, float]) -> None:
    closer = canvas.refine((240, 60, 340, 180))
    plain, other = ab(closer.paint()), ab(closer.paint(**options))  # type: ignore[arg-type]
    assert np.abs(other - plain)[80:160, 260:320].mean() > 0.5


# Hints


def test_a_hint_in_the_box_is_settled_with_its_finer_cells(canvas: Canvas) -> None:
    hint = Hint(290, 120, "#3050c0", radius=12)
    closer = canvas.refine((240, 60, 340, 180))
    colors = refined(closer._painter, closer._regions, [hint], photo=SIZE)
    scale = colors.shape[1] / SIZE[0]
    place = colors[int(120 * scale), int(290 * scale)]
    assert np.linalg.norm(place - np.array(hint.color.ab)) < 3


def test_what_hints_elsewhere_change_of_the_whole_they_change_of_the_box(canvas: Canvas) -> None:
    hint = Hint(40, 380, "#b03020", radius=30)
    closer = canvas.refine((240, 60, 340, 180))
    whole, regions = closer._painter, closer._regions
    known = Known.of([hint], size=whole.look.cells.shape, photo=SIZE)
    changed = whole.colors(known) - whole.colors()
    moved = refined(whole, regions, [hint], photo=SIZE) - refined(whole, regions, (), photo=SIZE)
    wanted = laid_in(changed, regions, [regions[0].part_of(changed, SIZE)], photo=SIZE)
    assert np.abs(changed).max() > 1
    assert moved == pytest.approx(wanted, abs=0.01)


def test_a_hint_outside_of_the_photograph_is_refused_on_a_refined_canvas_as_well(canvas: Canvas) -> None:
    with pytest.raises(UsageError, match="outside of the photograph"):
        canvas.refine((240, 60, 340, 180)).paint(hints=[Hint(700, 10, "red")])


# What the whole gave some colour


def test_the_closer_look_pales_nothing_below_what_the_whole_gave_it(painter: Colorizer) -> None:
    part = region(painter, (240, 60, 340, 180))
    cells = part.painter.look.cells.shape
    skin, vivid = np.full((*cells, 2), (9, 12), np.float32), np.full((*cells, 2), (60, 0), np.float32)
    grey, blue = np.zeros((*cells, 2), np.float32), -skin
    assert grey + part.kept(grey, skin) == pytest.approx(skin, abs=0.01)
    assert blue + part.kept(blue, skin) == pytest.approx(skin, abs=0.01)
    assert part.kept(skin * np.float32(1.5), skin) == pytest.approx(grey, abs=0.01)
    assert part.kept(grey, grey) == pytest.approx(grey, abs=0.01)
    assert np.linalg.norm(part.kept(grey, vivid), axis=-1) == pytest.approx(20, abs=0.01)  # a strong one may be tamed
    assert part.kept(vivid * np.float32(0.5), vivid) == pytest.approx(grey, abs=0.01)


def test_what_is_small_in_the_box_keeps_the_closer_looks_colours(painter: Colorizer) -> None:
    part = region(painter, (240, 60, 340, 180))
    skin = np.full((*part.painter.look.cells.shape, 2), (9, 12), np.float32)
    own = skin.copy()
    row, column = skin.shape[0] // 2, skin.shape[1] // 2
    own[row, column] = 0  # an eye
    result = own + part.kept(own, skin)
    assert np.linalg.norm(result[row, column]) < 1
    assert result[: row - 3] == pytest.approx(skin[: row - 3], abs=0.5)


def test_a_closer_look_that_sees_grey_leaves_the_box_its_colours(
    painter: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    closer = painter.open(picture()).refine((240, 60, 340, 180))
    (part,) = closer._regions
    before = part.part_of(closer._painter.colors(), SIZE).mean(axis=(0, 1))
    grey = np.zeros((*part.painter.look.cells.shape, 2), np.float32)
    monkeypatch.setattr(part.painter, "colors", lambda *_, **__: grey.copy())
    after = part.part_of(refined(closer._painter, closer._regions, (), photo=SIZE), SIZE).mean(axis=(0, 1))
    assert np.linalg.norm(before) > 8
    assert np.linalg.norm(after) > 0.8 * min(float(np.linalg.norm(before)), 20)
    assert np.dot(before, after) > 0.9 * np.linalg.norm(before) * np.linalg.norm(after)


# The bundled model


def test_a_face_gets_colours_that_are_nearer_to_its_own() -> None:
    scene, box = skimage.data.astronaut(), (175, 65, 280, 195)
    canvas = Colorizer(threads=1).open(np.asarray(cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY), np.uint8))
    face = np.s_[box[1] : box[3], box[0] : box[2]]
    truth = srgb_to_lab(np.ascontiguousarray(scene[face]))[..., 1:]
    before, after = (
        float(np.linalg.norm(ab(each.paint())[face] - truth, axis=-1).mean()) for each in (canvas, canvas.refine(box))
    )
    assert after < 0.9 * before
