"""What is asked of a painting as a whole: warmth and places that stay grey, with hints beside them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from PIL import Image

from photochrom import Hint, Photo
from photochrom.canvas import Canvas
from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import enlarge
from photochrom.colorizer import Colorizer
from photochrom.errors import UsageError
from photochrom.photo import PhotoWarning

WIDTH, HEIGHT = 300, 200


@pytest.fixture(scope="module")
def luma() -> NDArray[np.uint8]:
    return np.array(Image.fromarray(skimage.data.coffee()).convert("L").resize((WIDTH, HEIGHT)))


@pytest.fixture(scope="module")
def canvas(tiny: Path, luma: NDArray[np.uint8]) -> Canvas:
    return Colorizer(tiny, threads=1).open(luma)


def ab(photo: Photo) -> NDArray[Any]:
    return srgb_to_lab(photo.rgb(np.uint8))[..., 1:]


# Warmth


def test_warmth_moves_the_whole_picture_and_leaves_its_light(canvas: Canvas, luma: NDArray[np.uint8]) -> None:
    cool, plain, warm = (canvas.paint(warmth=value, strength=0.3) for value in (-1, 0, 1))
    assert ab(cool)[..., 1].mean() + 2 < ab(plain)[..., 1].mean() < ab(warm)[..., 1].mean() - 2
    for each in (cool, warm):
        assert np.abs(np.array(each.to_pil().convert("L"), int) - luma).max() <= 1


@pytest.mark.parametrize("warmth", [-1, 1])
def test_a_hinted_place_keeps_its_colour_whatever_the_warmth(canvas: Canvas, warmth: float) -> None:
    hint = Hint(150, 100, "#8a6d5b", radius=20)
    plain, other = (ab(canvas.paint(hints=[hint], warmth=value)) for value in (0, warmth))
    assert np.abs(other - plain)[90:110, 140:160].max() < 1
    assert np.abs(other - plain).max() > 5


@pytest.mark.parametrize("warmth", [1.01, -2, float("nan")])
def test_warmth_out_of_range_is_refused(canvas: Canvas, warmth: float) -> None:
    with pytest.raises(UsageError, match="warmth is a number from -1 to 1"):
        canvas.paint(warmth=warmth)


# Keep grey


def test_no_colour_is_seen_inside_a_mask_up_to_its_edge(canvas: Canvas) -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[60:150, 101:207] = True
    rgb = canvas.paint(keep_grey=mask, vividness=1).rgb(np.uint8).astype(int)
    assert np.ptp(rgb, axis=-1)[mask].max() <= 1
    free = canvas.paint(vividness=1).rgb(np.uint8).astype(int)
    outside = np.ones_like(mask)
    outside[57:153, 98:210] = False
    assert np.abs(rgb - free)[outside].max() <= 8  # chroma is enlarged in two steps here
    assert np.abs(rgb - free)[outside].mean() < 0.5


def test_half_a_mask_is_half_the_colour(canvas: Canvas) -> None:
    half, full = canvas.paint(keep_grey=np.full((HEIGHT, WIDTH), 0.5)).chroma, canvas.paint().chroma
    assert half is not None
    assert full is not None
    assert np.allclose(half, 0.5 * enlarge(full, (HEIGHT, WIDTH)), atol=1e-4)


def test_a_mask_over_everything_is_grey_on_request(canvas: Canvas, luma: NDArray[np.uint8]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", PhotoWarning)
        result = canvas.paint(keep_grey=np.ones((HEIGHT, WIDTH), bool)).rgb(np.uint8)
    assert np.array_equal(result, np.dstack([luma] * 3))


# The record


def test_all_that_was_asked_for_is_in_the_record_and_nothing_else(canvas: Canvas) -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    record = canvas.paint(warmth=0.25, keep_grey=mask, vividness=0.5).record
    assert record is not None
    assert record.options["warmth"] == 0.25
    assert set(record.options["keep_grey"]) == {"sha256"}
    plain = canvas.paint(vividness=0.5).record
    assert plain is not None
    assert dict(plain.options) == {"vividness": 0.5, "strength": 1.0, "detail": 1.0}
