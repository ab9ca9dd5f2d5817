"""Confidence: what was stated is sure, what belongs with it nearly so, and the rest as sure as the network is."""

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
from photochrom.hints.confidence import Certainty, about_right
from photochrom.hints.confidence_map import COLORS, draw, overlay
from photochrom.hints.hint import Hint

SUIT = Hint(105, 430, "#2040c0")


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    return Colorizer("best", device="cpu", threads=1).open(luma(data.astronaut()))


def test_a_colour_is_about_right_as_often_as_the_distribution_draws_one_near_it() -> None:
    bins = AbBins.grid()
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.full(len(bins), 0.1), (3, 4)).astype(np.float32)
    ab = rng.uniform(-40, 40, (3, 4, 2)).astype(np.float32)
    found = about_right(p, ab, [(float(a), float(b)) for a, b in bins.centers])
    for row, column in np.ndindex(3, 4):
        distance = np.hypot(*(bins.centers - ab[row, column]).T)
        least, most = (p[row, column][distance < reach].sum() for reach in (12.5, 17.5))
        assert least <= found[row, column] + 1e-6
        assert found[row, column] <= most + 1e-6


def test_it_has_the_size_of_the_photograph_and_lies_between_0_and_1(tiny: Path) -> None:
    for shape in ((64, 64), (333, 500), (1, 1), (40, 900)):
        grey = np.random.default_rng(1).integers(60, 200, shape, np.uint8)
        found = Colorizer(tiny, threads=1).open(grey).confidence()
        assert found.shape == shape
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 1


