"""A canvas of a proof paints the same picture, smaller: every option means the same there."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import photo_files as files
import pytest

from photochrom import Colorizer, Hint, UsageError
from photochrom.canvas import Canvas
from photochrom.photo import read_record

RED = Hint(150, 100, "#c02020", radius=30)


@pytest.fixture(scope="module")
def canvas(tiny: Path) -> Canvas:
    return Colorizer(tiny, threads=1).open(files.grey(400, 300))


def left_half() -> Any:
    mask = np.zeros((300, 400), np.uint8)
    mask[:, :200] = 255
    return mask


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hints": [RED]},
        {"vividness": 0.9, "strength": 0.7, "warmth": -0.5},
        {"keep_grey": left_half()},
        {"reference": np.asarray(files.astronaut())},
    ],
)
def test_it_looks_like_the_whole_made_small(canvas: Canvas, options: dict[str, Any]) -> None:
    whole = canvas.paint(**options).rgb(np.uint8).astype(int)
    small = canvas.proof(200).paint(**options).rgb(np.uint8).astype(int)
    assert small.shape == (150, 200, 3)
    averaged = whole.reshape(150, 2, 200, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - averaged).mean() < 1.5


def test_boxes_hold_in_it(canvas: Canvas) -> None:
    closer = canvas.refine((60, 40, 160, 200))
    whole = closer.paint().rgb(np.uint8).astype(int)
    small = closer.proof(200).paint().rgb(np.uint8).astype(int)
    assert np.abs(small - whole.reshape(150, 2, 200, 2, 3).mean(axis=(1, 3))).mean() < 1.5
    assert closer.proof(200).refined == closer.refined


def test_its_mark_counts_hints_in_pixels_of_the_photograph(canvas: Canvas) -> None:
    stream = io.BytesIO()
    canvas.proof(100).paint(hints=[RED]).save(stream, format="JPEG")
    picture = files.decoded(stream.getvalue())
    record = read_record(picture.info["xmp"])
    assert picture.size == (100, 75)
    assert record is not None
    assert record.size == (400, 300)
    assert record.hints[0]["x"] == 150


def test_it_is_of_the_photograph_as_before(canvas: Canvas) -> None:
    small = canvas.proof(100)
    assert small.photo is canvas.photo
    assert small.suggest(300, 200) == canvas.suggest(300, 200)
    assert canvas.paint().size == (400, 300)


def test_the_light_is_made_small_once(canvas: Canvas) -> None:
    assert canvas.proof(90).paint().luma is canvas.refine((0, 0, 50, 50)).proof(90).paint().luma


@pytest.mark.parametrize("longest", [0, -5, 1.5, "large", True])
def test_a_size_that_is_none_is_refused(canvas: Canvas, longest: Any) -> None:
    with pytest.raises(UsageError, match="longest"):
        canvas.proof(longest)
