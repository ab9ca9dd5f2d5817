"""Masks: what stays grey, at which size, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom.errors import PhotoError, UsageError
from photochrom.hints.mask import MOST_PIXELS, Mask


def left_half(width: int = 60, height: int = 40) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[:, : width // 2] = True
    return mask


def test_white_stays_grey_up_to_its_edge_which_runs_out_over_two_pixels() -> None:
    grey = Mask.of(left_half(), (60, 40)).grey
    assert (grey[:, :30] == 1).all()
    assert (grey[:, 32:] == 0).all()
    assert ((grey[:, 30:32] > 0) & (grey[:, 30:32] < 1)).all()


def test_a_mask_of_floats_says_how_grey() -> None:
    grey = Mask.of(np.full((40, 60), 0.3), (60, 40)).grey
    assert np.allclose(grey, 0.3, atol=1e-4)


def test_a_mask_has_the_photographs_size_and_that_of_a_large_one_is_limited() -> None:
    assert Mask.of(left_half(), (600, 400)).grey.shape == (400, 600)
    height, width = Mask.of(left_half(), (9000, 6000)).grey.shape
    assert 0.9 * MOST_PIXELS < height * width <= MOST_PIXELS
    assert width / height == pytest.approx(1.5, abs=0.01)


def test_a_picture_is_a_mask_and_is_known_again_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    Image.fromarray(left_half()).save(path)
    mask = Mask.of(path, (60, 40))
    assert np.array_equal(mask.grey, Mask.of(left_half(), (60, 40)).grey)
    assert mask.path == path
    assert mask.to_json() == {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_what_is_transparent_in_a_mask_is_coloured(tmp_path: Path) -> None:
    rgba = np.full((40, 60, 4), 255, np.uint8)
    rgba[:, 30:, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "mask.png")
    assert np.array_equal(Mask.of(tmp_path / "mask.png", (60, 40)).grey, Mask.of(left_half(), (60, 40)).grey)


def test_arrays_are_told_apart() -> None:
    one, other = Mask.of(left_half(), (60, 40)), Mask.of(~left_half(), (60, 40))
    assert one.sha256 == Mask.of(left_half(), (60, 40)).sha256 != other.sha256
    assert one.path is None


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="60 x 40 pixels does not fit a photograph of 40 x 60"):
        Mask.of(left_half(), (40, 60))
    with pytest.raises(UsageError, match="60 x 40 pixels does not fit a photograph of 40 x 60"):
        Mask.of(Mask.of(left_half(), (60, 40)), (40, 60))


def test_a_mask_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_text("no picture")
    with pytest.raises(PhotoError, match=r"mask\.png"):
        Mask.of(tmp_path / "mask.png", (60, 40))
    with pytest.raises(PhotoError, match="finite"):
        Mask.of(np.full((40, 60), np.nan), (60, 40))
