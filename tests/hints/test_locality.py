"""A red hint colours the object that it lies on, and leaves the rest of the picture alone."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom import Color, Colorizer, Hint
from photochrom.color.lab import srgb_to_lab
from photochrom.color.luma import ab_to_cbcr, luma, recombine
from photochrom.runtime.registry import bundled

RED = Color.of("#c02020")
SIZE = 360, 480


def _background(number: int) -> NDArray[np.float32]:
    pictures = (data.camera(), data.rocket(), data.coffee(), data.chelsea(), data.astronaut())
    picture = pictures[number % 5]
    grey = picture if picture.ndim == 2 else luma(picture)
    side = grey[::-1] if number >= 5 else grey
    return cv2.resize(side, SIZE[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)


def _shape(number: int) -> NDArray[np.bool_]:
    """A ball, a vase, a flag, a coat or a box, somewhere in the picture."""
    mask = np.zeros(SIZE, np.uint8)
    x, y = 150 + 60 * (number % 4), 150 + 30 * (number % 3)
    outlines: tuple[list[tuple[int, int]], ...] = (
        [(-25, -90), (25, -90), (20, -60), (60, 0), (45, 70), (-45, 70), (-60, 0), (-20, -60)],
        [(-90, -50), (90, -40), (80, 45), (-85, 50)],
        [(-30, -90), (30, -90), (75, -60), (90, 60), (50, 60), (55, 95), (-55, 95), (-50, 60), (-90, 60), (-75, -60)],
        [(-70, -70), (70, -70), (70, 70), (-70, 70)],
    )
    if number % 5 == 0:
        cv2.circle(mask, (x, y), 75, 1, -1)
    else:
        corners = np.array(outlines[number % 5 - 1], np.int32) + np.array((x, y), np.int32)
        cv2.fillPoly(mask, [corners], (1,))
    return mask.astype(bool)


@cache
def picture(number: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A photograph with an object put into it, shaded from one side and with a grain like its own: (H, W) and mask."""
    rng = np.random.default_rng(number)
    scene, mask = _background(number), _shape(number)
    inside = float(scene[mask].mean())
    shade = np.linspace(-18, 18, SIZE[1], dtype=np.float32)[None, :]
    base = inside + 70 if inside < 110 else inside - 70
    base = float(np.clip(base, 75, 165))
    folds = cv2.resize(rng.normal(0, 6, (12, 16)).astype(np.float32), SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    thing = base + shade + folds
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    mixed = scene * (1 - soft) + thing * soft + rng.normal(0, 2, SIZE)
    return np.clip(mixed, 0, 255).astype(np.uint8), mask


@cache
def changes(model: str) -> list[tuple[float, float, float]]:
    """Of each picture: the change of the mean ab outside, the part of the way inside, and the error at the spot."""
    painter = Colorizer(model, threads=1)
    found = []
    for number in range(10):
        grey, mask = picture(number)
        rows, columns = np.nonzero(mask)
        x, y = int(columns.mean()), int(rows.mean())
        canvas = painter.open(grey)
        before, after = (
            srgb_to_lab(canvas.paint(hints=hints).rgb())[..., 1:] for hints in ((), (Hint(x, y, RED, note="seen"),))
        )
        # What the hint's ab can be in each pixel's light.
        wanted_ab = np.broadcast_to(np.array(RED.ab, np.float32), (*SIZE, 2))
        wanted = srgb_to_lab(recombine(grey, ab_to_cbcr(grey / np.float32(255), wanted_ab), np.uint8))[..., 1:]
        outside = float(np.linalg.norm(after[~mask] - before[~mask], axis=-1).mean())
        way = wanted[mask] - before[mask]
        gone = float(((after[mask] - before[mask]) * way).sum() / (way * way).sum())
        spot = np.s_[y - 2 : y + 3, x - 2 : x + 3]
        found.append((outside, gone, float(np.linalg.norm(after[spot] - wanted[spot], axis=-1).mean())))
    return found


@pytest.mark.parametrize("model", bundled())
def test_the_rest_of_the_picture_hardly_changes(model: str) -> None:
    assert np.mean([outside for outside, _, _ in changes(model)]) < 2, changes(model)


@pytest.mark.parametrize("model", bundled())
def test_the_object_goes_most_of_the_way(model: str) -> None:
    gone = [inside for _, inside, _ in changes(model)]
    assert np.mean(gone) > 0.75, gone
    assert min(gone) > 0.55, gone


@pytest.mark.parametrize("model", bundled())
def test_the_hinted_spot_takes_the_colour(model: str) -> None:
    errors = [spot for _, _, spot in changes(model)]
    assert np.mean(errors) < 2, errors
    assert max(errors) < 4, errors
