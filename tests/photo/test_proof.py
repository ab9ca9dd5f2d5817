"""A proof looks like the photograph, at the size of a screen, and carries nothing else of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from photochrom import photo
from photochrom.photo.proof import proof, shown


def srgb_of(image: Image.Image) -> NDArray[np.int64]:
    """The picture as littlecms brings it from its own profile to sRGB."""
    own = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    there = ImageCms.profileToProfile(image.convert("RGB"), own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return np.asarray(there).astype(np.int64)


def painted(opened: photo.Photo) -> photo.Photo:
    return files.colored(opened, strength=8)


def test_it_is_as_large_as_asked_for_and_never_larger_than_the_photograph() -> None:
    opened = photo.open(files.grey(96, 64))
    assert proof(opened, 48).size == (48, 32)
    assert proof(opened, 5000).size == (96, 64)
    assert proof(opened).size == (96, 64)


def test_its_light_is_the_average_of_the_photographs() -> None:
    small = proof(photo.open(files.grey(96, 64)), 48).luma
    average = files.grey(96, 64).reshape(32, 2, 48, 2).mean(axis=(1, 3))
    assert np.abs(small - average).max() <= 1


def test_16_bit_become_8() -> None:
    wide = files.grey().astype(np.uint16) * 257
    assert np.array_equal(proof(photo.open(wide)).luma, files.grey())


def test_what_is_transparent_lies_on_white() -> None:
    rgba = np.dstack(
        [files.grey()] * 3 + [np.where(np.arange(96) < 48, 0, 255).astype(np.uint8) * np.ones((64, 1), np.uint8)]
    )
    light = proof(photo.open(rgba)).luma
    assert (light[:, :48] == 255).all()
    assert np.array_equal(light[:, 48:], files.grey()[:, 48:])


def test_one_in_another_profile_is_shown_in_srgb(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([files.grey()] * 3)).save(tmp_path / "a.png", icc_profile=files.profile("adobe", 1.8))
    opened = photo.open(tmp_path / "a.png")
    painted(opened).save(tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as saved:
        truth = srgb_of(saved)
    look = painted(proof(opened)).rgb(np.uint8)
    assert np.abs(look - truth).mean() < 2
    assert np.percentile(np.abs(look - truth), 99) <= 6
    assert np.abs(painted(opened).rgb(np.uint8) - truth).mean() > 8  # what it would be without


def test_nothing_that_the_file_carried_goes_along(tmp_path: Path) -> None:
    Image.fromarray(files.grey()).save(tmp_path / "a.jpg", exif=files.exif(), xmp=files.xmp())
    stream = io.BytesIO()
    painted(proof(photo.open(tmp_path / "a.jpg"))).save(stream, format="JPEG")
    assert b"Kodak" not in stream.getvalue()
    assert b"compositeWithTrainedAlgorithmicMedia" in stream.getvalue()


def test_a_grey_photograph_is_shown_grey() -> None:
    picture = Image.open(io.BytesIO(shown(photo.open(files.grey()), 48)))
    assert (picture.mode, picture.size) == ("L", (48, 32))
    whole = np.asarray(Image.open(io.BytesIO(shown(photo.open(files.grey())))))
    assert np.abs(whole.astype(int) - files.grey()).mean() < 3


def sepia() -> NDArray[np.uint8]:
    light = files.grey(288, 192) / 255
    return np.asarray(np.stack([light**0.8, light, light**1.3], -1) * 255 + 0.5, np.uint8)


def test_a_toned_photograph_is_shown_with_its_tint() -> None:
    opened = photo.open(sepia())
    assert opened.was_colored == "toned"
    picture = Image.open(io.BytesIO(shown(opened)))
    assert np.abs(np.asarray(picture).astype(int) - sepia()).mean() < 4


def test_its_tint_is_brought_to_srgb_as_well(tmp_path: Path) -> None:
    Image.fromarray(sepia()).save(tmp_path / "a.png", icc_profile=files.profile("adobe", 1.8))
    with Image.open(tmp_path / "a.png") as saved:
        truth = srgb_of(saved)
    opened = photo.open(tmp_path / "a.png")
    assert opened.was_colored == "toned"
    look: Any = np.asarray(Image.open(io.BytesIO(shown(opened)))).astype(int)
    assert np.abs(look - truth).mean() < 4
    assert np.abs(sepia().astype(int) - truth).mean() > 8


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_the_smallest_and_the_narrowest_are_shown(size: tuple[int, int]) -> None:
    picture = Image.open(io.BytesIO(shown(photo.open(np.full(size, 90, np.uint8)), 64)))
    assert max(picture.size) == min(max(size), 64)