def test_a_huge_photograph_has_it_smaller_in_the_same_shape(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photochrom.canvas._MOST_CONFIDENCES", 5000)
    found = Colorizer(tiny, threads=1).open(np.full((100, 200), 90, np.uint8)).confidence()
    assert found.shape == (50, 100)


def test_what_is_stated_is_sure_and_what_belongs_with_it_is_surer_than_before(canvas: Canvas) -> None:
    before, after = canvas.confidence(), canvas.confidence(hints=[SUIT])
    assert after[430, 105] == 1
    beside = np.s_[412:420, 92:104]
    assert after[beside].mean() > 0.85
    assert after[beside].mean() > before[beside].mean() + 0.3
    far = np.s_[:100, 420:]
    assert np.abs(after[far] - before[far]).mean() < 0.05


def test_four_layers_say_where_each_colour_comes_from(canvas: Canvas) -> None:
    stated, follows, inferred, uncertain = canvas.certainty(hints=[SUIT]).planes
    cell, beside, far = (47, 11), np.s_[45:47, 10:12], np.s_[:12, 46:]
    assert stated[cell] == 1
    assert stated.sum() == 1
    assert follows[beside].mean() > 0.6 > 0.1 > follows[far].mean()
    assert inferred[far].mean() > 0.3
    assert stated + follows + inferred + uncertain == pytest.approx(1, abs=1e-5)
    layers = canvas.certainty(hints=[SUIT]).layers()
    assert layers.dtype == np.uint8
    assert np.abs(layers.astype(int).sum(axis=0) - 255).max() <= 2


def test_without_hints_nothing_is_stated_and_nothing_follows(canvas: Canvas) -> None:
    stated, follows, _, _ = canvas.certainty().planes
    assert not stated.any()
    assert not follows.any()


@pytest.mark.parametrize("options", [{"warmth": 1.0}, {"strength": 0.2}, {"vividness": 1.0}])
def test_it_is_that_of_the_colours_that_are_shown(canvas: Canvas, options: dict[str, Any]) -> None:
    assert np.abs(canvas.confidence(**options) - canvas.confidence()).mean() > 0.02


def test_where_a_mask_keeps_grey_it_is_that_of_grey(canvas: Canvas) -> None:
    mask = np.zeros((512, 512), bool)
    mask[:, 300:] = True
    plain, masked, grey = canvas.confidence(), canvas.confidence(keep_grey=mask), canvas.confidence(strength=0)
    assert masked[:, :280] == pytest.approx(plain[:, :280], abs=1e-5)
    assert masked[:, 320:] == pytest.approx(grey[:, 320:], abs=1e-5)


@pytest.mark.parametrize("box", [None, (60, 380, 150, 480)])
def test_a_stated_colour_is_sure_only_where_it_is_shown(canvas: Canvas, box: tuple[int, int, int, int] | None) -> None:
    seen = canvas if box is None else canvas.refine(box)
    mask = np.ones((512, 512), bool)
    asked: tuple[dict[str, Any], ...] = ({"strength": 0.0}, {"keep_grey": mask})
    for options in asked:
        planes = seen.certainty(hints=[SUIT], **options)
        assert planes.planes[0].max() < 0.05
        assert planes.planes.sum(axis=0) == pytest.approx(1, abs=1e-5)
    near = Hint(105, 430, "#7c7c80")
    assert seen.confidence(hints=[near], strength=0.5)[430, 105] == pytest.approx(1)


def test_what_a_reference_lends_is_inferred_and_surer_than_before(canvas: Canvas) -> None:
    before, after = canvas.confidence(), canvas.confidence(reference=data.astronaut())
    assert after.mean() > before.mean() + 0.1
    stated, follows, _, _ = canvas.certainty(reference=data.astronaut()).planes
    assert not stated.any()
    assert not follows.any()


def test_inside_a_refined_box_the_closer_look_is_asked(canvas: Canvas) -> None:
    closer = canvas.refine((180, 60, 260, 160))
    one, other = canvas.confidence(), closer.confidence()
    assert other.shape == one.shape
    assert np.abs(one - other)[60:160, 180:260].mean() > 0.02
    assert np.abs(one - other)[300:].mean() < 0.02
    planes = closer.certainty(hints=[Hint(220, 110, "#c09070")]).planes
    assert planes.min() >= 0
    assert planes.sum(axis=0) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("place", [(105, 430), (111, 437), (3, 508), (220, 110)])
def test_what_is_stated_is_sure_beside_a_refined_box_too(canvas: Canvas, place: tuple[int, int]) -> None:
    closer = canvas.refine((180, 60, 260, 160))
    assert closer.confidence(hints=[Hint(*place, "#c09070")])[place[1], place[0]] == 1


@pytest.mark.parametrize("options", [{"vividness": 2}, {"hints": [Hint(600, 5, "red")]}])
def test_what_makes_no_sense_is_refused(canvas: Canvas, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        canvas.confidence(**options)


def one_kind(kind: int, size: tuple[int, int] = (16, 24)) -> Certainty:
    planes = np.zeros((4, *size), np.float32)
    planes[kind] = 1
    return Certainty(planes)


@pytest.mark.parametrize("kind", range(4))
def test_the_map_shows_each_kind_in_the_colour_that_the_legend_gives_it(kind: int) -> None:
    drawn = draw(one_kind(kind), np.full((400, 600), 255, np.uint8))
    assert tuple(drawn[200, 300]) == COLORS[kind]
    legend = drawn[drawn.shape[0] - 48 :].reshape(-1, 3)
    assert (legend == COLORS[kind]).all(axis=1).any()


def test_the_photograph_is_seen_through_the_map() -> None:
    light = np.tile(np.linspace(0, 65535, 900).astype(np.uint16), (500, 1))
    row = draw(one_kind(2), light)[250].astype(int)
    assert (np.diff(row[:, 2]) >= 0).all()
    assert np.ptp(row[:, 2]) > 60


def lightness(colors: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(colors, float) @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize("matrix", [
    [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
])  # fmt: skip
def test_who_sees_no_red_or_no_green_tells_the_colours_apart(matrix: list[list[float]]) -> None:
    """Protanopia and deuteranopia as simulated by Machado et al. 2009."""
    seen = (np.array(COLORS) / 255) ** 2.2 @ np.array(matrix).T
    seen = np.clip(seen, 0, 1) ** (1 / 2.2) * 255
    apart = np.linalg.norm(seen[:, None] - seen, axis=-1) + 1e3 * np.eye(4)
    assert apart.min() > 70


@pytest.mark.parametrize("shape", [(2000, 40), (40, 2000), (5, 5), (3000, 4000)])
def test_the_map_of_any_photograph_can_be_read(shape: tuple[int, int]) -> None:
    drawn = draw(one_kind(2), np.full(shape, 128, np.uint8))
    assert 640 <= max(drawn.shape[:2]) <= 2048 + 400
    assert drawn.shape[1] >= 250  # wide enough for the longest piece of the legend
    scale = max(640 / max(shape), min(2048 / max(shape), 1))
    legend = drawn[round(shape[0] * scale) :]
    assert (legend == 255).mean() > 0.3
    assert (lightness(legend) < 60).any()
    assert (legend[:, -1] == 255).all()  # nothing is cut off


def test_the_overlay_has_the_colours_of_the_map() -> None:
    planes = np.zeros((4, 2, 2), np.float32)
    for number in range(4):
        planes[number].flat[number] = 1
    laid = overlay(Certainty(planes))
    assert [tuple(color) for color in laid[..., :3].reshape(4, 3)] == list(COLORS)
    assert (laid[..., 3] == laid[0, 0, 3]).all()
    assert 100 < laid[0, 0, 3] < 200
