"""What goes beside a result: a layer that gives it again over the grey photograph, and before | after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest
from numpy.typing import NDArray
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError
from photochrom.photo.companions import MOST_COMPARED, compared, layer


def color_mode(below: NDArray[Any], above: NDArray[Any]) -> NDArray[Any]:
    """The blend mode "color", from the text of W3C Compositing and Blending Level 1, section 10.2; values in [0, 1]."""

    def lum(c: NDArray[Any]) -> NDArray[Any]:
        return (0.3 * c[..., 0] + 0.59 * c[..., 1] + 0.11 * c[..., 2])[..., None]

    c = above + (lum(below) - lum(above))
    level, n, x = lum(c), c.min(-1, keepdims=True), c.max(-1, keepdims=True)
    c = np.where(n < 0, level + (c - level) * level / np.where(n < 0, level - n, 1), c)
    blended: NDArray[Any] = np.where(x > 1, level + (c - level) * (1 - level) / np.where(x > 1, x - level, 1), c)
    return blended


@pytest.mark.parametrize("strength", [8.0, 25.0, 60.0])
def test_the_layer_over_the_grey_photograph_gives_the_result(strength: float) -> None:
    result = files.colored(photo.open(files.grey()), strength=strength)
    above = layer(result)
    blended = color_mode(np.dstack([files.grey()] * 3) / 255, above.rgb(np.uint8) / 255) * 255
    assert np.abs(blended - result.rgb(np.uint8)).max() < 2.5
    assert np.ptp(result.rgb(np.uint8).astype(int), axis=-1).max() > 3 * strength


def test_the_layers_own_light_is_middle_grey_where_its_colours_have_room() -> None:
    assert (layer(files.colored(photo.open(files.grey()), strength=8)).luma == 128).all()


def test_the_layer_keeps_size_profile_transparency_and_the_mark(tmp_path: Path) -> None:
    rgba = np.dstack([files.grey()] * 3 + [np.tile(np.arange(96, dtype=np.uint8), (64, 1))])
    Image.fromarray(rgba).save(tmp_path / "a.png", icc_profile=files.profile("adobe"))
    layer(files.colored(photo.open(tmp_path / "a.png"))).save(tmp_path / "layer.png")
    with Image.open(tmp_path / "layer.png") as saved:
        assert (saved.mode, saved.size) == ("RGBA", (96, 64))
        assert saved.info["icc_profile"] == files.profile("adobe")
        assert np.array_equal(np.asarray(saved)[..., 3], rgba[..., 3])
    assert photo.is_marked(tmp_path / "layer.png")


def test_before_stands_beside_after() -> None:
    result = files.colored(photo.open(files.grey()))
    both = compared(result).rgb(np.uint8)
    assert both.shape[0] == 64
    assert np.abs(both[:, :96].astype(int) - files.grey()[..., None]).max() <= 1
    assert np.abs(both[:, -96:].astype(int) - result.rgb(np.uint8)).max() <= 2
    assert (both[:, 96:-96] == 255).all()
    assert both.shape[1] > 2 * 96


def test_a_wide_picture_stands_above_the_other() -> None:
    both = compared(files.colored(photo.open(files.grey(200, 50)))).rgb(np.uint8)
    assert both.shape[1] == 200
    assert both.shape[0] > 100


def test_a_large_picture_is_compared_small_and_a_toned_one_with_its_tone() -> None:
    large = np.asarray(files.astronaut().convert("L").resize((2400, 1800))).astype(np.float32) / 255
    sepia = (np.dstack([large**0.8, large, large**1.3]) * 255 + 0.5).astype(np.uint8)
    result = files.colored(photo.open(sepia))
    assert result.was_colored == "toned"
    both = compared(result).rgb(np.uint8)
    assert both.shape[0] == 1200
    assert 2 * MOST_COMPARED < both.shape[1] < 2 * MOST_COMPARED + 20
    before = both[:, :MOST_COMPARED]
    expected = np.asarray(Image.fromarray(sepia).resize((1600, 1200), Image.Resampling.BOX), int)
    assert np.abs(before - expected).mean() < 3


def test_what_is_not_coloured_has_neither() -> None:
    for make in (layer, compared):
        with pytest.raises(PhotoError, match="has not been coloured yet"):
            make(photo.open(files.grey()))
