"""A reference lends its colours to what is alike, wherever that lies, and to nothing else; hints go before it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage
import tiny_model
from numpy.typing import NDArray
from PIL import Image

from photochrom.canvas import Canvas
from photochrom.colorizer import Colorizer
from photochrom.errors import PhotoError, UsageError
from photochrom.evaluation.metrics import psnr
from photochrom.hints import reference as references
from photochrom.hints.hint import Hint
from photochrom.hints.reference import Lent, Reference
from photochrom.photo import Photo
from photochrom.runtime.model import Features, Model

Rgb = NDArray[np.uint8]
Float = NDArray[np.float32]


@pytest.fixture(scope="module")
def painter() -> Colorizer:
    return Colorizer(threads=1)


@pytest.fixture(scope="module")
def quick(tiny: Path) -> Colorizer:
    return Colorizer(tiny, threads=1)


@pytest.fixture(scope="module")
def astronaut() -> Rgb:
    return np.asarray(cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="module")
def canvas(painter: Colorizer, astronaut: Rgb) -> Canvas:
    return painter.open(grey(astronaut))


def grey(rgb: Rgb) -> Rgb:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def changed(rgb: Rgb) -> Rgb:
    """Mirrored, cropped to 80 % and brightened."""
    part = rgb[25:231, 25:231][:, ::-1]
    return np.asarray(np.clip(part * np.float32(1.2) + 8, 0, 255), np.uint8)


# What it does


def test_the_same_picture_lends_its_colours_though_mirrored_cropped_and_brighter(
    canvas: Canvas, astronaut: Rgb
) -> None:
    before, after = (
        psnr(np.asarray(photo), astronaut) for photo in (canvas.paint(), canvas.paint(reference=changed(astronaut)))
    )
    assert after > before + 2.5


@pytest.mark.parametrize("name", ["coffee", "retina", "rocket"])
def test_an_unrelated_picture_changes_next_to_nothing(canvas: Canvas, astronaut: Rgb, name: str) -> None:
    other = getattr(skimage.data, name)()
    before, after = (psnr(np.asarray(photo), astronaut) for photo in (canvas.paint(), canvas.paint(reference=other)))
    assert abs(after - before) < 0.3


def test_it_is_by_what_things_are_and_not_by_where_they_lie(painter: Colorizer, astronaut: Rgb) -> None:
    tinted = astronaut.copy()
    tinted[..., 2] = tinted[..., 2] // 3  # another astronaut, in yellow light
    canvas = painter.open(grey(astronaut)[:, ::-1].copy())
    plain, lent = (np.asarray(photo, np.float32) for photo in (canvas.paint(), canvas.paint(reference=tinted)))
    suit = np.s_[150:230, 60:180]
    assert (lent - plain)[suit][..., 2].mean() < -15


def test_where_nothing_is_alike_the_automatic_colours_stay_to_the_last_bit(canvas: Canvas) -> None:
    look = canvas._painter.look
    nothing = Lent(np.zeros((3, *look.cells.shape), np.float32))
    assert np.array_equal(canvas._painter.colors(lent=nothing), canvas._painter.colors())


def test_a_hint_goes_before_the_reference(canvas: Canvas, astronaut: Rgb) -> None:
    hint = Hint(128, 200, "#2050c0", radius=6)  # the orange suit
    result = canvas.paint(hints=[hint], reference=astronaut)
    red, _, blue = np.asarray(result, np.float32)[196:204, 124:132].mean(axis=(0, 1))
    assert blue > red + 40
    red, _, blue = np.asarray(canvas.paint(reference=astronaut), np.float32)[196:204, 124:132].mean(axis=(0, 1))
    assert red > blue + 40


def test_a_refined_canvas_takes_a_reference_as_well(canvas: Canvas, astronaut: Rgb) -> None:
    result = canvas.refine((80, 30, 150, 110)).paint(reference=changed(astronaut))
    assert psnr(np.asarray(result), astronaut) > psnr(np.asarray(canvas.paint()), astronaut) + 2.5


# What can be one


@pytest.mark.filterwarnings("ignore:.*is in colour already")
def test_path_photo_canvas_result_and_prepared_reference_are_taken(
    quick: Colorizer, astronaut: Rgb, tmp_path: Path
) -> None:
    path = tmp_path / "reference.png"
    Image.fromarray(astronaut).save(path)
    data = path.read_bytes()
    target = quick.open(grey(astronaut))
    opened = quick.open(path)
    results = [
        target.paint(reference=source).rgb()
        for source in (path, str(path), data, io.BytesIO(data), astronaut, opened, opened.photo, quick.reference(path))
    ]
    assert all(np.array_equal(result, results[0]) for result in results[1:])
    assert isinstance(quick.reference(target.paint()), Reference)


@pytest.mark.parametrize("toned", [False, True])
def test_a_picture_without_colours_of_its_own_is_refused_by_name(quick: Colorizer, tmp_path: Path, toned: bool) -> None:
    plain = skimage.data.camera()
    path = tmp_path / "old.png"
    tint = plain[..., None] * np.array([1, 0.9, 0.7])
    Image.fromarray(tint.astype(np.uint8) if toned else plain).save(path)
    with pytest.raises(UsageError, match=f"old.png: is {'toned' if toned else 'grey'}, .* a picture in colour"):
        quick.reference(path)


def test_a_result_without_colour_is_refused(quick: Colorizer, astronaut: Rgb) -> None:
    with pytest.raises(UsageError, match="no colours to lend"):
        quick.reference(quick.open(grey(astronaut)).paint(strength=0))


def test_what_can_not_be_read_is_told(quick: Colorizer, astronaut: Rgb, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"missing\.jpg"):
        quick.open(grey(astronaut)).paint(reference=tmp_path / "missing.jpg")


def test_a_reference_of_another_model_is_refused(quick: Colorizer, astronaut: Rgb, tmp_path: Path) -> None:
    other = Colorizer(tiny_model.write(tmp_path / "other", bias=0.5), threads=1)
    with pytest.raises(UsageError, match="use one model for both"):
        quick.open(grey(astronaut)).paint(reference=other.reference(astronaut))


@pytest.mark.parametrize("size", [(40, 900), (1200, 30), (17, 23), (300, 200)])
def test_pictures_of_any_shape_lend_and_take(quick: Colorizer, astronaut: Rgb, size: tuple[int, int]) -> None:
    shaped = np.asarray(cv2.resize(astronaut, size, interpolation=cv2.INTER_AREA), np.uint8)
    assert np.asarray(quick.open(grey(shaped)).paint(reference=astronaut)).shape == shaped.shape
    assert np.asarray(quick.open(grey(astronaut)).paint(reference=shaped)).shape == astronaut.shape


# An album


def test_prepared_once_it_serves_many_pictures_without_another_look(
    quick: Colorizer, astronaut: Rgb, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = quick.reference(astronaut)
    canvases = [quick.open(grey(astronaut)), quick.open(skimage.data.camera())]
    monkeypatch.setattr(Model, "encode", refuse)
    for each in canvases:
        first = each.paint(reference=prepared).rgb()
        assert np.array_equal(each.paint(reference=prepared).rgb(), first)


def refuse(model: Model, luma: Float) -> Features:
    raise AssertionError("the network looked again")


def test_how_many_places_are_compared_at_once_changes_nothing(
    canvas: Canvas, painter: Colorizer, astronaut: Rgb, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = painter.reference(changed(astronaut))
    whole = prepared.lend(canvas._painter.look).dense
    monkeypatch.setattr(references, "_AT_ONCE", 50)
    parts = prepared.lend(canvas._painter.look).dense
    assert (np.abs(parts - whole) > 1e-4).mean() < 0.01  # rounding may turn two places that are all but equally alike


# The record


@pytest.mark.filterwarnings("ignore:.*is in colour already")
def test_the_record_names_the_reference_by_its_hash_and_where_it_lies(
    quick: Colorizer, astronaut: Rgb, tmp_path: Path
) -> None:
    path = tmp_path / "reference.png"
    Image.fromarray(astronaut).save(path)
    of_file, of_array = (recorded(quick.open(grey(astronaut)).paint(reference=each)) for each in (path, astronaut))
    assert of_file.options["reference"] == {"sha256": quick.open(path).photo.sha256}
    assert of_file.files["reference"] == str(path)
    assert len(of_array.options["reference"]["sha256"]) == 64
    assert "reference" not in of_array.files
    assert "reference" not in recorded(quick.open(grey(astronaut)).paint()).options


def recorded(photo: Photo) -> Any:
    assert photo.record is not None
    return photo.record
