"""A picture's own colors: upright, under its profile, as it was opened or as it was given them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo as photos
from photochrom.color.lab import srgb_to_lab
from photochrom.photo import Record
from photochrom.photo.own_colors import own_colors

SIZE = (24, 32)


def file(rgb: NDArray[np.uint8], format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def coffee() -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(skimage.data.coffee()).resize((320, 240)))


def wanted(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = np.asarray(Image.fromarray(rgb).resize(SIZE[::-1], Image.Resampling.BOX))
    return srgb_to_lab(small)[..., 1:]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF"])
def test_they_are_those_of_the_file(coffee: NDArray[np.uint8], format: str) -> None:
    colors = own_colors(photos.open(file(coffee, format)), SIZE)
    assert colors is not None
    assert colors.shape == (*SIZE, 2)
    assert np.abs(colors - wanted(coffee)).mean() < 1.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_they_are_upright(coffee: NDArray[np.uint8], orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {1: coffee, 2: coffee[:, ::-1], 3: coffee[::-1, ::-1], 4: coffee[::-1]}
    across = np.ascontiguousarray(coffee.transpose(1, 0, 2))
    turned |= {5: across, 6: across[::-1], 7: across[::-1, ::-1], 8: across[:, ::-1]}
    data = file(np.ascontiguousarray(turned[orientation]), "JPEG", exif=exif, quality=95)
    colors = own_colors(photos.open(data), SIZE)
    assert colors is not None
    assert np.abs(colors - wanted(coffee)).mean() < 1.5


def test_a_grey_and_a_toned_picture_have_none(coffee: NDArray[np.uint8]) -> None:
    plain = skimage.data.camera()
    sepia = (plain[..., None] * np.array([1, 0.9, 0.7])).astype(np.uint8)
    assert own_colors(photos.open(plain), SIZE) is None
    assert own_colors(photos.open(sepia), SIZE) is None


def test_those_that_it_was_given_count(coffee: NDArray[np.uint8]) -> None:
    opened = photos.open(coffee)
    ab = np.full((60, 80, 2), (8.0, -6.0), np.float32)
    given = opened.colored(ab, opened.working_luma((60, 80)), record=Record("x", "y"))
    colors = own_colors(given, SIZE)
    assert colors is not None
    assert np.median(colors.reshape(-1, 2), axis=0) == pytest.approx((8, -6), abs=1)
    pale = opened.colored(ab * 0, opened.working_luma((60, 80)), record=Record("x", "y"))
    assert own_colors(pale, SIZE) is None
