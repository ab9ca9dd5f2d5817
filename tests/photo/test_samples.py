"""Toned is told from coloured; planes are turned as EXIF asks."""

import numpy as np
import photo_files as files
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage import data

from photochrom import photo
from photochrom.photo.samples import Look, upright

GREY = files.grey(320, 240).astype(np.float64)


def toned(shadow: tuple[int, int, int], light: tuple[int, int, int], noise: float = 0.0) -> NDArray[np.uint8]:
    """The grey photograph printed from one tone to another."""
    share = GREY[..., None] / 255
    rgb = share * light + (1 - share) * shadow
    rgb += np.random.default_rng(0).normal(0, noise, rgb.shape) if noise else 0
    return np.asarray(np.clip(rgb, 0, 255), np.uint8)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_colour_photographs_are_coloured(name: str) -> None:
    assert Look.at(getattr(data, name)()).was_colored() == "color"
    assert photo.open(getattr(data, name)()).was_colored == "color"


@pytest.mark.parametrize(
    ("shadow", "light"),
    [
        ((0, 0, 0), (255, 240, 190)),
        ((40, 20, 5), (245, 225, 180)),
        ((10, 20, 60), (240, 245, 255)),
        ((30, 10, 10), (235, 235, 240)),
    ],
)
@pytest.mark.parametrize("noise", [0, 4])
def test_sepia_yellowed_and_duotone_prints_are_toned(
    shadow: tuple[int, int, int], light: tuple[int, int, int], noise: float
) -> None:
    assert Look.at(toned(shadow, light, noise)).was_colored() == "toned"


def test_an_unevenly_yellowed_print_is_toned() -> None:
    fresh, old = toned((0, 0, 0), (252, 248, 235)), toned((15, 8, 0), (235, 220, 180))
    share = np.linspace(0, 1, 320)[None, :, None]
    assert Look.at(np.asarray(fresh * (1 - share) + old * share, np.uint8)).was_colored() == "toned"


def test_grey_stored_as_rgb_is_grey_also_after_jpeg() -> None:
    rgb = Image.fromarray(GREY.astype(np.uint8)).convert("RGB")
    assert photo.open(rgb).was_colored == "grey"
    assert photo.open(files.encoded(rgb, "JPEG", quality=40)).was_colored == "grey"
    assert photo.open(np.asarray(rgb).astype(np.uint16) * np.uint16(257)).was_colored == "grey"


def test_a_toned_jpeg_is_toned() -> None:
    sepia = Image.fromarray(toned((40, 20, 5), (245, 225, 180)))
    assert photo.open(files.encoded(sepia, "JPEG")).was_colored == "toned"


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (3, 5)])
def test_pictures_of_any_shape_can_be_looked_at(size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    assert Look.at(rgb).was_colored() in ("toned", "color")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_planes_are_turned_as_pillow_turns_them(orientation: int) -> None:
    image = Image.fromarray(files.grey())
    image.getexif()[0x0112] = orientation
    turned = upright(files.grey(), orientation)
    np.testing.assert_array_equal(turned, np.asarray(ImageOps.exif_transpose(image)))
    assert turned.flags.c_contiguous
